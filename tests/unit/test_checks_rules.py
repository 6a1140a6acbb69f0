"""Semantic rules: what a plan says about itself and its objects, and the dates of its procedure."""

from pathlib import Path

import pytest

from plans_ingest import Batch, kreis
from plans_ingest.checks import rules
from plans_ingest.model import Issue, Severity
from tests.files import GEMEINDE, ORIGIN, bereich, feature, link, plan, polygon, positions, prop, write
from tests.reading import codes, read_features


def found(batch: Batch, code: str) -> list[Issue]:
    return [issue for issue in batch.report.issues if issue.code == code]


def baugebiet(extra: str, klasse: str = "BP_BaugebietsTeilFlaeche") -> str:
    return feature(klasse, "o", prop("position", polygon()) + prop("flaechenschluss", "true") + extra)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (prop("aufstellungsbeschlussDatum", "2020-05-01") + prop("satzungsbeschlussDatum", "2019-05-01"),
         "aufstellungsbeschlussDatum 01.05.2020 > satzungsbeschlussDatum 01.05.2019"),
        (prop("ausfertigungsDatum", "2021-03-02") + prop("inkrafttretensDatum", "2021-03-01"),
         "ausfertigungsDatum 02.03.2021 > inkrafttretensDatum 01.03.2021"),
    ],
)  # fmt: skip
def test_dates_out_of_the_order_of_the_law(tmp_path: Path, content: str, detail: str) -> None:
    [issue] = found(read_features(tmp_path, plan(extra=content)), "dates_out_of_order")
    assert (issue.detail, issue.severity, issue.plan) == (detail, Severity.WARNING, "plan")
    assert rules.basis_of(issue).startswith("BauGB")


def test_dates_in_order_are_silent_even_when_some_are_missing(tmp_path: Path) -> None:
    dates = {"aufstellungsbeschlussDatum": 2015, "satzungsbeschlussDatum": 2017, "inkrafttretensDatum": 2018}
    content = "".join(prop(name, f"{year}-01-01") for name, year in dates.items())
    assert "dates_out_of_order" not in codes(read_features(tmp_path, plan(extra=content)))


@pytest.mark.parametrize(
    ("start", "ende", "code"),
    [
        ("2024-03-01", "2024-03-20", "auslegung_short"),
        ("2024-03-01", "2024-03-30", None),
        ("2024-03-20", "2024-03-01", "period_reversed"),
    ],
)
def test_the_drafts_are_published_for_thirty_days_at_least(
    tmp_path: Path, start: str, ende: str, code: str | None
) -> None:
    content = prop("auslegungsStartDatum", start) + prop("auslegungsEndDatum", ende)
    said = codes(read_features(tmp_path, plan(extra=content))) & {"auslegung_short", "period_reversed"}
    assert said == ({code} if code else set())


def test_a_repeated_publication_may_be_shorter(tmp_path: Path) -> None:
    content = "".join(prop("auslegungsStartDatum", day) for day in ("2024-01-02", "2024-06-03"))
    content += "".join(prop("auslegungsEndDatum", day) for day in ("2024-02-05", "2024-06-17"))
    assert "auslegung_short" not in codes(read_features(tmp_path, plan(extra=content)))


@pytest.mark.parametrize(
    ("klasse", "rechtsstand", "missing"),
    [
        ("BP_Plan", "4000", "In Kraft getreten: inkrafttretensDatum"),
        ("BP_Plan", "3000", "Satzung: satzungsbeschlussDatum / rechtsverordnungsDatum"),
        ("FP_Plan", "4000", "wirksamkeitsDatum"),
    ],
)
def test_a_rechtsstand_needs_its_date(tmp_path: Path, klasse: str, rechtsstand: str, missing: str) -> None:
    [issue] = found(
        read_features(tmp_path, plan(klasse=klasse, extra=prop("rechtsstand", rechtsstand))), "rechtsstand_without_date"
    )
    assert missing in issue.detail


def test_a_plan_in_procedure_that_names_the_day_it_came_into_force(tmp_path: Path) -> None:
    content = prop("rechtsstand", "2000") + prop("inkrafttretensDatum", "2020-01-01")
    assert "rechtsstand_contradicts_date" in codes(read_features(tmp_path, plan(extra=content)))


def test_a_gemeinde_without_a_key_is_told_once(tmp_path: Path) -> None:
    nameless = prop("gemeinde", "<xplan:XP_Gemeinde><xplan:gemeindeName>Lohra</xplan:gemeindeName></xplan:XP_Gemeinde>")
    [issue] = found(read_features(tmp_path, plan(gemeinde=nameless)), "gemeinde_without_key")
    assert (rules.number_of(issue), issue.detail) == ("3.2.5.1", "Lohra")
    wrong = GEMEINDE.replace("06534008", "123")
    batch = read_features(tmp_path, plan(gemeinde=wrong))
    assert "ags_invalid" in codes(batch)
    assert "gemeinde_without_key" not in codes(batch)
    foreign = GEMEINDE.replace("06534008", "02000000")
    assert "ags_unknown" in codes(read_features(tmp_path, plan(gemeinde=foreign)))


def test_in_another_kreis_its_own_gemeinden_are_known_and_ours_are_foreign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goerlitz = plan(gemeinde=GEMEINDE.replace("06534008", "14626110"))
    assert "ags_unknown" in codes(read_features(tmp_path, goerlitz))
    monkeypatch.setattr(kreis, "_served", [])
    (tmp_path / "gemeinden").mkdir()
    write(tmp_path / "gemeinden" / "14626110_goerlitz.yml", "")
    kreis.serve(tmp_path / "gemeinden")
    assert "ags_unknown" not in codes(read_features(tmp_path, goerlitz))
    assert "ags_unknown" in codes(read_features(tmp_path, plan()))


def test_a_document_is_not_a_georeferenced_plan(tmp_path: Path) -> None:
    reference = prop(
        "externeReferenz",
        "<xplan:XP_SpezExterneReferenz><xplan:georefURL>p.pgw</xplan:georefURL><xplan:art>Dokument</xplan:art>"
        "<xplan:referenzName>Plan</xplan:referenzName></xplan:XP_SpezExterneReferenz>",
    )
    [issue] = found(read_features(tmp_path, plan(extra=reference)), "dokument_with_georeference")
    assert rules.number_of(issue) == "3.2.4.1"
    empty = prop(
        "externeReferenz", "<xplan:XP_SpezExterneReferenz><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>"
    )
    assert "referenz_empty" in codes(read_features(tmp_path, plan(extra=empty)))


def test_references_lead_to_objects_of_the_right_class(tmp_path: Path) -> None:
    batch = read_features(
        tmp_path, plan(extra=link("bereich", "o")), bereich(), baugebiet(link("gehoertZuBereich", "bereich"))
    )
    [issue] = found(batch, "reference_mistyped")
    assert (rules.number_of(issue), issue.where.gml_id, issue.plan) == ("4.1.1.1", "plan", "plan")
    assert "BP_Bereich" in issue.detail
    dangling = read_features(tmp_path, plan(extra=link("bereich", "nothing")))
    [issue] = found(dangling, "reference_dangling")
    assert rules.number_of(issue) == "4.1.1.1"


def test_a_plan_that_changes_itself(tmp_path: Path) -> None:
    change = prop(
        "aendert",
        "<xplan:XP_VerbundenerPlan><xplan:planName>Am Hang</xplan:planName><xplan:rechtscharakter>1000"
        "</xplan:rechtscharakter><xplan:nummer>5</xplan:nummer></xplan:XP_VerbundenerPlan>",
    )
    assert "plan_changes_itself" in codes(read_features(tmp_path, plan(extra=change)))


@pytest.mark.parametrize(
    ("besondere", "allgemein", "is_wrong"),
    [
        ("1200", "1000", False),
        ("1200", "2000", True),
        ("1450", "2000", False),
        ("1800", "4000", True),
        ("4000", "4000", False),
    ],
)
def test_the_kinds_of_use_agree(tmp_path: Path, besondere: str, allgemein: str, *, is_wrong: bool) -> None:
    content = prop("allgArtDerBaulNutzung", allgemein) + prop("besondereArtDerBaulNutzung", besondere)
    batch = read_features(tmp_path, plan(), baugebiet(content))
    assert ("nutzung_contradicts" in codes(batch)) is is_wrong
    if is_wrong:
        assert {rules.number_of(issue) for issue in found(batch, "nutzung_contradicts")} == {"4.5.1.2"}
        flaeche = read_features(tmp_path, plan(klasse="FP_Plan"), baugebiet(content, "FP_BebauungsFlaeche"))
        assert {rules.number_of(issue) for issue in found(flaeche, "nutzung_contradicts")} == {"5.3.1.1"}


def test_a_special_use_belongs_to_a_special_area(tmp_path: Path) -> None:
    use = prop("sondernutzung", "1600")
    assert "sondernutzung_contradicts" in codes(
        read_features(tmp_path, plan(), baugebiet(prop("besondereArtDerBaulNutzung", "1200") + use))
    )
    assert "sondernutzung_contradicts" not in codes(
        read_features(tmp_path, plan(), baugebiet(prop("besondereArtDerBaulNutzung", "2100") + use))
    )


@pytest.mark.parametrize(
    ("content", "code", "number"),
    [
        (prop("GFZmin", "0.4"), "mass_gfz_incomplete", "4.2.1"),
        (prop("Zmax", "3"), "mass_z_incomplete", "4.2.10"),
        (prop("GRZ", "0.4") + '<xplan:GR uom="m2">100</xplan:GR>', "mass_grz_or_gr", "4.2.9"),
        (prop("GRZmin", "0.8") + prop("GRZmax", "0.4"), "mass_reversed", None),
        (prop("GRZ", "40"), "mass_implausible", None),
    ],
)
def test_the_degree_of_use_is_whole_and_possible(tmp_path: Path, content: str, code: str, number: str | None) -> None:
    [issue] = found(read_features(tmp_path, plan(), baugebiet(content)), code)
    assert rules.number_of(issue) == number


def test_a_complete_degree_of_use_is_silent(tmp_path: Path) -> None:
    content = prop("GRZmin", "0.2") + prop("GRZmax", "0.4") + prop("Zzwingend", "2") + prop("Zmax", "2")
    assert not {code for code in codes(read_features(tmp_path, plan(), baugebiet(content))) if code.startswith("mass_")}


def test_what_a_class_demands_of_its_flags_and_its_geometry(tmp_path: Path) -> None:
    def objekt(klasse: str, content: str) -> str:
        return feature(klasse, klasse, content + prop("position", polygon()))

    batch = read_features(
        tmp_path,
        plan(),
        objekt("BP_GruenFlaeche", prop("ebene", "0") + prop("flaechenschluss", "false")),
        objekt("BP_AbstandsFlaeche", prop("flaechenschluss", "true")),
        objekt("BP_WaldFlaeche", prop("ebene", "1") + prop("flaechenschluss", "true")),
        objekt("BP_Immissionsschutz", ""),
        objekt("BP_BauGrenze", ""),
        objekt("BP_EinfahrtPunkt", ""),
        objekt("XP_PPO", ""),
        feature("BP_GewaesserFlaeche", "line", prop("position", _line())),
    )
    said = {(issue.code, issue.where.element, rules.number_of(issue)) for issue in batch.report.issues}
    assert {
        ("ground_without_flaechenschluss", "BP_GruenFlaeche", "4.1.7.1"),
        ("overlay_in_flaechenschluss", "BP_AbstandsFlaeche", "4.1.6.1"),
        ("flaechenschluss_above_ground", "BP_WaldFlaeche", "4.1.4.1"),
        ("flaechenschluss_unstated", "BP_Immissionsschutz", "4.1.5.2"),
        ("line_expected", "BP_BauGrenze", "4.1.8.1"),
        ("point_expected", "BP_EinfahrtPunkt", "4.1.9.1"),
        ("point_expected", "XP_PPO", "3.3.2.1"),
        ("area_expected", "BP_GewaesserFlaeche", "4.1.4.2"),
    } <= said


def _line() -> str:
    numbers = positions("0 0 9 9", ORIGIN)
    return f'<gml:LineString srsName="EPSG:25832"><gml:posList>{numbers}</gml:posList></gml:LineString>'


def test_every_finding_says_which_plan_it_belongs_to(tmp_path: Path) -> None:
    batch = read_features(
        tmp_path,
        plan("a", name="A", nummer="1"),
        plan("b", name="B", nummer="2"),
        bereich("bb", "b"),
        feature("BP_GruenFlaeche", "o", link("gehoertZuBereich", "bb") + prop("position", "<gml:Polygon/>")),
    )
    [issue] = found(batch, "geometry_unreadable")
    assert (issue.plan, issue.where.gml_id) == ("b", "o")


def test_the_reader_tells_what_is_missing_where_no_schema_is_at_hand(tmp_path: Path) -> None:
    batch = read_features(tmp_path, plan(), feature("BP_GruenFlaeche", "o", prop("position", polygon())))
    [issue] = [issue for issue in found(batch, "attribute_missing") if issue.where.gml_id == "o"]
    assert issue.detail == "flaechenschluss, rechtscharakter"
    assert batch.report.schema is None
    assert "C" not in batch.report.levels[str(batch.plans[0].id)]
