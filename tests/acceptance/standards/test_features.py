"""OGC API - Common 1 and 2, and OGC API - Features 1 (17-069r4), Annex A: core, geojson, html, oas30."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from pygeoapi.openapi import validate_openapi_document
from shapely.geometry import box, shape

from tests.acceptance.standards.annex import CORE, proves
from tests.acceptance.standards.client import CRS84, GEOJSON, HTML, JSON, Answer, Client

GEOJSON_CLASS = "ogcapi-features-1/1.0/conf/geojson"
HTML_CLASS = "ogcapi-features-1/1.0/conf/html"
OAS = "ogcapi-features-1/1.0/conf/oas30"
COMMON = "ogcapi-common-1/1.0/conf"
COLLECTIONS = "ogcapi-common-2/1.0/conf/collections"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
DOCUMENTS = ("/", "/conformance", "/collections", "/collections/schulen", "/collections/katalog")
# where the meridian of Greenwich, the equator, the antimeridian and the poles are
FAR = ((-1.5, 50, 1.5, 53), (-80, -5, -70, 5), (177, 65, -177, 70), (-180, 85, 180, 90), (-180, -90, 180, -85))


def check_links(found: Answer) -> None:
    """self and alternate, each with rel and type, and both to be had."""
    links = found.json["links"]
    assert all({"href", "rel", "type"} <= each.keys() for each in links), found.url
    assert found.links("self", found.kind), (found.url, "self")
    assert found.links("alternate", HTML), (found.url, "alternate")


def check_page(found: Answer) -> None:
    """fc-response and what it asks for."""
    page = found.json
    assert page["type"] == "FeatureCollection", found.url
    assert isinstance(page["features"], list)
    check_links(found)
    assert datetime.fromisoformat(page["timeStamp"]) <= datetime.now(UTC), found.url
    assert page["numberReturned"] == len(page["features"]) <= page["numberMatched"], found.url


@proves(CORE, "http")
@proves(f"{COMMON}/core", "http")
@proves("ogcapi-processes-1/1.0/conf/core", "http")
def test_the_server_speaks_http(api: Client) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = api.ask(method, f"{api.root}/collections")
        assert answer.status == 200, method
    assert api.ask("HEAD", f"{api.root}/collections").body == b""
    assert api.ask("POST", f"{api.root}/collections", b"{}").status == 405


@proves(CORE, "landing-page")
@proves(f"{COMMON}/landing-page", "root-op", "root-success")
@proves("ogcapi-processes-1/1.0/conf/core", "landingpage-op", "landingpage-success")
def test_the_landing_page_leads_to_all_else(api: Client) -> None:
    landing = api.ok("/")
    check_links(landing)
    assert landing.links("service-desc") or landing.links("service-doc")
    assert landing.links("conformance")
    assert landing.links("data")
    assert landing.links("http://www.opengis.net/def/rel/ogc/1.0/processes")


@proves(CORE, "api-definition-op", "api-definition-success")
@proves(f"{COMMON}/landing-page", "api-definition-op", "api-definition-success")
@proves("ogcapi-processes-1/1.0/conf/core", "api-definition-op", "api-definition-success")
def test_the_definition_of_the_api_is_where_the_landing_page_says(api: Client) -> None:
    landing = api.ok("/")
    [definition] = landing.links("service-desc")
    assert api.ok(definition, OPENAPI).json["openapi"].startswith("3.0")
    [page] = landing.links("service-doc")
    assert api.ok(page, HTML).kind == HTML


@proves(CORE, "conformance-op", "conformance-success")
@proves(f"{COMMON}/landing-page", "conformance-op", "conformance-success")
@proves("ogcapi-processes-1/1.0/conf/core", "conformance-op", "conformance-success")
@proves("ogcapi-tiles-1/1.0/conf/core", "conformance-success")
@proves("ogcapi-maps-1/1.0/conf/core", "conformance-success")
@proves("ogcapi-records-1/1.0/conf/json", "conformance")
@proves("ogcapi-records-1/1.0/conf/html", "conformance")
def test_the_classes_are_a_list_of_uris(api: Client) -> None:
    [place] = api.ok("/").links("conformance")
    declared = api.ok(place).json["conformsTo"]
    spec = "http://www.opengis.net/spec/"
    assert all(re.fullmatch(rf"{spec}[a-z0-9-]+/\d\.\d/conf/[a-z0-9-]+", each) for each in declared)
    for name in ("features-1/1.0/conf/core", "tiles-1/1.0/conf/core", "maps-1/1.0/conf/core", "records-1/1.0/conf/json",
                 "records-1/1.0/conf/html", "processes-1/1.0/conf/core"):  # fmt: skip
        assert f"{spec}ogcapi-{name}" in declared


@proves(CORE, "query-param-unknown")
@proves(f"{COMMON}/core", "query-param-name-unknown")
def test_an_unknown_parameter_is_refused(api: Client) -> None:
    for path in (*DOCUMENTS, "/collections/schulen/items", "/collections/katalog/items"):
        assert api.get(path, unbekannt="1").status == 400, path


@proves(CORE, "query-param-invalid")
@proves(f"{COMMON}/core", "query-param-value-invalid")
def test_a_value_that_cannot_be_used_is_refused(api: Client) -> None:
    for collection in api.collections:
        path = f"/collections/{collection['id']}/items"
        for query in ({"limit": "x"}, {"limit": "0"}, {"bbox": "1,2,3"}, {"bbox": "a,b,c,d"}, {"datetime": "gestern"}):
            assert api.get(path, **query).status == 400, (path, query)


@proves(f"{COMMON}/core", "query-param-capitalization")
def test_the_name_of_a_parameter_is_written_as_the_definition_writes_it(api: Client) -> None:
    for path in items_paths(api):
        names = api.parameters(path)
        assert "limit" in names
        for name in names:
            answer = api.get(f"{path}?{name.swapcase()}=1")
            assert answer.status == 400, (path, name)
            assert name.swapcase() in answer.json["description"]


@proves(f"{COMMON}/core", "query-param-list-delimiter", "query-param-list-escape", "query-param-list-empty")
def test_a_list_is_parted_by_commas_and_may_be_empty(api: Client) -> None:
    path = "/collections/schulen/items"

    def fields(named: str) -> list[str]:
        return sorted(api.ok(f"{path}?limit=1&properties={named}").json["features"][0]["properties"])

    assert fields("name,ort") == fields("name%2Cort") == ["name", "ort"]
    assert fields("") == []
    assert api.ok(f"{path}?sortby=").json["numberMatched"] == api.ok(path).json["numberMatched"]
    inside = api.ok(f"{path}?bbox=8.71,50.8,8.7163,50.9").json["numberMatched"]
    assert inside == api.ok(f"{path}?bbox=8.71%2C50.8%2C8.7163%2C50.9").json["numberMatched"]
    assert 0 < inside < api.ok(path).json["numberMatched"]
    for query in (
        "properties=name;ort",
        "properties=name%20ort",
        "sortby=name;ort",
        "bbox=8;50;9;51",
        "bbox=8%2050%209%2051",
    ):
        assert api.get(f"{path}?{query}").status == 400, query
    # a space that is escaped is part of the value
    records = "/collections/katalog/items"
    assert api.ok(f"{records}?ids=gibt%20es%20nicht,schulen").json["numberMatched"] == 1
    assert api.ok(f"{records}?ids=").json["numberMatched"] == api.ok(records).json["numberMatched"]


@proves(f"{COMMON}/core", "query-param-value-boolean")
def test_a_truth_value_is_true_or_false(api: Client) -> None:
    path = "/collections/schulen/items"
    assert {each["geometry"] is None for each in api.ok(path, skipGeometry="true").json["features"]} == {True}
    assert {each["geometry"] is None for each in api.ok(path, skipGeometry="false").json["features"]} == {False}
    for value in ("TRUE", "1", "ja", ""):
        assert api.get(path, skipGeometry=value).status == 400, value


@proves(f"{COMMON}/core", "query-param-value-integer", "query-param-value-decimal", "query-param-value-double")
def test_a_number_is_read_however_it_is_written(api: Client) -> None:
    path = "/collections/schulen/items"
    counts = {each["properties"]["schueler"] for each in api.ok(path, limit=100).json["features"]} - {None}
    for value in (str(max(counts)), f"0{max(counts)}"):
        assert api.ok(path, schueler=value).json["numberMatched"] > 0, value
    assert api.ok(path, schueler=str(-max(counts))).json["numberMatched"] == 0
    inside = api.ok(path, bbox="8.71,50.8,8.7163,50.9").json["numberMatched"]
    assert 0 < inside < len(api.ok(path, limit=100).json["features"])
    for box_ in ("008.7100,0050.80,8.716300,050.9", "8.71e0,5.08E1,871.63e-2,50.90", "-8.7100,-50.80,8.7163,50.9"):
        assert api.ok(path, bbox=box_).json["numberMatched"] == inside, box_
    wide = {"bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/25832"}
    everything = api.ok(path).json["numberMatched"]
    assert (
        api.ok(path, bbox="-4.300000e9,-4300000000.00,4.300000e9,4300000000.00", **wide).json["numberMatched"]
        == everything
    )
    assert api.ok(path, bbox="4.300000e9,4.3e9,4.400e9,4.4e9", **wide).json["numberMatched"] == 0


@proves(f"{COMMON}/json", "definition", "content")
@proves(COLLECTIONS, "collections-list-op", "collections-list-success", "collections-list-links")
@proves(CORE, "fc-md-op", "fc-md-success", "fc-md-links")
def test_the_collections_are_listed(api: Client) -> None:
    for path in DOCUMENTS:
        assert api.ok(path).kind == JSON
    listed = api.ok("/collections")
    check_links(listed)
    assert api.collections
    assert len({each["id"] for each in api.collections}) == len(api.collections)


@proves(COLLECTIONS, "collections-list-collections")
@proves(CORE, "fc-md-items", "fc-md-items-links")
def test_each_collection_has_an_id_and_links_to_its_items(api: Client) -> None:
    for collection in api.collections:
        assert collection["id"]
        links = [each for each in collection["links"] if each["rel"] == "items"]
        assert {each["type"] for each in links} == {GEOJSON, HTML}, collection["id"]
        for each in links:
            assert api.ok(each["href"], each["type"]).kind == each["type"]


@proves(CORE, "fc-md-extent")
@proves(COLLECTIONS, "description-extent", "description-extent-multi")
def test_an_extent_holds_all_that_lies_in_the_collection(api: Client) -> None:
    for collection in api.features:
        [bounds] = collection["extent"]["spatial"]["bbox"]
        west, south, east, north = bounds
        assert -180 <= west <= east <= 180, collection["id"]
        assert -90 <= south <= north <= 90, collection["id"]
        assert collection["extent"]["spatial"].get("crs", CRS84) == CRS84
        around = box(*bounds).buffer(1e-5)
        for each in api.ok(f"/collections/{collection['id']}/items", limit=100).json["features"]:
            assert around.covers(shape(each["geometry"])), (collection["id"], each["id"])
        if "temporal" in collection["extent"]:
            [[start, end]] = collection["extent"]["temporal"]["interval"]
            first, last = (each and datetime.fromisoformat(each).date().isoformat() for each in (start, end))
            for each in api.ok(f"/collections/{collection['id']}/items", limit=100).json["features"]:
                since = each["properties"]["gueltig_von"]
                assert since is None or (first or since) <= since <= (last or since), (collection["id"], each["id"])


@proves(CORE, "sfc-md-op", "sfc-md-success")
@proves(COLLECTIONS, "description-op", "description-success", "description-links")
def test_a_collection_says_of_itself_what_the_list_says(api: Client) -> None:
    for collection in api.collections:
        alone = api.ok(f"/collections/{collection['id']}")
        assert alone.json == collection, collection["id"]
        check_links(alone)


@proves(CORE, "fc-op", "fc-response", "fc-links", "fc-timeStamp", "fc-numberReturned", "crs84")
@proves(GEOJSON_CLASS, "definition")
def test_the_items_of_each_collection_are_a_feature_collection_in_crs84(api: Client) -> None:
    for collection in api.collections:
        found = api.ok(f"/collections/{collection['id']}/items", GEOJSON)
        assert found.kind == GEOJSON
        check_page(found)
        for each in found.json["features"]:
            if each["geometry"] is not None:
                west, south, east, north = shape(each["geometry"]).bounds
                assert -180 <= west <= east <= 180, (collection["id"], each["id"])
                assert -90 <= south <= north <= 90, (collection["id"], each["id"])


@proves(CORE, "fc-numberMatched")
def test_the_number_of_matches_is_that_of_all_pages_together(api: Client) -> None:
    for name, query in (
        ("bebauungsplaene", {"limit": 5}),
        ("schulen", {"limit": 7, "bbox": "8,50,9,51"}),
        ("bebauungsplaene", {"limit": 2, "datetime": "2003-01-01/.."}),
        ("katalog", {"limit": 10}),
    ):
        seen, place = 0, api.ok(f"/collections/{name}/items", **query)
        matched = place.json["numberMatched"]
        while True:
            assert place.json["numberMatched"] == matched
            seen += place.json["numberReturned"]
            following = place.links("next")
            if not following:
                break
            place = api.ok(following[0])
        assert seen == matched, name


def items_paths(api: Client) -> list[str]:
    return [f"/collections/{each['id']}/items" for each in api.collections]


def check_parameter(parameter: dict[str, Any], kind: str) -> None:
    assert parameter["in"] == "query"
    assert parameter.get("required", False) is False
    assert parameter["style"] == "form"
    assert parameter["explode"] is False
    assert parameter["schema"]["type"] == kind


@proves(CORE, "fc-bbox-definition")
@proves("ogcapi-records-1/1.0/conf/record-core-query-parameters", "bbox")
def test_bbox_is_defined_as_four_or_six_numbers(api: Client) -> None:
    for path in items_paths(api):
        parameter = api.parameters(path)["bbox"]
        check_parameter(parameter, "array")
        assert parameter["schema"]["items"]["type"] == "number"
        counts = [(each["minItems"], each["maxItems"]) for each in parameter["schema"]["oneOf"]]
        assert counts == [(4, 4), (6, 6)]


@proves(CORE, "fc-bbox-response")
def test_a_box_holds_what_it_meets_and_nothing_else(api: Client) -> None:
    for collection in api.features:
        path, name = f"/collections/{collection['id']}/items", collection["id"]
        whole = {each["id"]: shape(each["geometry"]) for each in api.ok(path, limit=1000).json["features"]}
        west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
        halves = ((west, south, (west + east) / 2, north), (west, south, east, (south + north) / 2))
        for bounds in ((west - 1e-6, south - 1e-6, east + 1e-6, north + 1e-6), *halves):
            asked = box(*bounds)
            found = api.ok(path, limit=1000, bbox=",".join(f"{each:.9f}" for each in bounds)).json["features"]
            seen = {each["id"] for each in found}
            # what touches the edge may be in or out: numbers are rounded on both sides
            assert {one for one, geometry in whole.items() if geometry.intersects(asked.buffer(-1e-7))} <= seen, name
            assert seen <= {one for one, geometry in whole.items() if geometry.intersects(asked.buffer(1e-7))}, name
        for far in FAR:
            assert api.ok(path, bbox=",".join(map(str, far))).json["features"] == [], (name, far)
        flat = api.ok(path, bbox=f"{west},{south},0,{east},{north},100").json["numberMatched"]
        assert flat == api.ok(path, bbox=f"{west},{south},{east},{north}").json["numberMatched"]


@proves(CORE, "fc-limit-definition")
@proves("ogcapi-records-1/1.0/conf/record-core-query-parameters", "limit")
def test_limit_is_defined_with_its_bounds(api: Client) -> None:
    for path in items_paths(api):
        parameter = api.parameters(path)["limit"]
        check_parameter(parameter, "integer")
        schema = parameter["schema"]
        assert 1 == schema["minimum"] <= schema["default"] <= schema["maximum"]


@proves(CORE, "fc-limit-response")
def test_no_page_is_longer_than_its_limit(api: Client) -> None:
    for path in items_paths(api):
        most = api.parameters(path)["limit"]["schema"]["maximum"]
        for limit in (1, 3, most):
            assert len(api.ok(path, limit=limit).json["features"]) <= limit
        # 7.15.2: more than the most is answered with the most
        assert len(api.ok(path, limit=most * 10).json["features"]) <= most


@proves(CORE, "fc-time-definition")
@proves("ogcapi-records-1/1.0/conf/record-core-query-parameters", "datetime")
def test_datetime_is_defined_as_a_string(api: Client) -> None:
    for path in items_paths(api):
        check_parameter(api.parameters(path)["datetime"], "string")


@proves(CORE, "fc-time-response")
def test_a_time_finds_what_holds_then_and_what_has_no_time(api: Client) -> None:
    path = "/collections/bebauungsplaene/items"
    plans = {each["properties"]["nummer"]: each["properties"] for each in api.ok(path, limit=100).json["features"]}
    timeless = {nummer for nummer, each in plans.items() if each["gueltig_von"] is None}
    starts = {nummer: each["gueltig_von"] for nummer, each in plans.items() if each["gueltig_von"]}
    assert timeless
    assert starts
    for asked, since in (
        ("2002-01-15", "2002-01-15"), ("2002-01-15T10:00:00Z", "2002-01-15"), ("2001-01-01/2004-06-01", "2004-06-01"),
        ("2001-01-01T00:00:00Z/..", "9999"), ("../2003-01-01", "2003-01-01"), ("/2003-01-01T00:00:00Z", "2003-01-01"),
        ("1990-01-01", "1990-01-01"), ("2001-01-01/P3Y5M", "2004-06-01"), ("2001-01-01T00:00:00Z/P2Y", "2003-01-01"),
    ):  # fmt: skip
        found = {each["properties"]["nummer"] for each in api.ok(path, limit=100, datetime=asked).json["features"]}
        assert found == timeless | {nummer for nummer, start in starts.items() if start <= since}, asked
    for collection in api.collections:
        assert api.ok(f"/collections/{collection['id']}/items", datetime="2020-02-12T23:20:50Z")


@proves(CORE, "f-op", "f-success", "f-links")
@proves(GEOJSON_CLASS, "content")
def test_a_feature_alone_is_that_of_the_collection(api: Client) -> None:
    for collection in api.collections:
        path = f"/collections/{collection['id']}/items"
        for each in api.ok(path, limit=2).json["features"]:
            alone = api.ok(f"{path}/{each['id']}", GEOJSON)
            assert alone.kind == GEOJSON
            assert (alone.json["type"], alone.json["id"]) == ("Feature", each["id"])
            assert (alone.json["geometry"], alone.json["properties"]) == (each["geometry"], each["properties"])
            check_links(alone)
            assert alone.links("collection"), alone.url
    assert api.get("/collections/schulen/items/gibtesnicht").status == 404


@proves(HTML_CLASS, "definition", "content")
@proves(f"{COMMON}/html", "definition", "content")
@proves("ogcapi-records-1/1.0/conf/html", "definition", "content")
def test_everything_is_there_as_html(api: Client) -> None:
    for path in (*DOCUMENTS, "/collections/schulen/items", "/collections/schulen/items/9007",
                 "/collections/katalog/items", "/collections/katalog/items/schulen"):  # fmt: skip
        page = api.ok(path, HTML)
        assert page.kind == HTML
        assert page.body.lstrip().lower().startswith(b"<!doctype html"), path
    school = api.ok("/collections/schulen/items/9007", HTML).body.decode()
    assert "Schule 7" in school
    record = api.ok("/collections/katalog/items/schulen", HTML).body.decode()
    assert "Schulen" in record


@proves(OAS, "oas-definition-1", "oas-definition-2")
@proves(f"{COMMON}/oas30", "oas-definition-1", "oas-definition-2")
@proves("ogcapi-processes-1/1.0/conf/oas30", "oas-definition-1", "oas-definition-2")
def test_the_definition_is_a_valid_openapi_document(api: Client) -> None:
    answer = api.ok("/openapi", OPENAPI)
    assert answer.headers["content-type"].replace(" ", "") == OPENAPI
    assert validate_openapi_document(answer.json)


@proves(OAS, "completeness", "oas-impl")
@proves(f"{COMMON}/oas30", "completeness", "oas-impl")
def test_the_definition_names_what_is_served(api: Client) -> None:
    paths = api.openapi["paths"]
    [server] = api.openapi["servers"]
    assert server["url"] == api.root
    assert {"/", "/conformance", "/collections"} <= paths.keys()
    for collection in api.collections:
        url = f"/collections/{collection['id']}"
        assert {url, f"{url}/items", f"{url}/items/{{featureId}}"} <= paths.keys()
    for path, operations in paths.items():
        for operation in operations.values():
            assert "200" in operation["responses"] or path.startswith("/jobs/"), path
        if "{" not in path and "get" in operations:
            assert api.get(path).status == 200, path
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert all(one != other for one, other in pairwise(sorted(names)))


@proves(OAS, "exception-codes")
@proves(f"{COMMON}/oas30", "exception-codes")
@proves("ogcapi-processes-1/1.0/conf/oas30", "exception-codes")
def test_an_operation_names_the_statuses_of_its_faults(api: Client) -> None:
    for path, operations in api.openapi["paths"].items():
        for operation in operations.values():
            named = {status for status in operation["responses"] if status.startswith("4")}
            assert named, path
    assert api.get("/collections/schulen/items", limit="x").json["description"]


@proves(OAS, "security")
@proves(f"{COMMON}/oas30", "security")
@proves("ogcapi-processes-1/1.0/conf/oas30", "security")
def test_nothing_asks_who_reads(api: Client) -> None:
    assert "security" not in api.openapi
    assert not any("security" in each for operations in api.openapi["paths"].values() for each in operations.values())
    assert "www-authenticate" not in api.ok("/").headers
