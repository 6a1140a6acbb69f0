"""FlatGeobuf 3: FlatBuffers tables, every offset checked against the bytes that are there."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from shapely.errors import ShapelyError
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
)
from shapely.geometry.base import BaseGeometry

from plans_ingest import crs
from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.formats.records import MAX_FEATURES, GeometryFault
from plans_ingest.formats.vector.layers import MAX_COLUMNS, Layer
from plans_ingest.model import Json, Where

_LARGEST: Final = 512 * 1024**2
_MAGIC: Final = b"fgb\x03fgb"
_NUMBERS: Final = {0: "b", 1: "B", 2: "?", 3: "h", 4: "H", 5: "i", 6: "I", 7: "q", 8: "Q", 9: "f", 10: "d"}
_TEXTS: Final = frozenset({11, 12, 13})  # String, Json, DateTime
_BINARY: Final = 14
_POLYGON, _MULTIPOLYGON, _COLLECTION = 3, 6, 7
_MAX_DEPTH: Final = 4
_NODE: Final = 40  # bytes of a node of the packed Hilbert R-tree

type Coordinates = npt.NDArray[np.float64]


class _Bad(Exception):
    """An offset or count that leads out of the file."""


class _Table:
    """One FlatBuffers table: fields by their number in the schema, None where the writer left one out."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._vtable = at - self._read("i", at)
        if not 0 <= self._vtable < len(data):
            raise _Bad
        self._fields = (self._read("H", self._vtable) - 4) // 2

    def _read(self, kind: str, at: int) -> Any:
        if at < 0:
            raise _Bad
        try:
            return struct.unpack_from(f"<{kind}", self._data, at)[0]
        except struct.error:
            raise _Bad from None

    def _place(self, field: int) -> int | None:
        offset = self._read("H", self._vtable + 4 + 2 * field) if field < self._fields else 0
        return self._at + offset if offset else None

    def number(self, field: int, kind: str, default: int) -> Any:
        place = self._place(field)
        return default if place is None else self._read(kind, place)

    def vector(self, field: int, size: int) -> bytes:
        """The elements of a vector as bytes, b"" where there is none."""
        place = self._place(field)
        if place is None:
            return b""
        start = place + self._read("I", place)
        length = self._read("I", start) * size
        if start + 4 + length > len(self._data):
            raise _Bad
        return self._data[start + 4 : start + 4 + length]

    def text(self, field: int) -> str | None:
        return self.vector(field, 1).decode("utf-8", "replace") or None

    def table(self, field: int) -> "_Table | None":
        place = self._place(field)
        return None if place is None else _Table(self._data, place + self._read("I", place))

    def tables(self, field: int) -> "list[_Table]":
        place = self._place(field)
        if place is None:
            return []
        start = place + self._read("I", place)
        count = self._read("I", start)
        if start + 4 + 4 * count > len(self._data):
            raise _Bad
        return [_Table(self._data, at + self._read("I", at)) for at in range(start + 4, start + 4 + 4 * count, 4)]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: int


def read(path: Path, name: str) -> Layer:
    """Raises UnreadableFile, UnsafeFile; a geometry that is none is told."""
    where = Where(name)
    if path.stat().st_size > _LARGEST:
        raise UnsafeFile(f"größer als {_LARGEST >> 20} MB", "too large", where)
    data = path.read_bytes()
    try:
        return _read(data, name)
    except _Bad:
        raise UnreadableFile(
            "FlatGeobuf ist abgeschnitten oder verfälscht", "FlatGeobuf is cut short or forged", where
        ) from None


def _read(data: bytes, name: str) -> Layer:
    if data[:7] != _MAGIC:
        raise _Bad
    header = _buffer(data, 8)
    root = _root(header)
    columns = [_Column(column.text(0) or "", column.number(1, "B", 0)) for column in root.tables(7)[: MAX_COLUMNS + 1]]
    layer = Layer(name, name, _srs(root.table(10)))
    layer.declare(column.name for column in columns)
    kind, count = root.number(2, "B", 0), root.number(8, "Q", 0)
    if count > MAX_FEATURES:
        raise UnsafeFile(f"mehr als {MAX_FEATURES} Objekte", "too many features", Where(name))
    at = 12 + len(header) + _index_size(count, root.number(9, "H", 16))
    row = 0
    while at < len(data):
        feature = _buffer(data, at)
        at += 4 + len(feature)
        row += 1
        table = _root(feature)
        own = [_Column(c.text(0) or "", c.number(1, "B", 0)) for c in table.tables(2)[:MAX_COLUMNS]] or columns
        geometry, shape = table.table(0), None
        try:
            shape = None if geometry is None else _geometry(geometry, kind, 0)
        except GeometryFault as fault:
            layer.unreadable(row, str(fault))
        layer.add(dict(_properties(table.vector(1, 1), own)), shape)
    if count not in (0, row):  # 0: written as a stream
        raise _Bad
    return layer


def _buffer(data: bytes, at: int) -> bytes:
    if at + 4 > len(data):
        raise _Bad
    (size,) = struct.unpack_from("<I", data, at)
    if at + 4 + size > len(data):
        raise _Bad
    return data[at + 4 : at + 4 + size]


def _root(buffer: bytes) -> _Table:
    if len(buffer) < 8:
        raise _Bad
    return _Table(buffer, struct.unpack_from("<I", buffer, 0)[0])


def _index_size(features: int, node: int) -> int:
    if features == 0 or node == 0:
        return 0
    if node < 2:
        raise _Bad
    nodes = level = features
    while True:  # a single feature too has a node above it
        level = -(-level // node)
        nodes += level
        if level == 1:
            return nodes * _NODE


def _srs(table: _Table | None) -> str | None:
    if table is None:
        return None
    code = table.number(1, "i", 0)
    organization = (table.text(0) or "EPSG").upper()
    if code and organization == "EPSG":
        return f"EPSG:{code}"
    epsg = crs.epsg_of_wkt(table.text(4) or "")
    return f"{organization}:{code}"[:80] if epsg is None else f"EPSG:{epsg}"


def _properties(data: bytes, columns: list[_Column]) -> Iterator[tuple[str, Json]]:
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise _Bad
        (index,) = struct.unpack_from("<H", data, at)
        at += 2
        if index >= len(columns):
            raise _Bad
        column = columns[index]
        if column.kind in _NUMBERS:
            kind = _NUMBERS[column.kind]
            if at + struct.calcsize(f"<{kind}") > len(data):
                raise _Bad
            value = struct.unpack_from(f"<{kind}", data, at)[0]
            at += struct.calcsize(f"<{kind}")
            yield column.name, value if value == value and abs(value) != float("inf") else None
        elif column.kind in _TEXTS or column.kind == _BINARY:
            text = _buffer(data, at)
            at += 4 + len(text)
            yield column.name, f"({len(text)} Byte)" if column.kind == _BINARY else text.decode("utf-8", "replace")
        else:
            raise _Bad


def _geometry(table: _Table, declared: int, depth: int) -> BaseGeometry:
    kind = table.number(6, "B", 0) or declared
    if depth > _MAX_DEPTH:
        raise GeometryFault("zu tief verschachtelte Geometrie / geometry nested too deep")
    parts = table.tables(7)
    try:
        if parts and kind == _MULTIPOLYGON:
            shapes = [_geometry(part, _POLYGON, depth + 1) for part in parts]
            return MultiPolygon([shape for shape in shapes if isinstance(shape, Polygon)])
        if parts and kind == _COLLECTION:
            return GeometryCollection([_geometry(part, 0, depth + 1) for part in parts])
        return _simple(kind, *_coordinates(table))
    except (ShapelyError, ValueError, IndexError):
        raise GeometryFault("Koordinaten passen nicht zur Geometrieart / coordinates do not fit the kind") from None


def _coordinates(table: _Table) -> tuple[Coordinates, list[Coordinates]]:
    """All points, and the lines or rings into which `ends` cuts them."""
    flat = np.frombuffer(table.vector(1, 8), dtype="<f8")
    if len(flat) % 2:
        raise _Bad
    points = flat.reshape(-1, 2)
    ends = np.frombuffer(table.vector(0, 4), dtype="<u4").tolist() or [len(points)]
    if ends != sorted(ends) or ends[-1] > len(points):
        raise _Bad
    return points, [points[first:last] for first, last in zip([0, *ends[:-1]], ends, strict=True)]


def _simple(kind: int, points: Coordinates, lines: list[Coordinates]) -> BaseGeometry:
    match kind:
        case 1:
            return Point(points[0])
        case 2:
            return LineString(points)
        case 3:
            return Polygon(lines[0], lines[1:])
        case 4:
            return MultiPoint(points)
        case 5:
            return MultiLineString([LineString(line) for line in lines])
        case 6:
            return MultiPolygon([Polygon(lines[0], lines[1:])])
    raise GeometryFault(f"Geometrietyp {kind} wird nicht gelesen / geometry type {kind} is not read")
