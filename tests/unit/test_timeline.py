"""A plan's procedure as a time line."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from geoportal.published import Beteiligungszeit, PublishedPlan, Status, Umriss
from geoportal.web.timeline import When, timeline
from plans_ingest.model import Planwerk

TODAY = date(2026, 11, 22)
RUNNING = Beteiligungszeit("veroeffentlichung", True, date(2026, 11, 9), date(2026, 12, 18))
EARLY = Beteiligungszeit("fruehzeitig", True, date(2026, 1, 5), date(2026, 2, 6))
ASKED = Beteiligungszeit("behoerden", False, date(2026, 11, 9), date(2026, 12, 9))
PLAN = PublishedPlan(
    id=UUID(int=5), planwerk=Planwerk.BEBAUUNGSPLAN, ags="06534008", gemeinde="Ebsdorfergrund", ortsteil=None,
    name="Am Hang", nummer="5", planart_text=None, rechtsstand_text=None, status=Status.IN_AUFSTELLUNG,
    gueltig_von=None, gueltig_bis=None, beteiligungen=(),
    beschreibung=None, verfahren=None, verfahren_text=None,
    aufstellungsbeschluss_datum=None, entwurfsbeschluss_datum=None,
    satzungsbeschluss_datum=None, planbeschluss_datum=None, genehmigungs_datum=None, rechtsverordnungs_datum=None,
    ausfertigungs_datum=None, inkrafttretens_datum=None, wirksamkeits_datum=None, untergangs_datum=None,
    erstellungsmassstab=None, xplan_version="6.0", version=1,
    veroeffentlicht_am=datetime(2026, 11, 1, tzinfo=UTC), umriss=Umriss("", 1, 1, 1, 8, 50, 9, 51),
    dokumente=(), texte=(), inhalte=(), bezuege=(), versionen=(),
)  # fmt: skip


def test_a_plan_without_dates_has_no_time_line() -> None:
    assert timeline(PLAN, TODAY) == ()


def test_steps_stand_in_the_order_of_time() -> None:
    plan = replace(
        PLAN,
        inkrafttretens_datum=date(2027, 2, 1),
        aufstellungsbeschluss_datum=date(2025, 1, 1),
        beteiligungen=(EARLY, RUNNING, ASKED),
    )
    assert [(step.label, step.when) for step in timeline(plan, TODAY)] == [
        ("Aufstellungsbeschluss", When.PAST),
        ("Frühzeitige Beteiligung der Öffentlichkeit", When.PAST),
        ("Beteiligung der Behörden", When.NOW),
        ("Öffentliche Auslegung", When.NOW),
        ("In Kraft getreten", When.COMING),
    ]


def test_who_is_informed_in_the_place_of_early_participation_stands_before_the_draft() -> None:
    day = date(2026, 1, 5)
    plan = replace(
        PLAN,
        entwurfsbeschluss_datum=day,
        beteiligungen=(Beteiligungszeit("unterrichtung", True, day, date(2026, 1, 26)),),
    )
    assert [step.label for step in timeline(plan, TODAY)] == ["Unterrichtung und Äußerung", "Entwurfsbeschluss"]


def test_what_happened_on_one_day_stands_in_the_order_of_the_procedure() -> None:
    day = date(2020, 5, 4)
    plan = replace(PLAN, ausfertigungs_datum=day, satzungsbeschluss_datum=day)
    assert [step.label for step in timeline(plan, TODAY)] == ["Satzungsbeschluss", "Ausfertigung"]


def test_both_days_belong_to_an_auslegung() -> None:
    assert RUNNING.start is not None
    assert RUNNING.ende is not None
    assert RUNNING.runs(RUNNING.start)
    assert RUNNING.runs(RUNNING.ende)
    assert not RUNNING.runs(date(2026, 12, 19))


def test_an_auslegung_without_an_end_is_not_called_running() -> None:
    plan = replace(PLAN, beteiligungen=(replace(RUNNING, ende=None),))
    assert plan.beteiligung(TODAY) is None
    [step] = timeline(plan, TODAY)
    assert step.when is When.UNCERTAIN


def test_people_are_told_of_what_runs_then_of_what_comes_then_of_the_last() -> None:
    longer, later = (
        replace(RUNNING, ende=date(2027, 1, 8)),
        replace(RUNNING, start=date(2027, 2, 1), ende=date(2027, 3, 1)),
    )
    plan = replace(PLAN, beteiligungen=(EARLY, longer, RUNNING, ASKED, later))
    assert plan.beteiligung(TODAY) == RUNNING  # of two that run, what ends first
    assert plan.beteiligung(date(2027, 1, 20)) == later
    assert plan.beteiligung(date(2028, 1, 1)) == later
    assert replace(PLAN, beteiligungen=(ASKED,)).beteiligung(TODAY) is None  # of authorities nobody else is told
