"""The OGC API over a real database: what is asked is answered exactly, and what cannot be asked is refused."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pyproj
import pytest
import shapely
from flask.testing import FlaskClient
from pygeoapi.openapi import validate_openapi_document
from shapely.geometry import Polygon, box, mapping, shape
from shapely.geometry.polygon import orient
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove
from werkzeug.test import TestResponse

from geoportal.catalogue import all_layers
from geoportal.ogc import service
from geoportal.ogc.app import create_ogc
from geoportal.ogc.cql2 import Values
from geoportal.ogc.cql2.spatial import Shape, relate_shapes
from geoportal.ogc.crs import STORED, SUPPORTED
from geoportal.settings import STORAGE_SRID, Settings
from tests.ogc import (
    BEBAUUNGSPLAENE,
    COLLECTIONS,
    GEMEINDEN,
    LAYERS,
    ODD_NAME,
    SCHULEN,
    SELECTIONS,
    origin,
    publish_stock,
)

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = "/collections/bebauungsplaene/items"
VIEW = re.compile(r"FROM ogc\.\"?(\w+)")


@pytest.fixture(scope="module")
def stock(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    publish_stock(module_database, tmp_path_factory.mktemp("stock"))
    return module_database


@pytest.fixture(scope="module")
def api(stock: Settings) -> FlaskClient:
    return create_ogc(stock, LAYERS).test_client()


def document(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.get_data(as_text=True)
    read: dict[str, Any] = json.loads(response.data)
    return read


def names(response: TestResponse) -> set[str]:
    return {item["properties"]["name"] for item in document(response)["features"]}


def link(read: dict[str, Any], rel: str, kind: str | None = None) -> str | None:
    return next((each["href"] for each in read["links"] if each["rel"] == rel and kind in (None, each["type"])), None)


# --- documents


def test_the_landing_page_has_the_links_that_qgis_looks_for_literally(api: FlaskClient) -> None:
    read = document(api.get("/", headers={"Accept": "application/json"}))
    assert link(read, "service-desc", "application/vnd.oai.openapi+json;version=3.0")
    assert link(read, "data", "application/json")
    assert link(read, "conformance")


def test_every_link_of_every_document_leads_somewhere(api: FlaskClient) -> None:
    seen, waiting = set(), ["/"]
    while waiting:
        address = waiting.pop()
        seen.add(address)
        response = api.get(address)
        if address.endswith("/execution"):  # takes a POST and nothing else
            assert response.status_code == 405
            continue
        assert response.status_code == 200, address
        if "json" not in response.mimetype and "html" not in response.mimetype:
            continue
        # a template is none yet: test_tiles.py fills it in
        for href in re.findall(r'"href": ?"http://localhost:8080/ogc([^"{]*)"', response.get_data(as_text=True)):
            if (other := href or "/") not in seen and "offset" not in other and other not in waiting:
                waiting.append(other)
    assert len(seen) > 6 * len(COLLECTIONS)


def test_collections_tell_crs_extent_licence_and_count(api: FlaskClient) -> None:
    read = document(api.get("/collections"))
    assert [item["id"] for item in read["collections"]] == [*COLLECTIONS, "katalog"]
    plaene = read["collections"][0]
    assert plaene["storageCrs"] == f"{EPSG}25832"
    assert plaene["crs"] == [CRS84, *(f"{EPSG}{code}" for code in (4326, 25832, 3857, 31467))]
    assert plaene["itemCount"] == BEBAUUNGSPLAENE
    assert link(plaene, "license") == "https://www.govdata.de/dl-de/by-2-0"
    assert plaene["extent"]["temporal"]["interval"] == [["2000-01-15T00:00:00Z", None]]
    west, south, east, north = plaene["extent"]["spatial"]["bbox"][0]
    assert (west, south, east, north) == pytest.approx((8.7161, 50.8213, 8.8739, 50.8222), abs=1e-3)


def test_schema_and_queryables_tell_types_and_roles(api: FlaskClient) -> None:
    schema = document(api.get("/collections/bebauungsplaene/schema"))["properties"]
    assert schema["id"] == {"title": "Kennung", "type": "string", "format": "uuid", "x-ogc-role": "id"}
    assert schema["geometry"]["format"] == "geometry-multipolygon"
    assert (schema["gueltig_von"]["format"], schema["gueltig_von"]["x-ogc-role"]) == ("date", "primary-interval-start")
    assert schema["rechtsstand"]["type"] == "integer"
    assert {"const": "in_kraft", "title": "in Kraft"} in schema["status"]["oneOf"]
    queryables = document(api.get("/collections/bebauungsplaene/queryables"))
    assert queryables["properties"]["geometry"]["$ref"] == "https://geojson.org/schema/MultiPolygon.json"
    assert queryables["additionalProperties"] is False


def test_the_features_keep_what_the_schema_promises(api: FlaskClient) -> None:
    for name in COLLECTIONS:
        promised = document(api.get(f"/collections/{name}/schemas/feature"))["properties"]["properties"]["properties"]
        for item in document(api.get(f"/collections/{name}/items?limit=1000"))["features"]:
            assert list(item["properties"]) == list(promised)


def test_openapi_is_valid_and_refers_to_nothing_outside_of_itself(api: FlaskClient) -> None:
    response = api.get("/openapi")
    assert response.content_type == "application/vnd.oai.openapi+json;version=3.0"
    read = document(response)
    assert validate_openapi_document(read)
    references = re.findall(r'"\$ref": "([^"]*)"', response.get_data(as_text=True))
    assert references
    assert all(reference.startswith("#/components/") for reference in references)
    for reference in set(references):
        _, section, name = reference.removeprefix("#/").split("/")
        assert name in read["components"][section], reference


def test_openapi_tells_the_page_size_where_qgis_reads_it(api: FlaskClient) -> None:
    read = document(api.get("/openapi"))
    limit = read["components"]["parameters"]["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 1000, 20)
    for path, operations in read["paths"].items():
        if path.endswith("/items"):
            assert {"$ref": "#/components/parameters/limit"} in operations["get"]["parameters"]


def test_conformance_has_the_classes_without_which_qgis_does_not_push_filters_down(api: FlaskClient) -> None:
    declared = document(api.get("/conformance"))["conformsTo"]
    spec = "http://www.opengis.net/spec/"
    wanted = {f"{spec}ogcapi-features-3/1.0/conf/{name}" for name in ("filter", "features-filter", "queryables")}
    wanted |= {f"{spec}cql2/1.0/conf/{name}" for name in ("cql2-text", "basic-cql2")}
    assert wanted <= set(declared)
    assert not [uri for uri in declared if "features-4" in uri]


def test_titles_are_german_unless_english_is_asked_for(api: FlaskClient) -> None:
    address = "/collections/schulen"
    assert document(api.get(address))["title"] == "Schulen"
    assert document(api.get(f"{address}?lang=en"))["title"] == "Schools"
    response = api.get(address, headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert document(response)["title"] == "Schools"
    assert response.headers["Content-Language"] == "en"


def test_nobody_can_write(api: FlaskClient) -> None:
    assert set(api.options(ITEMS).headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    for method in (api.post, api.put, api.delete, api.patch):
        assert method(ITEMS, json={}).status_code == 405


# --- items


def test_items_are_geojson_with_exact_counts(api: FlaskClient) -> None:
    response = api.get(ITEMS)
    read = document(response)
    assert response.content_type == "application/geo+json"
    assert (read["numberMatched"], read["numberReturned"], len(read["features"])) == (BEBAUUNGSPLAENE,) * 3
    assert response.headers["Content-Crs"] == f"<{CRS84}>"
    [first] = [item for item in read["features"] if item["properties"]["nummer"] == "0"]
    assert first["properties"]["name"] == ODD_NAME
    assert first["properties"]["rechtsstand_text"] == "In Kraft getreten"
    outline = shape(first["geometry"])
    assert outline.is_valid
    assert all(orient(part, 1.0) == part for part in outline.geoms)  # RFC 7946: counter-clockwise


@pytest.mark.parametrize("limit", [1, 5, 6, 12, 1000])
def test_paging_shows_every_feature_once_and_ends_without_an_empty_page(api: FlaskClient, limit: int) -> None:
    address: str | None = f"{ITEMS}?limit={limit}&sortby=-status&properties=name"
    seen = []
    pages = 0
    while address:
        read = document(api.get(address))
        assert read["features"]
        assert read["numberMatched"] == BEBAUUNGSPLAENE
        seen += [item["id"] for item in read["features"]]
        pages += 1
        following = link(read, "next", "application/geo+json")
        address = following and following.removeprefix("http://localhost:8080/ogc")
        if address:
            assert {("sortby", "-status"), ("properties", "name")} <= set(parse_qsl(urlsplit(address).query))
    assert len(seen) == len(set(seen)) == BEBAUUNGSPLAENE
    assert pages == -(-BEBAUUNGSPLAENE // limit)


def test_a_page_behind_the_end_is_empty_and_still_counts_right(api: FlaskClient) -> None:
    read = document(api.get(f"{ITEMS}?offset=500"))
    assert (read["features"], read["numberMatched"]) == ([], BEBAUUNGSPLAENE)


@pytest.mark.parametrize("uri", SUPPORTED)
def test_coordinates_follow_the_crs_that_was_asked_for(api: FlaskClient, uri: str) -> None:
    crs = pyproj.CRS("OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[1]}")
    expected = pyproj.Transformer.from_crs(25832, crs).transform(*origin(3))
    response = api.get(ITEMS, query_string={"nummer": "3", "crs": uri})
    [item] = document(response)["features"]
    corners = [corner for polygon in item["geometry"]["coordinates"] for corner in polygon[0]]
    tolerance = 1e-7 if crs.is_geographic else 1.5 if crs.to_epsg() == 31467 else 0.002  # the datum shift has variants
    assert any(corner == pytest.approx(expected, abs=tolerance) for corner in corners), (corners, expected)
    assert response.headers["Content-Crs"] == f"<{uri}>"
    one = document(api.get(f"{ITEMS}/{item['id']}", query_string={"crs": uri}))
    assert one["geometry"] == item["geometry"]


def test_a_wide_box_loses_nothing_at_its_edge(api: FlaskClient) -> None:
    # In UTM the southern edge of this box hangs down by 5 km in the middle, where the plan lies; its corners do not.
    [item] = document(api.get(ITEMS, query_string={"nummer": "5"}))["features"]
    _, south, _, north = shape(item["geometry"]).bounds
    found = document(api.get(ITEMS, query_string={"bbox": f"2,{south - 1e-5},16,{north}", "properties": "nummer"}))
    assert {each["properties"]["nummer"] for each in found["features"]} >= {"5"}
    nothing = document(api.get(ITEMS, query_string={"bbox": f"2,{north + 0.01},16,{north + 0.02}"}))
    assert nothing["features"] == []


@pytest.mark.parametrize("uri", SUPPORTED)
def test_a_box_finds_exactly_what_it_touches_in_its_own_crs(api: FlaskClient, uri: str) -> None:
    every = document(api.get(ITEMS, query_string={"crs": uri}))["features"]
    shapes = {item["id"]: shape(item["geometry"]) for item in every}
    bounds = [shapes[each].bounds for each in sorted(shapes)]
    for first, last in ((0, 4), (3, 3), (7, 11), (2, 9)):
        west, south = min(bounds[first][0], bounds[last][0]), min(bounds[first][1], bounds[last][1])
        east, north = max(bounds[first][2], bounds[last][2]), max(bounds[first][3], bounds[last][3])
        margin = (east - west + north - south) / 1000  # away from the edges, where rounding decides
        asked = (west - margin, south - margin, east - margin, north - margin)
        text = ",".join(map(str, asked))
        found = document(api.get(ITEMS, query_string={"bbox": text, "bbox-crs": uri, "properties": "name"}))["features"]
        assert {item["id"] for item in found} == {each for each, area in shapes.items() if area.intersects(box(*asked))}


@pytest.mark.parametrize("uri", SUPPORTED)
def test_where_an_answer_says_that_a_point_lies_it_is_found(api: FlaskClient, uri: str) -> None:
    schools = "/collections/schulen/items"
    one = document(api.get(schools, query_string={"crs": uri, "limit": 1}))["features"][0]
    x, y = one["geometry"]["coordinates"]
    near = 1e-6 if abs(x) < 1000 else 0.02
    asked = [
        {"bbox": f"{x - near},{y - near},{x + near},{y + near}", "bbox-crs": uri},
        {"filter": f"S_INTERSECTS(geometry, BBOX({x - near},{y - near},{x + near},{y + near}))", "filter-crs": uri},
    ]
    for query in asked:
        assert one["id"] in {each["id"] for each in document(api.get(schools, query_string=query))["features"]}


@pytest.mark.parametrize("op", ["s_equals", "s_within", "s_contains"])
def test_an_oblique_outline_in_the_storage_crs_is_itself(stock: Settings, op: str) -> None:
    outline = Polygon([(480_000.123, 5_630_000.457), (480_777.891, 5_630_123.019), (480_321.577, 5_630_555.333)])
    asked, values = Shape.of_geojson(mapping(outline), STORED), Values()
    stored = shapely.to_wkb(shapely.set_srid(outline, STORAGE_SRID), hex=True, include_srid=True)
    related = relate_shapes(op, Shape(sql=f"'{stored}'::geometry"), asked, values)
    with psycopg.connect(stock.require_database_url()) as connection:
        assert connection.execute(f"SELECT {related}", dict(values.bound)).fetchone() == (True,)


def test_a_collection_is_measured_together_with_its_selections(stock: Settings) -> None:
    made = create_ogc(stock, LAYERS)
    measured: list[str] = []

    def note(*event: Any) -> None:
        measured.extend(VIEW.findall(event[2]) if "ST_Extent" in event[2] else [])

    listen(Engine, "before_cursor_execute", note)
    listed = document(made.test_client().get("/collections?f=json"))["collections"]
    remove(Engine, "before_cursor_execute", note)
    extents = {each["id"]: each["extent"]["spatial"]["bbox"] for each in listed if "extent" in each}
    assert measured.count("planinhalte") == 4  # the whole, its areas, lines and points
    assert {name: extents[name] for name in SELECTIONS} == dict.fromkeys(SELECTIONS, extents["planinhalte"])
    numbers = {each["id"]: each["itemCount"] for each in listed if each["id"] in SELECTIONS}
    assert (numbers["planinhalte_baugebiete"], numbers["planinhalte_gewaesser"]) == (1, 0)


@pytest.mark.parametrize(
    ("bbox", "count"),
    [
        ("-180,-90,180,90", BEBAUUNGSPLAENE),
        ("-1e16,-1e16,1e16,1e16", BEBAUUNGSPLAENE),
        ("170,-90,-170,90", 0),  # over the antimeridian
        ("8.5,-90,-170,90", BEBAUUNGSPLAENE),
        ("8,50,0,9,51,100", BEBAUUNGSPLAENE),  # with heights
        ("8.7,50.8,8.7,50.8", 0),
        ("100,10,110,20", 0),
    ],
)
def test_boxes_of_every_size_are_answered(api: FlaskClient, bbox: str, count: int) -> None:
    assert document(api.get(ITEMS, query_string={"bbox": bbox}))["numberMatched"] == count


@pytest.mark.parametrize(
    ("moment", "nummern"),
    [
        ("2000-01-15", {"0"}),
        ("2000-01-14", set()),
        ("2004-06-01T12:00:00Z", {"0", "2", "4"}),
        ("../2002-12-31", {"0", "2"}),
        ("/2002-12-31", {"0", "2"}),
        ("2009-01-01/..", {"0", "2", "4", "6", "8", "10"}),
        ("2001-01-01/2001-12-31", {"0"}),
        ("2001-01-01T00:00:00+01:00/2002-01-15T23:59:59Z", {"0", "2"}),
    ],
)
def test_datetime_finds_what_was_in_force(api: FlaskClient, moment: str, nummern: set[str]) -> None:
    read = document(api.get(ITEMS, query_string={"datetime": moment}))
    assert {item["properties"]["nummer"] for item in read["features"]} == nummern


def test_datetime_does_not_restrict_what_has_no_time(api: FlaskClient) -> None:
    assert document(api.get("/collections/schulen/items?datetime=2020-01-01"))["numberMatched"] == SCHULEN


@pytest.mark.parametrize(
    ("filter_", "nummern"),
    [
        ("nummer = '3'", {"3"}),
        ("nummer='1' OR nummer='2' AND status='in_kraft'", {"1", "2"}),
        ("(nummer='1' OR nummer='2') AND status='in_kraft'", {"2"}),
        ("NOT (status = 'in_kraft') AND nummer IN ('1','2','11')", {"1", "11"}),
        ("gueltig_von >= DATE('2008-01-15')", {"8", "10"}),
        ("gueltig_von > '2008-01-15'", {"10"}),
        ("gueltig_von BETWEEN DATE('2002-01-01') AND DATE('2004-12-31')", {"2", "4"}),
        ("gueltig_von IS NULL AND nummer < '2'", {"1", "11"}),
        ("gueltig_von IS NOT NULL AND rechtsstand = 4000 AND nummer <> '0'", {"2", "4", "6", "8", "10"}),
        ("name LIKE 'Plan 1_'", {"10", "11"}),
        ("name NOT LIKE 'Plan%'", {"0"}),
        ("CASEI(name) LIKE CASEI('PLAN 3')", {"3"}),
        ("name ILIKE 'PLAN 3'", {"3"}),
        ("name LIKE '%O''Brien 100 \\%'", {"0"}),
        ("\"nummer\" = '7'", {"7"}),
        ("S_INTERSECTS(geometry, POINT(8.7170 50.8217))", {"0"}),
        ("S_INTERSECTS(geometry, BBOX(8.71, 50.82, 8.732, 50.83))", {"0", "1"}),
        ("S_WITHIN(geometry, POLYGON((8.725 50.82, 8.74 50.82, 8.74 50.83, 8.725 50.83, 8.725 50.82)))", {"1"}),
        ("NOT S_DISJOINT(geometry, LINESTRING(8.71 50.8217, 8.732 50.8217))", {"0", "1"}),
        ("T_AFTER(gueltig_von, DATE('2008-06-01'))", {"10"}),
        ("T_INTERSECTS(INTERVAL(gueltig_von, gueltig_bis), INTERVAL('..', '2001-01-01'))", {"0"}),
        ("T_DURING(gueltig_von, INTERVAL('2003-01-01', '2005-01-01'))", {"4"}),
        ("veroeffentlicht_am > TIMESTAMP('2020-01-01T00:00:00Z') AND nummer = '9'", {"9"}),
        ("nummer = ags", set()),
        ("FALSE", set()),
    ],
)
def test_cql2_text_selects_what_it_says(api: FlaskClient, filter_: str, nummern: set[str]) -> None:
    read = document(api.get(ITEMS, query_string={"filter": filter_}))
    assert {item["properties"]["nummer"] for item in read["features"]} == nummern
    assert read["numberMatched"] == len(nummern)


def test_cql2_json_means_the_same(api: FlaskClient) -> None:
    in_utm = {"type": "Polygon", "coordinates": [[[480_900, 5_629_900], [483_500, 5_629_900], [482_000, 5_632_000]]]}
    in_utm["coordinates"][0].append(in_utm["coordinates"][0][0])  # type: ignore[index]
    filter_ = {
        "op": "and",
        "args": [
            {"op": "s_intersects", "args": [{"property": "geometry"}, in_utm]},
            {"op": "between", "args": [{"property": "gueltig_von"}, {"date": "2001-01-01"}, {"date": "2099-01-01"}]},
        ],
    }
    asked = {"filter": json.dumps(filter_), "filter-lang": "cql2-json", "filter-crs": f"{EPSG}25832"}
    assert names(api.get(ITEMS, query_string=asked)) == {"Plan 2"}


def test_parameters_combine(api: FlaskClient) -> None:
    asked = {
        "status": "in_kraft",
        "bbox": "8.73,50.8,8.83,50.9",
        "datetime": "2005-01-01",
        "sortby": "-gueltig_von",
        "properties": "nummer",
        "skipGeometry": "true",
    }
    read = document(api.get(ITEMS, query_string=asked))
    assert [item["properties"] for item in read["features"]] == [{"nummer": "4"}, {"nummer": "2"}]
    assert {item["geometry"] for item in read["features"]} == {None}


def test_hits_are_only_counted(api: FlaskClient) -> None:
    read = document(api.get(f"{ITEMS}?resultType=hits&status=in_kraft"))
    assert (read["numberMatched"], read["numberReturned"], read["features"]) == (6, 0, [])


def test_a_mixed_layer_is_also_offered_by_kind_of_geometry(api: FlaskClient) -> None:
    assert document(api.get("/collections/planinhalte/items"))["numberMatched"] == 3
    for suffix, kind in (("flaechen", "MultiPolygon"), ("linien", "MultiLineString"), ("punkte", "MultiPoint")):
        [item] = document(api.get(f"/collections/planinhalte_{suffix}/items"))["features"]
        assert item["geometry"]["type"] == kind
        assert document(api.get(f"/collections/planinhalte_{suffix}/items/{item['id']}"))["geometry"]["type"] == kind
        assert api.get(f"/collections/planinhalte_{suffix}/items/{item['id'] + 1000}").status_code == 404
    assert document(api.get("/collections/planinhalte_flaechen/items"))["features"][0]["properties"]["attribute"]


def test_the_contents_of_one_group_are_a_collection(api: FlaskClient) -> None:
    [area] = document(api.get("/collections/planinhalte_baugebiete/items"))["features"]
    assert (area["geometry"]["type"], area["properties"]["klasse_text"]) == ("MultiPolygon", "Baugebiet")
    [line] = document(api.get("/collections/planinhalte_baugrenzen/items?filter=klasse='BP_BauGrenze'"))["features"]
    assert line["geometry"]["type"] == "MultiLineString"
    assert api.get(f"/collections/planinhalte_baugebiete/items/{line['id']}").status_code == 404
    assert document(api.get("/collections/planinhalte_gewaesser/items"))["numberMatched"] == 0
    described = document(api.get("/collections/planinhalte_baugebiete?lang=en"))
    assert described["title"] == "Contents of plans: Kinds of built use"
    assert described["itemCount"] == 1


def test_areas_tell_the_planned_use_in_the_words_of_inspire(api: FlaskClient) -> None:
    [area] = document(api.get("/collections/planinhalte/items?hilucs=5_ResidentialUse"))["features"]
    assert (area["properties"]["art"], area["properties"]["hilucs_text"]) == ("1200", "Wohnen")
    others = document(api.get("/collections/planinhalte/items?filter=hilucs IS NULL"))["features"]
    assert {item["geometry"]["type"] for item in others} == {"LineString", "Point"}


def test_all_plans_are_in_one_collection_at_a_glance(api: FlaskClient) -> None:
    read = document(api.get("/collections/geltungsbereiche/items?limit=100"))
    assert read["numberMatched"] == BEBAUUNGSPLAENE + 1
    assert {item["properties"]["planwerk"] for item in read["features"]} == {"BP", "FP"}
    for item in read["features"]:
        assert item["properties"]["adresse"] == f"/plan/{item['id']}"
        assert item["properties"]["rechtsstand_text"]
    exact = document(api.get(f"{ITEMS}?nummer=3&crs={EPSG}25832"))["features"][0]["geometry"]
    simple = document(api.get(f"/collections/geltungsbereiche/items?nummer=3&crs={EPSG}25832"))["features"][0]
    assert shape(simple["geometry"]).equals(shape(exact)), "a square has nothing to leave out"


def test_a_document_of_a_plan_is_a_feature_with_a_link_to_its_file(api: FlaskClient) -> None:
    [item] = document(api.get("/collections/plandokumente/items?f=json"))["features"]
    address = "https://gemeinde.example.org/b.pdf"
    assert item["links"] == [{"rel": "enclosure", "href": address, "title": "Begründung", "hreflang": "de"}]
    told = item["properties"]
    assert (told["typ"], told["typ_text"], told["plan_name"]) == (1010, "Begründung", ODD_NAME)
    alone = document(api.get(f"/collections/plandokumente/items/{item['id']}"))
    assert [each["href"] for each in alone["links"] if each["rel"] == "enclosure"] == [address]
    assert {each["rel"] for each in alone["links"]} > {"enclosure", "self", "collection"}
    assert item["geometry"]["type"] == "MultiPolygon"
    assert "links" not in document(api.get(ITEMS))["features"][0]
    few = document(api.get("/collections/plandokumente/items?properties=titel&skipGeometry=true"))["features"][0]
    assert few["properties"] == {"titel": "Begründung"}
    assert few["links"][0]["href"] == address


def test_the_texts_of_a_plan_can_be_searched(api: FlaskClient) -> None:
    asked = {"filter": "text LIKE '%Tankstellen%'", "filter-lang": "cql2-text"}
    [item] = document(api.get("/collections/plantexte/items", query_string=asked))["features"]
    assert (item["properties"]["schluessel"], item["properties"]["plan_name"]) == ("1.1", ODD_NAME)


def test_what_others_draw_has_no_picture_of_its_own(api: FlaskClient) -> None:
    for name in ("geltungsbereiche", "plandokumente", "planinhalte_baugebiete"):
        for place in ("tiles", "map", "styles"):
            assert api.get(f"/collections/{name}/{place}").status_code == 404
        described = document(api.get(f"/collections/{name}"))
        assert not [each for each in described["links"] if "tile" in each["rel"] or each["rel"].endswith("/map")]
    capabilities = api.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities").get_data(as_text=True)
    assert "<Name>planinhalte</Name>" in capabilities
    assert "<Name>geltungsbereiche</Name>" not in capabilities


def test_a_layer_is_answered_like_the_plans(api: FlaskClient) -> None:
    assert document(api.get("/collections/gemeinden/items"))["numberMatched"] == GEMEINDEN
    one = document(api.get("/collections/schulen/items/9007"))
    assert one["properties"]["schueler"] == 70
    assert link(one, "collection") == "http://localhost:8080/ogc/collections/schulen"
    assert names(api.get("/collections/schulen/items?filter=schueler>285.5")) == {"Schule 29"}


# --- what is refused


@pytest.mark.parametrize(
    "query",
    [
        "foo=1",
        "Limit=1",
        "limit=0",
        "limit=-1",
        "limit=abc",
        "limit=1e3",
        "limit=10&limit=20",
        "offset=-1",
        "offset=100000000000000000000",
        "bbox=",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=1,2,NaN,4",
        "bbox=1,2,inf,4",
        "bbox=8,51,9,50",
        "bbox=8,50,9,51&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4711",
        "bbox=9,50,8,51&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/25832",
        f"bbox-crs={CRS84}",
        "crs=EPSG:25832",
        "crs=",
        "datetime=",
        "datetime=x",
        "datetime=2020-13-01",
        "datetime=2020-01-01/2019-01-01",
        "datetime=2020-01-01/2021-01-01/2022-01-01",
        "id=abc",
        "rechtsstand=abc",
        "rechtsstand=99999999999999999999",
        "gueltig_von=x",
        "attribute=1",
        "sortby=foo",
        "sortby=geometry",
        "properties=foo",
        "skipGeometry=1",
        "resultType=all",
        "f=csv",
        "f=xml",
        "lang=fr",
        "nummer=%00",
        "filter=",
        "filter=nummer",
        "filter=nummer =",
        "filter=nummer = 3",
        "filter=rechtsstand = 'x'",
        "filter=unbekannt = 3",
        "filter=pg_sleep(10) = 1",
        "filter=nummer = '1'; DROP TABLE plans.plan",
        "filter=gueltig_von > DATE('gestern')",
        "filter=S_INTERSECTS(geometry, POLYGON((8 50, 9 51, 9 50, 8 51, 8 50)))",
        "filter=S_EQUALS(geometry, POINT(100 10))",
        "filter=S_INTERSECTS(geometry, POINT(1e999 50))",
        "filter=S_NEAR(geometry, POINT(8 50))",
        "filter=" + "(" * 30 + "nummer='1'" + " AND nummer='1')" * 30,
        "filter=" + " OR ".join(["nummer='1'"] * 200),
        "filter=" + "x" * 9000,
        "filter={&filter-lang=cql2-json",
        "filter=[]&filter-lang=cql2-json",
        'filter={"op":"=","args":[{"property":"nummer"},NaN]}&filter-lang=cql2-json',
        'filter={"op":"and","args":[{"op":"=","args":[1,1]}]}&filter-lang=cql2-json',
        'filter={"op":"s_intersects","args":[{"property":"geometry"},{"type":"Polygon","coordinates":7}]}&filter-lang=cql2-json',
        "filter=" + "[" * 5000 + "&filter-lang=cql2-json",
        "filter=nummer='1'&filter-lang=sql",
        "filter=nummer='1'&filter-crs=foo",
        "filter-crs=" + CRS84,
    ],
)
def test_what_cannot_be_asked_is_a_400_that_says_why(api: FlaskClient, query: str) -> None:
    response = api.get(f"{ITEMS}?{query}")
    assert response.status_code == 400, response.get_data(as_text=True)
    read = json.loads(response.data)
    assert read["code"] == "InvalidParameterValue"
    assert read["description"]
    assert not re.search(r"SELECT|psycopg|sqlalchemy|Traceback|\.py|ogc\.bebauungsplaene", read["description"])


@pytest.mark.parametrize(
    "address",
    [
        "/collections/unbekannt",
        "/collections/unbekannt/items",
        "/collections/unbekannt/queryables",
        "/collections/schulen/items/0000",
        "/collections/bebauungsplaene/items/abc",
        "/collections/bebauungsplaene/items/00000000-0000-0000-0000-000000000000",
        "/collections/planinhalte/items/99999999999999999999",
        "/collections/schulen/items/..%2f..%2fetc%2fpasswd",
        "/jobs",
        "/admin/config",
    ],
)
def test_what_is_not_there_is_a_404(api: FlaskClient, address: str) -> None:
    response = api.get(address)
    assert response.status_code == 404
    assert json.loads(response.data)["code"] == "NotFound"


@pytest.mark.parametrize("address", ["/", "/collections", "/collections/schulen", "/openapi", "/conformance"])
def test_unknown_parameters_are_refused_everywhere(api: FlaskClient, address: str) -> None:
    assert api.get(f"{address}?foo=1").status_code == 400


# --- away, not yet, and anew


def test_a_database_that_is_away_is_a_503_and_the_metadata_stay(stock: Settings) -> None:
    away = replace(stock, read_database_url="postgresql://nobody@127.0.0.1:1/nothing")
    client = create_ogc(away, LAYERS).test_client()
    for address in (ITEMS, "/collections/schulen/items/9000"):
        response = client.get(address)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert "127.0.0.1" not in response.get_data(as_text=True)
    collection = document(client.get("/collections/schulen"))
    assert "itemCount" not in collection
    assert collection["extent"]["spatial"]["bbox"]


MANIFEST = """\
id: {name}
title: {{de: Trinkbrunnen, en: Drinking fountains}}
description: {{de: Brunnen, en: Fountains}}
keywords: {{de: [Wasser], en: [water]}}
theme: versorgung
publisher: Landkreis
licence: {{name: Zero, url: "https://www.govdata.de/dl-de/zero-2-0"}}
source: {{path: data/brunnen.csv, x: x, y: y, crs: "EPSG:25832"}}
geometry: Point
key: nr
fields:
  nr: {{type: integer, label: {{de: Nummer, en: Number}}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of manifests of its own, at which the service looks anew at each request."""
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 0.0)
    for layer in all_layers(LAYERS):
        (tmp_path / layer.id).symlink_to(layer.folder)
    return tmp_path


def test_a_new_manifest_is_a_new_collection_without_a_restart(stock: Settings, folder: Path) -> None:
    client = create_ogc(stock, folder).test_client()
    assert client.get("/collections/trinkbrunnen").status_code == 404
    (folder / "trinkbrunnen").mkdir()
    (folder / "trinkbrunnen" / "layer.yml").write_text(MANIFEST.format(name="trinkbrunnen"), "utf-8")
    assert document(client.get("/collections/trinkbrunnen"))["title"] == "Trinkbrunnen"
    # its rows are not loaded yet: come again later, and by no means "gone"
    response = client.get("/collections/trinkbrunnen/items")
    assert (response.status_code, "Retry-After" in response.headers) == (503, True)
    assert "/collections/trinkbrunnen/items" in document(client.get("/openapi"))["paths"]


def test_a_broken_manifest_leaves_everything_as_it_was(
    stock: Settings, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_ogc(stock, folder).test_client()
    (folder / "kaputt").mkdir()
    (folder / "kaputt" / "layer.yml").write_text(MANIFEST.format(name="anders"), "utf-8")
    with caplog.at_level(logging.ERROR):
        assert document(client.get("/collections/schulen/items"))["numberMatched"] == SCHULEN
    assert "kaputt" in caplog.text


# --- pages


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.headings: list[str] = []
        self.language: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag in ("script", "style"):
            self.inline.append(tag)
        if tag in ("script", "img", "iframe", "source", "embed"):
            self.loaded.append(given.get("src") or "")
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given.get("href") or "")
        if tag == "h1":
            self.headings.append(tag)
        if tag == "html":
            self.language = given.get("lang")


PAGES = [
    "/",
    "/collections",
    "/conformance",
    "/openapi",
    "/collections/bebauungsplaene",
    "/collections/bebauungsplaene/queryables",
    "/collections/bebauungsplaene/schema",
    "/collections/bebauungsplaene/schemas/feature",
    "/collections/bebauungsplaene/items",
    "/collections/bebauungsplaene/items?limit=3&offset=3",
    "/collections/schulen/items/9001",
    "/collections/unbekannt",
    "/collections/schulen/items?foo=1",
]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_pages_load_nothing_from_another_host(api: FlaskClient, address: str, language: str) -> None:
    response = api.get(f"{address}{'&' if '?' in address else '?'}f=html&lang={language}")
    assert response.content_type == "text/html; charset=utf-8"
    page = Page(response.get_data(as_text=True))
    assert page.inline == []
    assert page.loaded == ["/ogc/static/ogc.css", "data:,"]
    assert len(page.headings) == 1
    if response.status_code == 200:
        assert page.language == language


def test_pages_show_odd_names_as_text(api: FlaskClient) -> None:
    text = api.get(f"{ITEMS}?f=html&nummer=0").get_data(as_text=True)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_pages_tell_items_by_title_labels_and_meanings(api: FlaskClient) -> None:
    [plan] = api.get(f"{ITEMS}?nummer=3").get_json()["features"]
    page = api.get(f"{ITEMS}/{plan['id']}?f=html").get_data(as_text=True)
    assert f"<h1>{plan['properties']['name']}</h1>" in page
    assert ">Bebauungspläne</a>" in page
    assert "<dt>Rechtsstand</dt>" in page
    english = api.get(f"{ITEMS}?f=html&lang=en&properties=status").get_data(as_text=True)
    assert "in force" in english
    assert f">{plan['id']}</a>" in english  # without the fields of its title there is nothing better
    shown = api.get("/collections/planinhalte/items?f=html&limit=1").get_data(as_text=True)
    [content] = api.get("/collections/planinhalte/items?limit=1").get_json()["features"]
    assert f">{content['properties']['klasse_text']}</a></th>" in shown


def test_browsers_get_pages_and_programs_get_json(api: FlaskClient) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert api.get("/collections", headers={"Accept": browser}).content_type.startswith("text/html")
    for accept in ("*/*", "application/json", "application/geo+json, application/json", ""):
        assert api.get(ITEMS, headers={"Accept": accept}).content_type == "application/geo+json"
    assert api.get("/static/ogc.css").status_code == 200


# --- what an attacker found once


@pytest.mark.parametrize("languages", ["en;q=0", "de;q=0", "*;q=0", "de,en;q=0", "fr", "en;q=0.0,de;q=1", ""])
def test_no_legal_wish_for_a_language_is_a_fault(api: FlaskClient, languages: str) -> None:
    assert api.get("/", headers={"Accept-Language": languages}).status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        "true < false",
        "true BETWEEN false AND true",
        "S_INTERSECTS(geometry, " + "GEOMETRYCOLLECTION(" * 199 + "POINT(8 50)" + ")" * 199 + ")",
        "S_WITHIN(geometry,POLYGON((-1e308 -1e308,1e308 -1e308,1e308 1e308,-1e308 1e308,-1e308 -1e308)))",
    ],
)
def test_a_filter_without_sense_is_refused(api: FlaskClient, value: str) -> None:
    assert api.get(ITEMS, query_string={"filter": value}).status_code == 400


@pytest.mark.parametrize(
    "value",
    [
        '{"op":"=","args":[{"property":"name"},"\\ud800"]}',
        '{"op":"\\ud800","args":[]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1' + "0" * 400 + ",1,2,3]}]}",
    ],
)
def test_a_json_filter_that_no_program_can_hold_is_refused(api: FlaskClient, value: str) -> None:
    response = api.get(ITEMS, query_string={"filter": value, "filter-lang": "cql2-json"})
    assert response.status_code == 400
    assert json.loads(response.data)["code"] == "InvalidParameterValue"


@pytest.mark.parametrize("address", ["/collections/schulen/items/a%00b", "/collections/gemeinden/items/%00"])
def test_no_feature_has_a_nul_in_its_id(api: FlaskClient, address: str) -> None:
    assert api.get(address).status_code == 404


def test_no_page_tells_the_version_of_its_engine(api: FlaskClient) -> None:
    assert "pygeoapi 0." not in api.get("/?f=html").get_data(as_text=True)
