"""Well-known binary, held against its own length before GEOS sees it: a count is not believed because it is written.

Curves (ISO 13249-3: CircularString, CompoundCurve, CurvePolygon, MultiCurve, MultiSurface), which GEOS' own reader does
not hand on, become lines.
"""

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from plans_ingest.formats.arcs import MAX_VERTICES, Coordinates, arc
from plans_ingest.formats.records import GeometryFault

_MAX_DEPTH: Final = 4
_POINT, _LINE, _POLYGON, _COLLECTIONS = 1, 2, 3, frozenset({4, 5, 6, 7})
_CIRCULAR, _COMPOUND, _CURVE_POLYGON, _MULTI_CURVE, _MULTI_SURFACE = 8, 9, 10, 11, 12
_CURVED: Final = frozenset({_CIRCULAR, _COMPOUND, _CURVE_POLYGON, _MULTI_CURVE, _MULTI_SURFACE})


def read(data: bytes) -> BaseGeometry:
    """ISO or extended WKB. Raises GeometryFault."""
    view = memoryview(data)
    end, is_curved = _walk(view, 0, 0)
    if end != len(data):
        raise GeometryFault("überzählige Bytes hinter der Geometrie / bytes behind the geometry")
    try:
        return _Curves(view).whole() if is_curved else shapely.from_wkb(data)
    except (ShapelyError, ValueError):
        raise GeometryFault("WKB ist nicht lesbar / WKB cannot be read") from None


@dataclass(frozen=True, slots=True)
class _Head:
    """What a geometry says of itself; `end` is where its content begins."""

    order: str
    kind: int
    dimensions: int
    end: int


def _head(data: memoryview, at: int) -> _Head:
    try:
        order = "<" if data[at] == 1 else ">"
        (kind,) = struct.unpack_from(f"{order}I", data, at + 1)
    except (struct.error, IndexError):
        raise GeometryFault("WKB ist abgeschnitten / WKB is cut short") from None
    at += 5
    dimensions = 2
    if kind & 0xE0000000:  # PostGIS' extended form
        dimensions += bool(kind & 0x80000000) + bool(kind & 0x40000000)
        at += 4 if kind & 0x20000000 else 0
        kind &= 0x1FFFFFFF
    elif kind >= 1000:  # ISO 13249-3
        dimensions += (0, 1, 1, 2)[kind // 1000] if kind < 4000 else 0
        kind %= 1000
    return _Head(order, kind, dimensions, at)


def _walk(data: memoryview, at: int, depth: int) -> tuple[int, bool]:
    """The end of the geometry that begins at `at`, every count checked against the bytes that are there; and whether
    any part of it is curved.
    """
    if depth > _MAX_DEPTH:
        raise GeometryFault("zu tief verschachtelte Geometrie / geometry nested too deep")
    head = _head(data, at)
    at, size = head.end, 8 * head.dimensions
    if head.kind == _POINT:
        return _within(data, at + size), False
    if head.kind in {_LINE, _CIRCULAR}:
        count, at = _count(data, at, head.order)
        return _within(data, at + count * size), head.kind == _CIRCULAR
    if head.kind == _POLYGON:
        rings, at = _count(data, at, head.order)
        _within(data, at + 4 * rings)
        for _ in range(rings):
            count, at = _count(data, at, head.order)
            at = _within(data, at + count * size)
        return at, False
    if head.kind in _COLLECTIONS | _CURVED:
        parts, at = _count(data, at, head.order)
        _within(data, at + 9 * parts)
        is_curved = head.kind in _CURVED
        for _ in range(parts):
            at, part_is_curved = _walk(data, at, depth + 1)
            is_curved = is_curved or part_is_curved
        return at, is_curved
    raise GeometryFault(f"Geometrietyp {head.kind} wird nicht gelesen / geometry type {head.kind} is not read")


class _Curves:
    """Builds a geometry whose bytes _walk() has found complete. Raises GeometryFault for what does not fit together."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._vertices = 0

    def whole(self) -> BaseGeometry:
        return self._geometry(0)[0]

    def _geometry(self, at: int) -> tuple[BaseGeometry, int]:
        head = _head(self._data, at)
        if head.kind in {_LINE, _CIRCULAR, _COMPOUND}:
            line, end = self._line(at)
            return LineString(line), end
        if head.kind in {_POLYGON, _CURVE_POLYGON}:
            return self._polygon(head)
        if head.kind in _COLLECTIONS | {_MULTI_CURVE, _MULTI_SURFACE}:
            parts = []
            count, end = _count(self._data, head.end, head.order)
            for _ in range(count):
                part, end = self._geometry(end)
                parts.append(part)
            areas = [part for part in parts if isinstance(part, Polygon)]
            lines = [part for part in parts if isinstance(part, LineString)]
            if areas and len(areas) == len(parts):
                return MultiPolygon(areas), end
            if lines and len(lines) == len(parts):
                return MultiLineString(lines), end
            return shapely.GeometryCollection(parts), end
        end, _ = _walk(self._data, at, 0)
        return shapely.from_wkb(bytes(self._data[at:end])), end

    def _polygon(self, head: _Head) -> tuple[Polygon, int]:
        count, end = _count(self._data, head.end, head.order)
        rings: list[Coordinates] = []
        for _ in range(count):
            ring, end = self._line(end) if head.kind == _CURVE_POLYGON else self._points(head, end)
            rings.append(ring)
        return (Polygon(rings[0], rings[1:]) if rings else Polygon()), end

    def _line(self, at: int) -> tuple[Coordinates, int]:
        """The vertices of anything that is one curve."""
        head = _head(self._data, at)
        if head.kind == _COMPOUND:
            count, end = _count(self._data, head.end, head.order)
            parts: list[Coordinates] = []
            for _ in range(count):
                part, end = self._line(end)
                is_joined = parts and len(part) and (parts[-1][-1] == part[0]).all()
                parts.append(part[1:] if is_joined else part)
            return np.concatenate([part for part in parts if len(part)] or [np.empty((0, 2))]), end
        if head.kind not in {_LINE, _CIRCULAR}:
            raise GeometryFault("Ring oder Linie aus etwas anderem / ring or line of something else")
        points, end = self._points(head, head.end)
        if head.kind == _LINE or not len(points):
            return points, end
        if len(points) < 3 or len(points) % 2 == 0 or not np.isfinite(points).all():
            raise GeometryFault(f"CircularString mit {len(points)} Punkten / with {len(points)} points")
        lines = [points[:1]]
        for start in range(0, len(points) - 2, 2):
            lines.append(self._arc(points[start : start + 3])[1:])
            self._vertices += len(lines[-1])
            if self._vertices > MAX_VERTICES:
                raise GeometryFault(f"mehr als {MAX_VERTICES} Stützpunkte / vertices")
        return np.concatenate(lines), end

    @staticmethod
    def _arc(points: Coordinates) -> Coordinates:
        start, middle, end = points
        if (start == end).all():  # ISO 13249-3: a full circle, its middle point opposite
            centre = (start + middle) / 2
            across = np.array([[0.0, -1.0], [1.0, 0.0]]) @ (middle - centre)
            return np.concatenate([arc(start, centre - across, middle), arc(middle, centre + across, end)[1:]])
        return arc(start, middle, end)

    def _points(self, head: _Head, at: int) -> tuple[Coordinates, int]:
        count, at = _count(self._data, at, head.order)
        end = at + 8 * head.dimensions * count
        numbers = np.frombuffer(self._data[at:end], dtype=f"{head.order}f8")
        return numbers.reshape(count, head.dimensions)[:, :2].astype(np.float64), end


def _count(data: memoryview, at: int, order: str) -> tuple[int, int]:
    _within(data, at + 4)
    (count,) = struct.unpack_from(f"{order}I", data, at)
    return count, at + 4


def _within(data: memoryview, end: int) -> int:
    if end > len(data):
        raise GeometryFault("Geometrie nennt mehr Punkte, als da sind / geometry claims more points than there are")
    return end
