"""The plan as a small drawing (SVG) in which the findings stand out."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from plans_ingest.geometry import single_parts
from plans_ingest.model import Issue, Plan, Severity

WIDTH: Final = 960
_HEIGHT: Final = 720
_MARGIN: Final = 20
_MAX_OBJECTS: Final = 3_000  # a page must open on an old machine
_MAX_FINDINGS: Final = 500
_SMALL: Final = 14  # pixels; what is smaller gets a ring around it


def drawing(plan: Plan, numbered: Sequence[tuple[int, Issue]]) -> str:
    """The outline, the objects in grey, the findings by severity, each a link to its line (`#b<number>`).

    An empty text where nothing has a place.
    """
    shown = [
        (number, issue) for number, issue in numbered if issue.geometry is not None and not issue.geometry.is_empty
    ]
    shapes = [issue.geometry for _, issue in shown]
    frame = plan.geltungsbereich if plan.geltungsbereich is not None else shapely.GeometryCollection(shapes)
    if frame.is_empty:
        return ""
    canvas = _Canvas(frame)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {canvas.height:.0f}" role="img" aria-labelledby="karte-{id(plan)}">',
        f'<title id="karte-{id(plan)}">Übersicht: {escape(plan.name or "Plan ohne Namen")}, '
        f"{len(shown)} Befunde mit Ort</title>",
    ]
    parts.extend(f'<path class="objekt" d="{path}"/>' for path in canvas.paths(_objects(plan)))
    if plan.geltungsbereich is not None:
        parts.append(f'<path class="umring" d="{canvas.path(plan.geltungsbereich)}"/>')
    for number, issue in reversed(shown[:_MAX_FINDINGS]):
        parts.append(_finding(canvas, number, issue))
    parts.append("</svg>")
    if len(shown) > _MAX_FINDINGS:
        parts.append(f"<p>Gezeichnet sind die ersten {_MAX_FINDINGS} Befunde; alle stehen im GeoPackage.</p>")
    return "\n".join(parts)


def _objects(plan: Plan) -> list[BaseGeometry]:
    return [
        o.geometry
        for o in islice(plan.objekte, _MAX_OBJECTS)
        if o.geometry is not None and not o.klasse.startswith("XP_")
    ]


def _finding(canvas: "_Canvas", number: int, issue: Issue) -> str:
    shape = issue.geometry
    assert shape is not None  # noqa: S101 - drawing() asks for those with a place only
    x, y = canvas.place(shape.representative_point())
    ring = ""
    if canvas.size(shape) < _SMALL:
        ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_SMALL}"/>'
    word = {Severity.ERROR: "Fehler", Severity.WARNING: "Warnung", Severity.INFO: "Hinweis"}[issue.severity]
    return (
        f'<a href="#b{number}" class="{issue.severity.value}"><title>{word} {number}</title>'
        f'<path d="{canvas.path(shape)}"/>{ring}<text x="{x + 4:.1f}" y="{y - 4:.1f}">{number}</text></a>'
    )


class _Canvas:
    """Metres to pixels, north up, and coordinates no finer than a tenth of a pixel."""

    def __init__(self, frame: BaseGeometry) -> None:
        self._left, bottom, right, self._top = frame.bounds
        wide, high = max(right - self._left, 1.0), max(self._top - bottom, 1.0)
        self._scale = min((WIDTH - 2 * _MARGIN) / wide, (_HEIGHT - 2 * _MARGIN) / high)
        self.height = high * self._scale + 2 * _MARGIN

    def place(self, point: BaseGeometry) -> tuple[float, float]:
        [(x, y)] = shapely.get_coordinates(point)
        return (x - self._left) * self._scale + _MARGIN, (self._top - y) * self._scale + _MARGIN

    def size(self, shape: BaseGeometry) -> float:
        left, bottom, right, top = shape.bounds
        return max(right - left, top - bottom) * self._scale

    def paths(self, shapes: Sequence[BaseGeometry]) -> Iterator[str]:
        simple = shapely.simplify(np.array(shapes, dtype=object), 0.5 / self._scale)
        return (path for path in map(self.path, simple) if path)

    def path(self, shape: BaseGeometry) -> str:
        parts = single_parts(shape)
        dimensions = shapely.get_dimensions(parts)
        drawn = [self._line(ring, closed=True) for ring in shapely.get_rings(parts[dimensions == 2])]
        drawn.extend(self._line(line, closed=False) for line in parts[dimensions == 1])
        drawn.extend(self._cross(point) for point in parts[dimensions == 0])
        return "".join(drawn)

    def _line(self, line: BaseGeometry, *, closed: bool) -> str:
        points = shapely.get_coordinates(shapely.simplify(line, 0.3 / self._scale))
        xs = (points[:, 0] - self._left) * self._scale + _MARGIN
        ys = (self._top - points[:, 1]) * self._scale + _MARGIN
        pairs = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        return f"M{pairs}{'Z' if closed else ''}" if len(points) else ""

    def _cross(self, point: BaseGeometry) -> str:
        x, y = self.place(point)
        return f"M{x - 3:.1f},{y - 3:.1f}l6,6m0,-6l-6,6"
