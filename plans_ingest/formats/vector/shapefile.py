"""Shapefiles (ESRI, July 1998) with their dBASE table: outlines and their attributes.

Read by ourselves: the format is small, and only so every claim of the file (lengths, counts, code page) can be held
against what is there and told.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from shapely.geometry import LinearRing, LineString, MultiLineString, MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from plans_ingest import crs
from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.formats.records import MAX_FEATURES, GeometryFault
from plans_ingest.formats.vector import encoding, rings
from plans_ingest.formats.vector.layers import Layer
from plans_ingest.model import Json, Severity, Where

_KINDS: Final = {1: "Punkt", 3: "Linie", 5: "Fläche", 8: "Mehrfachpunkt"}  # + 10 with Z, + 20 with M
_FOXPRO: Final = frozenset({0x02, 0x30, 0x31, 0x32, 0xF5, 0xFB})  # the same table by another first byte
_MULTIPATCH: Final = 31
_PATCH_RINGS: Final = (2, 3, 4, 5)  # of a MultiPatch's parts; triangles are walls and roofs
_LARGEST: Final = 512 * 1024**2
_SMALL: Final = 64 * 1024  # .prj and .cpg


type _Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of one data set; `name` is that of the .shp."""

    name: str
    shp: Path
    dbf: Path | None
    prj: Path | None
    cpg: Path | None


def read(parts: Parts) -> Layer:
    """Raises UnreadableFile where the files contradict themselves or each other, UnsafeFile when they are too large."""
    layer = Layer(parts.name, parts.name, _srs(parts))
    if parts.dbf is None:
        raise UnreadableFile(
            "Zum Shapefile fehlt die Sachdatentabelle (.dbf)", "the Shapefile's .dbf is missing", Where(parts.name)
        )
    shapes = list(_shapes(_content(parts.shp, parts.name), parts.name))
    rows = list(_rows(parts, layer))
    if len(rows) != len(shapes):
        raise UnreadableFile(
            f"{len(shapes)} Geometrien, aber {len(rows)} Zeilen in der .dbf: Zuordnung unmöglich",
            "numbers of shapes and of rows differ",
            Where(parts.name),
        )
    for number, (shape, row) in enumerate(zip(shapes, rows, strict=True), start=1):
        if row is None:
            layer.tell("row_deleted", Severity.INFO, f"Zeile {number}")
        elif isinstance(shape, GeometryFault):
            layer.unreadable(number, str(shape))
            layer.add(row, None)
        else:
            layer.add(row, shape)
    return layer


def _content(path: Path, name: str) -> bytes:
    if path.stat().st_size > _LARGEST:
        raise UnsafeFile(f"größer als {_LARGEST >> 20} MB", "too large", Where(name))
    return path.read_bytes()


def _srs(parts: Parts) -> str | None:
    if parts.prj is None or parts.prj.stat().st_size == 0:
        return None
    wkt = parts.prj.read_bytes()[:_SMALL].decode("utf-8", "replace").lstrip("\ufeff").strip()
    epsg = crs.epsg_of_wkt(wkt)
    return f".prj {wkt[:60]}" if epsg is None else f"EPSG:{epsg}"


def _shapes(data: bytes, name: str) -> Iterator[BaseGeometry | GeometryFault | None]:
    if len(data) < 100 or data[:4] != b"\x00\x00\x27\x0a" or struct.unpack_from("<I", data, 28) != (1000,):
        raise UnreadableFile("Die .shp hat keinen gültigen Kopf", "the .shp has no valid header", Where(name))
    (words,) = struct.unpack_from(">I", data, 24)
    if 100 <= words * 2 < len(data) and not any(data[words * 2 :]):
        data = data[: words * 2]  # room that the writer had reserved; anything else there would be hidden in the file
    if words * 2 != len(data):
        raise UnreadableFile(
            f"Die .shp soll {words * 2} Byte lang sein, hat aber {len(data)}: abgeschnitten oder verfälscht",
            "the .shp is not as long as it says",
            Where(name),
        )
    at, count = 100, 0
    while at < len(data):
        count += 1
        if count > MAX_FEATURES:
            raise UnsafeFile(f"mehr als {MAX_FEATURES} Objekte", "too many features", Where(name))
        if at + 8 > len(data):
            raise _cut(name, count)
        (length,) = struct.unpack_from(">I", data, at + 4)
        end = at + 8 + 2 * length
        if end > len(data) or length < 2:
            raise _cut(name, count)
        try:
            yield _shape(memoryview(data)[at + 8 : end])
        except GeometryFault as fault:
            yield fault
        at = end


def _cut(name: str, number: int) -> UnreadableFile:
    return UnreadableFile("Die .shp ist abgeschnitten", "the .shp is cut short", Where(name, line=number))


def _shape(data: memoryview) -> BaseGeometry | None:
    (kind,) = struct.unpack_from("<I", data, 0)
    if kind == 0:
        return None
    flat = kind % 10 if kind < 30 else kind
    if kind == _MULTIPATCH:
        return rings.areas(_patches(data))
    if flat == 1 and len(data) >= 20:
        return Point(*struct.unpack_from("<2d", data, 4))
    if flat not in _KINDS or flat == 1:
        raise GeometryFault(f"Geometrietyp {kind} wird nicht gelesen / shape type {kind} is not read")
    if flat == 8:
        points = _numbers(data, 40, _claimed(data, 36), "<f8", 2)
        return MultiPoint(points)
    parts, claimed = _claimed(data, 36), _claimed(data, 40)
    lines = _lines(data, parts, 44 + 4 * parts, claimed)
    if flat == 3:
        return MultiLineString([LineString(line) for line in lines if len(line) > 1])
    return rings.areas(_closed(lines))


def _closed(lines: list[_Points]) -> list[LinearRing]:
    closed = [LinearRing(line) for line in lines if len(line) > 3 and np.isfinite(line).all()]
    if len(closed) < len(lines):
        raise GeometryFault("Ring mit weniger als vier Punkten oder ohne Zahlen / ring of fewer than four points")
    return closed


def _patches(data: memoryview) -> list[LinearRing]:
    """The rings of a MultiPatch, seen from above; one of triangles is no outline."""
    parts, claimed = _claimed(data, 36), _claimed(data, 40)
    kinds = _numbers(data, 44 + 4 * parts, parts, "<i4", 1)
    if not np.isin(kinds, _PATCH_RINGS).all():
        raise GeometryFault("MultiPatch aus Dreiecken wird nicht gelesen / a MultiPatch of triangles is not read")
    return _closed(_lines(data, parts, 44 + 8 * parts, claimed))


def _lines(data: memoryview, parts: int, at: int, claimed: int) -> list[_Points]:
    """The parts of a geometry, whose points begin at a byte."""
    starts = _numbers(data, 44, parts, "<i4", 1).ravel()
    points = _numbers(data, at, claimed, "<f8", 2)
    bounds = [*starts.tolist(), len(points)]
    if not parts or bounds[0] != 0 or any(first >= last for first, last in pairwise(bounds)):
        raise GeometryFault("Teile der Geometrie sind falsch gezählt / parts of the geometry are miscounted")
    return [points[first:last] for first, last in pairwise(bounds)]


def _claimed(data: memoryview, at: int) -> int:
    if at + 4 > len(data):
        raise GeometryFault("Geometrie ist abgeschnitten / geometry is cut short")
    count: int = struct.unpack_from("<I", data, at)[0]
    return count


def _numbers(data: memoryview, at: int, count: int, kind: str, width: int) -> _Points:
    size = count * width * np.dtype(kind).itemsize
    if at + size > len(data):
        raise GeometryFault("Geometrie nennt mehr Punkte, als da sind / geometry claims more points than there are")
    return np.frombuffer(data[at : at + size], dtype=kind).reshape(count, width)


@dataclass(frozen=True, slots=True)
class _Field:
    name: bytes
    kind: str
    start: int
    end: int


def _rows(parts: Parts, layer: Layer) -> Iterator[dict[str, Json] | None]:
    """The rows of the .dbf; None for one that is marked as deleted."""
    assert parts.dbf is not None  # noqa: S101 - read() has refused it
    where = Where(parts.name)
    data = _content(parts.dbf, parts.name)
    if len(data) < 33:
        raise UnreadableFile("Die .dbf hat keinen gültigen Kopf", "the .dbf has no valid header", where)
    count, head, size = struct.unpack_from("<IHH", data, 4)
    fields = _fields(data, head, size, where)
    if count > MAX_FEATURES:
        raise UnsafeFile(f"mehr als {MAX_FEATURES} Zeilen", "too many rows", where)
    if head + count * size > len(data):
        raise UnreadableFile("Die .dbf ist abgeschnitten", "the .dbf is cut short", where)
    cpg = None if parts.cpg is None else parts.cpg.read_bytes()[:_SMALL].decode("ascii", "replace")
    texts = b"\n".join(
        data[head + number * size + item.start : head + number * size + item.end]
        for number in range(count)
        for item in fields
        if item.kind == "C"
    )
    used, told = encoding.choose(texts + b"\n".join(item.name for item in fields), cpg, data[29])
    if told is not None:
        layer.tell(told[0], Severity.WARNING, told[1])
    names = layer.declare(item.name.decode(used, "replace").strip() for item in fields)
    for number in range(count):
        row = data[head + number * size : head + (number + 1) * size]
        if row[:1] == b"*":
            yield None
            continue
        yield {
            name: _value(row[item.start : item.end], item.kind, used) for name, item in zip(names, fields, strict=True)
        }


def _fields(data: bytes, head: int, size: int, where: Where) -> list[_Field]:
    fields, at, start = [], 32, 1
    while at + 32 <= min(head, len(data)) and data[at] != 0x0D:
        raw = data[at : at + 32]
        width = raw[16]
        fields.append(_Field(raw[:11].split(b"\0")[0], chr(raw[11]), start, start + width))
        start += width
        at += 32
    if not fields or start > size or (data[0] & 0x07 not in {3, 4} and data[0] not in _FOXPRO):
        raise UnreadableFile("Die .dbf hat keinen gültigen Kopf", "the .dbf has no valid header", where)
    return fields


def _value(raw: bytes, kind: str, used: str) -> Json:
    text = raw.decode(used, "replace").strip("\0 \r\n\t")
    if not text or set(text) == {"*"}:
        return None
    match kind:
        case "N" | "F":
            try:
                number = float(text)
            except ValueError:
                return text
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case "D" if len(text) == 8 and text.isdecimal():
            return None if text == "00000000" else f"{text[:4]}-{text[4:6]}-{text[6:]}"
        case "L":
            return {"T": True, "Y": True, "J": True, "F": False, "N": False}.get(text.upper())
        case _:
            return text
