"""The symbols after PlanZV: whatever a plan may hold has one, and each is drawn with forms that exist."""

from geoportal.cartography import planzeichen
from geoportal.cartography.model import Dimension, Marks, Pattern, Symbol
from geoportal.settings import CHECKOUT
from plans_ingest import codelists

# No objects with a place of their own, or drawn with the symbol of the object that they stand for.
NOT_DRAWN = (
    "_Plan", "_Bereich", "_RasterplanAenderung", "_TextAbschnitt", "_BegruendungAbschnitt", "_Praesentationsobjekt",
    "_Rasterdarstellung", "_RasterplanBasis", "XP_PPO",
)  # fmt: skip
FORMS = {
    file.stem for file in (CHECKOUT / "geoportal/cartography/formen").glob("*.svg") if not file.stem.startswith("icon-")
}


def test_every_class_of_a_plan_has_a_symbol() -> None:
    klassen = {klasse for version in codelists.VERSIONS for klasse in codelists.classes(version)}
    expected = {klasse for klasse in klassen if not klasse.endswith(NOT_DRAWN)}
    assert {row.klasse for row in planzeichen.assignments()} == expected
    without_other_code = expected - {row.klasse for row in planzeichen.assignments() if row.art == ""}
    assert without_other_code == set()


def test_the_longest_code_that_fits_decides() -> None:
    found = {row[:2]: row.planzeichen for row in planzeichen.assignments()}
    assert found["BP_GemeinbedarfsFlaeche", "12001"] == "schule"
    assert found["BP_GemeinbedarfsFlaeche", ""] == "gemeinbedarf"
    assert found["FP_Strassenverkehr", "14009"] == "verkehr_besonderer_zweck"


def test_a_code_that_means_two_things_is_told_apart() -> None:
    found = {row[:2]: row.planzeichen for row in planzeichen.assignments()}
    assert found["FP_BebauungsFlaeche", "2000"] == "gemischte_bauflaeche"
    assert found["FP_BebauungsFlaeche", "2000b"] == "sonderbauflaeche"


def test_every_form_is_there_and_drawn_somewhere() -> None:
    rules = [*planzeichen.rules("BP"), planzeichen.outline("BP")]
    parts = [part for rule in rules for dimension in Dimension for part in rule.drawn(dimension)]
    assert {part.form for part in parts if isinstance(part, Marks | Pattern | Symbol)} == FORMS


def test_a_sheet_of_a_flaechennutzungsplan_has_another_scale() -> None:
    [bp] = [rule for rule in planzeichen.rules("BP") if rule.id == "BP.wald"]
    [fp] = [rule for rule in planzeichen.rules("FP") if rule.id == "FP.wald"]
    assert (bp.sheet, fp.sheet) == (1000, 10_000)
    assert bp.parts == fp.parts
