"""Checks plans against the rules of XPlanung and of planning law. Nothing here refuses a plan; it is told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import batched, chain
from typing import Final

from shapely.geometry.base import BaseGeometry

from plans_ingest.checks import dates, flaechenschluss, geometry, mass, nutzung, objekte, plan, rules
from plans_ingest.checks.rule import Context
from plans_ingest.formats.reading import Lines
from plans_ingest.model import Bereich, Issue, Plan, Planobjekt, Severity, Textabschnitt
from plans_ingest.stock import BLOCK

__all__ = ["Context", "check", "review"]

MAX_TOLD: Final = 1_000  # of one kind in one plan
# What readers tell of a shape while it has no place yet.
_OF_SHAPES: Final = frozenset({"curve_gap", "height_dropped", "patches_apart", "ring_open", "ring_reversed"})
_OF_PLANS: Final = (plan.check, dates.check, geometry.check)
_OF_OBJECTS: Final = (
    plan.check_objekte,
    geometry.check_objekte,
    flaechenschluss.check_objekte,
    objekte.check_objekte,
    mass.check_objekte,
    nutzung.check_objekte,
)


def review(
    plans: Sequence[Plan],
    documents: Sequence[tuple[str, Lines]],
    issues: Sequence[Issue],
    grenzen: Mapping[str, BaseGeometry],
    *,
    has_schema: bool,
) -> tuple[list[Issue], dict[str, str]]:
    """All issues of a delivery, each with its plan where it has one, and plan id -> the levels that it has reached.

    `documents` are the files that held plans, each with gml:id -> line; `issues` what the readers have told;
    `has_schema` whether the format can be schema-valid at all (level C).
    """
    owned = _with_owners(issues, plans)
    context = Context(documents, grenzen, frozenset((issue.code, issue.where.gml_id) for issue in owned))
    for each in plans:
        owned.extend(check(each, context))
    reached = {str(each.id): rules.levels(each, owned, has_schema=has_schema) for each in plans}
    return owned, reached


def check(checked: Plan, context: Context) -> list[Issue]:
    """Every rule that the plan breaks, with the place in the file and the geometry that is at fault."""
    counts: dict[str, int] = {}
    told = []
    for issue in _findings(checked, context):
        counts[issue.code] = counts.get(issue.code, 0) + 1
        if counts[issue.code] <= MAX_TOLD:
            told.append(issue)
    where = context.at(f"{checked.planwerk.value}_Plan", checked.gml_id)
    for code, count in counts.items():
        if count > MAX_TOLD:
            told.append(Issue("findings_more", Severity.INFO, where, f"{code}: {count - MAX_TOLD}", checked.gml_id))
    return told


def _findings(checked: Plan, context: Context) -> Iterator[Issue]:
    """Of objects so many at a time that a plan of a million needs no more memory than a large one."""
    for of_plan in _OF_PLANS:
        yield from of_plan(checked, context)
    covering = flaechenschluss.Covering(checked)
    for some in batched(checked.objekte, BLOCK, strict=False):
        for of_objects in _OF_OBJECTS:
            yield from of_objects(checked, some, context)
        covering.add(some)
    yield from flaechenschluss.check(checked, covering, context)


def _with_owners(issues: Sequence[Issue], plans: Sequence[Plan]) -> list[Issue]:
    """Readers speak of objects; a planner asks for plans, and where on the map that is."""
    asked = {issue.where.gml_id for issue in issues if issue.plan is None or issue.code in _OF_SHAPES}
    owner = dict(_owners(plans, asked)) if len(plans) > 1 else {}
    shapes = _shapes(plans, asked) if any(issue.code in _OF_SHAPES for issue in issues) else {}
    found = []
    for issue in issues:
        belongs, where = issue.plan, issue.where
        if belongs is None and where.gml_id is not None:
            belongs = plans[0].gml_id if len(plans) == 1 else owner.get(where.gml_id)
        shape = issue.geometry
        if shape is None and issue.code in _OF_SHAPES:
            shape = shapes.get(where.gml_id or belongs)
        found.append(replace(issue, plan=belongs, geometry=shape))
    return found


def _shapes(plans: Sequence[Plan], asked: Set[str | None]) -> dict[str | None, BaseGeometry]:
    """gml:id -> where the plan, Bereich or object lies, of those that are asked for and the plans."""
    shapes: dict[str | None, BaseGeometry] = {}
    for each in plans:
        if each.geltungsbereich is not None:
            shapes[each.gml_id] = each.geltungsbereich
        for bereich in each.bereiche:
            if bereich.geltungsbereich is not None:
                shapes[bereich.gml_id] = bereich.geltungsbereich
        for objekt in each.objekte:
            if objekt.gml_id in asked and objekt.geometry is not None:
                shapes[objekt.gml_id] = objekt.geometry
    return shapes


def _owners(plans: Sequence[Plan], asked: Set[str | None]) -> Iterator[tuple[str | None, str | None]]:
    """gml:id of what is asked for, and of the plan to which it belongs."""
    for each in plans:
        parts: Iterable[Plan | Bereich | Planobjekt | Textabschnitt]
        parts = chain((each,), each.bereiche, each.objekte, each.texte)
        yield from ((part.gml_id, each.gml_id) for part in parts if part.gml_id in asked)
