"""All rules in one table: those that are checked here, and those whose findings the readers tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from plans_ingest.checks import (
    dates,
    flaechenschluss,
    geometry,
    mass,
    nutzung,
    objekte,
    plan,
    references,
    schema,
)
from plans_ingest.checks.rule import Number, Rule, official_number
from plans_ingest.model import Issue, Level, Plan, Severity

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.code: rule
        for family in (schema, geometry, flaechenschluss, references, plan, objekte, mass, nutzung, dates)
        for rule in family.RULES
    }
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader's finding means for the official rules; `breaks` as in Rule."""

    level: Level
    number: Number = None
    breaks: bool = True


_GEOMETRY: Final = Told(Level.RULES_PASSED, "2.2.2.1")
_CRS: Final = Told(Level.RULES_PASSED, "2.1.3.1")
_SCHEMA: Final = Told(Level.SCHEMA_VALID)
# A reader mends what it can; that a plan could be mended does not make what was delivered right.
READER: Final[Mapping[str, Told]] = MappingProxyType(
    {
        "ags_invalid": Told(Level.RULES_PASSED, "3.2.5.1"),
        "ags_zero_lost": Told(Level.RULES_PASSED, "3.2.5.1"),
        "attribute_missing": _SCHEMA,
        "attribute_repeated": _SCHEMA,
        "attribute_unknown": _SCHEMA,
        "axes_swapped": _CRS,
        "bereich_without_plan": Told(Level.RULES_PASSED, {"BP": "4.1.2.3", "FP": "5.1.2.3"}),
        "class_unknown": _SCHEMA,
        "code_unknown": _SCHEMA,
        "crs_assumed": _CRS,
        "crs_unknown": _CRS,
        "curve_gap": _GEOMETRY,
        "geometry_collapsed": _GEOMETRY,
        "geometry_mended": _GEOMETRY,
        "geometry_empty": _GEOMETRY,
        "geometry_unreadable": _GEOMETRY,
        "gml_id_twice": _SCHEMA,
        "not_publishable": Told(Level.PUBLISHABLE),
        "objekt_without_bereich": Told(Level.RULES_PASSED, "3.1.3.3", breaks=False),
        "patches_apart": _GEOMETRY,
        "reference_dangling": Told(Level.RULES_PASSED, references.NUMBERS),
        "ring_open": _GEOMETRY,
        "ring_reversed": _GEOMETRY,
        "value_mistyped": _SCHEMA,
        "zone_in_easting": _CRS,
    }
)


def number_of(issue: Issue) -> str | None:
    """The official number of the rule that a finding is about, or None."""
    known = RULES.get(issue.code) or READER.get(issue.code)
    return None if known is None else official_number(known.number, issue.where.element)


def basis_of(issue: Issue) -> str:
    """Where a rule without an official number comes from; empty for one with a number, and for what no rule names."""
    return RULES[issue.code].basis if issue.code in RULES else ""


def level_of(issue: Issue) -> Level:
    """The level that a finding is about; what no rule names is about reading."""
    known = RULES.get(issue.code) or READER.get(issue.code)
    return Level.READABLE if known is None else known.level


def breaks(issue: Issue) -> bool:
    """Whether a plan with this finding has not passed the level that the finding is about.

    A rule that breaks nothing by itself does where it is an error (a gap since 6.0).
    """
    if issue.code in RULES:
        return RULES[issue.code].breaks or issue.severity is Severity.ERROR
    if issue.code in schema.OUR_TABLES and issue.severity is Severity.INFO:
        return False  # the official schema was asked and has no objection
    return issue.code in READER and READER[issue.code].breaks


def levels(plan: Plan, issues: Iterable[Issue], *, has_schema: bool) -> str:
    """The letters of the levels that a plan has reached, "ABD"; each on its own, so that a report can show the gap.

    Findings without a plan concern the whole document. `has_schema` says whether the format can be valid at all.
    """
    broken = {level_of(issue) for issue in issues if breaks(issue) and issue.plan in {None, plan.gml_id}}
    reached = [Level.READABLE]
    if plan.level is Level.PUBLISHABLE:
        reached.append(Level.PUBLISHABLE)
    if has_schema and Level.SCHEMA_VALID not in broken:
        reached.append(Level.SCHEMA_VALID)
    if Level.RULES_PASSED not in broken:
        reached.append(Level.RULES_PASSED)
    return "".join(reached)
