"""A plan written as XPlanGML 6.0 says what the plan says, in the words and the order of 6.0."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from geoportal.cli import main
from plans_ingest import Issue, Plan, PlanFileError, ingest
from plans_ingest.export import xplangml
from plans_ingest.model import Dokument, Json, Planwerk
from tests import files
from tests.corpus import entries
from tests.files import bereich, feature, link, plan, polygon, prop

XPLAN = "{http://www.xplanung.de/xplangml/6/0}"
GML_ID = "{http://www.opengis.net/gml/3.2}id"


def read(folder: Path, *features: str, version: str = "6.0") -> Plan:
    [found] = ingest(files.write(folder / "in.gml", files.xplangml(*features, version=version)), folder, srid=25832)
    return found


def export(folder: Path, one: Plan) -> tuple[Path, tuple[Issue, ...]]:
    file = folder / "out.gml"
    with file.open("wb") as out:
        issues = xplangml.write(one, out)
    return file, issues


def again(folder: Path, one: Plan) -> Plan:
    [found] = ingest(export(folder, one)[0], folder, srid=25832)
    return found


def said(one: Plan) -> str:
    """The fingerprint without what the files that came along say (their names, their kind): a plan file has none.

    The kind that a reference itself names is among the attributes, and is compared there.
    """
    dokumente = tuple(replace(item, attachment=None, attachment_sha256=None, media_type=None) for item in one.dokumente)
    return replace(one, dokumente=dokumente, raster=()).fingerprint()


def told(issues: tuple[Issue, ...]) -> set[tuple[str, str]]:
    return {(issue.code, issue.detail) for issue in issues}


REFERENZ = prop(
    "externeReferenz",
    "<xplan:XP_SpezExterneReferenz>" + prop("referenzName", "Begründung") + prop("referenzURL", "b.pdf")
    + prop("typ", "1010") + "</xplan:XP_SpezExterneReferenz>",
)  # fmt: skip
AENDERT = prop(
    "aendertPlan",
    "<xplan:XP_VerbundenerPlan>" + prop("planName", "Alt") + prop("aenderungsArt", "10001") + prop("nummer", "4")
    + "</xplan:XP_VerbundenerPlan>",
)  # fmt: skip
DATES = prop("auslegungsStartDatum", "2020-01-07") + prop("auslegungsEndDatum", "2020-02-07")
TEXT = feature(
    "XP_TextAbschnitt",
    "t",
    prop("schluessel", "1.1") + prop("text", "Höhe &lt; 8 m &amp; mehr") + prop("rechtscharakter", "1000"),
)  # fmt: skip
OBJEKT = feature(
    "BP_BaugebietsTeilFlaeche",
    "o",
    link("gehoertZuBereich", "bereich") + prop("rechtscharakter", "1000") + link("refTextInhalt", "t")
    + prop("position", polygon("0 0 50 0 50 50 0 50 0 0")) + prop("flaechenschluss", "true")
    + '<xplan:Fmin uom="m2">400.5</xplan:Fmin>' + prop("GRZ", "0.4") + prop("besondereArtDerBaulNutzung", "1200"),
)  # fmt: skip
BEREICH = bereich(extra=prop("verfahren", "3000"))


def whole(folder: Path) -> Plan:
    extra = REFERENZ + AENDERT + DATES + prop("satzungsbeschlussDatum", "2020-03-01") + prop("rechtsstand", "4000")
    return read(folder, plan(extra=extra + link("texte", "t") + link("bereich", "bereich")), BEREICH, TEXT, OBJEKT)


def test_what_is_written_is_read_again_without_loss(tmp_path: Path) -> None:
    first = whole(tmp_path)
    assert first.bezuege
    assert first.dokumente
    assert first.verfahren == 3000
    [objekt] = first.objekte
    assert objekt.attribute["Fmin"] == {"wert": 400.5, "uom": "m2"}
    second = again(tmp_path, first)
    assert said(second) == said(first)
    assert second.id == first.id
    assert [o.gml_id for o in second.objekte] == ["o"]
    assert export(tmp_path, first)[1] == ()


def test_twice_written_is_the_same_to_the_byte(tmp_path: Path) -> None:
    first = whole(tmp_path)
    assert export(tmp_path, first)[0].read_bytes() == export(tmp_path, first)[0].read_bytes()


def test_elements_stand_in_the_order_of_the_standard_whatever_the_order_delivered(tmp_path: Path) -> None:
    file, _ = export(tmp_path, whole(tmp_path))
    [found] = etree.parse(file).iter(f"{XPLAN}BP_Plan")
    assert [etree.QName(child).localname for child in found] == [
        "name", "nummer", "aendertPlan", "raeumlicherGeltungsbereich", "externeReferenz", "texte", "gemeinde",
        "planArt", "rechtsstand", "auslegungsStartDatum", "auslegungsEndDatum", "satzungsbeschlussDatum", "bereich",
    ]  # fmt: skip


def test_every_gml_id_is_unique_and_references_follow_it(tmp_path: Path) -> None:
    one = whole(tmp_path)
    [objekt] = one.objekte
    twins = replace(one, gml_id="5 a", objekte=(objekt, objekt, replace(objekt, gml_id=None)))
    file, _ = export(tmp_path, twins)
    ids = [node.get(GML_ID) for node in etree.parse(file).iter() if node.get(GML_ID)]
    assert len(ids) == len(set(ids))
    assert "5 a" not in ids
    second = again(tmp_path, twins)
    assert len(second.objekte) == 3
    assert said(second) == said(twins)


def test_a_document_that_was_added_later_is_a_reference_of_the_plan(tmp_path: Path) -> None:
    one = whole(tmp_path)
    later = Dokument(typ=5000, name="Bekanntmachung", url="https://example.org/b.pdf")
    second = again(tmp_path, replace(one, dokumente=(*one.dokumente, later)))
    assert second.dokumente == (*one.dokumente, later)


def test_an_older_plan_is_told_in_the_words_of_6_0(tmp_path: Path) -> None:
    sperre = prop("veraenderungssperreDatum", "2019-01-01") + prop("veraenderungssperreEndDatum", "2021-01-01")
    aendert = AENDERT.replace("aendertPlan", "aendert").replace("aenderungsArt", "rechtscharakter")
    aendert = aendert.replace("10001", "1100")
    objects = (
        feature("BP_StrassenVerkehrsFlaeche", "s", link("gehoertZuBereich", "bereich") + prop("rechtscharakter", "3000")
                + prop("position", polygon()) + prop("flaechenschluss", "true")),
        feature("BP_GruenFlaeche", "g", link("gehoertZuBereich", "bereich") + prop("rechtscharakter", "1000")
                + prop("position", polygon()) + prop("flaechenschluss", "true") + prop("zweckbestimmung", "1000")),
        feature("BP_TextAbschnitt", "t", prop("text", "Hinweis") + prop("rechtscharakter", "3000")),
    )  # fmt: skip
    extra = aendert + sperre + prop("verfahren", "2000") + prop("versionBauNVODatum", "2017-05-04") + link("texte", "t")
    one = read(tmp_path, plan(extra=extra), bereich(), *objects, version="5.4")
    file, issues = export(tmp_path, one)
    assert issues == ()
    [second] = ingest(file, tmp_path, srid=25832)
    assert {objekt.klasse: objekt.rechtscharakter for objekt in second.objekte} == {
        "SO_Strassenverkehr": 6000, "BP_GruenFlaeche": 1000,
    }  # fmt: skip
    [gruen] = [objekt for objekt in second.objekte if objekt.klasse == "BP_GruenFlaeche"]
    assert gruen.attribute["zweckbestimmung"] == [{"_klasse": "BP_KomplexeZweckbestGruen", "allgemein": "1000"}]
    assert second.texte[0].attribute["rechtscharakter"] == "6000"
    assert second.verfahren == 2000
    assert second.bereiche[0].attribute["verfahren"] == "2000"
    [bezug] = second.bezuege
    assert (bezug.art, bezug.name, bezug.attribute["aenderungsArt"]) == ("aendertPlan", "Alt", "10001")
    assert second.attribute["versionBauNVO"] == {
        "_klasse": "XP_GesetzlicheGrundlage", "name": "BauNVO", "datum": "2017-05-04",
    }  # fmt: skip
    assert second.attribute["veraenderungssperre"] == {
        "_klasse": "BP_VeraenderungssperreDaten", "startDatum": "2019-01-01", "endDatum": "2021-01-01",
        "verlaengerung": "1000",
    }  # fmt: skip


def test_what_6_0_has_no_place_for_is_told_once_with_its_count(tmp_path: Path) -> None:
    one = whole(tmp_path)
    [objekt] = one.objekte
    strange = replace(
        objekt, attribute={**objekt.attribute, "farbe": "rot", "GRZ": "viel", "besondereArtDerBaulNutzung": "77"}
    )
    gone = replace(objekt, klasse="BP_RekultivierungsFlaeche")
    file, issues = export(tmp_path, replace(one, objekte=(strange, strange, gone), planwerk=Planwerk.BEBAUUNGSPLAN))
    assert told(issues) == {
        ("export_without_place", "BP_BaugebietsTeilFlaeche.farbe (2 ×)"),
        ("export_without_place", 'BP_BaugebietsTeilFlaeche.GRZ = "viel" (2 ×)'),
        ("export_without_place", 'BP_BaugebietsTeilFlaeche.besondereArtDerBaulNutzung = "77" (2 ×)'),
        ("export_class_left_out", "BP_RekultivierungsFlaeche"),
    }
    assert b"farbe" not in file.read_bytes()


def test_a_street_of_a_special_purpose_is_a_street_in_6_0_and_says_so(tmp_path: Path) -> None:
    one = whole(tmp_path)
    [objekt] = one.objekte
    attribute: dict[str, Json] = {"zweckbestimmung": ["1100"], "detaillierteZweckbestimmung": ["Spielstraße"]}
    strasse = replace(objekt, klasse="BP_VerkehrsflaecheBesondererZweckbestimmung", attribute=attribute)
    linie = replace(objekt, klasse="BP_FirstRichtungsLinie", attribute={})
    old = replace(one, objekte=(strasse, linie), planwerk=Planwerk.BEBAUUNGSPLAN, xplan_version="5.4")
    file, _ = export(tmp_path, old)
    [again] = ingest(file, tmp_path, srid=25832).plans
    found = {each.klasse: each.attribute for each in again.objekte}
    assert "zweckbestimmung" not in found["SO_Strassenverkehr"]
    assert found["SO_Strassenverkehr"]["artDerFestlegung"] == [
        {"_klasse": "SO_KomplexeZweckbestStrassenverkehr", "allgemein": "14002", "detail": ["Spielstraße"]}
    ]
    assert found["SO_Strassenverkehr"]["hatDarstellungMitBesondZweckbest"] is True
    assert found["BP_GebaeudeStellung"]["typ"] == "1000"


def test_a_number_that_means_something_else_in_6_0_is_told_and_not_written(tmp_path: Path) -> None:
    hafen = link("gehoertZuBereich", "bereich") + prop("rechtscharakter", "1000") + prop("position", polygon())
    hafen += prop("artDerFestlegung", "2000")
    one = read(tmp_path, plan(), bereich(), feature("SO_Gewaesser", "h", hafen), version="5.4")
    file, issues = export(tmp_path, one)
    assert ("export_without_place", 'SO_KomplexeFestlegungGewaesser.allgemein = "2000"') in told(issues)
    assert b">2000<" not in file.read_bytes()


def test_what_6_0_demands_and_the_plan_does_not_say_is_told(tmp_path: Path) -> None:
    one = whole(tmp_path)
    [objekt] = one.objekte
    _, issues = export(
        tmp_path, replace(one, name=None, objekte=(replace(objekt, bereich=None, rechtscharakter=None),))
    )
    assert told(issues) == {
        ("export_missing", "BP_Plan.name"),
        ("export_missing", "BP_BaugebietsTeilFlaeche.gehoertZuBereich"),
        ("export_missing", "BP_BaugebietsTeilFlaeche.rechtscharakter"),
    }


def test_text_that_xml_cannot_hold_does_not_break_the_file(tmp_path: Path) -> None:
    second = again(tmp_path, replace(whole(tmp_path), name="Am\x00 \x0bHang\ufffe"))
    assert second.name == "Am Hang"


def test_the_command_writes_every_plan_of_a_file_and_tells_what_is_missing(tmp_path: Path) -> None:
    text = files.xplangml(plan(), plan("zwei", name="Am Tal", nummer="6", extra=prop("hoehenbezug", "NN")), bereich())
    file = files.write(tmp_path / "in.gml", text)
    done = CliRunner().invoke(main, ["export", str(file), str(tmp_path / "aus")])
    assert done.exit_code == 0, done.output
    written = [ingest(found, tmp_path, srid=25832) for found in (tmp_path / "aus").iterdir()]
    assert {one.name: (one.xplan_version, one.attribute.get("hoehenbezug")) for [one] in written} == {
        "Am Hang": ("6.0", None), "Am Tal": ("6.0", "NN"),
    }  # fmt: skip
    assert "Am Hang: " in done.output
    named = CliRunner().invoke(main, ["export", str(file), str(tmp_path / "namen"), "--delivered-names"])
    assert named.exit_code == 0, named.output
    assert {found.name for found in (tmp_path / "namen").iterdir()} == {"in.gml", "in-2.gml"}
    broken = CliRunner().invoke(main, ["export", str(files.write(tmp_path / "x.gml", "<x")), str(tmp_path / "aus")])
    assert broken.exit_code != 0
    assert "Traceback" not in broken.output


def of_6_0() -> list[str]:
    return [
        row["file"]
        for row in entries()
        if row["xplanung_version"] == "6.0" and any(w in row["main_plan_types"] for w in ("BP_Plan", "FP_Plan"))
    ]


@pytest.mark.corpus
@pytest.mark.parametrize("file", of_6_0())
def test_a_plan_of_6_0_comes_back_and_stays_valid(
    file: str, xplan_corpus: Path, xplan_schemas: Path, tmp_path: Path
) -> None:
    try:
        batch = ingest(xplan_corpus / file, tmp_path, srid=25832, schemas=xplan_schemas)
    except PlanFileError:
        return  # one that cannot be read has nothing to write
    for one in batch.plans:
        written, issues = export(tmp_path, one)
        back = ingest(written, tmp_path, srid=25832, schemas=xplan_schemas)
        left_out = {issue.detail.partition(" ")[0] for issue in issues if issue.code == "export_class_left_out"}
        assert {issue.code for issue in issues} <= {"export_class_left_out"}
        kept = tuple(objekt for objekt in one.objekte if objekt.klasse not in left_out)
        assert said(back.plans[0]) == said(replace(one, objekte=kept))
        if "C" in batch.report.levels[str(one.id)]:
            assert "C" in back.report.levels[str(one.id)]
