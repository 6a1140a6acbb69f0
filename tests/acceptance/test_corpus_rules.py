"""The rules against test plans that break one on purpose, or keep it on purpose: found, missed, false alarms.

What is expected is what the files' names say, and what libxml2 said of the whole documents.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from plans_ingest import PlanFileError, ingest
from plans_ingest.checks import flaechenschluss, geometry, rules
from plans_ingest.model import Severity
from tests.corpus import entries

pytestmark = pytest.mark.corpus

# end of the file's name -> rule that it breaks
WRONG = {
    "Eidelstedt_4_V4_noCrs.zip": "2.1.3.1",
    "flaechenschluss__V4_1_ID_103_kein-flaechenschluss.gml": "2.2.1.1",
    "flaechenschluss__equalFlaechenschlussGeometries.gml": "2.2.1.1",
    "flaechenschluss__BPlan_TeilbereichAusserhalbPlanbereich_6-0-2.gml": "2.2.1.1",
    "flaechenschluss__BPlan_Kompensationsbereich_6-0-2_Luecke.gml": "2.2.1.1",
    "flaechenschluss__BPlan_Wirksamkeit_6-0-2_invalide.gml": "2.2.1.1",
    "geltungsbereich__test41-54_1-missing-gehoertZuBereich-multipleBereiche.gml": "2.2.1.1",
    "geometric__geometryOrientationInvalid.gml": "2.2.2.1",
    "geometric__identicalControlPoints.gml": "2.2.2.1",
    "patches__BP_6-0_false_2.2.2.1_PolygonPatch_doppelt_nicht_zusammenhaengend.gml": "2.2.2.1",
    "xplan52-Laufrichtungsfehler.zip": "2.2.2.1",
    "Eidelstedt_4_V4-broken-geometry.zip": "2.2.2.1",
    "validator__testdata__xplan41__BP2070.zip": "2.2.2.1",
    "validator__testdata__xplan41__Demo.zip": "2.2.2.1",
    "validator__testdata__xplan41__FPlan.zip": "2.2.2.1",
    "validator__testdata__xplan41__LA22.zip": "2.2.2.1",
    "validator__testdata__xplan41__LA67.zip": "2.2.2.1",
    "geltungsbereich__1_Schnittpunkte_Geltungsbereich_Polygon.gml": "2.2.3.1",
    "geltungsbereich__2_Schnittpunkte_Geltungsbereich_Polygon.gml": "2.2.3.1",
    "geltungsbereich__3_Schnittpunkte_Geltungsbereich_Polygon.gml": "2.2.3.1",
    "geltungsbereich__4_Schnittpunkte_Geltungsbereich_Polygon.gml": "2.2.3.1",
    "geltungsbereich__5_Schnittpunkte_Geltungsbereich_Linie.gml": "2.2.3.1",
    "geltungsbereich__6_Schnittpunkte_Geltungsbereich_Linie.gml": "2.2.3.1",
    "geltungsbereich__BPlan002_5-2_Schnittpunkt_Geltungsbereich.gml": "2.2.3.1",
    "geltungsbereich__4_Geltungsbereich-Test.gml": "2.2.3.1",
    "geltungsbereich__5_Geltungsbereich-Test.gml": "2.2.3.1",
    "geltungsbereich__Testplan_position_geltungsbereichLoch.gml": "2.2.3.1",
    "geltungsbereich__Testplan_position_geltungsbereich_schnitt.gml": "2.2.3.1",
    "geltungsbereich__BPlan_Teilbereich_6-0-2_invalide.gml": "2.2.3.1",
    "geltungsbereich__BPlan_6-0_Linie_ausserhalb.gml": "2.2.3.1",
    "kompensationsbereich__Bereich_1800_Bereich_mitGeltungsbereich_kleiner_Fehler.gml": "2.2.3.1",
    "xplan51__BP2070.zip": "2.2.3.1",
    "xplan-api-manager__plans__BP_5.1.gml": "2.2.3.1",
    "xquery__5.0__Demo-gehoertZuBereich-invalid.gml": "3.1.2.2",
    "xquery__5.0__Demo-refBegruendungInhalt-invalid.gml": "3.1.3.2",
    "xquery__5.0__Demo-bereich-invalid.gml": "4.1.1.1",
    "xquery__5.0__Demo-gehoertZuPlan-invalid.gml": "4.1.2.3",
    "xquery__5.0__BP_GemeinschaftsanlagenZuordnung-Polygon-flaechenschlussTrue.gml": "4.5.15.1",
    "flaechenschluss__xplan51-5_1_4_1_Flaechenschlussfehler.gml": "5.1.4.1",
}
# end of the file's name -> code of a rule that has no number
WRONG_BY_CODE = {
    "Bereich_1800_Bereich_ohneGeltungsbereich_ohne_Flaechenschlussobjekte_Fehler.gml": "bereich_without_outline",
    "outside__Bereich_2000_Bereich_ohneGeltungsbereich_Fehler.gml": "bereich_without_outline",
    "xplan-api-manager__plans__BP_5.2_MissingReference.zip": "document_missing",
    "xplan-manager-api__plans__BP_5.2_MissingReference.zip": "document_missing",
}
# until 5.4 a gap is worth a warning and costs nothing
WARNED = {
    "flaechenschluss__Test_Luecke.gml": "2.2.1.1",
    "flaechenschluss__xplan54_Flaechenschlussfehler_Luecken.gml": "2.2.1.1",
    "geltungsbereich__test41-54_1-missing-gehoertZuBereich.gml": "2.2.1.1",
}
# end of the file's name -> rules that it keeps, though it comes near
RIGHT = {
    "flaechenschluss__Flaechenschluss-Test_1mm-nichtUeberlappend.gml": ("2.2.1.1",),
    "flaechenschluss__BPlan_Kompensationsbereich_6-0-2.gml": ("2.2.1.1", "2.2.3.1"),
    "flaechenschluss__BPlan_Wirksamkeit_6-0-2_valide.gml": ("2.2.1.1", "2.2.3.1"),
    "flaechenschluss__BPlan_5_4-MultipleBereicheAndPlan_OneBereichWithoutGeom.gml": ("2.2.1.1", "2.2.3.1"),
    "geltungsbereich__1_Geltungsbereich-Test.gml": ("2.2.3.1",),
    "geltungsbereich__BPlan001_5-4_Sliver-Polygon.gml": ("2.2.3.1",),
    "geltungsbereich__BPlan_Kompensationsbereich_6-0-2_valide.gml": ("2.2.1.1", "2.2.3.1"),
    "geltungsbereich__HafenCity11_HafenCity14_Bereich_ohne_Geometrie.gml": ("2.2.3.1",),
    "geltungsbereich__Testplan_position_geltungsbereich.gml": ("2.2.3.1",),
    "geltungsbereich__test41-54_1-missing-gehoertZuBereich.gml": ("2.2.3.1",),
    "geltungsbereich__test41-54_1-missing-gehoertZuBereich-multipleBereiche.gml": ("2.2.3.1",),
    "kompensationsbereich__Bereich_1800_Bereich_mitGeltungsbereich_korrekt.gml": ("2.2.1.1", "2.2.3.1"),
    "Bereich_1800_Bereich_mitGeltungsbereich_ohne_Flaechenschlussobjekte_korrekt.gml": ("2.2.1.1", "2.2.3.1"),
    "outside__Bereich_2000_Bereich_mitGeltungsbereich_korrekt.gml": ("2.2.1.1", "2.2.3.1"),
    "outside__Bereich_2000_Bereich_mitGeltungsbereich_2_Flaechenschlussobjekte_korrekt.gml": ("2.2.1.1", "2.2.3.1"),
    "Bereich_1800_Bereich_ohneGeltungsbereich_ohne_Flaechenschlussobjekte_Fehler.gml": ("2.2.3.1",),
    "outside__Bereich_2000_Bereich_ohneGeltungsbereich_Fehler.gml": ("2.2.3.1",),
    "geometric__geometryOrientationValid.gml": ("2.2.2.1",),
    "geometric__invalidSelfintersectionDeteced.gml": ("2.2.2.1",),
    "validator__testdata__xplan41__Eidelstedt_4_V4.zip": ("2.2.2.1",),
    "validator__testdata__xplan41__PlanWithComplexCurve.zip": ("2.2.2.1",),
    "validator__testdata__xplan40__BPlan004_4-0.zip": ("2.2.2.1",),
    "xplan51__V4_1_ID_103_withtolerance.zip": ("2.2.1.1", "2.2.3.1"),
    "xplan51__BPlan001_5-1.gml": ("2.2.3.1",),
    "soapui__xplan-validator-api__plans__BP_5.3.zip": ("2.2.1.1", "2.2.2.1", "2.2.3.1"),
    "xquery__5.0__BP_GemeinschaftsanlagenZuordnung-Polygon-flaechenschlussFalse.gml": ("4.5.15.1",),
    "xquery__5.0__BP_GemeinschaftsanlagenZuordnung-LineString.gml": ("4.5.15.1",),
}


# what readers tell of a geometry that they could place
READERS_OF_SHAPES = {
    "curve_gap", "geometry_collapsed", "geometry_mended", "height_dropped", "patches_apart", "ring_open",
    "ring_reversed",
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """`broken` are the numbers of rules that cost a level, `warned` all numbers that were told at all."""

    broken: frozenset[str | None]
    warned: frozenset[str | None]
    codes: frozenset[str]
    is_schema_valid: bool
    passed: bool
    placeless: frozenset[str]


@cache
def verdict(file: Path) -> Verdict | None:
    """None for a file that holds no plan of ours."""
    try:
        with TemporaryDirectory() as workdir:
            report = ingest(file, Path(workdir), srid=25832, schemas=Path(os.environ["XPLAN_SCHEMAS"])).report
    except PlanFileError:
        return None
    return Verdict(
        broken=frozenset(rules.number_of(issue) for issue in report.issues if rules.breaks(issue)),
        warned=frozenset(rules.number_of(i) for i in report.issues if i.severity is not Severity.INFO),
        codes=frozenset(issue.code for issue in report.issues),
        is_schema_valid=all("C" in levels for levels in report.levels.values()),
        passed=all("D" in levels for levels in report.levels.values()),
        placeless=frozenset(issue.code for issue in report.issues if issue.geometry is None),
    )


def verdicts_of(corpus: Path, end: str) -> list[Verdict]:
    """Of all files whose name ends so: some lie in the corpus in two revisions."""
    found = [verdict(corpus / entry["file"]) for entry in entries() if entry["file"].endswith(end)]
    assert found
    assert None not in found
    return [each for each in found if each is not None]


@pytest.mark.parametrize(("end", "number"), WRONG.items(), ids=WRONG)
def test_what_breaks_a_rule_on_purpose_is_found(end: str, number: str, xplan_corpus: Path) -> None:
    for found in verdicts_of(xplan_corpus, end):
        assert number in found.broken | found.warned
        assert not found.passed


@pytest.mark.parametrize(("end", "code"), WRONG_BY_CODE.items(), ids=WRONG_BY_CODE)
def test_so_is_what_breaks_a_rule_without_a_number(end: str, code: str, xplan_corpus: Path) -> None:
    assert all(code in found.codes for found in verdicts_of(xplan_corpus, end))


@pytest.mark.parametrize(("end", "number"), WARNED.items(), ids=WARNED)
def test_a_gap_before_6_0_is_a_warning(end: str, number: str, xplan_corpus: Path) -> None:
    for found in verdicts_of(xplan_corpus, end):
        assert number in found.warned
        assert number not in found.broken


def test_every_finding_about_geometry_says_where_on_the_map_it_is(xplan_corpus: Path) -> None:
    about_geometry = {rule.code for rule in (*geometry.RULES, *flaechenschluss.RULES)} | READERS_OF_SHAPES
    found = [verdict(xplan_corpus / entry["file"]) for entry in entries()]
    told = {code for each in found if each is not None for code in each.codes}
    assert len(about_geometry & told) > 10
    assert not {code for each in found if each is not None for code in each.placeless & about_geometry}


@pytest.mark.parametrize(("end", "numbers"), RIGHT.items(), ids=RIGHT)
def test_what_keeps_a_rule_on_purpose_raises_no_alarm(end: str, numbers: tuple[str, ...], xplan_corpus: Path) -> None:
    assert not any(set(numbers) & found.broken for found in verdicts_of(xplan_corpus, end))


@pytest.mark.parametrize(
    "entry",
    [entry for entry in entries() if entry["xsd_valid_libxml2"] in {"True", "False"}],
    ids=lambda entry: entry["file"].removeprefix("files/"),
)
def test_level_c_is_the_verdict_of_the_official_schema(entry: dict[str, str], xplan_corpus: Path) -> None:
    found = verdict(xplan_corpus / entry["file"])
    if found is not None:
        assert found.is_schema_valid is (entry["xsd_valid_libxml2"] == "True")
