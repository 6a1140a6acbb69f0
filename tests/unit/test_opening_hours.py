"""Opening hours are understood as they are meant, or refused."""

from datetime import UTC, date, datetime

import pytest

from geoportal.opening_hours import OpeningHoursError, parse

POOL = "May 15-Sep 15: Mo-Su,PH 10:00-20:00; Jul 10 off"
OFFICE = 'Mo-We 08:00-12:00, 14:00-16:00; Fr 08:00-12:00; PH off; 2026 Dec 23-Jan 2 "nach Vereinbarung"'

SCHOOL = "Mo-Fr 15:00-20:00; SH Mo-Fr 09:00-20:00"


def spoken(text: str, day: str) -> list[str]:
    return [f"{each.start:%H:%M}-{each.end:%H:%M}" for each in parse(text).on(date.fromisoformat(day))]


@pytest.mark.parametrize(
    ("text", "day", "open_at"),
    [
        ("24/7", "2026-11-16", ["00:00-00:00"]),
        (POOL, "2026-05-14", []),
        (POOL, "2026-05-15", ["10:00-20:00"]),
        (POOL, "2026-07-10", []),
        (POOL, "2026-09-16", []),
        (OFFICE, "2026-11-16", ["08:00-12:00", "14:00-16:00"]),  # a Monday
        (OFFICE, "2026-11-19", []),  # a Thursday, of which nobody speaks
        (OFFICE, "2026-11-20", ["08:00-12:00"]),
        (OFFICE, "2026-06-04", []),  # Fronleichnam
        ("Nov-Feb Sa-Mo 09:00-10:00", "2027-01-03", ["09:00-10:00"]),  # over the year's and the week's end
        ("Nov-Feb Sa-Mo 09:00-10:00", "2027-03-07", []),
        ("Fr 18:00-02:00", "2026-11-20", ["18:00-02:00"]),
        ("May-Sep 10:00-20:00", "2026-09-30", ["10:00-20:00"]),  # an hour, and no day of September
        (SCHOOL, "2026-10-06", ["09:00-20:00"]),  # a Tuesday in the autumn holidays
        (SCHOOL, "2026-10-20", ["15:00-20:00"]),
        (SCHOOL, "2026-10-10", []),
        (SCHOOL, "2031-10-07", []),  # of which nobody knows yet
        ("2026 Mo 09:00-10:00", "2027-11-15", []),
    ],
)
def test_a_day_is_open_as_its_last_rule_says(text: str, day: str, open_at: list[str]) -> None:
    assert spoken(text, day) == open_at


def test_open_now_counts_in_local_time_and_over_midnight() -> None:
    hours = parse("Fr 18:00-02:00")
    assert hours.is_open(datetime(2026, 11, 20, 17, 30, tzinfo=UTC))  # 18:30 in Marburg
    assert not hours.is_open(datetime(2026, 11, 20, 16, 30, tzinfo=UTC))
    assert hours.is_open(datetime(2026, 11, 21, 1, 59))  # noqa: DTZ001 - local
    assert not hours.is_open(datetime(2026, 11, 21, 2, 0))  # noqa: DTZ001


def test_what_is_not_open_but_said_is_told() -> None:
    assert parse(OFFICE).comment(date(2026, 12, 28)) == "nach Vereinbarung"
    assert spoken(OFFICE, "2026-12-28") == []
    assert "noch nicht feststehen" in str(parse(SCHOOL).comment(date(2031, 10, 7)))


@pytest.mark.parametrize(
    "text",
    [
        "", "nach Absprache", "Mo-Fr", "Mo[1] 08:00-12:00", "Mo 8-12", "Mo 25:61-26:00", "SHMo off", "Feb 30 off",
        "Mo-Fr 08:00-12:00 We off", "sunrise-sunset", "Mo-Fr 08:00+", "PH-Fr 08:00-12:00",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(OpeningHoursError):
        parse(text)
