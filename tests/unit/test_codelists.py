import re
import subprocess
import sys
from enum import IntEnum

import pytest

from plans_ingest import codelists
from plans_ingest.codelists import (
    VERSIONS,
    ExterneReferenzTyp,
    Rechtscharakter,
    Rechtsstand,
)

ENUMS = [
    (Rechtsstand, "BP_Rechtsstand"),
    (Rechtscharakter, "XP_Rechtscharakter"),
    (ExterneReferenzTyp, "XP_ExterneReferenzTyp"),
]


@pytest.mark.parametrize(("enum", "enumeration"), ENUMS)
def test_an_enum_has_exactly_the_official_numbers(enum: type[IntEnum], enumeration: str) -> None:
    assert {str(member.value) for member in enum} == set(codelists.codes(enumeration))


def test_fp_rechtsstand_has_no_number_that_bp_lacks() -> None:
    assert set(codelists.codes("FP_Rechtsstand")) < set(codelists.codes("BP_Rechtsstand"))


def test_a_code_is_looked_up_by_text_number_or_enum_member() -> None:
    assert codelists.label("BP_Rechtsstand", "4000") == "In Kraft getreten"
    assert codelists.label("BP_Rechtsstand", Rechtsstand.IN_KRAFT_GETRETEN) == "In Kraft getreten"
    assert codelists.label("FP_Rechtsstand", 4000) == "Wirksamkeit"
    assert codelists.label("XP_ExterneReferenzArt", "PlanMitGeoreferenz") == "Plan mit Georeferenz"


def test_the_short_form_is_what_stands_on_the_plan() -> None:
    assert codelists.kuerzel("XP_BesondereArtDerBaulNutzung", 1200) == "WA"
    assert codelists.kuerzel("BP_PlanArt", 1000) is None


def test_what_the_standard_does_not_know_has_no_label() -> None:
    assert codelists.label("BP_Rechtsstand", 4711) is None
    assert codelists.label("BP_Stimmung", 1000) is None
    assert codelists.kuerzel("BP_Stimmung", 1000) is None
    assert codelists.codes("BP_Stimmung") == {}


def test_a_code_is_valid_in_the_versions_that_publish_it() -> None:
    urbanes_gebiet = ("XP_BesondereArtDerBaulNutzung", 1550)
    assert [version for version in VERSIONS if codelists.is_valid(*urbanes_gebiet, version)] == list(VERSIONS[2:])
    assert not codelists.is_valid(*urbanes_gebiet, "3.0")
    assert not codelists.is_valid("BP_Rechtsstand", 4711, "6.0")


def test_versions_need_not_be_one_run() -> None:
    assert codelists.codes("XP_BedeutungenBereich")["2000"].versions == ("4.0", "4.1", "6.0", "6.1")


def test_a_code_that_changed_its_meaning_says_both() -> None:
    assert codelists.label("SO_KlassifizGewaesser", 2000) == "Fließgewässer (bis Version 5.4: Hafen)"


def test_every_code_has_a_german_label() -> None:
    # What a label looks like that nobody translated: a digraph for an umlaut, two words glued together, an underscore.
    # "ue" is German after a, e and q (Mauer, neu gebaut, Quelle).
    raw = re.compile(r"[aoAO]e|(?<![aeqAEQ])ue|[a-zß][A-ZÄÖÜ]|_")
    known = {"BauNVO", "BPlan", "FPlan", "RPlan", "ISO9613_2"}
    untranslated = {code.label for _, code in codelists.all_codes() if not code.label or raw.search(code.label)}
    assert {label for label in untranslated if not known & set(label.split())} == set()


def test_enumeration_and_code_together_are_unique() -> None:
    keys = [(enumeration, code.code) for enumeration, code in codelists.all_codes()]
    assert len(keys) == len(set(keys)) == 1230


@pytest.mark.parametrize(
    ("prefix", "code", "expected"),
    [
        ("BP", 1000, Rechtscharakter.FESTSETZUNG_BPLAN),
        ("FP", 1000, Rechtscharakter.DARSTELLUNG_FPLAN),
        ("SO", 1500, Rechtscharakter.DARSTELLUNG_FPLAN),
        ("BP", 2000, Rechtscharakter.NACHRICHTLICHE_UEBERNAHME),
        ("FP", 3000, Rechtscharakter.HINWEIS),
        ("BP", 4000, Rechtscharakter.VERMERK),
        ("BP", 5000, Rechtscharakter.KENNZEICHNUNG),
        ("FP", 9998, Rechtscharakter.UNBEKANNT),
        ("SO", 1800, None),
        ("BP", 9999, None),
    ],
)
def test_the_rechtscharakter_of_5_4_gets_the_number_of_6_0(prefix: str, code: int, expected: Rechtscharakter) -> None:
    assert codelists.rechtscharakter_from_54(prefix, code) is expected


@pytest.mark.parametrize("prefix", ["BP", "FP", "SO"])
def test_no_official_rechtscharakter_of_5_4_is_forgotten(prefix: str) -> None:
    lost = {
        code.name
        for code in codelists.codes(f"{prefix}_Rechtscharakter").values()
        if codelists.rechtscharakter_from_54(prefix, int(code.code)) is None
    }
    assert lost == ({"InhaltLPlan"} if prefix == "SO" else set())


def test_the_rechtscharakter_of_another_planwerk_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        codelists.rechtscharakter_from_54("LP", 1000)


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("in_aufstellung", [1000, 2000, 2050, 2100, 2200, 2250, 2260, 2300, 2400, 3000]),
        ("in_kraft", [4000, 4500, 45000, 45001]),
        ("archiviert", [1500, 5000, 50000, 50001]),
        ("unbekannt", [None, 0, -1, 4001, 7777]),
    ],
)
def test_a_plan_is_filed_where_citizens_expect_it(group: str, codes: list[int | None]) -> None:
    assert {codelists.status_group(code) for code in codes} == {group}


def test_every_rechtsstand_is_filed() -> None:
    assert "unbekannt" not in {codelists.status_group(rechtsstand) for rechtsstand in Rechtsstand}


def test_attributes_come_with_those_of_the_base_classes() -> None:
    attributes = codelists.attributes("BP_BaugebietsTeilFlaeche", "5.4")
    assert attributes["GRZ"].kind == "number"
    assert attributes["position"].kind == "geometry"  # BP_Flaechenobjekt
    assert attributes["gehoertZuBereich"].kind == "reference"  # XP_Objekt
    assert (attributes["hatGenerAttribut"].type, attributes["hatGenerAttribut"].max) == ("XP_GenerAttribut", None)


def test_an_attribute_may_change_from_version_to_version() -> None:
    seen = [codelists.attributes("BP_BaugebietsTeilFlaeche", version)["sondernutzung"] for version in VERSIONS]
    assert [(one.kind, one.max) for one in seen] == [("code", 1)] * 5 + [("code", None)] * 2 + [("complex", None)] * 2
    assert "verfahren" in codelists.attributes("BP_Plan", "5.4")
    assert "verfahren" not in codelists.attributes("BP_Plan", "6.0")
    assert "verfahren" in codelists.attributes("BP_Bereich", "6.0")


def test_a_data_type_has_attributes_but_is_no_class() -> None:
    assert codelists.attributes("XP_ExterneReferenz", "6.0")["referenzURL"].min == 1
    assert codelists.attributes("XP_ExterneReferenz", "5.4")["referenzURL"].min == 0
    assert not codelists.is_class("XP_ExterneReferenz", "6.0")


def test_a_class_is_concrete_and_of_its_version() -> None:
    assert codelists.is_class("BP_GewaesserFlaeche", "5.4")
    assert not codelists.is_class("BP_GewaesserFlaeche", "6.0")
    assert not codelists.is_class("BP_Objekt", "6.0")
    assert not codelists.is_class("BP_Objekt", "3.0")
    assert "BP_Plan" in codelists.classes("4.1")
    assert codelists.classes("3.0") == frozenset()


def test_an_unknown_class_or_version_has_no_attributes() -> None:
    assert codelists.attributes("BP_Luftschloss", "6.0") == {}
    assert codelists.attributes("BP_Plan", "3.0") == {}


def test_6_1_is_6_0_and_what_is_told_of_it() -> None:
    new = codelists.attributes("BP_Plan", "6.1").keys() - codelists.attributes("BP_Plan", "6.0").keys()
    assert {"nameBasis", "fassungsbezeichnung", "zusammenzeichnung"} < new
    assert "id" not in new  # gml:id, no element
    assert "vertikaleLage" in codelists.attributes("FP_Gruen", "6.1")  # told of XP_Objekt, so true of its heirs
    assert codelists.is_class("BP_NatuerlicherKlimaschutz", "6.1")
    assert len(codelists.classes("6.1")) == 64 + 26 + 22 + 9  # BP, FP, SO, XP of the published model


def test_a_class_has_a_german_name_and_a_theme() -> None:
    assert codelists.class_label("BP_UeberbaubareGrundstuecksFlaeche") == "Überbaubare Grundstücksfläche"
    assert codelists.class_group("BP_UeberbaubareGrundstuecksFlaeche") == "ueberbaubare_flaeche"


def test_a_class_that_we_do_not_know_keeps_its_name() -> None:
    assert codelists.class_label("LP_Biotopverbund") == "LP_Biotopverbund"
    assert codelists.class_group("LP_Biotopverbund") == "sonstiges"


def test_importing_reads_no_table() -> None:
    probe = """
from plans_ingest import codelists
caches = codelists._codes, codelists._inheritance, codelists._own_attributes, codelists._class_names
print(sum(cache.cache_info().currsize for cache in caches))"""
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout == "0\n"
