"""Public holidays of Hesse, and how long a draft must be public."""

from datetime import date, timedelta

import pytest

from geoportal.feiertage import feiertage, is_werktag, naechster_werktag
from geoportal.participation.arten import Art, Monat
from geoportal.participation.fristen import (
    Frist,
    Schwere,
    hinweise,
    is_announceable,
    kuerzestes_ende,
    passend,
    sicheres_ende,
)
from plans_ingest.model import Planwerk

# Easter Sundays as calendars print them; the earliest and the latest of the century are among them.
EASTER = [
    date(1990, 4, 15), date(1995, 4, 16), date(2000, 4, 23), date(2005, 3, 27), date(2008, 3, 23), date(2011, 4, 24),
    date(2016, 3, 27), date(2019, 4, 21), date(2020, 4, 12), date(2021, 4, 4), date(2022, 4, 17), date(2023, 4, 9),
    date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2028, 4, 16), date(2029, 4, 1),
    date(2030, 4, 21), date(2035, 3, 25), date(2038, 4, 25), date(2049, 4, 18), date(2076, 4, 19), date(2100, 3, 28),
]  # fmt: skip


@pytest.mark.parametrize("easter", EASTER, ids=str)
def test_what_moves_moves_with_easter(easter: date) -> None:
    moved = {easter + timedelta(days=after) for after in (-2, 1, 39, 50, 60)}
    fixed = {(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)}
    assert {day for day in feiertage(easter.year) if (day.month, day.day) not in fixed} == moved - {
        date(easter.year, *day) for day in fixed
    }


def test_hesse_keeps_ten_holidays() -> None:
    days = {(1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (6, 4), (10, 3), (12, 25), (12, 26)}
    assert set(feiertage(2026)) == {date(2026, month, day) for month, day in days}


def test_the_reformation_was_kept_once() -> None:
    assert not is_werktag(date(2017, 10, 31))
    assert is_werktag(date(2018, 10, 31))


def test_ascension_may_fall_on_the_first_of_may() -> None:
    assert len(feiertage(2008)) == 9
    assert not is_werktag(date(2008, 5, 1))


def test_the_next_working_day_lies_behind_christmas() -> None:
    assert naechster_werktag(date(2026, 12, 25)) == date(2026, 12, 28)  # Friday, Boxing Day, Sunday
    assert naechster_werktag(date(2026, 11, 26)) == date(2026, 11, 26)


@pytest.mark.parametrize(
    ("beginn", "least", "safe"),
    [
        # GmS-OGB 2/71 decided on this very period: 24 May to 23 June
        (date(1965, 5, 24), date(1965, 6, 23), date(1965, 6, 24)),
        (date(2026, 11, 18), date(2026, 12, 17), date(2026, 12, 18)),
        # February is shorter than thirty days, so these count
        (date(2026, 2, 2), date(2026, 3, 3), date(2026, 3, 4)),
        (date(2026, 1, 31), date(2026, 3, 1), date(2026, 3, 2)),
        (date(2028, 1, 30), date(2028, 2, 29), date(2028, 2, 29)),
        # the 31st of a month that has none: § 188 Abs. 3 BGB
        (date(2026, 8, 31), date(2026, 9, 30), date(2026, 9, 30)),
        (date(2026, 12, 31), date(2027, 1, 30), date(2027, 2, 1)),
        # Good Friday and Easter lie at the end
        (date(2026, 3, 3), date(2026, 4, 2), date(2026, 4, 7)),
        (date(2026, 11, 25), date(2026, 12, 24), date(2026, 12, 28)),
    ],
)
def test_a_month_and_at_least_thirty_days(beginn: date, least: date, safe: date) -> None:
    assert kuerzestes_ende(beginn) == least
    assert sicheres_ende(beginn) == safe


def test_no_day_of_a_century_breaks_the_rule() -> None:
    day = date(2000, 1, 1)
    while day < date(2100, 1, 1):
        least, safe = kuerzestes_ende(day), sicheres_ende(day)
        assert (least - day).days + 1 >= 30
        assert least <= safe <= day + timedelta(days=38)
        assert is_werktag(safe)
        day += timedelta(days=1)


def period(**changes: object) -> Frist:
    values: dict[str, object] = {
        "art": Art.VEROEFFENTLICHUNG, "beginn": date(2026, 11, 18), "ende": date(2026, 12, 18),
        "bekanntmachung": date(2026, 11, 10),
    }  # fmt: skip
    return Frist(**(values | changes))  # type: ignore[arg-type]  # the names are those of the fields


TODAY = date(2026, 11, 10)


def test_a_good_period_has_nothing_wrong() -> None:
    assert hinweise(period(), TODAY) == ()


@pytest.mark.parametrize(
    ("changes", "schwere", "words"),
    [
        ({"ende": date(2026, 12, 16)}, Schwere.ERROR, "frühestens bis 17.12.2026"),
        ({"ende": date(2026, 12, 17)}, Schwere.WARNING, "Sicher ist der 18.12.2026"),
        ({"ende": date(2026, 12, 19)}, Schwere.ERROR, "Samstag"),
        ({"ende": date(2026, 12, 25)}, Schwere.ERROR, "1. Weihnachtstag"),
        ({"ende": date(2026, 11, 17)}, Schwere.ERROR, "vor dem Beginn"),
        ({"ende": date(2027, 12, 1)}, Schwere.ERROR, "länger als ein Jahr"),
        ({"bekanntmachung": date(2026, 11, 18)}, Schwere.ERROR, "spätestens am 17.11.2026"),
        ({"bekanntmachung": date(2026, 11, 14)}, Schwere.WARNING, "weniger als eine Woche"),
        ({"art": Art.ERNEUT, "ende": date(2026, 12, 2)}, Schwere.ERROR, "warum diese Dauer reicht"),
        ({"art": Art.ERNEUT, "ende": date(2026, 12, 2), "grund": "nur die Höhe"}, Schwere.WARNING, "angemessen"),
        # what is early has no period by law
        ({"art": Art.FRUEHZEITIG, "ende": date(2026, 11, 24)}, Schwere.WARNING, "§ 3 Abs. 1 BauGB"),
        ({"art": Art.BEHOERDEN_FRUEHZEITIG, "ende": date(2026, 11, 24)}, Schwere.WARNING, "§ 4 Abs. 1 BauGB"),
        # in the simplified procedure it is to be appropriate
        ({"art": Art.BETROFFENE, "ende": date(2026, 11, 24)}, Schwere.WARNING, "eine angemessene Frist (§ 13 Abs. 2"),
        ({"art": Art.BEHOERDEN_BERUEHRT, "ende": date(2026, 11, 24)}, Schwere.WARNING, "Satz 1 Nr. 3 BauGB"),
        # in the accelerated one the Gemeinde names it
        ({"art": Art.UNTERRICHTUNG, "ende": date(2026, 11, 24)}, Schwere.WARNING, "überlässt die Länge der Frist der"),
        ({"art": Art.UNTERRICHTUNG, "bekanntmachung": date(2026, 11, 19)}, Schwere.ERROR, "§ 13a Abs. 3 Satz 1 Nr. 2"),
        ({"art": Art.FRUEHZEITIG, "bekanntmachung": date(2026, 11, 19)}, Schwere.ERROR, "spätestens am ersten Tag"),
        # authorities have the month after the day on which they were asked
        ({"art": Art.BEHOERDEN, "ende": date(2026, 12, 17)}, Schwere.ERROR, "frühestens bis 18.12.2026"),
        ({"art": Art.BEHOERDEN, "bekanntmachung": date(2026, 11, 19)}, Schwere.ERROR, "Schreiben an die Behörden"),
        ({"art": Art.BEHOERDEN_ERNEUT, "ende": date(2026, 12, 2)}, Schwere.ERROR, "warum diese Dauer reicht"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, object], schwere: Schwere, words: str) -> None:
    [found] = hinweise(period(**changes), TODAY)
    assert found.schwere is schwere
    assert words in found.text
    assert is_announceable((found,)) == (schwere is Schwere.WARNING)


@pytest.mark.parametrize(
    "changes",
    [
        # a Saturday, and the notice on the first day: the law asks for neither
        {"art": Art.FRUEHZEITIG, "ende": date(2026, 12, 5), "bekanntmachung": date(2026, 11, 18)},
        {"art": Art.UNTERRICHTUNG, "ende": date(2026, 12, 5), "bekanntmachung": date(2026, 11, 18)},
        {"art": Art.BETROFFENE, "ende": date(2026, 12, 5), "bekanntmachung": date(2026, 11, 18)},
        {"art": Art.BEHOERDEN, "bekanntmachung": date(2026, 11, 18)},
        # a letter may have gone out before anybody writes it down here
        {"art": Art.BEHOERDEN, "beginn": date(2026, 11, 2), "bekanntmachung": date(2026, 11, 2)},
    ],
)
def test_each_kind_is_held_against_its_own_clause(changes: dict[str, object]) -> None:
    assert hinweise(period(**changes), TODAY) == ()


def test_authorities_never_have_less_than_thirty_days_after_they_were_asked() -> None:
    assert kuerzestes_ende(date(2026, 2, 2), Monat.NACH_ERSTEM_TAG) == date(2026, 3, 4)
    assert kuerzestes_ende(date(2026, 8, 31), Monat.NACH_ERSTEM_TAG) == date(2026, 9, 30)
    assert kuerzestes_ende(date(2026, 11, 18), Monat.KEINER) == date(2026, 11, 18)


def test_what_has_begun_cannot_be_announced() -> None:
    assert not is_announceable(hinweise(period(), date(2026, 11, 19)))


@pytest.mark.parametrize(
    ("planwerk", "verfahren", "schwere", "words"),
    [
        (Planwerk.FLAECHENNUTZUNGSPLAN, None, Schwere.ERROR, "nur zu einem Bebauungsplan"),
        (Planwerk.FLAECHENNUTZUNGSPLAN, 3000, Schwere.ERROR, "nur zu einem Bebauungsplan"),
        (Planwerk.BEBAUUNGSPLAN, 1000, Schwere.ERROR, "ein anderes Verfahren"),
        (Planwerk.BEBAUUNGSPLAN, 2000, Schwere.ERROR, "Paragraph 13)"),
        (Planwerk.BEBAUUNGSPLAN, 4000, Schwere.ERROR, "Paragraph 13b"),
        (Planwerk.BEBAUUNGSPLAN, None, Schwere.WARNING, "steht nicht, nach welchem Verfahren"),
    ],
)
def test_what_the_accelerated_procedure_knows_fits_no_other(
    planwerk: Planwerk, verfahren: int | None, schwere: Schwere, words: str
) -> None:
    [found] = passend(Art.UNTERRICHTUNG, planwerk, verfahren)
    assert found.schwere is schwere
    assert words in found.text
    assert passend(Art.FRUEHZEITIG, planwerk, verfahren) == ()


def test_what_the_accelerated_procedure_knows_fits_it() -> None:
    assert passend(Art.UNTERRICHTUNG, Planwerk.BEBAUUNGSPLAN, 3000) == ()
