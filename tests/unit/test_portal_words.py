"""How the portal's pages say things."""

from datetime import UTC, date, datetime

import pytest

from geoportal.hier import Language
from geoportal.published import Status
from geoportal.web import words
from plans_ingest.model import Planwerk

TODAY = date(2026, 11, 22)


def test_dates_are_german() -> None:
    assert words.long_date(date(2026, 3, 1)) == "1. März 2026"


def test_a_moment_late_in_utc_belongs_to_the_next_german_day() -> None:
    assert words.long_date(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == "1. Juli 2026"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (date(2026, 11, 22), "endet heute"),
        (date(2026, 11, 23), "noch 1 Tag"),
        (date(2026, 12, 18), "noch 26 Tage"),
    ],
)
def test_days_left(end: date, said: str) -> None:
    assert words.days_left(end, TODAY) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(12, "1 kB"), (34_021, "34 kB"), (999_999, "1000 kB"), (1_234_567, "1,2 MB"), (4_999_900_000, "5,0 GB")],
)
def test_file_sizes(size: int, said: str) -> None:
    assert words.file_size(size) == said


@pytest.mark.parametrize(
    ("area", "said"), [(850.4, "850 m²"), (5850, "5.850 m²"), (24_000, "2,4 ha"), (43_900_000, "43,9 km²")]
)
def test_areas(area: float, said: str) -> None:
    assert words.area(area) == said


def test_counts_have_a_singular_and_thousands() -> None:
    said = [words.counted(number, "Plan", "Pläne") for number in (0, 1, 2, 1204)]
    assert said == ["0 Pläne", "1 Plan", "2 Pläne", "1.204 Pläne"]


def test_official_short_forms_become_words() -> None:
    assert words.planart("Einfacher BPlan") == "Einfacher Bebauungsplan"
    assert words.planart("FPlan und Regionalplan") == "Flächennutzungsplan und Regionalplan"


@pytest.mark.parametrize(
    ("art", "schluessel", "said"),
    [
        ("BP_TextAbschnitt", "1.2", "Festsetzung 1.2"),
        ("FP_TextAbschnitt", None, "Darstellung 4"),
        ("BP_BegruendungAbschnitt", "3", "Begründung 3"),
        ("XP_BegruendungAbschnitt", None, "Begründung 4"),
    ],
)
def test_a_number_alone_is_no_name_of_a_text(art: str, schluessel: str | None, said: str) -> None:
    assert words.abschnitt(art, schluessel, 4) == said


def test_a_link_of_unknown_kind_keeps_its_name() -> None:
    assert words.bezug("wurdeGeaendertVonPlan") == "Geändert durch"
    assert words.bezug("ersetzt") == "ersetzt"


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_state_has_words_in_both_languages(language: Language) -> None:
    assert set(words.STATUS[language]) == set(Status)
    assert set(words.PLANWERK[language]) == set(Planwerk)


def test_english_has_its_own_way_with_dates_and_numbers() -> None:
    assert words.long_date(date(2026, 3, 1), "en") == "1 March 2026"
    assert words.days_left(date(2026, 11, 23), TODAY, "en") == "1 day left"
    assert words.area(5850, "en") == "5,850 m²"
    assert words.area(24_000, "en") == "2.4 ha"
    assert words.counted(1204, "plan", "plans", "en") == "1,204 plans"


def test_distances_are_as_exact_as_they_are_useful() -> None:
    assert [words.distance(metres) for metres in (3.4, 84, 370.2, 994, 999, 2840)] == [
        "3 m", "80 m", "370 m", "990 m", "1,0 km", "2,8 km",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("gruppe", "kuerzel", "drawn"),
    [
        ("baugebiet", "WA", "baugebiet-wohnen"),
        ("baugebiet", "MI", "baugebiet-mischen"),
        ("baugebiet", "GE", "baugebiet-gewerbe"),
        ("baugebiet", "SO", "baugebiet-sonder"),
        ("baugebiet", "GRZ", "baugebiet"),
        ("baugebiet", None, "baugebiet"),
        ("verkehr", None, "verkehr"),
        ("neu", None, "sonstiges"),
        (None, None, "sonstiges"),
    ],
)
def test_plan_contents_are_drawn_by_group_and_baugebiete_by_kind(
    gruppe: str | None, kuerzel: str | None, drawn: str
) -> None:
    assert words.drawn_as(gruppe, kuerzel) == drawn
