"""Flächenschluss (XPlanung 2.2.1.1): what claims to cover the plan does so without overlap, gap or loose border."""

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
from plans_ingest.model import Issue, Level, Plan, Planobjekt, Severity

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
RULES: Final = (OVERLAP, GAP, VERTEX, AMBIGUOUS)

# A plan of a million objects must not need more memory than one of ten thousand.
_PAIRS_AT_ONCE: Final = 20_000
_BOXES_AT_ONCE: Final = 2_000_000  # areas asked for times all areas
# A thousand areas on each other are half a million pairs that all say the same; the first of them will do.
_MOST_OVERLAPS: Final = 5_000
_STRIP: Final = 200_000  # vertices
_POINTS_AT_ONCE: Final = 500
_SOME_HITS, _HITS_A_POINT = 1_000_000, 50  # segments within the tolerance; in a plan a point has four or six


def check(plan: Plan, context: Context) -> Iterator[Issue]:
    own = {bereich.gml_id: bereich.geltungsbereich for bereich in plan.bereiche if bereich.geltungsbereich is not None}
    elsewhere = {bereich.gml_id: None for bereich in plan.bereiche if is_ausserhalb(bereich)}
    groups: dict[str | None, list[Planobjekt]] = {}
    for objekt in plan.objekte:
        if not takes_part(objekt, plan.xplan_version):
            continue
        if objekt.bereich is None and len(plan.bereiche) > 1:
            where = context.at(objekt.klasse, objekt.gml_id)
            yield AMBIGUOUS.issue(where, plan=plan.gml_id, geometry=objekt.geometry)
            continue
        groups.setdefault(objekt.bereich if objekt.bereich in elsewhere | own else None, []).append(objekt)
    for bereich, objekte in groups.items():
        shapes = np.array([objekt.geometry for objekt in objekte], dtype=object)
        target = (elsewhere | own)[bereich] if bereich is not None else _rest_of_plan(plan, list(own.values()))
        # GEOS tells at once which areas meet all their neighbours vertex by vertex, and those need no closer look.
        # Most of a plan does, and looking costs ten times as much.
        loose = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes, gap_width=TOLERANCE))
        yield from _overlaps(objekte, shapes, loose, plan, context)
        some = np.flatnonzero(loose)
        yield from _vertices([objekte[index] for index in some], shapes[loose], plan, context)
        if target is not None:
            yield from _gaps(_united(shapes, loose), target, bereich, plan, context)


def takes_part(objekt: Planobjekt, version: str) -> bool:
    """Areas on the ground level that say so; where a Flächenschlussobjekt does not say, its class does (4.1.7.1)."""
    if objekt.ebene != 0 or objekt.geometry is None or objekt.geometry.geom_type not in {"Polygon", "MultiPolygon"}:
        return False
    if objekt.flaechenschluss is not None:
        return objekt.flaechenschluss
    prefix = objekt.klasse.partition("_")[0]
    return codelists.is_a(objekt.klasse, f"{prefix}_Flaechenschlussobjekt", version)


def _rest_of_plan(plan: Plan, others: list[BaseGeometry]) -> BaseGeometry | None:
    """What Bereiche without an outline of their own have to cover together."""
    if plan.geltungsbereich is None or not others:
        return plan.geltungsbereich
    return shapely.difference(plan.geltungsbereich, shapely.union_all(others))


def _united(shapes: npt.NDArray[np.object_], loose: npt.NDArray[np.bool_]) -> BaseGeometry:
    """All of them as one area; of areas that fit together only the outer edges have to be found."""
    fitting = shapely.get_parts(shapely.get_parts(shapes[~loose]))
    return shapely.union_all([shapely.coverage_union_all(fitting), *shapes[loose]])


def _overlaps(
    objekte: Sequence[Planobjekt],
    shapes: npt.NDArray[np.object_],
    loose: npt.NDArray[np.bool_],
    plan: Plan,
    context: Context,
) -> Iterator[Issue]:
    found = 0
    for some in _near_pairs(shapes, loose):
        asked = shapes[np.unique(some[:, 0])]
        shapely.prepare(asked)
        some = some[shapely.relate_pattern(shapes[some[:, 0]], shapes[some[:, 1]], "2********")]
        shapely.destroy_prepared(asked)
        common = shapely.intersection(shapes[some[:, 0]], shapes[some[:, 1]])
        areal = shapely.area(common) > 0
        some, common = some[areal], common[areal]
        wide = ~shapely.is_empty(shapely.buffer(common, -TOLERANCE / 2, quad_segs=1, join_style="mitre"))
        for (index, neighbour), shape in zip(some[wide].tolist(), common[wide], strict=True):
            one, other = objekte[index], objekte[neighbour]
            if _at_different_times(one, other, plan.planwerk.value):
                continue
            where = context.at(one.klasse, one.gml_id)
            detail = f"{extent(shape)}, {other.klasse} {other.gml_id or ''}".rstrip()
            yield OVERLAP.issue(where, detail, plan=plan.gml_id, geometry=shape)
            found += 1
        if found > _MOST_OVERLAPS:
            return


def _near_pairs(shapes: npt.NDArray[np.object_], loose: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.intp]]:
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


def _gaps(
    covered: BaseGeometry, target: BaseGeometry, bereich: str | None, plan: Plan, context: Context
) -> Iterator[Issue]:
    rest = shapely.get_parts(shapely.difference(target, covered))
    wide = ~shapely.is_empty(shapely.buffer(rest, -TOLERANCE / 2, quad_segs=1, join_style="mitre"))
    severity = Severity.ERROR if plan.xplan_version in SINCE_6 else Severity.WARNING
    prefix = plan.planwerk.value
    where = context.at(f"{prefix}_Plan" if bereich is None else f"{prefix}_Bereich", bereich or plan.gml_id)
    for shape in rest[wide]:
        yield GAP.issue(where, extent(shape), plan=plan.gml_id, geometry=shape, severity=severity)


def _vertices(
    objekte: Sequence[Planobjekt], shapes: npt.NDArray[np.object_], plan: Plan, context: Context
) -> Iterator[Issue]:
    """Vertices that lie on a neighbour's border, where the neighbour has none within the tolerance."""
    count = len(objekte)
    rings, owner_of_ring = shapely.get_rings(shapes, return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    if count < 2 or len(coordinates) < 2:
        return
    missing = _unshared(coordinates, ring, owner_of_ring[ring], count)
    at_point, neighbour = np.divmod(missing, count)
    places = coordinates[at_point]
    for index in np.unique(neighbour):
        found = np.unique(places[neighbour == index], axis=0)
        objekt = objekte[index]
        where = context.at(objekt.klasse, objekt.gml_id)
        detail = f"{len(found)} × ({found[0][0]:.3f} {found[0][1]:.3f})"
        yield VERTEX.issue(where, detail, plan=plan.gml_id, geometry=MultiPoint(found))


def _unshared(
    coordinates: npt.NDArray[np.float64], ring: npt.NDArray[np.intp], owner: npt.NDArray[np.intp], count: int
) -> npt.NDArray[np.intp]:
    """(vertex, area) as one number each, where a vertex lies on an area's border and the area has none there.

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
        asked = np.flatnonzero((x >= low) & (x < high))
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
            ending = _near(place, starts[segment]) | _near(place, ends[segment])
            if not ending.all():
                missing.append(np.setdiff1d(pairs[~ending], pairs[ending]))
            left -= hits.shape[1]
            if left < 0:  # areas that lie on each other in heaps; that they do so is told already
                return np.concatenate(missing)
    return np.concatenate(missing)


def _near(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    distance: npt.NDArray[np.float64] = np.hypot(*(one - other).T)
    return distance <= TOLERANCE
