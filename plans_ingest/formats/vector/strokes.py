"""Single lines and arcs of a drawing, and the rings that they make where they meet end to end.

Many offices draw the Geltungsbereich over the boundaries of parcels, stroke by stroke, and never join them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from plans_ingest.errors import UnsafeFile
from plans_ingest.formats.arcs import Coordinates, sample
from plans_ingest.formats.records import GeometryFault
from plans_ingest.formats.vector.blocks import read_number
from plans_ingest.formats.vector.layers import MAX_RING
from plans_ingest.model import Where

KINDS: Final = frozenset({"LINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE"})
GAP: Final = 0.01  # metres between two ends that were meant to meet
_SAME: Final = 4  # decimals of a metre; what is nearer is the same end
_NUMBERS: Final = frozenset({10, 20, 11, 21, 40, 41, 42, 50, 51, 71, 230})
_SAMPLES: Final = 24  # of a spline between two knots
_MAX_DEGREE: Final = 10
_OVERLAPPING: Final = 1.01  # faces side by side have no more area together than the box around them; a tangle has


@dataclass(slots=True)
class Stroke:
    """An entity of one of KINDS; `numbers` are its values by group code, in the order of the file."""

    kind: str
    layer: str = "0"
    numbers: dict[int, list[float]] = field(default_factory=dict)

    def take(self, code: int, value: str, where: Where) -> None:
        """Raises UnreadableFile for what is no number, UnsafeFile for a curve of too many."""
        if code == 8:
            self.layer = value
        elif code in _NUMBERS:
            numbers = self.numbers.setdefault(code, [])
            numbers.append(read_number(value, where))
            if len(numbers) > MAX_RING:
                raise UnsafeFile(f"Linie mit mehr als {MAX_RING} Stützpunkten", "line with too many vertices", where)

    def points(self) -> Coordinates | None:
        """The stroke as a line, None where its numbers make none."""
        try:
            points = self._drawn()
        except (KeyError, IndexError, ValueError, GeometryFault):
            return None
        if self.numbers.get(230, [1.0])[0] < 0 and self.kind in {"ARC", "CIRCLE"}:  # drawn from behind
            points = points * (-1, 1)
        return points if len(points) > 1 and np.isfinite(points).all() else None

    def _drawn(self) -> Coordinates:
        match self.kind:
            case "LINE":
                return np.array([[self._one(10), self._one(20)], [self._one(11), self._one(21)]])
            case "ARC":
                first, last = math.radians(self._one(50)), math.radians(self._one(51))
                return self._arc(first, (last - first) % math.tau or math.tau)
            case "CIRCLE":
                return self._arc(0.0, math.tau)
            case "ELLIPSE":
                return self._ellipse()
            case _:
                return self._spline()

    def _one(self, code: int) -> float:
        return self.numbers[code][0]

    def _arc(self, first: float, sweep: float) -> Coordinates:
        centre, radius = np.array([self._one(10), self._one(20)]), self._one(40)
        if radius <= 0:
            raise ValueError
        points = sample(centre, radius, first, sweep)
        if sweep == math.tau:
            points[-1] = points[0]
        return points

    def _ellipse(self) -> Coordinates:
        """On its long axis, turned and scaled from a circle of that radius."""
        long = np.array([self._one(11), self._one(21)])
        short = np.array([-long[1], long[0]]) * self._one(40) * (-1 if self.numbers.get(230, [1.0])[0] < 0 else 1)
        first, last = self.numbers.get(41, [0.0])[0], self.numbers.get(42, [math.tau])[0]
        sweep = (last - first) % math.tau or math.tau
        radius = float(np.hypot(*long))
        if radius == 0:
            raise ValueError
        unit = sample(np.zeros(2), radius, first, sweep) / radius
        points = np.array([self._one(10), self._one(20)]) + unit @ np.stack([long, short])
        if sweep == math.tau:
            points[-1] = points[0]
        return np.asarray(points)

    def _spline(self) -> Coordinates:
        """A NURBS curve from its knots, control points and weights (de Boor)."""
        degree, knots = int(self._one(71)), np.array(self.numbers[40])
        control = np.column_stack([self.numbers[10], self.numbers[20]])
        weights = np.array(self.numbers.get(41, [1.0] * len(control)))
        fits = len(knots) == len(control) + degree + 1 and len(weights) == len(control) > degree
        if not 1 <= degree <= _MAX_DEGREE or not fits or (np.diff(knots) < 0).any() or (weights <= 0).any():
            raise ValueError
        spans = np.unique(knots[degree : len(control) + 1])
        if len(spans) < 2 or len(spans) * _SAMPLES > MAX_RING:
            raise ValueError
        steps = [np.linspace(low, high, _SAMPLES, endpoint=False) for low, high in pairwise(spans.tolist())]
        at = np.concatenate([*steps, spans[-1:]])
        span = np.clip(np.searchsorted(knots, at, side="right") - 1, degree, len(control) - 1)
        homogeneous = np.column_stack([control * weights[:, None], weights])
        points = homogeneous[span[:, None] - degree + np.arange(degree + 1)]
        for level in range(1, degree + 1):
            for place in range(degree, level - 1, -1):
                low = knots[span - degree + place]
                wide = knots[span + 1 + place - level] - low
                share = np.divide(at - low, wide, out=np.zeros_like(at), where=wide > 0)[:, None]
                points[:, place] = (1 - share) * points[:, place - 1] + share * points[:, place]
        return np.asarray(points[:, degree, :2] / points[:, degree, 2:])


@dataclass(frozen=True, slots=True)
class Joined:
    """`rings` that lines make together; `used` says of which lines, `gaps` how many ends were drawn together for it."""

    rings: list[shapely.LinearRing]
    used: npt.NDArray[np.bool_]
    gaps: int


def joined(lines: Sequence[Coordinates]) -> Joined:
    """The outer edges of what the lines enclose: lines inside, between parts of the same area, vanish."""
    used = np.zeros(len(lines), dtype=bool)
    if not lines:
        return Joined([], used, 0)
    node, places, gaps = _nodes(np.array([point for line in lines for point in (line[0], line[-1])]))
    found: list[shapely.LinearRing] = []
    bridged = 0
    for members in _connected(node.reshape(-1, 2), len(places)):
        pieces = []
        for number in members:
            line = lines[number].copy()
            line[0], line[-1] = places[node[2 * number]], places[node[2 * number + 1]]
            pieces.append(shapely.LineString(line))
        faces = shapely.get_parts(shapely.polygonize(pieces))
        faces = faces[shapely.is_valid(faces)]  # of lines that cross between their ends, some are not
        if not len(faces) or shapely.area(faces).sum() > _OVERLAPPING * shapely.box(*shapely.total_bounds(faces)).area:
            continue
        used[members] = True
        bridged += int(np.isin(gaps, node.reshape(-1, 2)[members]).sum())
        whole = shapely.get_parts(shapely.union_all(faces))
        found.extend(shapely.get_rings(whole))
    return Joined([shapely.LinearRing(ring.coords) for ring in found], used, bridged)


def _nodes(
    ends: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """The node of each end, where each node lies, and the nodes that were two.

    Ends at the same place are one node. Of those at which a line ends alone, two that are each other's nearest within
    GAP become one: never more, or a curve drawn in steps of millimetres would shrink to a point.
    """
    _, first, node = np.unique(np.round(ends, _SAME), axis=0, return_index=True, return_inverse=True)
    node, places = node.ravel(), ends[first]
    lonely = np.flatnonzero(np.bincount(node) == 1)
    if len(lonely) < 2:
        return node, places, np.empty(0, dtype=np.intp)
    points = np.asarray(shapely.points(places[lonely]))
    tree = shapely.STRtree(points)
    one, other = tree.query_nearest(points, max_distance=GAP, exclusive=True, all_matches=False)
    nearest = np.full(len(lonely), -1)
    nearest[one] = other
    mutual = np.flatnonzero((nearest > np.arange(len(lonely))) & (nearest[nearest] == np.arange(len(lonely))))
    renamed = np.arange(len(places))
    renamed[lonely[nearest[mutual]]] = lonely[mutual]
    return renamed[node], places, lonely[mutual]


def _connected(edges: npt.NDArray[np.intp], count: int) -> Iterator[list[int]]:
    """The lines that hang together, by their numbers; `edges` are the two nodes of each."""
    above = list(range(count))

    def top(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    for one, other in edges.tolist():
        above[top(one)] = top(other)
    groups: dict[int, list[int]] = {}
    for number, (one, _) in enumerate(edges.tolist()):
        groups.setdefault(top(one), []).append(number)
    yield from groups.values()
