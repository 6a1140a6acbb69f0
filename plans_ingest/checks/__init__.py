"""Checks plans against the rules of XPlanung and of planning law. Nothing here refuses a plan; it is told."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from shapely.geometry.base import BaseGeometry

from plans_ingest.checks import dates, flaechenschluss, geometry, mass, nutzung, objekte, plan, rules
from plans_ingest.checks.rule import Context
from plans_ingest.model import Bereich, Issue, Plan, Planobjekt, Severity, Textabschnitt

__all__ = ["Context", "check", "review"]

MAX_TOLD: Final = 1_000  # of one kind in one plan
# What readers tell of a shape while it has no place yet.
_OF_SHAPES: Final = frozenset({"curve_gap", "height_dropped", "patches_apart", "ring_open", "ring_reversed"})
_FAMILIES: Final = (
    plan.check,
    dates.check,
    geometry.check,
    flaechenschluss.check,
    objekte.check,
    mass.check,
    nutzung.check,
)


def review(
    plans: Sequence[Plan],
    documents: Sequence[tuple[str, Mapping[str, int]]],
    issues: Sequence[Issue],
    grenzen: Mapping[str, BaseGeometry],
    *,
    has_schema: bool,
) -> tuple[list[Issue], dict[str, str]]:
    """All issues of a delivery, each with its plan where it has one, and plan id -> the levels that it has reached.

    `documents` are the files that held plans, each with gml:id -> line; `issues` what the readers have told;
    `has_schema` whether the format can be schema-valid at all (level C).
    """
    owned = _with_owners(issues, plans, documents)
    context = Context(documents, grenzen, frozenset((issue.code, issue.where.gml_id) for issue in owned))
    for each in plans:
        owned.extend(check(each, context))
    reached = {str(each.id): rules.levels(each, owned, has_schema=has_schema) for each in plans}
    return owned, reached


def check(checked: Plan, context: Context) -> list[Issue]:
    """Every rule that the plan breaks, with the place in the file and the geometry that is at fault."""
    counts: dict[str, int] = {}
    told = []
    for issue in (issue for family in _FAMILIES for issue in family(checked, context)):
        counts[issue.code] = counts.get(issue.code, 0) + 1
        if counts[issue.code] <= MAX_TOLD:
            told.append(issue)
    where = context.at(f"{checked.planwerk.value}_Plan", checked.gml_id)
    for code, count in counts.items():
        if count > MAX_TOLD:
            told.append(Issue("findings_more", Severity.INFO, where, f"{code}: {count - MAX_TOLD}", checked.gml_id))
    return told


def _with_owners(
    issues: Sequence[Issue], plans: Sequence[Plan], documents: Sequence[tuple[str, Mapping[str, int]]]
) -> list[Issue]:
    """Readers speak of elements; a planner asks for objects and plans, and where on the map that is.

    The line says which object an element is in.
    """
    starts = {file: sorted((line, gml_id) for gml_id, line in lines.items()) for file, lines in documents}
    known = dict(documents)
    owner = {gml_id: each.gml_id for each in plans for gml_id in _belongings(each)}
    shapes = _shapes(plans) if any(issue.code in _OF_SHAPES for issue in issues) else {}
    found = []
    for issue in issues:
        where = issue.where
        if where.line is not None and where.file in known and where.gml_id not in known[where.file]:
            before = bisect_right(starts[where.file], (where.line, "\U0010ffff"))
            if before:
                where = replace(where, gml_id=starts[where.file][before - 1][1])
        belongs = issue.plan
        if belongs is None and where.gml_id is not None:
            belongs = owner.get(where.gml_id, plans[0].gml_id if len(plans) == 1 else None)
        shape = issue.geometry
        if shape is None and issue.code in _OF_SHAPES:
            shape = shapes.get(where.gml_id or belongs)
        found.append(replace(issue, where=where, plan=belongs, geometry=shape))
    return found


def _shapes(plans: Sequence[Plan]) -> dict[str | None, BaseGeometry]:
    """gml:id -> where the plan, Bereich or object lies."""
    shapes: dict[str | None, BaseGeometry] = {}
    for each in plans:
        found: list[tuple[str | None, BaseGeometry | None]] = [(each.gml_id, each.geltungsbereich)]
        found += [(bereich.gml_id, bereich.geltungsbereich) for bereich in each.bereiche]
        found += [(objekt.gml_id, objekt.geometry) for objekt in each.objekte]
        shapes |= {gml_id: shape for gml_id, shape in found if shape is not None}
    return shapes


def _belongings(each: Plan) -> Iterator[str]:
    parts: tuple[Plan | Bereich | Planobjekt | Textabschnitt, ...]
    parts = (each, *each.bereiche, *each.objekte, *each.texte)
    return (part.gml_id for part in parts if part.gml_id is not None)
