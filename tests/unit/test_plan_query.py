"""The address of a plan list, read and written."""

from datetime import date

import pytest

from geoportal.published import Sortierung, Status
from geoportal.web.errors import InvalidQuery
from geoportal.web.plan_query import PlanQuery
from plans_ingest.model import Planwerk

TODAY = date(2026, 11, 22)


def test_an_empty_form_asks_for_everything() -> None:
    query = PlanQuery.parse({"q": " ", "gemeinde": "", "planwerk": "", "status": "", "seite": ""})
    assert query == PlanQuery()
    assert not query.restricted


def test_every_filter_is_understood() -> None:
    query = PlanQuery.parse(
        {
            "q": "am Hang",
            "gemeinde": "06534008",
            "planwerk": "FP",
            "status": "in_kraft",
            "beteiligung": "laufend",
            "sortierung": "neueste",
            "seite": "3",
        }
    )
    assert query == PlanQuery(
        "am Hang",
        "06534008",
        Planwerk.FLAECHENNUTZUNGSPLAN,
        Status.IN_KRAFT,
        beteiligung=True,
        sortierung=Sortierung.NEUESTE,
        seite=3,
    )
    assert query.filter(TODAY).words == ("am", "Hang")
    assert query.filter(TODAY).laufend_am == TODAY
    assert query.offset == 50


def test_the_address_of_another_page_keeps_the_question() -> None:
    query = PlanQuery.parse({"q": "süd", "status": "in_aufstellung"})
    assert query.args(seite=2) == {"q": "süd", "status": "in_aufstellung", "seite": "2"}
    assert PlanQuery.parse(query.args(seite=1)) == query


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "gültig"),
        ("planwerk", "LP"),
        ("gemeinde", "6534008"),
        ("gemeinde", "0653400x"),
        ("gemeinde", "٠٦٥٣٤٠٠٨"),  # digits, but not those of an AGS
        ("seite", "0"),
        ("seite", "-1"),
        ("seite", "zwei"),
        ("seite", "99999999999999999999"),
        ("beteiligung", "ja"),
        ("sortierung", "groesse"),
        ("planart", "1000"),
        ("planart", "XX-1000"),
        ("von", "2026-W05-1"),
        ("bis", "31.12.2026"),
        ("stand", "2026-02-30"),
        ("stand", "2026-11-23"),
    ],
)
def test_a_value_that_does_not_exist_is_told(name: str, value: str) -> None:
    with pytest.raises(InvalidQuery, match=name):
        PlanQuery.parse({name: value}, TODAY)


def test_a_planart_brings_its_planwerk_and_contradicts_no_other() -> None:
    query = PlanQuery.parse({"planart": "FP-1000"})
    assert (query.planwerk, query.planart) == (Planwerk.FLAECHENNUTZUNGSPLAN, 1000)
    assert query.args(1) == {"planwerk": "FP", "planart": "FP-1000"}
    with pytest.raises(InvalidQuery, match="planart"):
        PlanQuery.parse({"planart": "FP-1000", "planwerk": "BP"})


def test_a_former_day_counts_for_running_displays_and_today_is_no_former_day() -> None:
    past = PlanQuery.parse({"stand": "2026-03-01", "beteiligung": "laufend"}, TODAY).filter(TODAY)
    assert past.stand == past.laufend_am == date(2026, 3, 1)
    assert PlanQuery.parse({"stand": TODAY.isoformat()}, TODAY).stand is None


def test_what_can_be_commented_on_is_ordered_by_its_end_unless_told_otherwise() -> None:
    assert PlanQuery.parse({"beteiligung": "laufend"}).order is Sortierung.FRIST
    assert PlanQuery.parse({"beteiligung": "laufend", "sortierung": "name"}).order is Sortierung.NAME
    assert PlanQuery.parse({}).order is Sortierung.GEMEINDE
