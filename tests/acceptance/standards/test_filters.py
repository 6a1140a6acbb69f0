"""OGC API - Features 3 (19-079r2) and 5 (23-058), CQL2 (21-065r2), Annexes A.

The tables of CQL2's annex count rows of data sets of Natural Earth; here the same predicates are counted on our stock,
whose features are known: twelve plans `nummer` 0 to 11 in a row, the even ones in force since 2000, 2002, …, and thirty
schools with 0, 10, 20, … pupils.
"""

import json
from collections.abc import Callable, Mapping
from itertools import permutations, product
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from shapely.geometry import box

from tests.acceptance.standards.annex import BASIC, FEATURES_FILTER, FILTER, QUERY_PARAMETERS, QUERYABLES, proves
from tests.acceptance.standards.client import GEOJSON, REL, Client
from tests.ogc import BEBAUUNGSPLAENE, ODD_NAME, SCHULEN

CQL: Final = "cql2/1.0/conf"
PLANS, SCHOOLS = "/collections/bebauungsplaene/items", "/collections/schulen/items"
SCHEMA: Final = "application/schema+json"
DRAFTS: Final = {"https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema"}
# what the annex takes for a value of each type
VALUES: Final[Mapping[tuple[str, str | None], str]] = {
    ("string", None): "'foo'", ("boolean", None): "true", ("number", None): "3.14", ("integer", None): "1",
    ("string", "date-time"): "TIMESTAMP('2022-04-14T14:48:46Z')", ("string", "date"): "DATE('2022-04-14')",
}  # fmt: skip
COMPLEMENTS: Final = (("=", "<>"), (">", "<="), ("<", ">="))


def queryables(api: Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = api.ok(f"/collections/{name}/queryables", SCHEMA).json["properties"]
    return found


def ids(api: Client, path: str, expression: str | None = None, **query: object) -> set[object]:
    asked = query if expression is None else {"filter": expression, **query}
    return {each["id"] for each in api.ok(path, GEOJSON, limit=1000, **asked).json["features"]}


def numbers(api: Client, expression: str, **query: object) -> set[int]:
    """The numbers of the plans that it finds."""
    found = api.ok(PLANS, GEOJSON, limit=100, filter=expression, **query).json["features"]
    return {int(each["properties"]["nummer"]) for each in found}


@proves(QUERYABLES, "get-conformance")
@proves(QUERY_PARAMETERS, "get-conformance")
@proves(FILTER, "get-conformance")
@proves(FEATURES_FILTER, "get-conformance")
def test_the_classes_of_filters_are_declared(api: Client) -> None:
    declared = api.ok("/conformance").json["conformsTo"]
    for name in ("queryables", "filter", "features-filter", "queryables-query-parameters"):
        assert f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}" in declared


@proves(QUERYABLES, "get-queryables-uris", "get-queryables")
@proves(FEATURES_FILTER, "get-collections", "get-collection")
def test_each_collection_names_its_queryables(api: Client) -> None:
    for collection in api.features:
        [place] = [each["href"] for each in collection["links"] if each["rel"] == f"{REL}queryables"]
        found = api.ok(place, SCHEMA)
        assert found.kind == SCHEMA
        assert found.json["$schema"] in DRAFTS
        assert found.json["$id"] == f"{api.root}/collections/{collection['id']}/queryables"
        assert found.json["type"] == "object"
        assert found.json["properties"], collection["id"]
        assert found.json.get("additionalProperties") is False


@proves(QUERY_PARAMETERS, "query-param")
def test_each_queryable_is_a_parameter(api: Client) -> None:
    for collection in api.features:
        path = f"/collections/{collection['id']}/items"
        described = api.parameters(path)
        for name, schema in queryables(api, collection["id"]).items():
            if name in ("id", "geometry"):
                continue
            assert described[name]["schema"]["type"] == schema["type"], (path, name)
        [first] = api.ok(path, limit=1).json["features"] or [None]
        for name, value in first["properties"].items() if first else ():
            if name in described and isinstance(value, str | int) and not isinstance(value, bool):
                assert first["id"] in {
                    each["id"] for each in api.ok(f"{path}?{urlencode({name: value})}&limit=1000").json["features"]
                }, (path, name)
    assert api.get(PLANS, rechtsstand="viertausend").status == 400


@proves(FILTER, "filter-param", "filter-lang-default", "expression-construction")
@proves(FEATURES_FILTER, "filter-on-items")
def test_items_are_filtered(api: Client) -> None:
    for collection in api.features:
        path = f"/collections/{collection['id']}/items"
        name = next(each for each in queryables(api, collection["id"]) if each not in ("id", "geometry"))
        for language in ({}, {"filter_lang": "cql2-text"}):
            found = api.ok(path, GEOJSON, filter=f"{name} IS NULL", **language)
            assert all(each["properties"][name] is None for each in found.json["features"])
            assert api.get(path, GEOJSON, filter="THIS IS NOT A FILTER", **language).status == 400
            assert api.get(path, GEOJSON, filter="this_is_not_a_queryable IS NULL", **language).status == 400


@proves(FILTER, "filter-crs-wgs84")
def test_geometries_of_a_filter_are_in_crs84(api: Client) -> None:
    for collection in api.features:
        path = f"/collections/{collection['id']}/items"
        west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
        around = f"S_INTERSECTS(geometry,BBOX({west - 1e-6},{south - 1e-6},{east + 1e-6},{north + 1e-6}))"
        assert ids(api, path, around) == ids(api, path), collection["id"]
        far = "S_INTERSECTS(geometry,BBOX(1000000,1000000,2000000,2000000))"
        assert api.get(path, filter=far).status == 400, collection["id"]


@proves(FILTER, "filter-crs-param")
def test_geometries_of_a_filter_may_be_in_another_crs(api: Client) -> None:
    utm = "http://www.opengis.net/def/crs/EPSG/0/25832"
    expression = "S_INTERSECTS(geometry,BBOX(479990,5629990,481050,5630200))"
    assert numbers(api, expression, filter_crs=utm) == {0, 1}
    assert api.get(PLANS, filter=expression, filter_crs="http://www.opengis.net/def/crs/EPSG/0/2193").status == 400
    assert api.get(PLANS, filter=expression).status == 400  # degrees they are not


@proves(FEATURES_FILTER, "mixing-expression")
def test_a_filter_and_other_parameters_hold_together(api: Client) -> None:
    assert numbers(api, "nummer IN ('1','2','4')", status="in_kraft") == {2, 4}
    assert numbers(api, "nummer IN ('1','2','4')", bbox="8.7,50.82,8.755,50.83") == {1, 2}


@proves("ogcapi-features-5/1.0/conf/schemas", "schema-op", "schema-response", "properties", "spatial")
@proves("ogcapi-common-3/1.0/conf/schemas", "schema-op", "schema-response")
def test_the_schema_describes_the_features(api: Client) -> None:
    for collection in api.features:
        places = [each["href"] for each in collection["links"] if each["rel"] == f"{REL}schema"]
        found = api.ok(places[0], SCHEMA)
        assert found.kind == SCHEMA
        assert found.json["$schema"] in DRAFTS
        assert found.json["$id"] == f"{api.root}/collections/{collection['id']}/schema"
        assert found.json["type"] == "object"
        described = found.json["properties"]
        for name, schema in described.items():
            # 7.5: a type, unless it is a geometry, which has a format of its own
            spatial = schema.get("format", "").startswith("geometry-")
            assert spatial != ("type" in schema), (collection["id"], name)
        for each in api.ok(f"/collections/{collection['id']}/items", limit=5).json["features"]:
            assert each["properties"].keys() <= described.keys(), collection["id"]


@proves("ogcapi-features-5/1.0/conf/core-roles-features", "id", "geometry", "temporal")
def test_the_schema_says_which_property_is_which(api: Client) -> None:
    for collection in api.features:
        described = api.ok(f"/collections/{collection['id']}/schema", SCHEMA).json["properties"]
        roles = [schema["x-ogc-role"] for schema in described.values() if "x-ogc-role" in schema]
        assert roles.count("id") == 1, collection["id"]
        assert roles.count("primary-geometry") == 1, collection["id"]
        assert len(roles) == len(set(roles))
        assert ("primary-interval-start" in roles) == ("primary-interval-end" in roles)
        timed = {"primary-instant", "primary-interval-start"} & set(roles)
        assert bool(timed) == ("temporal" in collection["extent"]), collection["id"]


@proves(BASIC, "basic-test")
def test_each_queryable_has_a_type(api: Client) -> None:
    for collection in api.features:
        described = queryables(api, collection["id"])
        assert all("type" in each or "$ref" in each for each in described.values())
        assert any((each.get("type"), each.get("format")) in VALUES for each in described.values())


@proves(BASIC, "comparison", "is-null")
@pytest.mark.parametrize("name", ["bebauungsplaene", "schulen", "gemeinden", "planinhalte"])
def test_every_queryable_is_compared(api: Client, name: str) -> None:
    path = f"/collections/{name}/items"
    for field, schema in queryables(api, name).items():
        if (value := VALUES.get((schema.get("type"), schema.get("format")))) is not None:
            for one, other in COMPLEMENTS:
                if schema["type"] == "boolean" and one != "=":
                    continue  # of two truths none is greater
                found = [ids(api, path, f'"{field}" {operator} {value}') for operator in (one, other)]
                assert not found[0] & found[1], (field, one, other)
        if field != "geometry":
            absent, present = ids(api, path, f'"{field}" IS NULL'), ids(api, path, f'"{field}" is not null')
            assert not absent & present
            assert absent | present == ids(api, path), field


@proves(BASIC, "boolean")
def test_true_is_all_and_false_is_nothing(api: Client) -> None:
    for collection in api.features:
        path = f"/collections/{collection['id']}/items"
        assert ids(api, path, "true") == ids(api, path)
        assert ids(api, path, "false") == set()


PREDICATES: Final[Mapping[str, Callable[[int], bool]]] = {
    "nummer <> '3'": lambda n: n != 3,
    "rechtsstand = 4000": lambda n: n % 2 == 0,
    "gueltig_von IS NULL": lambda n: n % 2 == 1,
    "gueltig_von >= DATE('2004-01-15')": lambda n: n % 2 == 0 and n >= 4,
}


@proves(BASIC, "logical", "test-data")
def test_and_or_and_not_are_those_of_logic(api: Client) -> None:
    """The expression of the annex, with all predicates in all places. What is compared with nothing is unknown."""
    everyone = range(BEBAUUNGSPLAENE)
    dated = "gueltig_von >= DATE('2004-01-15')"

    def holds(name: str, n: int) -> bool | None:
        return None if name == dated and n % 2 else PREDICATES[name](n)

    def both(one: bool | None, other: bool | None) -> bool | None:
        return False if one is False or other is False else None if one is None or other is None else True

    def no(one: bool | None) -> bool | None:
        return None if one is None else not one

    def either(*all_: bool | None) -> bool | None:
        return no(both(both(no(all_[0]), no(all_[1])), no(all_[2]) if len(all_) > 2 else True))

    for first, second, third, fourth in product(PREDICATES, repeat=4):
        if len({first, second, third, fourth}) < 3:
            continue  # sixty-four of them say enough
        expression = f"(NOT ({second}) AND {first}) OR ({third} and {fourth}) or not ({first} OR {fourth})"
        expected = {
            n
            for n in everyone
            if either(
                both(no(holds(second, n)), holds(first, n)),
                both(holds(third, n), holds(fourth, n)),
                no(either(holds(first, n), holds(fourth, n))),
            )
        }
        assert numbers(api, expression) == expected, expression


@proves(f"{CQL}/advanced-comparison-operators", "like", "between", "in", "test-data", "logical")
def test_like_between_and_in(api: Client) -> None:
    for expression, expected in (
        ("name LIKE 'Plan 1_'", {10, 11}),
        ("name LIKE 'Plan %'", set(range(1, 12))),
        ("name NOT LIKE 'Plan %'", {0}),
        ("name like '%script%'", {0}),
        ("name LIKE '%100 \\%'", {0}),
        ("rechtsstand BETWEEN 3000 AND 5000", {0, 2, 4, 6, 8, 10}),
        ("rechtsstand not between 3000 and 5000", {1, 3, 5, 7, 9, 11}),
        ("gueltig_von BETWEEN DATE('2002-01-15') AND DATE('2006-01-15')", {2, 4, 6}),
        ("nummer IN ('1','2','x')", {1, 2}),
        ("nummer not in ('1','2')", set(range(12)) - {1, 2}),
        ("rechtsstand IN (2000)", {1, 3, 5, 7, 9, 11}),
        ("(nummer IN ('1','2') OR name LIKE 'Plan 9') AND NOT rechtsstand BETWEEN 4000 AND 4000", {1, 9}),
    ):
        assert numbers(api, expression) == expected, expression


def test_rules_of_a_style_may_be_as_many_as_fit_into_an_address(api: Client) -> None:
    """QGIS joins the rules of a style like this, each in the brackets of those before it."""
    rules = [f"((nummer = '{n}') AND TRUE)" for n in range(100, 210)]
    chain = "nummer = '3'"
    for rule in [*rules, "nummer = '7'"]:
        chain = f"({chain}) OR {rule}"
    assert len(chain) < 4000
    assert numbers(api, chain) == {3, 7}
    assert numbers(api, f"NOT ({chain}) AND rechtsstand = 2000") == {1, 5, 9, 11}


@proves(f"{CQL}/case-insensitive-comparison", "casei", "casei-like", "test-data")
def test_case_may_be_left_aside(api: Client) -> None:
    for expression, expected in (
        ("CASEI(name) = casei('PLAN 7')", {7}),
        ("CASEI(name) <> CASEI('PLAN 7')", set(range(12)) - {7}),
        ("CASEI(name) LIKE CASEI('pLAN 1_')", {10, 11}),
        ("casei(name) IN (casei('PLAN 1'), casei('plan 2'))", {1, 2}),
        ("name = 'PLAN 7'", set()),
    ):
        assert numbers(api, expression) == expected, expression
    towns = "/collections/gemeinden/items"
    assert ids(api, towns, "CASEI(name) = CASEI('WÖLFERODE')") == ids(api, towns, "name = 'Wölferode'")


CRS_UTM: Final = "http://www.opengis.net/def/crs/EPSG/0/25832"
NORTH, SOUTH = 5_630_100, 5_630_000


def utm(api: Client, expression: str) -> set[int]:
    return numbers(api, expression, filter_crs=CRS_UTM)


@proves(f"{CQL}/basic-spatial-functions", "s_intersects", "test-data")
def test_points_and_boxes_meet(api: Client) -> None:
    assert utm(api, f"S_INTERSECTS(geometry,POINT(483050 {SOUTH + 50}))") == {3}
    assert utm(api, f"S_INTERSECTS(geometry,BBOX(483050,{SOUTH},485050,{NORTH}))") == {3, 4, 5}
    assert utm(api, f"s_intersects(geometry,BBOX(483150,{SOUTH},483950,{NORTH}))") == set()
    assert utm(api, f"NOT S_INTERSECTS(geometry,BBOX(480000,{SOUTH},490000,{NORTH}))") == {11}
    assert numbers(api, "S_INTERSECTS(geometry,BBOX(-180,-90,180,90))") == set(range(BEBAUUNGSPLAENE))
    assert numbers(api, "S_INTERSECTS(geometry,POINT(7.02 49.92))") == set()
    assert api.get(PLANS, filter="S_INTERSECTS(geometry,POINT(90 180))").status == 400


@proves(f"{CQL}/basic-spatial-functions-plus", "s_intersects", "test-data")
def test_geometries_of_every_kind_meet(api: Client) -> None:
    ring = f"483050 {SOUTH}, 485050 {SOUTH}, 485050 {NORTH}, 483050 {NORTH}, 483050 {SOUTH}"
    for geometry, expected in (
        (f"MULTIPOINT((483050 {SOUTH + 5}),(486050 {SOUTH + 5}))", {3, 6}),
        (f"LINESTRING(483050 {SOUTH + 50}, 485050 {SOUTH + 50})", {3, 4, 5}),
        (f"MULTILINESTRING((483050 {SOUTH + 5}, 483060 {SOUTH + 5}),(486050 {SOUTH + 5}, 486060 {SOUTH + 5}))", {3, 6}),
        (f"POLYGON(({ring}))", {3, 4, 5}),
        (f"MULTIPOLYGON((({ring})))", {3, 4, 5}),
        (f"GEOMETRYCOLLECTION(POINT(480050 {SOUTH + 5}), POLYGON(({ring})))", {0, 3, 4, 5}),
        (f"POINT Z (483050 {SOUTH + 50} 7)", {3}),
    ):
        assert utm(api, f"S_INTERSECTS(geometry,{geometry})") == expected, geometry
    assert api.get(PLANS, filter="S_INTERSECTS(geometry,MULTIPOINT((7.02 49.92),(90 180)))").status == 400


@proves(f"{CQL}/spatial-functions", "s_intersects", "s_disjoint", "s_equals", "s_touches", "s_crosses", "s_within",
        "s_contains", "s_overlaps", "test-data")  # fmt: skip
def test_the_relations_of_geometries(api: Client) -> None:
    square = f"483000 {SOUTH}, 483100 {SOUTH}, 483100 {NORTH}, 483000 {NORTH}, 483000 {SOUTH}"
    beside = f"483100 {SOUTH}, 483500 {SOUTH}, 483500 {NORTH}, 483100 {NORTH}, 483100 {SOUTH}"
    across = f"483050 {SOUTH}, 483500 {SOUTH}, 483500 {NORTH}, 483050 {NORTH}, 483050 {SOUTH}"
    for expression, expected in (
        (f"S_EQUALS(geometry,POLYGON(({square})))", {3}),
        (f"S_DISJOINT(geometry,BBOX(480000,{SOUTH},490000,{NORTH}))", {11}),
        (f"S_TOUCHES(geometry,POLYGON(({beside})))", {3}),
        (f"S_WITHIN(geometry,BBOX(482900,{SOUTH - 9},485050,{NORTH + 9}))", {3, 4}),
        (f"S_OVERLAPS(geometry,POLYGON(({across})))", {3}),
        (f"S_CROSSES(geometry,LINESTRING(482950 {SOUTH + 50}, 483050 {SOUTH + 50}))", {3}),
        (f"S_CONTAINS(geometry,POINT(483050 {SOUTH + 50}))", {3}),
        (f"S_INTERSECTS(geometry,LINESTRING(482950 {SOUTH + 50}, 484050 {SOUTH + 50}))", {3, 4}),
    ):
        assert utm(api, expression) == expected, expression
    for name in ("S_INTERSECTS", "S_DISJOINT"):
        assert api.get(PLANS, filter=f"{name}(geometry,POINT(90 180))").status == 400
    world = "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))"
    assert numbers(api, f"S_DISJOINT(geometry,{world})") == numbers(api, "S_DISJOINT(geometry,BBOX(-180,-90,180,90))")
    assert numbers(api, f"S_WITHIN(geometry,{world})") == set(range(BEBAUUNGSPLAENE))
    for name in ("S_CONTAINS", "S_EQUALS", "S_TOUCHES", "S_OVERLAPS"):
        assert numbers(api, f"{name}(geometry,{world})") == set(), name
    assert numbers(api, "S_EQUALS(geometry,LINESTRING(7 50,90 51))") == set()


@proves(f"{CQL}/temporal-functions", "temporal-functions-1", "temporal-functions-2", "test-data")
def test_the_relations_of_times(api: Client) -> None:
    span = "INTERVAL(gueltig_von,gueltig_bis)"
    even = {0, 2, 4, 6, 8, 10}
    for expression, expected in (
        ("T_AFTER(gueltig_von,DATE('2004-01-15'))", {6, 8, 10}),
        ("T_BEFORE(gueltig_von,DATE('2004-01-15'))", {0, 2}),
        ("T_EQUALS(gueltig_von,DATE('2004-01-15'))", {4}),
        ("T_DISJOINT(gueltig_von,INTERVAL('2003-01-01','2007-01-01'))", {0, 2, 8, 10}),
        ("T_INTERSECTS(gueltig_von,INTERVAL('2003-01-01','2007-01-01'))", {4, 6}),
        ("T_DURING(INTERVAL(gueltig_von,gueltig_von),INTERVAL('2003-01-01','2007-01-01'))", {4, 6}),
        (f"T_INTERSECTS({span},INTERVAL('2003-01-01','2005-01-01'))", {0, 2, 4}),
        (f"T_CONTAINS({span},INTERVAL('2003-01-01','2005-01-01'))", {0, 2}),
        (f"T_STARTS({span},INTERVAL('2004-01-15','..'))", set()),
        (f"T_STARTEDBY({span},INTERVAL('2004-01-15','2005-01-01'))", {4}),
        (f"T_FINISHEDBY({span},INTERVAL('2005-01-01','..'))", {0, 2, 4}),
        (f"T_FINISHES({span},INTERVAL('2001-01-01','..'))", even - {0}),
        (f"T_OVERLAPPEDBY({span},INTERVAL('2001-01-01','2005-01-01'))", {2, 4}),
        (f"T_OVERLAPS({span},INTERVAL('2001-01-01','2005-01-01'))", set()),
        (f"T_MEETS({span},INTERVAL('2001-01-01','2005-01-01'))", set()),
        (f"T_METBY({span},INTERVAL('2001-01-01','2004-01-15'))", {4}),
    ):
        assert numbers(api, expression) == expected, expression


@proves(f"{CQL}/property-property", "comparison-value-property", "comparison-property-property",
        "comparison-value-value", "test-data")  # fmt: skip
def test_what_stands_on_either_side_may_be_a_property_or_a_value(api: Client) -> None:
    assert numbers(api, "rechtsstand = rechtsstand") == set(range(BEBAUUNGSPLAENE))
    assert numbers(api, "'3' = nummer") == {3}
    assert numbers(api, "DATE('2004-01-15') < gueltig_von") == {6, 8, 10}
    assert numbers(api, "name <> nummer") == set(range(BEBAUUNGSPLAENE))
    assert numbers(api, "gueltig_bis >= gueltig_von") == set()
    assert numbers(api, "3 = 3 AND nummer = '3'") == {3}
    for value in ("'foo'", "true", "3.14", "1", "DATE('2022-04-14')", "TIMESTAMP('2022-04-14T14:48:46Z')"):
        assert numbers(api, f"{value} = {value}") == set(range(BEBAUUNGSPLAENE)), value
        assert numbers(api, f"{value} <> {value}") == set(), value


@proves(f"{CQL}/case-insensitive-comparison", "logical")
@proves(f"{CQL}/basic-spatial-functions", "logical")
@proves(f"{CQL}/spatial-functions", "logical")
@proves(f"{CQL}/temporal-functions", "logical")
@proves(f"{CQL}/property-property", "logical")
def test_functions_stand_in_the_expression_of_the_annex_like_any_other_predicate(api: Client) -> None:
    predicates = {
        "CASEI(name) = casei('PLAN 7')": {7},
        "S_INTERSECTS(geometry,BBOX(-180,-90,180,90))": set(range(BEBAUUNGSPLAENE)),
        "S_CONTAINS(geometry,POINT(7.02 49.92))": set(),
        "T_INTERSECTS(DATE('2004-01-15'),INTERVAL('2003-01-01','2005-01-01'))": set(range(BEBAUUNGSPLAENE)),
        "'3' = nummer": {3},
    }
    everyone = set(range(BEBAUUNGSPLAENE))
    for chosen in permutations(predicates, 4):
        first, second, third, fourth = chosen
        one, two, three, four = (predicates[each] for each in chosen)
        expression = f"((NOT {first} AND {second}) OR ({third} and NOT {fourth}) or not ({first} AND {fourth}))"
        expected = ((everyone - one) & two) | (three - four) | (everyone - (one & four))
        assert numbers(api, expression) == expected, expression


@proves(f"{CQL}/cql2-text", "validate", "escaping")
def test_text_is_read_as_the_grammar_says(api: Client) -> None:
    quoted = ODD_NAME.replace("'", "''")
    assert numbers(api, f"name = '{quoted}'") == {0}
    assert numbers(api, "\"nummer\"='3'") == {3}
    assert numbers(api, "  nummer\t=\n'3'  ") == {3}
    assert len(ids(api, SCHOOLS, "schueler > 2.855e2")) == 1
    assert len(ids(api, SCHOOLS, "schueler >= -1")) == SCHULEN
    for wrong in (
        "nummer == '3'",
        "nummer = '3",
        "nummer '3'",
        "(nummer = '3'",
        "nummer = 3 3",
        "AND",
        "nummer = ''3''",
    ):
        assert api.get(PLANS, filter=wrong).status == 400, wrong


@proves(f"{CQL}/cql2-json", "validate")
def test_json_means_what_the_text_means(api: Client) -> None:
    nummer, since = {"property": "nummer"}, {"property": "gueltig_von"}
    area = {"type": "Polygon", "coordinates": [[*box(483050, SOUTH, 485050, NORTH).exterior.coords]]}
    for text, written in (
        ("nummer = '3'", {"op": "=", "args": [nummer, "3"]}),
        ("NOT nummer IN ('1','2')", {"op": "not", "args": [{"op": "in", "args": [nummer, ["1", "2"]]}]}),
        ("name LIKE 'Plan 1_'", {"op": "like", "args": [{"property": "name"}, "Plan 1_"]}),
        ("CASEI(name) = CASEI('PLAN 7')",
         {"op": "=", "args": [{"op": "casei", "args": [{"property": "name"}]}, {"op": "casei", "args": ["PLAN 7"]}]}),
        ("rechtsstand BETWEEN 3000 AND 5000", {"op": "between", "args": [{"property": "rechtsstand"}, 3000, 5000]}),
        ("gueltig_von IS NULL", {"op": "isNull", "args": [since]}),
        ("gueltig_von > DATE('2004-01-15') AND nummer <> '8'",
         {"op": "and", "args": [{"op": ">", "args": [since, {"date": "2004-01-15"}]},
                                {"op": "<>", "args": [nummer, "8"]}]}),
        ("T_AFTER(gueltig_von,DATE('2004-01-15'))", {"op": "t_after", "args": [since, {"date": "2004-01-15"}]}),
        (f"S_INTERSECTS(geometry,BBOX(483050,{SOUTH},485050,{NORTH}))",
         {"op": "s_intersects", "args": [{"property": "geometry"}, area]}),
        (f"S_INTERSECTS(geometry,BBOX(483050,{SOUTH},485050,{NORTH}))",
         {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [483050, SOUTH, 485050, NORTH]}]}),
    ):  # fmt: skip
        as_json = numbers(api, json.dumps(written), filter_lang="cql2-json", filter_crs=CRS_UTM)
        assert as_json == numbers(api, text, filter_crs=CRS_UTM), text
        assert as_json or "IS NULL" in text, text
    for wrong in ("{}", "[]", '{"op":"="}', '{"op":"=","args":[1]}', '{"op":"wie","args":[]}', '{"op":"=","args":"x"}'):
        assert api.get(PLANS, filter=wrong, filter_lang="cql2-json").status == 400, wrong
