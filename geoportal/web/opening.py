"""Opening hours in words: whether it is open now, or when it is on another day. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from geoportal.feiertage import feiertage
from geoportal.hier import Language
from geoportal.opening_hours import BERLIN, Interval, OpeningHours, OpeningHoursError, parse
from geoportal.web.words import long_date

_WEEKDAYS: Final = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_AHEAD: Final = 14  # days in which the next opening is looked for


@dataclass(frozen=True, slots=True)
class Opening:
    """`is_open` is None when the hours do not say it. `week`: the coming seven days, each with its hours."""

    is_open: bool | None
    sentence: str
    week: tuple[tuple[str, str], ...]


def opening(hours: str, moment: datetime, day: date | None, language: Language) -> Opening | None:
    """Of hours in the notation of OpenStreetMap at this moment, or on another day; None if they are not understood."""
    try:
        read = parse(hours)
    except OpeningHoursError:
        return None
    here = moment.astimezone(BERLIN).replace(tzinfo=None)
    first = day or here.date()
    week = tuple(
        (_named(each, language), _hours(read, each, language))
        for each in (first + timedelta(days=step) for step in range(7))
    )
    if day is not None and day != here.date():
        return Opening(bool(read.on(day)) or None, f"{_named(day, language)}: {_hours(read, day, language)}", week)
    return Opening(*_now(read, here, language), week)


def is_open(hours: object, moment: datetime) -> bool:
    """Now; hours that nobody understands are not open."""
    try:
        return isinstance(hours, str) and parse(hours).is_open(moment)
    except OpeningHoursError:
        return False


def _now(hours: OpeningHours, here: datetime, language: Language) -> tuple[bool | None, str]:
    english = language == "en"
    days = (here.date() - timedelta(days=1), here.date())
    running = next((span for each in days for span in hours.on(each) if span.start <= here < span.end), None)
    if running is not None:
        if running.end - running.start >= timedelta(days=1):
            return True, "Open all day" if english else "Jetzt geöffnet, den ganzen Tag"
        return (
            True,
            f"Open now, until {running.end:%H:%M}" if english else f"Jetzt geöffnet, bis {running.end:%H:%M} Uhr",
        )
    if (comment := hours.comment(here.date())) is not None:
        return None, comment
    coming = _next(hours, here)
    if coming is None:
        return False, "Closed" if english else "Geschlossen"
    at = _when(coming, here, language)
    return False, f"Closed, opens {at}" if english else f"Jetzt geschlossen, öffnet {at}"


def _next(hours: OpeningHours, here: datetime) -> Interval | None:
    days = (here.date() + timedelta(days=step) for step in range(_AHEAD))
    return next((span for each in days for span in hours.on(each) if span.start > here), None)


def _when(span: Interval, here: datetime, language: Language) -> str:
    english = language == "en"
    clock = f"at {span.start:%H:%M}" if english else f"um {span.start:%H:%M} Uhr"
    match (span.start.date() - here.date()).days:
        case 0:
            return f"today {clock}" if english else f"heute {clock}"
        case 1:
            return f"tomorrow {clock}" if english else f"morgen {clock}"
        case days if days < 7:
            name = _WEEKDAYS[language][span.start.weekday()]
            return f"on {name} {clock}" if english else f"am {name} {clock}"
        case _:
            day = long_date(span.start.date(), language)
            return f"on {day} {clock}" if english else f"am {day} {clock}"


def _hours(hours: OpeningHours, day: date, language: Language) -> str:
    english = language == "en"
    spans = hours.on(day)
    if not spans:
        return hours.comment(day) or ("closed" if english else "geschlossen")
    if any(span.end - span.start >= timedelta(days=1) for span in spans):
        return "all day" if english else "den ganzen Tag"
    told = ", ".join(f"{span.start:%H:%M}–{span.end:%H:%M}" for span in spans)
    return told if english else f"{told} Uhr"


def _named(day: date, language: Language) -> str:
    """'Freitag, 25. Dezember 2026 (1. Weihnachtstag)'."""
    holiday = feiertage(day.year).get(day)
    told = f"{_WEEKDAYS[language][day.weekday()]}, {long_date(day, language)}"
    return f"{told} ({holiday})" if holiday else told
