"""How long a participation must last, and what is wrong with a period; for each kind, as `arten` tells it. Pure.

A draft is public for a month, and at least 30 days (BauGB § 3 Abs. 2 as since 7 July 2023). Two ways of counting meet:

* The Gemeinsame Senat counts the first day (6.7.1972, GmS-OGB 2/71; §§ 187 Abs. 2, 188 Abs. 2 Alt. 2 BGB): from the
  18th to the 17th. What is shorter is too short by any reading, and the plan may fall for it.
* That was said of paper, laid out when the office opened. A page on the internet goes public at some hour of its day,
  and then that day does not count (§§ 187 Abs. 1, 188 Abs. 2 Alt. 1 BGB): from the 18th to the 18th. If that is no
  working day, the period ends with the next one (§ 31 Abs. 3 HVwVfG, § 193 BGB).

The first is what we refuse to go below, the second what we recommend: it is never too short, and it is what people
expect who read "one month". Before 2023 the announcement had to come a week ahead; now it must come before the period
begins (§ 3 Abs. 2 Satz 4). A week is still good practice, so less is told and not refused.

Authorities have a month, and at least 30 days, to answer (§ 4 Abs. 2 Satz 3): for them only the second holds. For what
is early (§ 3 Abs. 1, § 4 Abs. 1) no law names a period, in the simplified procedure it is to be appropriate (§ 13
Abs. 2 Satz 1 Nr. 2 and 3), and in the accelerated one the Gemeinde names it (§ 13a Abs. 3 Satz 1 Nr. 2); what is very
short is told.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from geoportal.feiertage import feiertage, is_werktag, naechster_werktag
from geoportal.participation.arten import Art, Monat
from plans_ingest import codelists
from plans_ingest.model import Planwerk

LEAST_DAYS: Final = 30
LONGEST_DAYS: Final = 366
_GOOD_NOTICE: Final = 7  # days
_EARLY_DAYS: Final = 14  # below which nobody has the time to hear of it, read, and speak
_ACCELERATED: Final = 3000  # BP_Verfahren: § 13a
_WOCHENTAGE: Final = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


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
    """`beginn` and `ende` belong to the period. `bekanntmachung`: when the public notice appears, or the letter to the
    authorities goes out. `grund`: why what is held once more is shorter than a month.
    """

    art: Art
    beginn: date
    ende: date
    bekanntmachung: date
    grund: str = ""

    @property
    def tage(self) -> int:
        """Both days counted, as a citizen does."""
        return (self.ende - self.beginn).days + 1


def kuerzestes_ende(beginn: date, monat: Monat = Monat.AB_ERSTEM_TAG) -> date:
    """The earliest last day that holds by any reading; no day is moved."""
    if monat is Monat.KEINER:
        return beginn
    month = _month_later(beginn)
    if monat is Monat.NACH_ERSTEM_TAG:
        return max(month, beginn + timedelta(days=LEAST_DAYS))
    # § 188 Abs. 3 BGB: where the month has no such day, it ends with its last one
    last = month if month.day < beginn.day else month - timedelta(days=1)
    return max(last, beginn + timedelta(days=LEAST_DAYS - 1))


def sicheres_ende(beginn: date) -> date:
    """The last day that is right by every reading, and for every kind: the first day does not count, and the last is a
    working day.
    """
    return naechster_werktag(max(_month_later(beginn), beginn + timedelta(days=LEAST_DAYS)))


def hinweise(frist: Frist, today: date) -> tuple[Hinweis, ...]:
    """What is wrong with the period when it is to be announced today."""
    return tuple(_hinweise(frist, today))


def passend(art: Art, planwerk: Planwerk, verfahren: int | None) -> tuple[Hinweis, ...]:
    """What is wrong with a kind for a plan; `verfahren` is the code of its procedure, None where none is told."""
    return tuple(_passend(art, planwerk, verfahren))


def is_announceable(found: tuple[Hinweis, ...]) -> bool:
    return all(each.schwere is not Schwere.ERROR for each in found)


def is_last_day(art: Art, day: date) -> bool:
    """Whether a period of that kind may end on the day; where the law names none, on any."""
    return art.regel.monat is Monat.KEINER or is_werktag(day)


def wochentag(day: date) -> str:
    """`Samstag`, or the name of the public holiday."""
    return feiertage(day.year).get(day) or _WOCHENTAGE[day.weekday()]


def _hinweise(frist: Frist, today: date) -> Iterator[Hinweis]:
    beginn, ende, regel = frist.beginn, frist.ende, frist.art.regel
    if beginn < today and regel.is_public:  # a letter to the authorities is sent without us, and may have been
        yield _error("Der Beginn liegt in der Vergangenheit: so lange steht der Entwurf noch nicht im Internet.")
    if ende < beginn:
        yield _error("Das Ende liegt vor dem Beginn.")
        return
    if frist.tage > LONGEST_DAYS:
        yield _error("Die Frist ist länger als ein Jahr; bitte die Daten prüfen.")
    yield from _too_short(frist)
    if not is_last_day(frist.art, ende):
        besser = naechster_werktag(ende)
        yield _error(
            f"Der letzte Tag ist ein Tag ohne Dienst ({wochentag(ende)}, {_day(ende)}). Bitte {wochentag(besser)}, "
            f"{_day(besser)}, nehmen (§ 31 Abs. 3 HVwVfG, § 193 BGB)."
        )
    yield from _too_late(frist)


def _passend(art: Art, planwerk: Planwerk, verfahren: int | None) -> Iterator[Hinweis]:
    if not art.regel.is_accelerated:
        return
    if planwerk is not Planwerk.BEBAUUNGSPLAN:
        yield _error(
            f"„{art.regel.name}“ gibt es nur zu einem Bebauungsplan der Innenentwicklung ({art.regel.norm}); "
            "hier passt die frühzeitige Beteiligung (§ 3 Abs. 1 BauGB)."
        )
    elif verfahren is None:
        yield _warning(
            "Im Plan steht nicht, nach welchem Verfahren er aufgestellt wird. Diese Art gibt es nur im beschleunigten "
            "(§ 13a BauGB): Bitte tragen Sie es mit der nächsten Fassung nach."
        )
    elif verfahren != _ACCELERATED:
        told = codelists.label("BP_Verfahren", verfahren) or str(verfahren)
        yield _error(
            f"Im Plan steht ein anderes Verfahren ({told}). „{art.regel.name}“ gibt es nur im beschleunigten "
            f"({art.regel.norm}); sonst passt die frühzeitige Beteiligung (§ 3 Abs. 1 BauGB)."
        )


def _too_late(frist: Frist) -> Iterator[Hinweis]:
    """Whether who shall take part is told in time."""
    regel, notice = frist.art.regel, (frist.beginn - frist.bekanntmachung).days
    if not regel.is_public:
        if notice < 0:
            yield _error(
                f"Das Schreiben an die Behörden muss spätestens am ersten Tag hinausgehen ({_day(frist.beginn)}): "
                f"Die Frist läuft ab der Mitteilung ({regel.norm})."
            )
    elif not regel.is_announced_before:
        if notice < 0:
            yield _error(
                f"Die Bekanntmachung muss spätestens am ersten Tag erscheinen ({_day(frist.beginn)}): "
                f"Wer nichts davon weiß, kann sich nicht äußern ({regel.norm})."
            )
    elif notice < 1:
        yield _error(
            "Die Bekanntmachung muss vor dem Beginn der Frist erscheinen (§ 3 Abs. 2 Satz 4 BauGB), "
            f"also spätestens am {_day(frist.beginn - timedelta(days=1))}."
        )
    elif notice < _GOOD_NOTICE:
        yield _warning(
            "Zwischen Bekanntmachung und Beginn liegt weniger als eine Woche. Seit 2023 ist das erlaubt; "
            "eine Woche hilft denen, die planen müssen."
        )


def _too_short(frist: Frist) -> Iterator[Hinweis]:
    regel = frist.art.regel
    if regel.monat is Monat.KEINER:
        if frist.tage < _EARLY_DAYS:
            law = (
                "verlangt eine angemessene Frist"
                if regel.is_simplified
                else "überlässt die Länge der Frist der Gemeinde"
                if regel.is_accelerated
                else "nennt hier keine Frist"
            )
            yield _warning(
                f"{frist.tage} Tage sind wenig. Das Gesetz {law} ({regel.norm}), und wer sich äußern soll, muss davon "
                "erfahren und lesen können; zwei bis vier Wochen sind üblich."
            )
        return
    least, safe = kuerzestes_ende(frist.beginn, regel.monat), sicheres_ende(frist.beginn)
    if frist.ende >= safe:
        return
    if frist.ende >= least and regel.monat is Monat.AB_ERSTEM_TAG:
        yield _warning(
            f"Die Frist reicht nur, wenn ihr erster Tag mitzählt (GmS-OGB 2/71). Sicher ist der {_day(safe)}: "
            "die Seite im Internet geht im Lauf des ersten Tages online, dann zählt er nicht (§ 187 Abs. 1 BGB)."
        )
    elif frist.ende >= least:
        return  # its last day is no working day, which is told already
    elif not regel.is_shorter:
        yield _error(
            f"Die Frist ist zu kurz: {frist.tage} Tage. Nötig ist ein Monat, mindestens 30 Tage ({regel.norm}), "
            f"also frühestens bis {_day(least)}; sicher ist der {_day(safe)}."
        )
    elif frist.grund.strip():
        yield _warning(
            f"Die Frist ist kürzer als ein Monat ({frist.tage} Tage). Nach einer Änderung soll sie das sein, wenn sie "
            "angemessen bleibt (§ 4a Abs. 3 Satz 3 BauGB); der Grund steht im Protokoll."
        )
    else:
        yield _error(
            f"Die Frist ist kürzer als ein Monat ({frist.tage} Tage). Nach einer Änderung soll sie das sein, aber "
            "angemessen (§ 4a Abs. 3 Satz 3 BauGB): Bitte schreiben Sie dazu, warum diese Dauer reicht."
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
