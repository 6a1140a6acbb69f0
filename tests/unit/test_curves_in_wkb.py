"""Curves as ISO 13249-3 writes them, which QGIS and ArcGIS put into GeoPackages: lines at most 5 mm from them."""

import math
import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon

from plans_ingest import ingest
from plans_ingest.formats.vector import wkb
from tests.files import ORIGIN
from tests.tables import table

CIRCULAR, COMPOUND, CURVE_POLYGON, MULTI_CURVE, MULTI_SURFACE = 8, 9, 10, 11, 12
HALF = [(0, 0), (50, 50), (100, 0)]  # an arc of radius 50 from left to right
FULL = [(0, 0), (100, 0), (0, 0)]


def line(kind: int, points: Sequence[tuple[float, ...]], order: str = "<", more: int = 0) -> bytes:
    numbers = [number for point in points for number in point]
    return head(kind + more, order) + struct.pack(f"{order}I{len(numbers)}d", len(points), *numbers)


def whole(kind: int, *parts: bytes, order: str = "<") -> bytes:
    return head(kind, order) + struct.pack(f"{order}I", len(parts)) + b"".join(parts)


def head(kind: int, order: str) -> bytes:
    return struct.pack(f"{order}BI", order == "<", kind)


def there_and_back() -> bytes:
    """A half disc: an arc above a straight line."""
    return whole(COMPOUND, line(CIRCULAR, HALF), line(2, [(100, 0), (0, 0)]))


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_arc_keeps_its_distance_in_both_byte_orders(order: str) -> None:
    found = wkb.read(line(CIRCULAR, HALF, order))
    assert isinstance(found, LineString)
    assert (found.coords[0], found.coords[-1]) == ((0, 0), (100, 0))
    distances = [math.hypot(x - 50, y) for x, y in found.segmentize(0.5).coords]
    assert max(abs(distance - 50) for distance in distances) < 0.0051


def test_a_circle_whose_ends_are_one_point_is_whole() -> None:
    found = wkb.read(whole(CURVE_POLYGON, line(CIRCULAR, FULL)))
    assert isinstance(found, Polygon)
    assert found.area == pytest.approx(math.pi * 50**2, rel=1e-3)
    assert found.is_valid


def test_lines_and_arcs_of_one_ring_are_joined_and_holes_stay() -> None:
    hole = line(2, [(40, 10), (60, 10), (60, 20), (40, 10)])
    found = wkb.read(whole(CURVE_POLYGON, there_and_back(), hole))
    assert isinstance(found, Polygon)
    assert found.area == pytest.approx(math.pi * 50**2 / 2 - 100, rel=1e-3)
    assert len(found.interiors) == 1


def test_several_curves_and_surfaces() -> None:
    disc = whole(CURVE_POLYGON, line(CIRCULAR, FULL))
    square = head(3, "<") + struct.pack("<II10d", 1, 5, 200, 0, 210, 0, 210, 10, 200, 10, 200, 0)
    both = wkb.read(whole(MULTI_SURFACE, disc, square))
    assert isinstance(both, MultiPolygon)
    assert [round(part.area) for part in both.geoms] == [pytest.approx(7854, rel=1e-3), 100]
    lines = wkb.read(whole(MULTI_CURVE, line(CIRCULAR, HALF), there_and_back(), line(2, [(0, 0), (1, 1)])))
    assert isinstance(lines, MultiLineString)
    assert len(lines.geoms) == 3
    assert wkb.read(whole(CURVE_POLYGON)).is_empty


@pytest.mark.parametrize(("more", "extra"), [(1000, (7.0,)), (2000, (7.0,)), (3000, (7.0, 8.0)), (0x80000000, (7.0,))])
def test_heights_and_measures_are_left_out(more: int, extra: tuple[float, ...]) -> None:
    found = wkb.read(line(CIRCULAR, [(*point, *extra) for point in HALF], more=more))
    assert (found.coords[0], found.coords[-1]) == ((0, 0), (100, 0))


def test_an_outline_of_arcs_in_a_geopackage_is_a_plan(tmp_path: Path) -> None:
    file = table(tmp_path / "p.gpkg", layer="plaene", SPATIAL_INDEX="NO")
    moved = [(x + ORIGIN[0], y + ORIGIN[1]) for x, y in FULL]
    blob = b"GP\0\x01" + struct.pack("<i", 25832) + whole(CURVE_POLYGON, line(CIRCULAR, moved))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE plaene SET geom = ?", (blob,))
        connection.commit()
    (tmp_path / "work").mkdir()
    [plan] = ingest(file, tmp_path / "work", srid=25832).plans
    assert plan.geltungsbereich is not None
    assert plan.geltungsbereich.area == pytest.approx(math.pi * 50**2, rel=1e-3)
