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
        ("sortierung", "name"),
    ],
)
def test_a_value_that_does_not_exist_is_told(name: str, value: str) -> None:
    with pytest.raises(InvalidQuery, match=name):
        PlanQuery.parse({name: value})
