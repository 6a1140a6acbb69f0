"""DXF drawings: what is closed, by layer. Blocks are never inserted, so no block can multiply itself.

A drawing says nothing about a plan but where it is; which layer is the Geltungsbereich is said by a profile.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.formats.arcs import Coordinates
from plans_ingest.formats.records import MAX_FEATURES
from plans_ingest.formats.vector import binary_dxf, rings, strokes
from plans_ingest.formats.vector.blocks import Blocks, read_number
from plans_ingest.formats.vector.layers import MAX_RING, Layer
from plans_ingest.formats.vector.strokes import Stroke
from plans_ingest.model import Severity, Where

COLUMN: Final = "layer"  # the one attribute that a drawn line has
_LARGEST: Final = 256 * 1024**2
_CHORD_ERROR: Final = 0.005  # metres
_MAX_ARC_STEPS: Final = 720
_LONGEST_LINE: Final = 1_000_000  # bytes; the reference allows 2,049, programs write more
_MARK: Final = b"\xef\xbb\xbf"
_STRAIGHT, _ROUND = 1e-9, 1e6  # bulges beyond them are lines and full circles as far as anybody can draw
_CLOSED: Final = 1  # of group 70
_PLACES: Final = range(10, 40)  # group codes of coordinates
_LINES: Final = frozenset({"LWPOLYLINE", "POLYLINE"})

type _Pair = tuple[int, str]


@dataclass(slots=True)
class _Polyline:
    """Vertices with the bulge of the segment that begins there (tangent of a quarter of its arc's angle)."""

    layer: str = "0"
    is_closed: bool = False
    is_mirrored: bool = False  # drawn from behind: its x runs the other way (group 230)
    claimed: int | None = None  # how many vertices it says it has
    vertices: list[list[float]] = field(default_factory=list)  # x, y, bulge


def read(path: Path, name: str) -> Layer:
    """One record for each layer that holds closed lines. Raises UnreadableFile, UnsafeFile.

    A layer without a closed polyline is searched for single lines and arcs that close together.
    """
    where = Where(name)
    if path.stat().st_size > _LARGEST:
        raise UnsafeFile(f"größer als {_LARGEST >> 20} MB", "too large", where)
    layer = Layer(name, name, is_drawing=True)
    layer.declare([COLUMN])
    others: Counter[str] = Counter()
    faces: dict[str, list[shapely.LinearRing]] = {}
    pieces: dict[str, list[tuple[str, Coordinates]]] = {}  # all others, each with its kind
    for line in _lines(_entities(_pairs(path, where), where), others, where):
        points = _polyline_points(line, where) if isinstance(line, _Polyline) else line.points()
        kind = "" if isinstance(line, _Polyline) else line.kind
        if points is None:
            others[kind] += 1
        elif not kind and len(points) > 3 and (points[0] == points[-1]).all():
            faces.setdefault(line.layer, []).append(shapely.LinearRing(points))
        else:
            pieces.setdefault(line.layer, []).append((kind, points))
    open_lines: Counter[str] = Counter()
    for drawn, some in pieces.items():
        found = strokes.joined([] if drawn in faces else [points for _, points in some])
        if found.rings:
            faces[drawn] = found.rings
            layer.tell("dxf_lines_joined", Severity.INFO, f"{drawn[:80]} ({int(found.used.sum())}, {found.gaps})")
        used = found.used.tolist() or [False] * len(some)
        for (kind, _), is_used in zip(some, used, strict=True):
            if not is_used and kind:
                others[kind] += 1
            elif not is_used:
                open_lines[drawn] += 1
    for kind, count in sorted(others.items())[:30]:
        layer.tell("dxf_not_read", Severity.INFO, f"{kind[:40]} ({count})")
    for drawn, count in sorted(open_lines.items())[:30]:
        layer.tell("dxf_line_open", Severity.WARNING, f"{drawn[:80]} ({count})")
    for drawn, rings_of_layer in faces.items():
        layer.add({COLUMN: drawn}, rings.areas(rings_of_layer))
    return layer


def _polyline_points(line: _Polyline, where: Where) -> Coordinates | None:
    if line.claimed is not None and line.claimed != len(line.vertices):
        raise UnreadableFile(
            f"Eine Linie hat {len(line.vertices)} Stützpunkte und nennt {line.claimed}",
            "a line has not the vertices that it names",
            where,
        )
    points = np.array(_linearized(line)).reshape(-1, 2) * (-1 if line.is_mirrored else 1, 1)
    return points if len(points) > 1 and np.isfinite(points).all() else None


def _pairs(path: Path, where: Where) -> Iterator[_Pair]:
    """Group code and value, line by line (DXF reference, "Group Codes in Numerical Order")."""
    with path.open("rb") as file:
        if file.read(len(binary_dxf.SENTINEL)) == binary_dxf.SENTINEL:
            yield from ((code, _decoded(value)) for code, value in binary_dxf.pairs(path.read_bytes(), where))
            return
        file.seek(0)
        while code := file.readline(64):
            value = file.readline(_LONGEST_LINE)
            if len(value) == _LONGEST_LINE:
                raise UnsafeFile("Zeile mit mehr als einer Million Zeichen", "a line is too long", where)
            try:
                number = int(code.removeprefix(_MARK))
            except ValueError:
                raise UnreadableFile("Kein Gruppencode, wo einer stehen muss", "not a group code", where) from None
            text = _decoded(value)
            yield number, text
            if number == 0 and text == "EOF":
                return  # what old programs write behind it is no pair: empty lines, DOS's own end of file


def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace").strip()


def _entities(pairs: Iterable[_Pair], where: Where) -> Iterator[_Pair]:
    """The pairs of the section ENTITIES. Raises UnreadableFile when it does not end, UnsafeFile as Blocks do."""
    blocks, section = Blocks(where), ""
    ended = is_name = False
    for code, value in pairs:
        if code == 0 and value in {"ENDSEC", "EOF"}:
            section, ended = "", value == "EOF"
        elif is_name and code == 2:
            section = value
        elif section in {"BLOCKS", "ENTITIES"}:
            blocks.see(code, value)
            if section == "ENTITIES":
                yield code, value
        is_name = code == 0 and value == "SECTION"
    if not ended:
        raise UnreadableFile("Die DXF-Datei ist abgeschnitten (EOF fehlt)", "the DXF is cut short", where)
    blocks.refuse_too_many()


def _lines(pairs: Iterable[_Pair], others: Counter[str], where: Where) -> Iterator[_Polyline | Stroke]:
    current: _Polyline | Stroke | None = None
    kind, count = "", 0
    for code, value in pairs:
        if code == 0:
            if kind in {"POLYLINE", "VERTEX"} and value == "VERTEX" and isinstance(current, _Polyline):
                kind = "VERTEX"
                current.vertices.append([math.nan, math.nan, 0.0])
                continue
            if current is not None:
                yield current
            count += 1
            if count > MAX_FEATURES:
                raise UnsafeFile(f"mehr als {MAX_FEATURES} Objekte", "too many features", where)
            kind = value
            current = _Polyline() if kind in _LINES else Stroke(kind) if kind in strokes.KINDS else None
            if current is None and kind != "SEQEND":
                others[kind] += 1
        elif isinstance(current, Stroke):
            current.take(code, value, where)
        elif current is not None:
            _take(current, kind, code, value, where)
        elif code in _PLACES and value[-1:].lower() in {"n", "f", "y"}:  # nan, inf, infinity
            read_number(value, where)
    if current is not None:
        yield current


def _take(line: _Polyline, kind: str, code: int, value: str, where: Where) -> None:
    if code == 8 and kind != "VERTEX":
        line.layer = value
        return
    if code == 90 and kind == "LWPOLYLINE" and value.isdecimal():
        line.claimed = int(value)
    if code == 230 and kind != "VERTEX":
        line.is_mirrored = read_number(value, where) < 0
        return
    if code not in {10, 20, 42, 70} or (kind == "POLYLINE" and code != 70) or (kind == "VERTEX" and code == 70):
        return  # a POLYLINE's own point is no vertex, and a VERTEX's flags do not close it
    number = read_number(value, where)
    if code == 70:
        line.is_closed = bool(int(number) & _CLOSED)
        return
    if code == 10 and kind == "LWPOLYLINE":
        line.vertices.append([math.nan, math.nan, 0.0])
        if len(line.vertices) > MAX_RING:
            raise UnsafeFile(f"Linie mit mehr als {MAX_RING} Stützpunkten", "line with too many vertices", where)
    if line.vertices:
        line.vertices[-1][{10: 0, 20: 1, 42: 2}[code]] = number


def _linearized(line: _Polyline) -> list[tuple[float, float]]:
    """The vertices with their arcs as chords at most 5 mm from the arc; closed where the drawing says so."""
    vertices = line.vertices
    if line.is_closed and vertices and vertices[0][:2] != vertices[-1][:2]:
        vertices = [*vertices, [*vertices[0][:2], 0.0]]
    points: list[tuple[float, float]] = []
    for (x, y, bulge), (next_x, next_y, _) in pairwise(vertices):
        points.append((x, y))
        if abs(bulge) > _STRAIGHT and all(map(math.isfinite, (x, y, next_x, next_y, bulge))):
            points.extend(_arc(x, y, next_x, next_y, bulge))
    points.extend((x, y) for x, y, _ in vertices[-1:])
    return points


def _arc(x: float, y: float, next_x: float, next_y: float, bulge: float) -> Iterator[tuple[float, float]]:
    """The points between the ends of an arc; a positive bulge turns left."""
    chord = math.hypot(next_x - x, next_y - y)
    if chord == 0:
        return
    angle = 4 * math.atan(max(-_ROUND, min(_ROUND, bulge)))
    radius = chord / (2 * math.sin(angle / 2))  # negative for an arc that turns right
    step = 2 * math.acos(max(0.0, 1 - _CHORD_ERROR / max(abs(radius), _CHORD_ERROR)))
    steps = min(_MAX_ARC_STEPS, max(1, math.ceil(abs(angle) / step)))
    middle_x, middle_y = (x + next_x) / 2, (y + next_y) / 2
    height = radius * math.cos(angle / 2)
    centre_x = middle_x - height * (next_y - y) / chord
    centre_y = middle_y + height * (next_x - x) / chord
    start = math.atan2(y - centre_y, x - centre_x)
    for number in range(1, steps):
        turned = start + angle * number / steps
        yield centre_x + abs(radius) * math.cos(turned), centre_y + abs(radius) * math.sin(turned)
