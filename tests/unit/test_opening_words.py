"""Opening hours in words, for now and for another day."""

from datetime import date, datetime

import pytest

from geoportal.opening_hours import BERLIN
from geoportal.web.opening import is_open, opening

POOL = "Mo-Fr 09:00-12:00,14:00-20:00; Sa,Su,PH 10:00-18:00; Tu off"


@pytest.mark.parametrize(
    ("moment", "is_open_then", "said"),
    [
        ("2026-11-26T10:00", True, "Jetzt geöffnet, bis 12:00 Uhr"),
        ("2026-11-26T13:00", False, "Jetzt geschlossen, öffnet heute um 14:00 Uhr"),
        ("2026-11-26T21:00", False, "Jetzt geschlossen, öffnet morgen um 09:00 Uhr"),
        ("2026-11-23T21:00", False, "Jetzt geschlossen, öffnet am Mittwoch um 09:00 Uhr"),
        ("2026-12-25T09:30", False, "Jetzt geschlossen, öffnet heute um 10:00 Uhr"),  # a holiday, and a Friday
        ("2026-12-25T19:00", False, "Jetzt geschlossen, öffnet morgen um 10:00 Uhr"),
    ],
)
def test_what_is_open_now_says_until_when_and_what_is_not_when_again(
    moment: str, is_open_then: bool, said: str
) -> None:
    found = opening(POOL, datetime.fromisoformat(moment).replace(tzinfo=BERLIN), None, "de")
    assert found is not None
    assert (found.is_open, found.sentence) == (is_open_then, said)


def test_another_day_is_told_with_its_weekday_and_holiday() -> None:
    now = datetime(2026, 11, 26, 10, tzinfo=BERLIN)
    found = opening(POOL, now, date(2026, 12, 25), "de")
    assert found is not None
    assert found.sentence == "Freitag, 25. Dezember 2026 (1. Weihnachtstag): 10:00–18:00 Uhr"
    assert len(found.week) == 7
    english = opening(POOL, now, date(2026, 12, 1), "en")
    assert english is not None
    assert english.sentence == "Tuesday, 1 December 2026: closed"


def test_a_season_that_is_over_names_no_day_and_words_stay_words() -> None:
    now = datetime(2026, 11, 26, 10, tzinfo=BERLIN)
    over, asked = opening("May-Sep 10:00-20:00", now, None, "de"), opening('"nach Vereinbarung"', now, None, "de")
    assert over is not None
    assert asked is not None
    assert (over.is_open, over.sentence) == (False, "Geschlossen")
    assert (asked.is_open, asked.sentence) == (None, "nach Vereinbarung")
    assert opening("Mo-Fr irgendwann", now, None, "de") is None
    assert not is_open("Mo-Fr irgendwann", now)
