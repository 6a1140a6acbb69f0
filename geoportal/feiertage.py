"""Public holidays of Hesse, and the days on which offices work.

§ 1 Abs. 1 Hessisches Feiertagsgesetz names them; the Sundays, which it names too, are what weekday() says. The 31st of
October 2017 was one by an ordinance of its own (500 years of the Reformation).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final

_MOVABLE: Final = {
    -2: "Karfreitag",
    1: "Ostermontag",
    39: "Christi Himmelfahrt",
    50: "Pfingstmontag",
    60: "Fronleichnam",
}
_FIXED: Final = {
    (1, 1): "Neujahr",
    (5, 1): "Tag der Arbeit",
    (10, 3): "Tag der Deutschen Einheit",
    (12, 25): "1. Weihnachtstag",
    (12, 26): "2. Weihnachtstag",
}
_ONCE: Final = {date(2017, 10, 31): "Reformationstag"}


@cache
def feiertage(year: int) -> Mapping[date, str]:
    """The public holidays of a year from 1990 on, beside the Sundays, with their names."""
    easter = _easter(year)
    days = {easter + timedelta(days=after): name for after, name in _MOVABLE.items()}
    days |= {date(year, *day): name for day, name in _FIXED.items()}
    days |= {day: name for day, name in _ONCE.items() if day.year == year}
    return MappingProxyType(dict(sorted(days.items())))


def is_werktag(day: date) -> bool:
    """In the sense of § 193 BGB: neither Saturday nor Sunday nor public holiday."""
    return day.weekday() < 5 and day not in feiertage(day.year)


def naechster_werktag(day: date) -> date:
    """The day itself where it is one."""
    while not is_werktag(day):
        day += timedelta(days=1)
    return day


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus, Astronomical Algorithms, ch. 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e, f = b // 4, b % 4, (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
