"""Opening hours in the notation of OpenStreetMap, the part of it that offices and pools need; anything else is refused.

    Mo-Fr 08:00-12:00,14:00-18:00; We off; Sa[1] … is not understood and therefore an error, never a guess
    May-Sep Mo-Su,PH 10:00-20:00; SH Mo-Fr 09:00-20:00; 2026 Dec 24 off; 24/7; PH off; "nach Vereinbarung"

Rules are separated by `;`, and for a day the last one that names it holds. A rule is: dates (months, days of months,
ranges of them, a year before them), then weekdays, PH (public holidays of Hesse) or SH (its school holidays), then
times, `off`, or a comment in quotation marks. A time that ends after midnight belongs to the day on which it begins.

School holidays are known for the years that the state has fixed; of other days a text with SH says nothing.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from geoportal.feiertage import feiertage
from geoportal.schulferien import is_schulferientag

BERLIN: Final = ZoneInfo("Europe/Berlin")
_DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY: Final = rf"(?:{'|'.join(_DAYS)}|PH)"
# not the hour of "May-Sep 10:00-20:00"
_MONTH_DAY: Final = rf"(?:{'|'.join(_MONTHS)})(?: \d{{1,2}}(?!\d|:\d))?"
_MINUTE: Final = r"\d{2}:\d{2}"
_DATES: Final = re.compile(rf"(?:(\d{{4}})(?:-(\d{{4}}))? ?)?({_MONTH_DAY}(?:-(?:{_MONTH_DAY}|\d{{1,2}}))?)?")
_WEEKDAYS: Final = re.compile(rf"{_DAY}(?:-{_DAY})?(?:, ?{_DAY}(?:-{_DAY})?)*")
_TIMES: Final = re.compile(rf"{_MINUTE}-{_MINUTE}(?:, ?{_MINUTE}-{_MINUTE})*")
_MOST: Final = 1000  # characters
_WHOLE_DAY: Final = (0, 24 * 60)


class OpeningHoursError(ValueError):
    """The text is not understood."""


class Interval(NamedTuple):
    """From `start` to before `end`, in local time; `end` may lie on the next day."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class _Rule:
    """`years`, `season` (as (month, day) pairs) and `weekdays` None: any. `minutes` empty: closed."""

    years: tuple[int, int] | None
    season: tuple[tuple[int, int], tuple[int, int]] | None
    weekdays: frozenset[int] | None
    holidays: bool
    school_holidays: bool
    minutes: tuple[tuple[int, int], ...]
    comment: str | None

    def holds(self, day: date) -> bool:
        if self.years and not self.years[0] <= day.year <= self.years[1]:
            return False
        if self.season:
            first, last = self.season
            here = (day.month, day.day)
            if not (first <= here <= last if first <= last else here >= first or here <= last):
                return False
        if self.school_holidays and not is_schulferientag(day):
            return False
        if self.weekdays is None and not self.holidays:
            return True
        if self.holidays and day in feiertage(day.year):
            return True
        return self.weekdays is not None and day.weekday() in self.weekdays


_NOBODY_KNOWS: Final = _Rule(None, None, None, False, False, (), "hängt von Schulferien ab, die noch nicht feststehen")


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Rules that were understood."""

    _rules: tuple[_Rule, ...]

    def on(self, day: date) -> tuple[Interval, ...]:
        """When it is open on that day; empty when it is closed."""
        rule = self._rule(day)
        midnight = datetime.combine(day, time())
        return tuple(
            Interval(midnight + timedelta(minutes=start), midnight + timedelta(minutes=end))
            for start, end in (rule.minutes if rule else ())
        )

    def is_open(self, moment: datetime) -> bool:
        """`moment` with a time zone; or without one, and then local."""
        here = moment.astimezone(BERLIN).replace(tzinfo=None) if moment.tzinfo else moment
        days = (here.date() - timedelta(days=1), here.date())
        return any(interval.start <= here < interval.end for day in days for interval in self.on(day))

    def comment(self, day: date) -> str | None:
        """What the rule for that day says in words, such as "nach Vereinbarung"."""
        rule = self._rule(day)
        return rule.comment if rule else None

    def _rule(self, day: date) -> _Rule | None:
        if is_schulferientag(day) is None and any(rule.school_holidays for rule in self._rules):
            return _NOBODY_KNOWS
        return next((rule for rule in reversed(self._rules) if rule.holds(day)), None)


@cache
def parse(text: str) -> OpeningHours:
    """Raises OpeningHoursError for what is not understood."""
    if len(text) > _MOST:
        raise OpeningHoursError("zu lang / too long")
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        raise OpeningHoursError("leer / empty")
    return OpeningHours(tuple(_rule(part) for part in parts))


def _rule(text: str) -> _Rule:
    rest, comment = text, None
    if found := re.search(r'\s*"([^"]*)"$', rest):
        rest, comment = rest[: found.start()], found[1]
    dates = _DATES.match(rest)
    assert dates  # noqa: S101 - it matches nothing, too
    rest = rest[dates.end() :].lstrip(": ")
    school_holidays = rest == "SH" or rest.startswith("SH ")
    rest = rest.removeprefix("SH").lstrip(": ") if school_holidays else rest
    years = (int(dates[1]), int(dates[2] or dates[1])) if dates[1] else None
    weekdays = _WEEKDAYS.match(rest)
    if weekdays:
        rest = rest[weekdays.end() :].lstrip()
    minutes = tuple(_minutes(rest, text)) if not (comment is not None and not rest) else ()
    return _Rule(
        years=years,
        season=_season(dates[3], text) if dates[3] else None,
        weekdays=_numbers(weekdays[0]) if weekdays else None,
        holidays=bool(weekdays and "PH" in weekdays[0]),
        school_holidays=school_holidays,
        minutes=minutes,
        comment=comment,
    )


def _minutes(text: str, rule: str) -> Iterator[tuple[int, int]]:
    if text in ("off", "closed"):
        return
    if text in ("24/7", "open"):
        yield _WHOLE_DAY
        return
    if not _TIMES.fullmatch(text):
        raise OpeningHoursError(f"nicht verstanden / not understood: {rule}")
    for part in text.split(","):
        start, end = (_minute(each, rule) for each in part.strip().split("-"))
        yield start, end if end > start else end + 24 * 60


def _minute(text: str, rule: str) -> int:
    hours, minutes = map(int, text.split(":"))
    if minutes > 59 or hours > 26 or (hours == 26 and minutes):
        raise OpeningHoursError(f"keine Uhrzeit / no time: {text} in {rule}")
    return hours * 60 + minutes


def _numbers(text: str) -> frozenset[int] | None:
    """Weekdays of "Mo-We, Fr, PH" as 0, 1, 2, 4; "Sa-Mo" goes over the end of the week. None for "PH" alone."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if "PH" in (first, last):
            if last:
                raise OpeningHoursError(f"nicht verstanden / not understood: {part}")
            continue
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        found |= {(start + step) % 7 for step in range((end - start) % 7 + 1)}
    return frozenset(found) if found else None


def _season(text: str, rule: str) -> tuple[tuple[int, int], tuple[int, int]]:
    first, _, last = text.partition("-")
    start = _month_day(first, rule, is_end=False)
    if not last:
        return start, _month_day(first, rule, is_end=True)
    if last.isdecimal():  # "Dec 24-26"
        last = f"{first.split()[0]} {last}"
    return start, _month_day(last, rule, is_end=True)


def _month_day(text: str, rule: str, *, is_end: bool) -> tuple[int, int]:
    month, _, day = text.partition(" ")
    number = _MONTHS.index(month) + 1
    most = calendar.monthrange(2024, number)[1]  # a leap year
    if day and not 1 <= int(day) <= most:
        raise OpeningHoursError(f"kein Tag / no day: {text} in {rule}")
    return number, int(day) if day else most if is_end else 1
