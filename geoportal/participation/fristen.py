"""How long a draft must be public, and what is wrong with a period (BauGB § 3 Abs. 2 as since 7 July 2023). Pure.

A month, and at least 30 days. Two ways of counting meet here:

* The Gemeinsame Senat counts the first day (6.7.1972, GmS-OGB 2/71; §§ 187 Abs. 2, 188 Abs. 2 Alt. 2 BGB): from the
  18th to the 17th. What is shorter is too short by any reading, and the plan may fall for it.
* That was said of paper, laid out when the office opened. A page on the internet goes public at some hour of its day,
  and then that day does not count (§§ 187 Abs. 1, 188 Abs. 2 Alt. 1 BGB): from the 18th to the 18th. If that is no
  working day, the period ends with the next one (§ 31 Abs. 3 HVwVfG, § 193 BGB).

The first is what we refuse to go below, the second what we recommend: it is never too short, and it is what people
expect who read "one month". Before 2023 the announcement had to come a week ahead; now it must come before the period
begins (§ 3 Abs. 2 Satz 4). A week is still good practice, so less is told and not refused.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from geoportal.feiertage import feiertage, is_werktag, naechster_werktag

LEAST_DAYS: Final = 30
LONGEST_DAYS: Final = 366
_GOOD_NOTICE: Final = 7  # days
_WOCHENTAGE: Final = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


class Art(StrEnum):
    """`erneut`: once more after a change of the draft, for which a shorter period may do (§ 4a Abs. 3 BauGB)."""

    VEROEFFENTLICHUNG = "veroeffentlichung"
    ERNEUT = "erneut"


class Schwere(StrEnum):
    """`error`: the period cannot be announced like that. `warning`: the Gemeinde decides."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Hinweis:
    """What is wrong with a period, and how to mend it."""

    schwere: Schwere
    text: str


@dataclass(frozen=True, slots=True)
class Frist:
    """`beginn` and `ende` belong to the period. `grund`: why an `erneut` one is shorter than a month."""

    art: Art
    beginn: date
    ende: date
    bekanntmachung: date
    grund: str = ""

    @property
    def tage(self) -> int:
        """Both days counted, as a citizen does."""
        return (self.ende - self.beginn).days + 1


def kuerzestes_ende(beginn: date) -> date:
    """The earliest last day that any court has accepted: the first day counts, no day is moved."""
    month = _month_later(beginn)
    # § 188 Abs. 3 BGB: where the month has no such day, it ends with its last one
    last = month if month.day < beginn.day else month - timedelta(days=1)
    return max(last, beginn + timedelta(days=LEAST_DAYS - 1))


def sicheres_ende(beginn: date) -> date:
    """The last day that is right by every reading: the first day does not count, and the last is a working day."""
    return naechster_werktag(max(_month_later(beginn), beginn + timedelta(days=LEAST_DAYS)))


def hinweise(frist: Frist, today: date) -> tuple[Hinweis, ...]:
    """What is wrong with the period when it is to be announced today."""
    return tuple(_hinweise(frist, today))


def is_announceable(found: tuple[Hinweis, ...]) -> bool:
    return all(each.schwere is not Schwere.ERROR for each in found)


def wochentag(day: date) -> str:
    """`Samstag`, or the name of the public holiday."""
    return feiertage(day.year).get(day) or _WOCHENTAGE[day.weekday()]


def _hinweise(frist: Frist, today: date) -> Iterator[Hinweis]:
    beginn, ende = frist.beginn, frist.ende
    if beginn < today:
        yield _error("Der Beginn liegt in der Vergangenheit: so lange steht der Entwurf noch nicht im Internet.")
    if ende < beginn:
        yield _error("Das Ende liegt vor dem Beginn.")
        return
    if frist.tage > LONGEST_DAYS:
        yield _error("Die Frist ist länger als ein Jahr; bitte die Daten prüfen.")
    yield from _too_short(frist)
    if not is_werktag(ende):
        besser = naechster_werktag(ende)
        yield _error(
            f"Der letzte Tag ist ein Tag ohne Dienst ({wochentag(ende)}, {_day(ende)}). Bitte {wochentag(besser)}, "
            f"{_day(besser)}, nehmen (§ 31 Abs. 3 HVwVfG, § 193 BGB)."
        )
    if frist.bekanntmachung >= beginn:
        yield _error(
            "Die Bekanntmachung muss vor dem Beginn der Frist erscheinen (§ 3 Abs. 2 Satz 4 BauGB), "
            f"also spätestens am {_day(beginn - timedelta(days=1))}."
        )
    elif (beginn - frist.bekanntmachung).days < _GOOD_NOTICE:
        yield _warning(
            "Zwischen Bekanntmachung und Beginn liegt weniger als eine Woche. Seit 2023 ist das erlaubt; "
            "eine Woche hilft denen, die planen müssen."
        )


def _too_short(frist: Frist) -> Iterator[Hinweis]:
    least, safe = kuerzestes_ende(frist.beginn), sicheres_ende(frist.beginn)
    if frist.ende >= safe:
        return
    if frist.ende >= least:
        yield _warning(
            f"Die Frist reicht nur, wenn ihr erster Tag mitzählt (GmS-OGB 2/71). Sicher ist der {_day(safe)}: "
            "die Seite im Internet geht im Lauf des ersten Tages online, dann zählt er nicht (§ 187 Abs. 1 BGB)."
        )
    elif frist.art is Art.ERNEUT and frist.grund.strip():
        yield _warning(
            f"Die Frist ist kürzer als ein Monat ({frist.tage} Tage). Bei erneuter Beteiligung ist das erlaubt, "
            "wenn sie angemessen bleibt (§ 4a Abs. 3 BauGB); der Grund steht im Protokoll."
        )
    elif frist.art is Art.ERNEUT:
        yield _error("Kürzer als ein Monat geht bei erneuter Beteiligung nur mit Grund (§ 4a Abs. 3 BauGB).")
    else:
        yield _error(
            f"Die Frist ist zu kurz: {frist.tage} Tage. Nötig ist ein Monat, mindestens 30 Tage (§ 3 Abs. 2 Satz 1 "
            f"BauGB), also frühestens bis {_day(least)}; sicher ist der {_day(safe)}."
        )


def _month_later(day: date) -> date:
    """The same day of the next month, or its last one."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _error(text: str) -> Hinweis:
    return Hinweis(Schwere.ERROR, text)


def _warning(text: str) -> Hinweis:
    return Hinweis(Schwere.WARNING, text)


def _day(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"
