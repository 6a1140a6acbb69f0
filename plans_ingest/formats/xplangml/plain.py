"""Geometries as nearly all plans write them, made many at a time: one by one they would take a third of the reading.

Plain are a Point of one pos, a LineString of one posList, and a Polygon whose rings are one closed posList each, all in
two dimensions. Everything else is read by gml.py, which also tells what is remarkable; about a plain one nothing is.
"""

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Point

from plans_ingest.formats.arcs import MAX_VERTICES
from plans_ingest.formats.records import Raw, Record
from plans_ingest.formats.xplangml.gml import Element, is_gml, local
from plans_ingest.formats.xplangml.positions import is_height

_AT_A_TIME: Final = 200_000  # numbers
_LATER: Final = Raw(Point(), None)
_FLAT: Final = frozenset({None, "2"})


class PlainGeometries:
    """The plain geometries of one document, which are in their records when make() has been called in the end."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._points, self._lines, self._rings = _Vertices(), _Vertices(), _Vertices()
        self._polygons: list[int] = []  # of each ring
        self._places: dict[str, list[tuple[list[Raw], int, str | None]]] = {
            "Point": [],
            "LineString": [],
            "Polygon": [],
        }

    def take(self, element: Element, record: Record, name: str) -> bool:
        """Whether the geometry is plain; then it will be among the record's geometries of that name."""
        kind = local(element)
        if kind not in self._places or not is_gml(element) or element.get("srsDimension") not in _FLAT:
            return False
        srs_name = element.get("srsName")
        places = self._places[kind]
        if kind == "Polygon":
            rings = _rings(element, srs_name is not None)
            if rings is None:
                return False
            for ring in rings:
                self._rings.add(ring)
            self._polygons += [len(places)] * len(rings)
        else:
            numbers = _numbers(element, "pos" if kind == "Point" else "posList", srs_name is not None)
            if numbers is None or (len(numbers) != 2 if kind == "Point" else len(numbers) < 4):
                return False
            (self._points if kind == "Point" else self._lines).add(numbers)
        target = record.geometries.setdefault(name, [])
        places.append((target, len(target), srs_name))
        target.append(_LATER)
        if self._points.count + self._lines.count + self._rings.count > _AT_A_TIME:
            self.make()
        return True

    def make(self) -> None:
        if self._places["Point"]:
            self._put("Point", shapely.points(self._points.array()))
        if self._places["LineString"]:
            self._put("LineString", shapely.linestrings(self._lines.array(), indices=self._lines.owners()))
        if self._places["Polygon"]:
            rings: Any = shapely.linearrings(self._rings.array(), indices=self._rings.owners())
            self._put("Polygon", shapely.polygons(rings, indices=np.array(self._polygons)))
        self._begin()

    def _put(self, kind: str, shapes: Any) -> None:
        for (target, index, srs_name), shape in zip(self._places[kind], shapes, strict=True):
            target[index] = Raw(shape, srs_name)


class _Vertices:
    """Numbers of lines one behind the other, x and y in turn."""

    def __init__(self) -> None:
        self._numbers: list[float] = []
        self._lengths: list[int] = []

    @property
    def count(self) -> int:
        return len(self._numbers)

    def add(self, numbers: list[float]) -> None:
        self._numbers += numbers
        self._lengths.append(len(numbers) // 2)

    def array(self) -> npt.NDArray[np.float64]:
        return np.array(self._numbers).reshape(-1, 2)

    def owners(self) -> npt.NDArray[np.intp]:
        return np.repeat(np.arange(len(self._lengths)), self._lengths)


def _rings(polygon: Element, is_placed: bool) -> list[list[float]] | None:
    """The exterior ring and those inside; None for a polygon that is not plain."""
    rings: list[list[float]] = []
    for boundary in polygon:
        if local(boundary) != ("interior" if rings else "exterior") or not _says_nothing(boundary, is_placed):
            return None
        if len(boundary) != 1 or local(boundary[0]) != "LinearRing" or not _says_nothing(boundary[0], is_placed):
            return None
        ring = _numbers(boundary[0], "posList", is_placed)
        if ring is None or len(ring) < 8 or ring[:2] != ring[-2:]:
            return None
        rings.append(ring)
    return rings if rings and sum(map(len, rings)) <= 2 * MAX_VERTICES else None


def _numbers(holder: Element, expected: str, is_placed: bool) -> list[float] | None:
    if len(holder) != 1 or local(holder[0]) != expected or not _says_nothing(holder[0], is_placed):
        return None
    try:
        numbers = list(map(float, (holder[0].text or "").split()))
    except ValueError:
        return None
    if numbers and len(numbers) % 6 == 0 and is_height(numbers[2]) and not is_height(numbers[0]):
        return None
    is_whole = len(numbers) % 2 == 0 and len(numbers) <= 2 * MAX_VERTICES
    return numbers if is_whole and math.isfinite(sum(numbers)) else None


def _says_nothing(element: Element, is_placed: bool) -> bool:
    """Whether the element brings neither a third dimension nor a CRS that the geometry itself does not name."""
    return element.get("srsDimension") in _FLAT and (is_placed or element.get("srsName") is None)
