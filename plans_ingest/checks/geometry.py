"""Where things lie (XPlanung 2.2.2, 2.2.3), all objects of a plan at once. Distances are metres in the plan's CRS."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from plans_ingest.checks.rule import Context, Rule, code
from plans_ingest.model import Bereich, Issue, Level, Plan, Planobjekt, Severity

TOLERANCE: Final = 0.002  # XPlanung's own: what is nearer than 2 mm is the same place
_BORDER_TOLERANCE: Final = 5.0  # Gemeinden are digitised more coarsely than plans
_NEAR: Final = 20_000.0  # what lies further from its Gemeinde lies in a wrong zone, or names another one
_SAME: Final = 1e-6  # two vertices written alike, after a change of CRS
# XP_BedeutungenBereich: a Kompensationsbereich lies elsewhere by nature, as does what 2000 stands for
AUSSERHALB: Final = frozenset({"1800", "2000"})

DOUBLE_POINT: Final = Rule(
    "double_point",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Aufeinanderfolgende Stützpunkte sind gleich: {detail}",
    "consecutive vertices are the same: {detail}",
    "Doppelte Stützpunkte entfernen.",
    number="2.2.2.1",
)
OBJEKT_OUTSIDE: Final = Rule(
    "objekt_outside",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Das Objekt liegt mit {detail} außerhalb des Geltungsbereichs seines Bereichs oder Plans",
    "the object lies outside the outline of its Bereich or plan, by {detail}",
    "Das Objekt am Geltungsbereich abschneiden oder den Geltungsbereich berichtigen.",
    number="2.2.3.1",
)
BEREICH_OUTSIDE: Final = Rule(
    "bereich_outside",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Der Bereich liegt mit {detail} außerhalb des Geltungsbereichs des Plans",
    "the Bereich lies outside the outline of the plan, by {detail}",
    "Den Bereich berichtigen; nur Kompensationsbereiche (bedeutung 1800) dürfen außerhalb liegen. Ab 6.0 ein Fehler.",
    number="2.2.1.1",
    breaks=False,
)
BEREICH_WITHOUT_OUTLINE: Final = Rule(
    "bereich_without_outline",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Ein Bereich, der außerhalb des Plans liegen darf, braucht einen eigenen Geltungsbereich (bedeutung {detail})",
    "a Bereich that may lie outside the plan needs an outline of its own (bedeutung {detail})",
    "geltungsbereich am Bereich angeben.",
    basis="XP_BedeutungenBereich",
)
PLAN_OUTSIDE_GEMEINDE: Final = Rule(
    "plan_outside_gemeinde",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Der Geltungsbereich liegt mit {detail} außerhalb der genannten Gemeinde",
    "the outline lies outside the Gemeinde that the plan names, by {detail}",
    "Geltungsbereich, Koordinatenreferenzsystem und Gemeindeschlüssel prüfen.",
    basis="BauGB § 2 (1)",
    breaks=False,
)
PLAN_ELSEWHERE: Final = Rule(
    "plan_elsewhere",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Der Geltungsbereich liegt {detail} von der genannten Gemeinde entfernt",
    "the outline lies {detail} away from the Gemeinde that the plan names",
    "Koordinatenreferenzsystem (Zone, Streifen) und Gemeindeschlüssel prüfen.",
    basis="BauGB § 2 (1)",
)
RULES: Final = (
    DOUBLE_POINT, OBJEKT_OUTSIDE, BEREICH_OUTSIDE, BEREICH_WITHOUT_OUTLINE, PLAN_OUTSIDE_GEMEINDE, PLAN_ELSEWHERE
)  # fmt: skip
SINCE_6: Final = frozenset({"6.0", "6.1"})  # where a fault of the Flächenschluss is an error


def check(plan: Plan, context: Context) -> Iterator[Issue]:
    prefix = plan.planwerk.value
    holders = [(f"{prefix}_Plan", plan.gml_id, plan.geltungsbereich)]
    holders += [(f"{prefix}_Bereich", bereich.gml_id, bereich.geltungsbereich) for bereich in plan.bereiche]
    yield from _double_points(holders, plan, context)
    yield from _bereiche(plan, context)
    yield from _outside_gemeinde(plan, context)


def extent(shape: BaseGeometry) -> str:
    """How much of something that is: area, else length, else number of points."""
    if shape.area >= 0.005:
        return f"{shape.area:.2f} m²"
    if shape.length > 0:
        return f"{shape.length:.3f} m"
    points = len(shapely.get_parts(shape))
    return "1 Punkt" if points == 1 else f"{points} Punkten"


def grown(area: BaseGeometry, by: float = TOLERANCE) -> BaseGeometry:
    return shapely.buffer(area, by, quad_segs=1, join_style="mitre")


def is_ausserhalb(bereich: Bereich) -> bool:
    return code(bereich.attribute.get("bedeutung")) in AUSSERHALB


def check_objekte(plan: Plan, objekte: Sequence[Planobjekt], context: Context) -> Iterator[Issue]:
    shapes = [objekt.geometry if objekt.original is None else objekt.original for objekt in objekte]
    holders = [(o.klasse, o.gml_id, shape) for o, shape in zip(objekte, shapes, strict=True)]
    yield from _double_points(holders, plan, context)
    yield from _outside_bereich(plan, objekte, context)


def _double_points(
    holders: Sequence[tuple[str, str | None, BaseGeometry | None]], plan: Plan, context: Context
) -> Iterator[Issue]:
    """As delivered: mending would have removed them."""
    shapes = np.array([shape for _, _, shape in holders], dtype=object)
    lines, owner = _lines(shapes)
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    if len(coordinates) < 2:
        return
    same = (line[1:] == line[:-1]) & (np.abs(np.diff(coordinates, axis=0)).max(axis=1) <= _SAME)
    places, owners = coordinates[1:][same], owner[line[1:][same]]
    for index in np.unique(owners):
        found = places[owners == index]
        klasse, gml_id, _ = holders[index]
        detail = f"{len(found)} × ({found[0][0]:.3f} {found[0][1]:.3f})"
        shape = Point(found[0]) if len(found) == 1 else MultiPoint(found)
        yield DOUBLE_POINT.issue(context.at(klasse, gml_id), detail, plan=plan.gml_id, geometry=shape)


def _lines(shapes: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.intp]]:
    """All rings and lines of the shapes, each with the index of its shape."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    nested, again = shapely.get_parts(parts, return_index=True)  # a part of a collection may be a collection
    parts, owner = nested, owner[again]
    rings, of = shapely.get_rings(parts, return_index=True)
    is_line = shapely.get_dimensions(parts) == 1
    return np.concatenate([rings, parts[is_line]]), np.concatenate([owner[of], owner[is_line]])


def _bereiche(plan: Plan, context: Context) -> Iterator[Issue]:
    for bereich in plan.bereiche:
        where = context.at(f"{plan.planwerk.value}_Bereich", bereich.gml_id)
        if is_ausserhalb(bereich):
            if bereich.geltungsbereich is None:
                detail = code(bereich.attribute.get("bedeutung")) or ""
                shape = plan.geltungsbereich  # near it; nobody knows where
                yield BEREICH_WITHOUT_OUTLINE.issue(where, detail, plan=plan.gml_id, geometry=shape)
        elif bereich.geltungsbereich is not None and plan.geltungsbereich is not None:
            rest = shapely.difference(bereich.geltungsbereich, grown(plan.geltungsbereich))
            if not rest.is_empty:
                severity = Severity.ERROR if plan.xplan_version in SINCE_6 else Severity.WARNING
                yield BEREICH_OUTSIDE.issue(where, extent(rest), plan=plan.gml_id, geometry=rest, severity=severity)


def _geltungsbereich(plan: Plan, bereich: Bereich | None) -> BaseGeometry | None:
    """Where what belongs to a Bereich may lie (2.2.3.1): in the plan and in the Bereich, as far as each has an outline.

    What may lie outside the plan lies in its Bereich; without an outline of it there is nothing to hold it against.
    """
    if bereich is None:
        return plan.geltungsbereich
    if is_ausserhalb(bereich) or plan.geltungsbereich is None:
        return bereich.geltungsbereich
    if bereich.geltungsbereich is None:
        return plan.geltungsbereich
    return shapely.intersection(grown(bereich.geltungsbereich), grown(plan.geltungsbereich))


def _outside_bereich(plan: Plan, every: Sequence[Planobjekt], context: Context) -> Iterator[Issue]:
    bereiche = {bereich.gml_id: bereich for bereich in plan.bereiche}
    groups: dict[str | None, list[Planobjekt]] = {}
    for objekt in every:
        if objekt.geometry is None or objekt.klasse.startswith("XP_"):
            continue  # lettering and symbols may stand beside the plan
        groups.setdefault(objekt.bereich if objekt.bereich in bereiche else None, []).append(objekt)
    for bereich_id, objekte in groups.items():
        area = _geltungsbereich(plan, bereiche[bereich_id] if bereich_id is not None else None)
        if area is not None:
            yield from _outside(objekte, area, plan, context)


def _outside(objekte: Sequence[Planobjekt], area: BaseGeometry, plan: Plan, context: Context) -> Iterator[Issue]:
    shapes = np.array([objekt.geometry for objekt in objekte], dtype=object)
    allowed = grown(area)
    shapely.prepare(allowed)
    for index in np.flatnonzero(~shapely.covers(allowed, shapes)).tolist():
        objekt = objekte[index]
        rest = shapely.difference(shapes[index], allowed)
        if not rest.is_empty:
            where = context.at(objekt.klasse, objekt.gml_id)
            yield OBJEKT_OUTSIDE.issue(where, extent(rest), plan=plan.gml_id, geometry=rest)


def _outside_gemeinde(plan: Plan, context: Context) -> Iterator[Issue]:
    grenzen = [context.grenzen[ref.ags] for ref in plan.gemeinden if ref.ags and ref.ags in context.grenzen]
    if plan.geltungsbereich is None or not grenzen:
        return
    area = shapely.union_all(grenzen)
    where = context.at(f"{plan.planwerk.value}_Plan", plan.gml_id)
    if (distance := shapely.distance(plan.geltungsbereich, area)) > _NEAR:
        yield PLAN_ELSEWHERE.issue(where, f"{distance / 1000:.0f} km", plan=plan.gml_id, geometry=plan.geltungsbereich)
        return
    rest = shapely.difference(plan.geltungsbereich, grown(area, _BORDER_TOLERANCE))
    if not rest.is_empty:
        yield PLAN_OUTSIDE_GEMEINDE.issue(where, extent(rest), plan=plan.gml_id, geometry=rest)
