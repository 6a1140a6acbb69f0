"""OGC API - Records 1 (20-004r1), Annex A: the building blocks that are declared."""

from datetime import date
from typing import Any, Final

from shapely.geometry import box, shape

from geoportal.ogc.records import geojson
from geoportal.ogc.records.geojson import ISO, JSON_LD, PROFILES, RDF_XML, TURTLE
from tests.acceptance.standards.annex import proves
from tests.acceptance.standards.client import GEOJSON, HTML, JSON, REL, Client
from tests.ogc import BEBAUUNGSPLAENE

RECORDS: Final = "ogcapi-records-1/1.0/conf"
QUERY: Final = f"{RECORDS}/record-core-query-parameters"
CATALOGUE: Final = "/collections/katalog"
ITEMS: Final = f"{CATALOGUE}/items"
SCHEMA: Final = "application/schema+json"


def found(api: Client, **query: object) -> list[dict[str, Any]]:
    page: list[dict[str, Any]] = api.ok(ITEMS, GEOJSON, limit=1000, **query).json["features"]
    return page


def ids(api: Client, **query: object) -> set[str]:
    return {each["id"] for each in found(api, **query)}


def words(record: dict[str, Any]) -> str:
    told = record["properties"]
    return " ".join([told["title"], told["description"], *told["keywords"], record["id"]]).lower()


@proves(f"{RECORDS}/record-core", "mandatory-properties-record", "license", "contact", "templated-link",
        "templated-link-header")  # fmt: skip
@proves(f"{RECORDS}/json", "record-content")
def test_each_record_has_what_a_record_must_have(api: Client) -> None:
    assert found(api)
    for each in found(api):
        assert each["id"]
        assert each["type"] == "Feature"
        assert {"geometry", "properties", "time", "links"} <= each.keys()
        assert {"type", "title"} <= each["properties"].keys()
        assert any(uri.endswith("/record-core") for uri in each["conformsTo"])
        for link in each["links"]:
            assert {"href", "rel", "type"} <= link.keys(), each["id"]
        assert each["properties"]["license"] in ("DL-DE-BY-2.0", "DL-DE-ZERO-2.0")
        assert "license" in {link["rel"] for link in each["links"]}
        for contact in each["properties"]["contacts"]:
            assert "name" in contact or "organization" in contact
            assert contact["roles"]
            assert all(link["rel"] == "about" and link["type"] for link in contact.get("links", ()))
        # no template among the links, neither in the record nor in its header
        alone = api.ok(f"{ITEMS}/{each['id']}", GEOJSON)
        assert "linkTemplates" not in alone.json
        assert "link-template" not in alone.headers


def test_a_licence_is_what_spdx_calls_it_or_another() -> None:
    assert geojson.licence("https://creativecommons.org/licenses/by/4.0/") == "CC-BY-4.0"
    assert geojson.licence("https://gemeinde.example.org/nutzungsbedingungen") == "other"


@proves(f"{RECORDS}/record-core", "time-interval", "time-instant", "time-instant-interval", "time-zone")
def test_times_are_intervals_of_dates(api: Client) -> None:
    timed = [each["time"] for each in found(api) if each["time"] is not None]
    assert timed
    for time in timed:
        # an interval and nothing that it could contradict; of days, which have no time zone
        assert time.keys() == {"interval"}
        start, end = time["interval"]
        assert start != ".." or end != ".."
        for each in (start, end):
            assert each == ".." or date.fromisoformat(each)


@proves(f"{RECORDS}/record-core", "default-mediatype", "links")
@proves(f"{RECORDS}/json", "record-response", "catalog-response")
@proves(f"{RECORDS}/records-api", "record-op", "record-response", "records-op", "features-api")
def test_records_are_geojson_alone_and_together(api: Client) -> None:
    for accept in (GEOJSON, "*/*"):
        assert api.ok(ITEMS, accept).kind == GEOJSON
        assert api.ok(f"{ITEMS}/schulen", accept).kind == GEOJSON
    for each in found(api):
        alone = api.ok(f"{ITEMS}/{each['id']}", GEOJSON)
        assert alone.json["properties"] == each["properties"]
        assert alone.links("self", GEOJSON)
        for kind in (HTML, ISO, RDF_XML, TURTLE, JSON_LD):
            [place] = alone.links("alternate", kind)
            assert api.ok(place, "*/*").kind == kind
        assert alone.links("profile") == [f"{PROFILES}ogc-record"]
        [collection] = alone.links("collection")
        assert api.ok(collection).json["type"] == "Catalog"
    assert api.get(f"{ITEMS}/gibtesnicht").status == 404


@proves(f"{RECORDS}/record-collection", "mandatory-properties-collection", "itemType", "contact", "license", "links",
        "links-records", "default-mediatype")  # fmt: skip
@proves(f"{RECORDS}/json", "catalog-content")
@proves(f"{RECORDS}/records-api", "catalog-response", "catalogs-response", "resource-name-mapping")
def test_the_catalogue_is_a_collection_of_records(api: Client) -> None:
    [listed] = [each for each in api.collections if each.get("itemType") == "record"]
    catalogue = api.ok(CATALOGUE)
    assert catalogue.json == listed
    assert listed["type"] == "Catalog"
    assert {"id", "title", "description", "extent", "conformsTo", "links"} <= listed.keys()
    assert all(contact["name"] for contact in listed["contacts"])
    assert listed["license"] == "DL-DE-BY-2.0"
    assert catalogue.links("license") == ["https://www.govdata.de/dl-de/by-2-0"]
    [place] = catalogue.links("self", JSON)
    assert api.ok(place).json == listed
    for kind in (HTML, RDF_XML, JSON_LD):
        [place] = catalogue.links("alternate", kind)
        assert api.ok(place, "*/*").kind == kind
    [place] = catalogue.links("items", GEOJSON)
    assert place == f"{api.root}{ITEMS}"
    assert api.ok(place, GEOJSON).json["type"] == "FeatureCollection"
    # JSON for everybody, as of every collection, and as a catalogue for who asks for one
    assert catalogue.links("profile") == [f"{PROFILES}ogc-catalog"]
    assert api.ok(CATALOGUE, "*/*").kind == JSON
    asked = api.ok(CATALOGUE, "application/ogc-catalog+json")
    assert (asked.kind, asked.json) == ("application/ogc-catalog+json", listed)
    assert set(listed["conformsTo"]) <= set(api.ok("/conformance").json["conformsTo"])


@proves(f"{RECORDS}/record-collection", "links-catalog-hierarchy", "links-catalog-related", "links-catalog-series",
        "links-record", "records-array-name", "records")  # fmt: skip
def test_the_catalogue_is_one_and_is_searched(api: Client) -> None:
    """It is in no hierarchy or series of catalogues, and holds no records to be read one by one."""
    catalogue = api.ok(CATALOGUE)
    relations = {link["rel"] for link in catalogue.json["links"]}
    assert relations == {"self", "alternate", "items", f"{REL}sortables", "license", "profile"}
    assert not {"records", "recordsArrayName"} & catalogue.json.keys()


@proves(f"{RECORDS}/records-api", "mandatory-params")
@proves(QUERY, "q-definition", "type-definition", "ids-definition", "externalIds-definition")
def test_the_parameters_of_the_catalogue_are_described(api: Client) -> None:
    described = api.parameters(ITEMS)
    assert {"bbox", "datetime", "limit", "q", "type", "ids", "externalIds"} <= described.keys()
    for name in ("q", "type", "ids", "externalIds"):
        assert described[name]["schema"]["type"] == "array"
        assert (described[name]["style"], described[name]["explode"]) == ("form", False)


@proves(QUERY, "bbox", "datetime", "limit")
def test_place_and_time_restrict_records(api: Client) -> None:
    asked = (8.71, 50.82, 8.732, 50.83)
    near = found(api, bbox=",".join(map(str, asked)), type="plan")
    assert 0 < len(near) < BEBAUUNGSPLAENE
    assert all(shape(each["geometry"]).intersects(box(*asked)) for each in near)
    then = found(api, datetime="2001-06-01", type="plan")
    assert len(then) < len(found(api, type="plan"))
    for each in then:
        assert each["time"] is None or each["time"]["interval"][0] <= "2001-06-01"
    assert len(api.ok(ITEMS, limit=3).json["features"]) == 3


@proves(QUERY, "q-response")
def test_words_are_found_where_they_stand(api: Client) -> None:
    one, other = found(api, q="Schulform"), found(api, q="Verwaltungsgrenze")
    assert one
    assert other
    assert all("schulform" in words(each) for each in one)
    either = ids(api, q="Schulform,Verwaltungsgrenze")
    assert either == {each["id"] for each in (*one, *other)}
    assert ids(api, q="schematischen Umrissen") == ids(api, q="schematischen    Umrissen") != set()
    assert ids(api, q="Umrissen schematischen") == set()
    assert ids(api, q="Schulform Umrissen") == set()
    assert ids(api, q="SCHULFORM") == ids(api, q="schulform")


@proves(QUERY, "type-response", "ids-response")
def test_kinds_and_ids_restrict_records(api: Client) -> None:
    for kind in ("dataset", "service", "plan"):
        assert {each["properties"]["type"] for each in found(api, type=kind)} == {kind}
    both = ids(api, type="dataset,service")
    assert both == ids(api, type="dataset") | ids(api, type="service")
    assert ids(api, ids="schulen,gemeinden,gibtesnicht") == {"schulen", "gemeinden"}


@proves(QUERY, "externalIds-response")
def test_external_ids_find_with_their_scheme_and_without(api: Client) -> None:
    plans = found(api, type="plan")
    for each in (plans[0], *found(api, type="dataset")[:2]):
        for external in each["properties"]["externalIds"]:
            scheme, value = external["scheme"], external["value"]
            assert each["id"] in ids(api, externalIds=f"{scheme}:{value}"), external
            assert each["id"] in ids(api, externalIds=value), external
            assert each["id"] in ids(api, externalIds=f"{scheme}:"), external
            assert each["id"] not in ids(api, externalIds=f"anderes:{value}"), external
    numbered = {
        each["id"] for each in plans if "nummer" in {one["scheme"] for one in each["properties"]["externalIds"]}
    }
    assert ids(api, externalIds="nummer:") == numbered


@proves(QUERY, "empty-value")
def test_a_parameter_without_a_value_is_as_if_it_were_not_there(api: Client) -> None:
    for name in ("bbox", "datetime", "limit", "q", "type", "ids", "externalIds"):
        asked = api.ok(f"{ITEMS}?{name}=").json["numberMatched"]
        assert asked == api.ok(ITEMS).json["numberMatched"], name


@proves(f"{RECORDS}/sorting", "conformance", "defaultSortOrder-definition")
def test_the_catalogue_tells_its_order(api: Client) -> None:
    catalogue = api.ok(CATALOGUE).json
    for declared in (catalogue["conformsTo"], api.ok("/conformance").json["conformsTo"]):
        assert f"http://www.opengis.net/spec/{RECORDS}/sorting" in declared
    order = catalogue["defaultSortOrder"]
    assert [each["direction"] for each in order] == ["asc", "asc"]
    assert {each["field"] for each in order} <= api.ok(f"{CATALOGUE}/sortables").json["properties"].keys()
    told = ",".join(each["field"] for each in order)
    assert [each["id"] for each in found(api)] == [each["id"] for each in found(api, sortby=told)]


@proves(f"{RECORDS}/sorting", "get-sortables-op", "get-sortables-success")
def test_the_sortables_are_described(api: Client) -> None:
    [place] = api.ok(CATALOGUE).links(f"{REL}sortables")
    described = api.ok(place, SCHEMA)
    assert described.kind == SCHEMA
    assert described.json["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert described.json["$id"] == f"{api.root}{CATALOGUE}/sortables"
    assert described.json["type"] == "object"
    assert described.json["additionalProperties"] is False
    assert all("type" in each for each in described.json["properties"].values())
    assert described.json["properties"].keys() <= set.intersection(*(set(each["properties"]) for each in found(api)))
    assert api.ok(place.partition("?")[0], HTML).kind == HTML


@proves(f"{RECORDS}/sorting", "sortby-definition", "sortby-response")
def test_records_are_sorted(api: Client) -> None:
    sortables = api.ok(f"{CATALOGUE}/sortables").json["properties"]
    parameter = api.parameters(ITEMS)["sortby"]
    assert (parameter["schema"]["type"], parameter["style"], parameter["explode"]) == ("array", "form", False)
    for name in sortables:
        up = [each["id"] for each in found(api, sortby=name)]
        assert up == [each["id"] for each in found(api, sortby=f"+{name}")]
        down = [each["id"] for each in found(api, sortby=f"-{name}")]
        assert set(up) == set(down)
        # each by itself; the titles as PostgreSQL sorts German
        if name != "title":
            values = {each["id"]: each["properties"][name] for each in found(api)}
            assert [values[each] for each in up] == sorted(values.values())
            assert [values[each] for each in down] == sorted(values.values(), reverse=True)
    kinds = [each["properties"]["type"] for each in found(api, sortby="-type,title")]
    assert kinds == sorted(kinds, reverse=True)
    assert api.get(ITEMS, sortby="gibtesnicht").status == 400
