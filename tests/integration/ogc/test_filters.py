"""What a box, a time or a condition in CQL2 selects, and nothing else."""

import json
import random

import psycopg
import pytest
import shapely
from flask.testing import FlaskClient
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon, box, mapping, shape
from shapely.geometry.base import BaseGeometry

from geoportal.ogc.cql2 import Values
from geoportal.ogc.cql2.spatial import Shape, relate_shapes
from geoportal.ogc.crs import STORED, SUPPORTED, Crs, transformer
from geoportal.settings import STORAGE_SRID, Settings
from tests.ogc import (
    BEBAUUNGSPLAENE,
    EPSG,
    ITEMS,
    SCHULEN,
    document,
    names,
)


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


@pytest.mark.parametrize("crs", [crs for crs in SUPPORTED.values() if not crs.shifted], ids=lambda crs: crs.uri)
def test_what_boxes_tell_of_a_shape_is_true_of_it(stock: Settings, crs: Crs) -> None:
    """Shapes of every kind and size in and around a box, many of them bent around its corners or beside its edges."""
    middle_x, middle_y, half = 480_000.0, 5_630_000.0, 1500.0
    around = transformer(STORAGE_SRID, crs.srid).transform_bounds(
        middle_x - half, middle_y - half, middle_x + half, middle_y + half
    )
    west, south, east, north = around
    numbers = (south, west, north, east) if crs.flipped else around
    values = Values()
    related = relate_shapes("s_intersects", Shape(sql="shape"), Shape.of_box(numbers, crs), values)
    chance = random.Random(1)

    def bent() -> LineString:
        x, y = (middle + chance.uniform(-1.5, 1.5) * half for middle in (middle_x, middle_y))
        wide, high = (chance.choice([5, 200, 2000, 5000]) * chance.uniform(-1, 1) for _ in range(2))
        return LineString([(x, y), (x + wide, y), (x + wide, y + high)])

    shapes: list[BaseGeometry] = []
    for _ in range(600):
        line, other = bent(), bent()
        shapes += [line, line.buffer(3), MultiLineString([line, other]), MultiPolygon([line.envelope.buffer(1)])]
    with psycopg.connect(stock.require_database_url()) as connection:
        connection.execute("CREATE TEMPORARY TABLE asked (shape geometry)")
        with connection.cursor().copy("COPY asked FROM STDIN") as copy:
            for each in shapes:
                copy.write_row([shapely.to_wkb(shapely.set_srid(each, STORAGE_SRID), hex=True, include_srid=True)])
        asked = f"%({next(iter(values.bound))})s::geometry"
        [row] = connection.execute(
            f"SELECT count(*) FILTER (WHERE exact), count(*) FILTER (WHERE told IS DISTINCT FROM exact)"
            f" FROM (SELECT {related} AS told, ST_Intersects(shape, {asked}) AS exact FROM asked) AS answers",
            dict(values.bound),
        )
    found, wrong = row
    assert wrong == 0
    assert 300 < found < len(shapes) - 300


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
def test_datetime_finds_what_was_in_force_and_what_has_no_time(
    api: FlaskClient, moment: str, nummern: set[str]
) -> None:
    read = document(api.get(ITEMS, query_string={"datetime": moment}))
    timeless = {str(nummer) for nummer in range(1, BEBAUUNGSPLAENE, 2)}
    assert {item["properties"]["nummer"] for item in read["features"]} == nummern | timeless
    in_force = document(api.get(ITEMS, query_string={"datetime": moment, "status": "in_kraft"}))
    assert {item["properties"]["nummer"] for item in in_force["features"]} == nummern


def test_metres_are_not_taken_for_degrees(api: FlaskClient) -> None:
    metres = "480000,5629000,490000,5631000"
    for asked in ({"bbox": metres}, {"filter": f"S_INTERSECTS(geometry,BBOX({metres}))"}):
        response = api.get(ITEMS, query_string=asked)
        assert response.status_code == 400
        assert "Grad" in response.get_data(as_text=True)
    utm = "http://www.opengis.net/def/crs/EPSG/0/25832"
    assert (
        document(api.get(ITEMS, query_string={"bbox": metres, "bbox-crs": utm}))["numberMatched"] == BEBAUUNGSPLAENE - 1
    )


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
    corners = [[480_900, 5_629_900], [483_500, 5_629_900], [482_000, 5_632_000]]
    in_utm = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    filter_ = {
        "op": "and",
        "args": [
            {"op": "s_intersects", "args": [{"property": "geometry"}, in_utm]},
            {"op": "between", "args": [{"property": "gueltig_von"}, {"date": "2001-01-01"}, {"date": "2099-01-01"}]},
        ],
    }
    asked = {"filter": json.dumps(filter_), "filter-lang": "cql2-json", "filter-crs": f"{EPSG}25832"}
    assert names(api.get(ITEMS, query_string=asked)) == {"Plan 2"}
