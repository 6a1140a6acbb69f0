"""Flächenschluss (XPlanung 2.2.1.1): what claims to cover the plan does so without overlap, gap or loose border."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPoint
from shapely.geometry.base import BaseGeometry

from plans_ingest import codelists
from plans_ingest.checks.geometry import SINCE_6, TOLERANCE, extent, is_ausserhalb
from plans_ingest.checks.rule import Context, Rule
from plans_ingest.checks.tiles import Boxes, Indices, Tile
from plans_ingest.model import Issue, Level, Plan, Planobjekt, Severity, Where
from plans_ingest.stock import Shapes, shapes_of

OVERLAP: Final = Rule(
    "flaechenschluss_overlap",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Zwei Flächen des Flächenschlusses überlappen sich: {detail}",
    "two areas that should only touch overlap: {detail}",
    "Die gemeinsame Grenze gleich zeichnen, oder flaechenschluss bei der überlagernden Fläche auf false setzen.",
    number="2.2.1.1",
)
GAP: Final = Rule(
    "flaechenschluss_gap",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Lücke im Flächenschluss: {detail} des Geltungsbereichs sind nicht belegt",
    "gap: {detail} of the outline are covered by no area",
    "Die Lücke schließen; ab XPlanGML 6.0 ist sie ein Fehler.",
    number="2.2.1.1",
    breaks=False,
)
AMBIGUOUS: Final = Rule(
    "flaechenschluss_ambiguous",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Der Plan hat mehrere Bereiche, aber dieses Objekt des Flächenschlusses nennt keinen",
    "the plan has several Bereiche, but this covering object names none",
    "gehoertZuBereich am Objekt setzen.",
    number="2.2.1.1",
)
VERTEX: Final = Rule(
    "flaechenschluss_vertex",
    Level.RULES_PASSED,
    Severity.WARNING,
    "An der Grenze zu Nachbarflächen fehlen dem Nachbarn Stützpunkte: {detail}",
    "the neighbour lacks vertices along the common border: {detail}",
    "Benachbarte Flächen mit denselben Stützpunkten zeichnen.",
    number="2.2.1.1",
    breaks=False,
)
UNCHECKED: Final = Rule(
    "flaechenschluss_unchecked",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Hier liegen so viele Flächen aufeinander, dass nur die ersten verglichen und keine Lücken gesucht wurden: "
    "{detail}",
    "so many areas lie on each other here that only the first were compared, and gaps not looked for: {detail}",
    "Doppelt gelieferte Flächen entfernen; überlagernde Flächen mit flaechenschluss = false liefern.",
    number="2.2.1.1",
)
RULES: Final = (OVERLAP, GAP, VERTEX, AMBIGUOUS, UNCHECKED)

# A plan of a million objects must not need more memory than one of ten thousand.
_PAIRS_AT_ONCE: Final = 20_000
_BOXES_AT_ONCE: Final = 2_000_000  # areas asked for times all areas
# A thousand areas on each other are half a million pairs that all say the same; the first of them will do.
_MOST_OVERLAPS: Final = 5_000
_STRIP: Final = 200_000  # vertices
_POINTS_AT_ONCE: Final = 500
# Boxes that meet: in a plan an area's meets some ten others, in a heap all.
_MEETINGS, _MEETINGS_OF_AN_AREA = 2_000_000, 100
_OF_A_HEAP: Final = 1_000  # areas that are compared
_SOME_HITS, _HITS_A_POINT = 1_000_000, 50  # segments within the tolerance; in a plan a point has four or six


def check_objekte(plan: Plan, objekte: Sequence[Planobjekt], context: Context) -> Iterator[Issue]:
    """What can be said of an object alone."""
    if len(plan.bereiche) < 2:
        return
    for objekt in objekte:
        if objekt.bereich is None and takes_part(objekt, plan.xplan_version):
            where = context.at(objekt.klasse, objekt.gml_id)
            yield AMBIGUOUS.issue(where, plan=plan.gml_id, geometry=objekt.geometry)


class Covering:
    """Which objects of a plan have to cover it together, Bereich by Bereich, and in what boxes they lie."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._own = {b.gml_id: b.geltungsbereich for b in plan.bereiche if b.geltungsbereich is not None}
        self._elsewhere = {b.gml_id: None for b in plan.bereiche if is_ausserhalb(b)}
        self._seen = 0
        self._groups: dict[str | None, tuple[array[int], list[Boxes]]] = {}

    def add(self, objekte: Sequence[Planobjekt]) -> None:
        """The next objects of the plan, in their order."""
        plan = self._plan
        some: dict[str | None, list[tuple[int, BaseGeometry | None]]] = {}
        for index, objekt in enumerate(objekte, start=self._seen):
            if not takes_part(objekt, plan.xplan_version) or (objekt.bereich is None and len(plan.bereiche) > 1):
                continue
            bereich = objekt.bereich if objekt.bereich in self._elsewhere or objekt.bereich in self._own else None
            some.setdefault(bereich, []).append((index, objekt.geometry))
        for bereich, found in some.items():
            indices, boxes = self._groups.setdefault(bereich, (array("i"), []))
            indices.extend(index for index, _ in found)
            boxes.append(shapely.bounds(np.array([shape for _, shape in found], dtype=object)))
        self._seen += len(objekte)

    def groups(self) -> Iterator[tuple[str | None, BaseGeometry | None, Indices, Boxes]]:
        """Bereich, what has to be covered there, by which objects, and their boxes."""
        for bereich, (indices, boxes) in self._groups.items():
            target = self._rest_of_plan() if bereich is None else (self._elsewhere | self._own)[bereich]
            yield bereich, target, np.array(indices, dtype=np.intp), np.concatenate(boxes)

    def _rest_of_plan(self) -> BaseGeometry | None:
        """What Bereiche without an outline of their own have to cover together."""
        outline, others = self._plan.geltungsbereich, list(self._own.values())
        if outline is None or not others:
            return outline
        rest = shapely.difference(outline, shapely.union_all(others))
        return None if rest.is_empty else rest


def check(plan: Plan, covering: Covering, context: Context) -> Iterator[Issue]:
    """What the objects together do wrong, tile by tile."""
    for bereich, target, indices, boxes in covering.groups():
        yield from _Group(plan, context, bereich, target, indices, boxes).findings()


class _Group:
    """The areas that have to cover a Bereich together; they go by their place among them."""

    def __init__(
        self,
        plan: Plan,
        context: Context,
        bereich: str | None,
        target: BaseGeometry | None,
        indices: Indices,
        boxes: Boxes,
    ) -> None:
        self._plan, self._context = plan, context
        self._bereich, self._target = bereich, target
        self._indices, self._boxes = indices, boxes
        self._objekte = plan.objekte if isinstance(plan.objekte, Sequence) else tuple(plan.objekte)
        self._loose = np.zeros(len(indices), dtype=bool)
        self._lacking: dict[int, list[npt.NDArray[np.float64]]] = {}  # area -> where it has no vertex
        self._cut: list[BaseGeometry] = []  # gaps that may go on in the next tile
        self._overlaps = 0
        self._last: tuple[Tile, tuple[Indices, Shapes, int]] | None = None

    def findings(self) -> Iterator[Issue]:
        tiles = Tile.over(self._boxes)
        for tile in tiles:
            near, shapes, left_out = self._near(tile)
            if left_out:
                detail = f"{len(near)} / {len(near) + left_out}"
                yield UNCHECKED.issue(self._where(), detail, plan=self._plan.gml_id, geometry=shapes[0])
            # GEOS tells at once which areas meet all their neighbours vertex by vertex, and those need no closer
            # look. Most of a plan does, and looking costs ten times as much.
            edges = shapely.coverage_invalid_edges(shapes, gap_width=TOLERANCE)
            loose = ~shapely.is_empty(edges)
            # outside the tile the neighbours may not be there, so what is said there counts in theirs
            here = edges if tile.is_everything else shapely.intersection(edges, tile.box(self._boxes))
            self._loose[near] |= shapely.length(here) > 0
            if self._target is not None and not left_out:
                yield from self._gaps(tile, shapes, loose)
        yield from self._told_gaps(self._cut)
        for tile in tiles:
            if self._loose[tile.near(self._boxes, TOLERANCE)].any():
                yield from self._overlapping(tile)
                self._note_lacking(tile)
        yield from self._told_lacking()

    def _near(self, tile: Tile) -> tuple[Indices, Shapes, int]:
        """The areas that meet the tile; of a heap the first, which will do, and how many that leaves out."""
        if self._last is None or self._last[0] != tile:
            every = tile.near(self._boxes, TOLERANCE)
            near = every[:_OF_A_HEAP] if _is_heap(self._boxes[every]) else every
            self._last = tile, (near, shapes_of(self._objekte, self._indices[near]), len(every) - len(near))
        return self._last[1]

    def _where(self) -> Where:
        kind = "Plan" if self._bereich is None else "Bereich"
        element = f"{self._plan.planwerk.value}_{kind}"
        return self._context.at(element, self._bereich or self._plan.gml_id)

    def _gaps(self, tile: Tile, shapes: Shapes, loose: npt.NDArray[np.bool_]) -> Iterator[Issue]:
        bare, edge = shapely.difference(self._target, _united(shapes, loose)), None
        if not tile.is_everything:
            # Not the target is cut: the corners would lie beside its slanting borders, by the last digit, and slivers
            # between them and the areas would tie one gap to the next.
            box = tile.box(np.concatenate([self._boxes, [shapely.bounds(self._target)]]))
            bare, edge = shapely.intersection(bare, box), box.exterior
        rest = shapely.get_parts(bare)
        cut = np.zeros(len(rest), dtype=bool) if edge is None else shapely.intersects(edge, rest)
        self._cut.extend(rest[cut])
        yield from self._told_gaps(rest[~cut], is_whole=True)

    def _told_gaps(self, rest: Sequence[BaseGeometry] | Shapes, *, is_whole: bool = False) -> Iterator[Issue]:
        shapes = np.asarray(rest, dtype=object) if is_whole else shapely.get_parts(shapely.union_all(list(rest)))
        wide = ~shapely.is_empty(shapely.buffer(shapes, -TOLERANCE / 2, quad_segs=1, join_style="mitre"))
        severity = Severity.ERROR if self._plan.xplan_version in SINCE_6 else Severity.WARNING
        for shape in shapes[wide]:
            yield GAP.issue(self._where(), extent(shape), plan=self._plan.gml_id, geometry=shape, severity=severity)

    def _overlapping(self, tile: Tile) -> Iterator[Issue]:
        if self._overlaps > _MOST_OVERLAPS:
            return
        near, shapes, _ = self._near(tile)
        for some in _near_pairs(shapes, self._loose[near]):
            pairs = near[some]
            here = tile.has(np.maximum(self._boxes[pairs[:, 0], :2], self._boxes[pairs[:, 1], :2]))
            for (index, neighbour), shape in _common_areas(shapes, some[here]):
                one, other = (self._objekte[self._indices[near[place]]] for place in (index, neighbour))
                if _at_different_times(one, other, self._plan.planwerk.value):
                    continue
                where = self._context.at(one.klasse, one.gml_id)
                detail = f"{extent(shape)}, {other.klasse} {other.gml_id or ''}".rstrip()
                yield OVERLAP.issue(where, detail, plan=self._plan.gml_id, geometry=shape)
                self._overlaps += 1
            if self._overlaps > _MOST_OVERLAPS:
                return

    def _note_lacking(self, tile: Tile) -> None:
        """Vertices in this tile that lie on a neighbour's border, where the neighbour has none within the tolerance."""
        near, shapes, _ = self._near(tile)
        some = np.flatnonzero(self._loose[near])
        rings, owner_of_ring = shapely.get_rings(shapes[some], return_index=True)
        coordinates, ring = shapely.get_coordinates(rings, return_index=True)
        if len(some) < 2 or len(coordinates) < 2:
            return
        missing = _unshared(coordinates, ring, owner_of_ring[ring], len(some), tile.has(coordinates))
        at_point, neighbour = np.divmod(missing, len(some))
        for owner in np.unique(neighbour):
            places = coordinates[at_point[neighbour == owner]]
            self._lacking.setdefault(int(near[some[owner]]), []).append(places)

    def _told_lacking(self) -> Iterator[Issue]:
        for place, parts in sorted(self._lacking.items()):
            found = np.unique(np.concatenate(parts), axis=0)
            objekt = self._objekte[self._indices[place]]
            where = self._context.at(objekt.klasse, objekt.gml_id)
            detail = f"{len(found)} × ({found[0][0]:.3f} {found[0][1]:.3f})"
            yield VERTEX.issue(where, detail, plan=self._plan.gml_id, geometry=MultiPoint(found))


def takes_part(objekt: Planobjekt, version: str) -> bool:
    """Areas on the ground level that say so; where a Flächenschlussobjekt does not say, its class does (4.1.7.1)."""
    if objekt.ebene != 0 or objekt.geometry is None or objekt.geometry.geom_type not in {"Polygon", "MultiPolygon"}:
        return False
    if objekt.flaechenschluss is not None:
        return objekt.flaechenschluss
    prefix = objekt.klasse.partition("_")[0]
    return codelists.is_a(objekt.klasse, f"{prefix}_Flaechenschlussobjekt", version)


def _united(shapes: Shapes, loose: npt.NDArray[np.bool_]) -> BaseGeometry:
    """All of them as one area; of areas that fit together only the outer edges have to be found."""
    fitting = shapely.get_parts(shapely.get_parts(shapes[~loose]))
    return shapely.union_all([shapely.coverage_union_all(fitting), *shapes[loose]])


def _is_heap(boxes: Boxes) -> bool:
    """Whether areas meet so many others that comparing all of them would have no end; nothing that is drawn does."""
    if len(boxes) <= _OF_A_HEAP:
        return False
    shapes = np.asarray(shapely.box(*boxes.T), dtype=object)
    tree = shapely.STRtree(shapes)
    left = _MEETINGS + _MEETINGS_OF_AN_AREA * len(shapes)
    step = max(1, _BOXES_AT_ONCE // len(shapes))
    for start in range(0, len(shapes), step):
        left -= tree.query(shapes[start : start + step]).shape[1]
        if left < 0:
            return True
    return False


def _common_areas(shapes: Shapes, pairs: npt.NDArray[np.intp]) -> Iterator[tuple[list[int], BaseGeometry]]:
    """Those pairs that overlap by more than the tolerance, and where."""
    asked = shapes[np.unique(pairs[:, 0])]
    shapely.prepare(asked)
    pairs = pairs[shapely.relate_pattern(shapes[pairs[:, 0]], shapes[pairs[:, 1]], "2********")]
    shapely.destroy_prepared(asked)
    common = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    areal = shapely.area(common) > 0
    pairs, common = pairs[areal], common[areal]
    wide = ~shapely.is_empty(shapely.buffer(common, -TOLERANCE / 2, quad_segs=1, join_style="mitre"))
    yield from zip(pairs[wide].tolist(), common[wide], strict=True)


def _near_pairs(shapes: Shapes, loose: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.intp]]:
    """Pairs of areas whose boxes meet, the first of them at fault, each once, some at a time."""
    tree = shapely.STRtree(shapes)
    at_fault = np.flatnonzero(loose)
    step = max(1, _BOXES_AT_ONCE // len(shapes))
    for start in range(0, len(at_fault), step):
        asked = at_fault[start : start + step]
        first, second = tree.query(shapes[asked])
        first = asked[first]
        # of two that are both at fault, only the earlier one asks
        new = (second != first) & (~loose[second] | (second > first))
        pairs = np.stack([first[new], second[new]], axis=1)
        yield from (pairs[at : at + _PAIRS_AT_ONCE] for at in range(0, len(pairs), _PAIRS_AT_ONCE))


def _at_different_times(one: Planobjekt, other: Planobjekt, prefix: str) -> bool:
    """One ends, the other begins (XP_WirksamkeitBedingung): they never hold together.

    Only for what the plan itself lays down: other law that it takes over does not end by the plan's conditions.
    """
    if not (one.klasse.startswith(prefix) and other.klasse.startswith(prefix)):
        return False

    def ends_before(early: Planobjekt, late: Planobjekt) -> bool:
        return "endeBedingung" in early.attribute and "startBedingung" in late.attribute

    return ends_before(one, other) or ends_before(other, one)


def _unshared(
    coordinates: npt.NDArray[np.float64],
    ring: npt.NDArray[np.intp],
    owner: npt.NDArray[np.intp],
    count: int,
    is_asked: npt.NDArray[np.bool_],
) -> npt.NDArray[np.intp]:
    """(vertex, area) as one number each, where a vertex that is asked for lies on an area's border and the area has
    none there.

    In strips from west to east with an index over the segments and one over the vertices of each, so that memory
    stays with the strip and not with the plan.
    """
    follows = np.flatnonzero(ring[1:] == ring[:-1])
    starts, ends = coordinates[follows], coordinates[follows + 1]
    west = np.minimum(starts[:, 0], ends[:, 0]) - TOLERANCE
    east = np.maximum(starts[:, 0], ends[:, 0]) + TOLERANCE
    x = coordinates[:, 0]
    strips = max(1, len(x) // _STRIP)
    borders = np.concatenate([[-np.inf], np.quantile(x, np.arange(1, strips) / strips), [np.inf]])
    missing = [np.empty(0, dtype=np.intp)]
    left = _SOME_HITS + _HITS_A_POINT * len(x)
    for low, high in pairwise(borders):
        asked = np.flatnonzero((x >= low) & (x < high) & is_asked)
        crossing = np.flatnonzero((east >= low) & (west < high))
        tree = shapely.STRtree(np.asarray(shapely.linestrings(np.stack([starts[crossing], ends[crossing]], axis=1))))
        for first in range(0, len(asked), _POINTS_AT_ONCE):
            some = asked[first : first + _POINTS_AT_ONCE]
            points = np.asarray(shapely.points(coordinates[some]))
            hits = tree.query(points, predicate="dwithin", distance=TOLERANCE)
            at_point, segment = some[hits[0]], crossing[hits[1]]
            other = owner[at_point] != owner[follows[segment]]
            at_point, segment = at_point[other], segment[other]
            pairs = at_point * count + owner[follows[segment]]
            # An area that has a vertex there is met at a segment that ends there.
            place = coordinates[at_point]
            ending = _is_same(place, starts[segment]) | _is_same(place, ends[segment])
            if not ending.all():
                missing.append(np.setdiff1d(pairs[~ending], pairs[ending]))
            left -= hits.shape[1]
            if left < 0:  # areas that lie on each other in heaps; that they do so is told already
                return np.concatenate(missing)
    return np.concatenate(missing)


def _is_same(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    distance: npt.NDArray[np.float64] = np.hypot(*(one - other).T)
    return distance <= TOLERANCE
