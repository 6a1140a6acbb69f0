"""Well-known binary, held against its own length before GEOS sees it: a count is not believed because it is written."""

import struct
from typing import Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from plans_ingest.formats.vector.layers import GeometryFault

_MAX_DEPTH: Final = 4
_POINT, _LINE, _POLYGON, _COLLECTIONS = 1, 2, 3, frozenset({4, 5, 6, 7})


def read(data: bytes) -> BaseGeometry:
    """ISO or extended WKB. Raises GeometryFault."""
    end = _walk(memoryview(data), 0, 0)
    if end != len(data):
        raise GeometryFault("überzählige Bytes hinter der Geometrie / bytes behind the geometry")
    try:
        return shapely.from_wkb(data)
    except (ShapelyError, ValueError):
        raise GeometryFault("WKB ist nicht lesbar / WKB cannot be read") from None


def _walk(data: memoryview, at: int, depth: int) -> int:
    """The end of the geometry that begins at `at`; every count is checked against the bytes that are there."""
    if depth > _MAX_DEPTH:
        raise GeometryFault("zu tief verschachtelte Geometrie / geometry nested too deep")
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
    size = 8 * dimensions
    if kind == _POINT:
        return _within(data, at + size)
    if kind == _LINE:
        count, at = _count(data, at, order)
        return _within(data, at + count * size)
    if kind == _POLYGON:
        rings, at = _count(data, at, order)
        _within(data, at + 4 * rings)
        for _ in range(rings):
            count, at = _count(data, at, order)
            at = _within(data, at + count * size)
        return at
    if kind in _COLLECTIONS:
        parts, at = _count(data, at, order)
        _within(data, at + 9 * parts)
        for _ in range(parts):
            at = _walk(data, at, depth + 1)
        return at
    raise GeometryFault(f"Geometrietyp {kind} (Kurven o. Ä.) wird nicht gelesen / geometry type {kind} is not read")


def _count(data: memoryview, at: int, order: str) -> tuple[int, int]:
    _within(data, at + 4)
    (count,) = struct.unpack_from(f"{order}I", data, at)
    return count, at + 4


def _within(data: memoryview, end: int) -> int:
    if end > len(data):
        raise GeometryFault("Geometrie nennt mehr Punkte, als da sind / geometry claims more points than there are")
    return end
