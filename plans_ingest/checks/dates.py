"""The dates of a procedure: in the order that BauGB §§ 2 to 10 give them, and those that the Rechtsstand needs."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from plans_ingest import codelists
from plans_ingest.checks.rule import Context, Rule
from plans_ingest.codelists import Rechtsstand
from plans_ingest.model import Issue, Level, Plan, Planwerk, Severity

ORDER: Final = Rule(
    "dates_out_of_order",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Die Daten des Verfahrens stehen nicht in der Reihenfolge des Gesetzes: {detail}",
    "the dates of the procedure are not in the order of the law: {detail}",
    "Die genannten Daten prüfen.",
    basis="BauGB §§ 2, 3, 6, 10",
    breaks=False,
)
PERIOD_REVERSED: Final = Rule(
    "period_reversed",
    Level.RULES_PASSED,
    Severity.ERROR,
    "Eine Beteiligung endet, bevor sie beginnt: {detail}",
    "a participation ends before it begins: {detail}",
    "Anfangs- und Enddatum prüfen.",
    basis="BauGB §§ 3, 4",
)
AUSLEGUNG_SHORT: Final = Rule(
    "auslegung_short",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Die öffentliche Auslegung dauerte nur {detail} Tage; vorgeschrieben ist ein Monat, mindestens 30 Tage",
    "the drafts were published for {detail} days only; the law demands a month, at least 30 days",
    "Die Daten prüfen; eine zu kurze Auslegung kann den Plan unwirksam machen.",
    basis="BauGB § 3 (2)",
    breaks=False,
)
DATE_MISSING: Final = Rule(
    "rechtsstand_without_date",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Zum Rechtsstand fehlt sein Datum: {detail}",
    "the Rechtsstand lacks its date: {detail}",
    "Das genannte Datum angeben.",
    basis="Rechtsstand",
    breaks=False,
)
CONTRADICTION: Final = Rule(
    "rechtsstand_contradicts_date",
    Level.RULES_PASSED,
    Severity.WARNING,
    "Der Rechtsstand ist älter als das jüngste Datum des Plans: {detail}",
    "the Rechtsstand lags behind the plan's own dates: {detail}",
    "Rechtsstand oder Datum berichtigen.",
    basis="BauGB §§ 6 (5), 10 (3)",
    breaks=False,
)
RULES: Final = (ORDER, PERIOD_REVERSED, AUSLEGUNG_SHORT, DATE_MISSING, CONTRADICTION)

_LEAST_DAYS: Final = 30
# What must not come before what, by Planwerk; XPlanGML's names, because the planner reads them.
_STEPS: Final = {
    Planwerk.BEBAUUNGSPLAN: (
        ("aufstellungsbeschlussDatum", "aufstellungsbeschluss_datum"),
        ("auslegungsStartDatum", ""),
        ("satzungsbeschlussDatum", "satzungsbeschluss_datum"),
        ("genehmigungsDatum", "genehmigungs_datum"),
        ("ausfertigungsDatum", "ausfertigungs_datum"),
        ("inkrafttretensDatum", "inkrafttretens_datum"),
        ("untergangsDatum", "untergangs_datum"),
    ),
    Planwerk.FLAECHENNUTZUNGSPLAN: (
        ("aufstellungsbeschlussDatum", "aufstellungsbeschluss_datum"),
        ("entwurfsbeschlussDatum", "entwurfsbeschluss_datum"),
        ("auslegungsStartDatum", ""),
        ("planbeschlussDatum", "planbeschluss_datum"),
        ("genehmigungsDatum", "genehmigungs_datum"),
        ("wirksamkeitsDatum", "wirksamkeits_datum"),
        ("untergangsDatum", "untergangs_datum"),
    ),
}
# The dates of which one must be there (domain of "Umring + Scan": each Rechtsstand with its date).
_BP_NEEDS: Final = {
    Rechtsstand.AUFSTELLUNGSBESCHLUSS: ("aufstellungsbeschlussDatum",),
    Rechtsstand.SATZUNG: ("satzungsbeschlussDatum", "rechtsverordnungsDatum"),
    Rechtsstand.IN_KRAFT_GETRETEN: ("inkrafttretensDatum",),
    Rechtsstand.UNTERGEGANGEN: ("untergangsDatum",),
    Rechtsstand.AUFGEHOBEN: ("untergangsDatum",),
    Rechtsstand.AUSSER_KRAFT: ("untergangsDatum",),
    Rechtsstand.OEFFENTLICHKEITSBETEILIGUNG: ("auslegungsStartDatum",),
}
_FP_NEEDS: Final = _BP_NEEDS | {
    Rechtsstand.ENTWURFSBESCHLUSS: ("entwurfsbeschlussDatum",),
    Rechtsstand.SATZUNG: ("planbeschlussDatum",),
    Rechtsstand.IN_KRAFT_GETRETEN: ("wirksamkeitsDatum",),
}

# From which Rechtsstand on a plan has a date behind it that somebody will ask for; in the order of the procedure.
_BEHIND: Final = {
    Planwerk.BEBAUUNGSPLAN: (
        ("aufstellungsbeschluss_datum", Rechtsstand.AUFSTELLUNGSBESCHLUSS),
        ("auslegungen", Rechtsstand.OEFFENTLICHKEITSBETEILIGUNG),
        ("satzungsbeschluss_datum", Rechtsstand.SATZUNG),
        ("ausfertigungs_datum", Rechtsstand.IN_KRAFT_GETRETEN),
        ("inkrafttretens_datum", Rechtsstand.IN_KRAFT_GETRETEN),
        ("untergangs_datum", Rechtsstand.UNTERGEGANGEN),
    ),
    Planwerk.FLAECHENNUTZUNGSPLAN: (
        ("aufstellungsbeschluss_datum", Rechtsstand.AUFSTELLUNGSBESCHLUSS),
        ("entwurfsbeschluss_datum", Rechtsstand.ENTWURFSBESCHLUSS),
        ("auslegungen", Rechtsstand.OEFFENTLICHKEITSBETEILIGUNG),
        ("planbeschluss_datum", Rechtsstand.SATZUNG),
        ("genehmigungs_datum", Rechtsstand.IN_KRAFT_GETRETEN),  # BauGB § 6 (1): always
        ("wirksamkeits_datum", Rechtsstand.IN_KRAFT_GETRETEN),
        ("untergangs_datum", Rechtsstand.UNTERGEGANGEN),
    ),
}


def behind(planwerk: Planwerk, rechtsstand: int | None) -> tuple[str, ...]:
    """Fields of a Plan: the dates that a procedure which has come so far has had, in its order."""
    if rechtsstand is None:
        return ()
    stage = rechtsstand // 10 if rechtsstand >= 10_000 else rechtsstand  # 45000 and 50001 say more of 4500 and 5000
    return tuple(name for name, since in _BEHIND[planwerk] if stage >= since)


def check(plan: Plan, context: Context) -> Iterator[Issue]:
    where = context.at(f"{plan.planwerk.value}_Plan", plan.gml_id)
    for rule, detail in (*_order(plan), *_periods(plan), *_rechtsstand(plan)):
        yield rule.issue(where, detail, plan=plan.gml_id)


def _dates(plan: Plan) -> dict[str, date]:
    """XPlanGML's name -> date, in the order of the procedure, those that are known."""
    starts = [period.start for period in plan.auslegungen if period.start is not None]
    found = {}
    for theirs, ours in _STEPS[plan.planwerk]:
        value: date | None = getattr(plan, ours) if ours else min(starts, default=None)
        if value is not None:
            found[theirs] = value
    return found


def _order(plan: Plan) -> Iterator[tuple[Rule, str]]:
    for (earlier, first), (later, second) in pairwise(_dates(plan).items()):
        if first > second:
            yield ORDER, f"{earlier} {first:%d.%m.%Y} > {later} {second:%d.%m.%Y}"


def _periods(plan: Plan) -> Iterator[tuple[Rule, str]]:
    for name, periods in (("Auslegung", plan.auslegungen), ("Trägerbeteiligung", plan.traegerbeteiligungen)):
        for period in periods:
            if period.start is not None and period.ende is not None and period.start > period.ende:
                yield PERIOD_REVERSED, f"{name} {period.start:%d.%m.%Y} bis {period.ende:%d.%m.%Y}"
    whole = [(p.start, p.ende) for p in plan.auslegungen if p.start is not None and p.ende is not None]
    if whole:
        # A repeated publication may be shorter (BauGB § 4a (3)), so the first one counts.
        start, ende = min(whole)
        days = (ende - start).days + 1
        if 0 < days < _LEAST_DAYS:
            yield AUSLEGUNG_SHORT, str(days)


def _rechtsstand(plan: Plan) -> Iterator[tuple[Rule, str]]:
    if plan.rechtsstand is None:
        return
    is_bplan = plan.planwerk is Planwerk.BEBAUUNGSPLAN
    known = _dates(plan)
    if plan.rechtsverordnungs_datum is not None:
        known["rechtsverordnungsDatum"] = plan.rechtsverordnungs_datum
    needs = (_BP_NEEDS if is_bplan else _FP_NEEDS).get(Rechtsstand(plan.rechtsstand), ()) if _known(plan) else ()
    label = codelists.label(f"{plan.planwerk.value}_Rechtsstand", plan.rechtsstand) or str(plan.rechtsstand)
    if needs and not any(name in known for name in needs):
        yield DATE_MISSING, f"{label}: {' / '.join(needs)}"
    final = "inkrafttretensDatum" if is_bplan else "wirksamkeitsDatum"
    if final in known and plan.rechtsstand < Rechtsstand.IN_KRAFT_GETRETEN:
        yield CONTRADICTION, f"{label}, {final} {known[final]:%d.%m.%Y}"


def _known(plan: Plan) -> bool:
    return plan.rechtsstand in Rechtsstand
