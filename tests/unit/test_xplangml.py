"""What the XPlanGML reader takes from a document, and what it tells."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point

from plans_ingest import ingest
from plans_ingest.formats.xplangml.document import Document
from plans_ingest.model import GemeindeRef, Level, Planwerk, Severity, Zeitraum
from tests.files import (
    ORIGIN,
    archive,
    bereich,
    feature,
    link,
    pdf,
    plan,
    polygon,
    positions,
    prop,
    write,
    xplangml,
)
from tests.reading import codes, only, read_text

VERSIONS = ["3.0", "4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "5.4", "6.0", "6.1"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("root", ["XPlanAuszug", "FeatureCollection"])
def test_every_version_gives_the_same_plan(tmp_path: Path, version: str, root: str) -> None:
    dates = prop("inkrafttretensDatum", "2019-03-01")
    document = xplangml(plan(extra=prop("rechtsstand", "4000") + dates), version=version, root=root)
    found = only(read_text(tmp_path, document))
    assert (found.planwerk, found.name, found.nummer, found.ags) == (
        Planwerk.BEBAUUNGSPLAN, "Am Hang", "5", "06534008",
    )  # fmt: skip
    assert (found.planart, found.rechtsstand, found.inkrafttretens_datum) == ((1000,), 4000, date(2019, 3, 1))
    assert isinstance(found.geltungsbereich, MultiPolygon)
    assert found.geltungsbereich.area == pytest.approx(10_000)
    assert found.level is Level.PUBLISHABLE


def test_objects_belong_to_their_plan_whichever_side_says_so(tmp_path: Path) -> None:
    document = xplangml(
        plan("a", name="A", nummer="1", extra=link("bereich", "ba")),
        plan("b", name="B", nummer="2"),
        feature("BP_Bereich", "ba", prop("nummer", "0") + link("planinhalt", "oa")),
        bereich("bb", "b"),
        feature("BP_BaugebietsTeilFlaeche", "oa", prop("position", polygon())),
        feature("BP_BaugebietsTeilFlaeche", "ob", link("gehoertZuBereich", "bb") + prop("position", polygon())),
    )
    batch = read_text(tmp_path, document)
    assert {p.name: [o.gml_id for o in p.objekte] for p in batch.plans} == {"A": ["oa"], "B": ["ob"]}
    assert {p.name: [o.bereich for o in p.objekte] for p in batch.plans} == {"A": ["ba"], "B": ["bb"]}


def test_an_object_without_a_link_goes_to_the_plan_it_lies_in_and_that_is_told(tmp_path: Path) -> None:
    far = polygon(origin=(ORIGIN[0] + 5000, ORIGIN[1]))
    document = xplangml(
        plan("a", name="A", nummer="1"),
        plan("b", name="B", nummer="2", outline=far),
        feature("BP_GruenFlaeche", "lost", prop("position", far)),
    )
    batch = read_text(tmp_path, document)
    assert [len(p.objekte) for p in batch.plans] == [0, 1]
    assert "objekt_without_bereich" in codes(batch)


def test_an_unknown_attribute_is_kept_and_told_with_its_line(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan(extra="\n" + prop("lieblingsfarbe", "blau"))))
    assert only(batch).attribute["lieblingsfarbe"] == "blau"
    [issue] = [issue for issue in batch.report.issues if issue.code == "attribute_unknown"]
    assert issue.detail == "lieblingsfarbe"
    assert issue.where.line == 5
    assert issue.where.file == "plan.gml"


def test_a_code_that_is_in_no_list_is_no_code(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan(extra=prop("rechtsstand", "i. V."))))
    assert only(batch).rechtsstand is None
    assert only(batch).attribute["rechtsstand"] == "i. V."
    assert "code_unknown" in codes(batch)


def test_a_german_date_is_told_and_kept_as_text(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan(extra=prop("inkrafttretensDatum", "16.10.73"))))
    assert only(batch).inkrafttretens_datum is None
    assert only(batch).attribute["inkrafttretensDatum"] == "16.10.73"
    assert "value_mistyped" in codes(batch)


def test_periods_of_auslegung_are_pairs(tmp_path: Path) -> None:
    extra = "".join(
        prop(name, day)
        for name, day in (
            ("auslegungsStartDatum", "2026-01-12"),
            ("auslegungsStartDatum", "2026-11-16"),
            ("auslegungsEndDatum", "2026-02-13"),
            ("auslegungsEndDatum", "2026-12-18"),
        )
    )
    assert only(read_text(tmp_path, xplangml(plan(extra=extra)))).auslegungen == (
        Zeitraum(date(2026, 1, 12), date(2026, 2, 13)),
        Zeitraum(date(2026, 11, 16), date(2026, 12, 18)),
    )


def test_verfahren_stands_at_the_bereich_since_6_0(tmp_path: Path) -> None:
    document = xplangml(plan(), bereich(extra=prop("verfahren", "3000")), version="6.0")
    assert only(read_text(tmp_path, document)).verfahren == 3000


@pytest.mark.parametrize(("version", "code", "expected"), [("5.4", "3000", 6000), ("6.0", "6000", 6000)])
def test_rechtscharakter_is_counted_as_in_6_0(tmp_path: Path, version: str, code: str, expected: int) -> None:
    objekt = feature("BP_GruenFlaeche", "o", prop("position", polygon()) + prop("rechtscharakter", code))
    [kept] = only(read_text(tmp_path, xplangml(plan(), objekt, version=version))).objekte
    assert kept.rechtscharakter == expected


def test_an_arc_becomes_a_line_within_five_millimetres(tmp_path: Path) -> None:
    radius = 50.0
    arc = (
        '<gml:Curve srsName="EPSG:25832"><gml:segments><gml:Arc><gml:posList>'
        f"{positions(f'{radius} 0 0 {radius} -{radius} 0')}</gml:posList></gml:Arc></gml:segments></gml:Curve>"
    )
    objekt = feature("BP_BauGrenze", "o", prop("position", arc))
    line = next(iter(only(read_text(tmp_path, xplangml(plan(), objekt))).objekte)).geometry
    assert line is not None
    densified = shapely.get_coordinates(shapely.segmentize(line, 0.1))
    deviation = np.abs(np.hypot(*(densified - np.array(ORIGIN)).T) - radius)
    assert deviation.max() <= 0.005
    assert Point(ORIGIN[0], ORIGIN[1] + radius).distance(line) < 0.005


def test_a_ring_of_curves_with_arc_by_centre_and_a_shared_edge(tmp_path: Path) -> None:
    half_disc = (
        '<gml:Polygon srsName="EPSG:25832"><gml:exterior><gml:Ring>'
        '<gml:curveMember><gml:Curve><gml:segments><gml:ArcByCenterPoint numArc="1">'
        f'<gml:pos>{positions("0 0")}</gml:pos><gml:radius uom="m">10</gml:radius>'
        '<gml:startAngle uom="deg">0</gml:startAngle><gml:endAngle uom="deg">180</gml:endAngle>'
        "</gml:ArcByCenterPoint></gml:segments></gml:Curve></gml:curveMember>"
        '<gml:curveMember><gml:OrientableCurve orientation="-"><gml:baseCurve xlink:href="#edge"/>'
        "</gml:OrientableCurve></gml:curveMember></gml:Ring></gml:exterior></gml:Polygon>"
    )
    edge = (
        '<gml:LineString gml:id="edge" srsName="EPSG:25832">'
        f"<gml:posList>{positions('10 0 -10 0')}</gml:posList></gml:LineString>"
    )
    document = xplangml(
        plan(),
        feature("BP_GruenFlaeche", "o", prop("position", half_disc)),
        feature("BP_BauGrenze", "e", prop("position", edge)),
    )
    area = next(iter(only(read_text(tmp_path, document)).objekte)).geometry
    assert area is not None
    assert area.area == pytest.approx(np.pi * 50, rel=1e-3)


def test_a_bowtie_is_mended_and_told_and_the_original_kept(tmp_path: Path) -> None:
    bowtie = feature("BP_GruenFlaeche", "o", prop("position", polygon("0 0 10 10 10 0 0 10 0 0")))
    batch = read_text(tmp_path, xplangml(plan(), bowtie))
    [objekt] = only(batch).objekte
    assert objekt.geometry is not None
    assert objekt.geometry.is_valid
    assert objekt.geometry.area == pytest.approx(50)
    assert objekt.original is not None
    assert not objekt.original.is_valid
    assert "geometry_mended" in codes(batch)
    assert batch.report.mended == 1


def test_a_clockwise_ring_is_turned_and_told(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan(outline=polygon("0 0 0 100 100 100 100 0 0 0"))))
    outline = only(batch).geltungsbereich
    assert outline is not None
    assert outline.geoms[0].exterior.is_ccw
    assert "ring_reversed" in codes(batch)


def test_an_unreadable_geometry_leaves_the_object_and_its_text(tmp_path: Path) -> None:
    broken = polygon().replace("480000.000", "NaN", 1)
    batch = read_text(tmp_path, xplangml(plan(), feature("BP_GruenFlaeche", "o", prop("position", broken))))
    [objekt] = only(batch).objekte
    assert objekt.geometry is None
    assert "NaN" in str(objekt.attribute["position"])
    assert "geometry_unreadable" in codes(batch)


@pytest.mark.parametrize(
    ("srs", "coordinates"),
    [
        ("EPSG:25832", "480000 5630000"),
        ("urn:adv:crs:ETRS89_UTM32", "480000 5630000"),
        ("urn:ogc:def:crs:EPSG::25832", "480000 5630000"),
        ("http://www.opengis.net/def/crs/EPSG/0/25832", "480000 5630000"),
        ("EPSG:4647", "32480000 5630000"),
        ("EPSG:25832", "32480000 5630000"),
        ("EPSG:325832", "3480000 5630000"),
        ("EPSG:4326", "8.7160649 50.8213765"),
        ("urn:ogc:def:crs:EPSG::4326", "50.8213765 8.7160649"),
        ("EPSG:31467", "3480066 5631813"),
        ("urn:adv:crs:DE_DHDN_3GK3_HE100", "3480066 5631813"),
        ("urn:ogc:def:crs:EPSG::25832", "5630000 480000"),
    ],
)
def test_every_spelling_of_a_crs_leads_to_the_same_place(tmp_path: Path, srs: str, coordinates: str) -> None:
    point = f'<gml:Point srsName="{srs}"><gml:pos>{coordinates}</gml:pos></gml:Point>'
    objekt = feature("BP_HoehenMass", "o", prop("position", point))
    found = next(iter(only(read_text(tmp_path, xplangml(plan(), objekt))).objekte)).geometry
    assert found is not None
    assert found.distance(Point(ORIGIN)) < 5  # Gauß-Krüger comes by a 7-parameter set


def test_a_file_without_any_crs_is_placed_by_its_numbers_and_that_is_told(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan(outline=polygon(srs=None))))
    assert only(batch).geltungsbereich is not None
    assert "crs_assumed" in codes(batch)


def test_an_unknown_crs_is_an_error_and_the_coordinates_stay(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan(outline=polygon(srs="EPSG:999999"))))
    assert only(batch).geltungsbereich is None
    assert "crs_unknown" in codes(batch)
    assert "480000" in str(only(batch).attribute["raeumlicherGeltungsbereich"])
    assert only(batch).level is Level.READABLE


def test_documents_of_all_versions_have_a_typ(tmp_path: Path) -> None:
    reference = (
        "<xplan:XP_ExterneReferenz><xplan:referenzName>B</xplan:referenzName>"
        "<xplan:referenzURL>b.pdf</xplan:referenzURL></xplan:XP_ExterneReferenz>"
    )
    special = reference.replace("XP_Externe", "XP_SpezExterne").replace(
        "</xplan:XP_Spez", "<xplan:typ>1010</xplan:typ></xplan:XP_Spez"
    )
    old = only(read_text(tmp_path, xplangml(plan(extra=prop("refBegruendung", reference)), version="4.1")))
    new = only(read_text(tmp_path, xplangml(plan(extra=prop("externeReferenz", special)), version="6.0")))
    assert [(d.typ, d.name, d.url) for d in old.dokumente] == [(1010, "B", "b.pdf")]
    assert [(d.typ, d.name, d.url) for d in new.dokumente] == [(1010, "B", "b.pdf")]


def test_an_archive_brings_its_documents_whatever_their_case_and_folder(tmp_path: Path) -> None:
    reference = prop(
        "externeReferenz",
        "<xplan:XP_SpezExterneReferenz><xplan:referenzURL>{}</xplan:referenzURL><xplan:typ>1010</xplan:typ>"
        "</xplan:XP_SpezExterneReferenz>",
    )
    references = reference.format("Begründung Süd.pdf") + reference.format("fehlt.pdf")
    file = archive(
        tmp_path / "plan.zip",
        {
            "xplan.gml": xplangml(plan(extra=references)),
            "Anlagen/begründung süd.PDF": pdf(),
            "übrig.pdf": pdf(),
        },
    )
    workdir = tmp_path / "work"
    workdir.mkdir()
    batch = ingest(file, workdir, srid=25832)
    assert [d.attachment for d in only(batch).dokumente] == ["Anlagen/begründung süd.PDF", None]
    assert [a.path.read_bytes() for a in batch.attachments] == [pdf()]
    assert {"document_missing", "attachment_unreferenced"} <= codes(batch)


def test_what_file_managers_leave_in_an_archive_is_passed_over_and_told(tmp_path: Path) -> None:
    litter = {"__MACOSX/._xplan.gml": "x", ".DS_Store": "x", "Anlagen/Thumbs.db": "x"}
    workdir = tmp_path / "work"
    workdir.mkdir()
    batch = ingest(archive(tmp_path / "plan.zip", {"xplan.gml": xplangml(plan()), **litter}), workdir, srid=25832)
    [issue] = [each for each in batch.report.issues if each.code == "litter_passed_over"]
    assert (issue.severity, issue.detail) == (Severity.INFO, "3")


def test_a_dangling_reference_and_a_double_id_are_told_not_fatal(tmp_path: Path) -> None:
    document = xplangml(plan(extra=link("texte", "nowhere")), bereich(), bereich())
    batch = read_text(tmp_path, document)
    assert {"reference_dangling", "gml_id_twice"} <= codes(batch)


def test_another_kind_of_plan_in_the_same_file_is_left_out_and_told(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan(), plan("lp", klasse="LP_Plan", nummer="9")))
    assert len(batch.plans) == 1
    assert "planwerk_unsupported" in codes(batch)


@pytest.mark.parametrize(("given", "ags"), [("06534008", "06534008"), ("6534008", "06534008"), ("asdf", None)])
def test_the_ags_is_text_of_eight_digits(tmp_path: Path, given: str, ags: str | None) -> None:
    gemeinde = prop("gemeinde", f"<xplan:XP_Gemeinde><xplan:ags>{given}</xplan:ags></xplan:XP_Gemeinde>")
    assert only(read_text(tmp_path, xplangml(plan(gemeinde=gemeinde)))).ags == ags


def test_the_regionalschluessel_serves_where_the_ags_is_missing(tmp_path: Path) -> None:
    gemeinde = prop("gemeinde", "<xplan:XP_Gemeinde><xplan:rs>065340008008</xplan:rs></xplan:XP_Gemeinde>")
    assert only(read_text(tmp_path, xplangml(plan(gemeinde=gemeinde)))).ags == "06534008"


def test_3_0_names_its_gemeinde_by_gkz_and_stadt(tmp_path: Path) -> None:
    gemeinde = prop("gkz", "06534008") + prop("stadt", "Ebsdorfergrund") + prop("ortsteil", "Dreihausen")
    found = only(read_text(tmp_path, xplangml(plan(gemeinde=gemeinde), version="3.0")))
    assert found.gemeinden == (GemeindeRef("06534008", "Ebsdorfergrund", "Dreihausen"),)
    assert found.level is not Level.READABLE


def test_what_cannot_be_published_says_what_is_missing(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan(gemeinde="", planart="1000")))
    [issue] = [issue for issue in batch.report.issues if issue.code == "not_publishable"]
    assert (issue.severity, issue.detail) == (Severity.WARNING, "gemeinde/ags")


def test_a_plan_that_lies_nowhere_is_an_error(tmp_path: Path) -> None:
    batch = read_text(tmp_path, xplangml(plan().replace("raeumlicherGeltungsbereich", "beschreibung")))
    [issue] = [issue for issue in batch.report.issues if issue.code == "not_publishable"]
    assert (issue.severity, issue.detail) == (Severity.ERROR, "raeumlicherGeltungsbereich")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    declared = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(encoding, encoding)
    document = xplangml(plan(name="Grün an der Weißmühle")).replace("UTF-8", declared)
    file = write(tmp_path / "plan.gml", document, encoding)
    assert only(ingest(file, tmp_path, srid=25832)).name == "Grün an der Weißmühle"


def test_documents_of_one_name_in_two_folders_are_not_mixed_up(tmp_path: Path) -> None:
    def reference(url: str) -> str:
        return prop(
            "externeReferenz",
            f"<xplan:XP_SpezExterneReferenz><xplan:referenzURL>{url}</xplan:referenzURL><xplan:typ>1010</xplan:typ>"
            "</xplan:XP_SpezExterneReferenz>",
        )

    references = reference("eins/b.pdf") + reference("Zwei\\b.pdf") + reference("b.pdf")
    members: dict[str, bytes | str] = {
        "xplan.gml": xplangml(plan(extra=references)),
        "eins/b.pdf": pdf("1"),
        "zwei/b.pdf": pdf("2"),
    }
    workdir = tmp_path / "work"
    workdir.mkdir()
    batch = ingest(archive(tmp_path / "plan.zip", members), workdir, srid=25832)
    assert [d.attachment for d in only(batch).dokumente] == ["eins/b.pdf", "zwei/b.pdf", None]
    assert "document_ambiguous" in codes(batch)


def test_what_stands_twice_or_does_not_fit_is_kept(tmp_path: Path) -> None:
    objekt = feature("BP_GruenFlaeche", "o", prop("position", polygon()) + prop("ebene", "1.5"))
    found = only(read_text(tmp_path, xplangml(plan(extra=prop("name", "Zweiter Name")), objekt)))
    assert found.attribute["name"] == "Zweiter Name"
    [kept] = found.objekte
    assert (kept.ebene, kept.attribute["ebene"]) == (0, 1.5)


def test_a_reference_that_is_no_address_is_just_a_file_that_is_missing(tmp_path: Path) -> None:
    references = "".join(
        "<xplan:externeReferenz><xplan:XP_SpezExterneReferenz>"
        f"<xplan:referenzURL>{url}</xplan:referenzURL><xplan:typ>1010</xplan:typ>"
        "</xplan:XP_SpezExterneReferenz></xplan:externeReferenz>"
        for url in ("x://[::1", "//[::1/b.pdf", "http://[::1")
    )
    batch = read_text(tmp_path, xplangml(plan(extra=references)))
    assert sum(issue.code == "document_not_delivered" for issue in batch.report.issues) == 2
    assert only(batch).dokumente[2].url == "http://[::1"


@pytest.mark.parametrize("member", ["featureMember", "featureMembers"])
def test_what_was_read_of_a_document_is_let_go(tmp_path: Path, member: str) -> None:
    ring = '<gml:Curve gml:id="c"><gml:segments/></gml:Curve>'
    shared = feature("BP_BauGrenze", "o", prop("position", f"{ring}<gml:curveMember xlink:href='#c'/>"))
    objects = [feature("BP_GruenFlaeche", f"g{i}", prop("position", polygon())) for i in range(1_000)]
    document = xplangml(plan(), shared, *objects)
    if member == "featureMembers":
        many = f"<gml:featureMembers>{''.join(objects)}</gml:featureMembers>"
        document = xplangml(plan(), shared).replace("</xplan:XPlanAuszug>", f"{many}</xplan:XPlanAuszug>")
    opened = Document(write(tmp_path / "p.gml", document), "p.gml")
    kept = []
    for found in opened.features():
        root = found.element.getroottree().getroot()
        kept.append(sum(1 for _ in root.iter("{*}BP_GruenFlaeche")))
    assert len(kept) == 1_002
    assert max(kept) < 300  # the parser is a piece of the file ahead
    assert list(opened.shared) == ["c"]


def test_what_is_written_inside_a_property_is_read_as_if_it_were_referred_to(tmp_path: Path) -> None:
    """GML lets a writer put the Bereich into the plan and the objects into the Bereich."""
    position = prop("position", polygon("0 0 10 0 10 10 0 10 0 0")) + prop("flaechenschluss", "false")
    one, other = (feature("BP_GruenFlaeche", name, prop("ebene", "0") + position) for name in ("g1", "g2"))
    inside = prop("planinhalt", one) + prop("planinhalt", other) + link("gehoertZuPlan", "plan")
    nested = plan(extra=prop("bereich", feature("BP_Bereich", "b", prop("nummer", "0") + inside)))
    apart = prop("nummer", "0") + link("planinhalt", "g1") + link("planinhalt", "g2") + link("gehoertZuPlan", "plan")
    referred = plan(extra=link("bereich", "b")), feature("BP_Bereich", "b", apart), one, other
    inline, usual = (
        ingest(write(tmp_path / f"{name}.gml", xplangml(*features)), tmp_path, srid=25832)
        for name, features in (("inline", (nested,)), ("usual", referred))
    )
    assert inline.plans == usual.plans
    assert [(objekt.gml_id, objekt.bereich) for objekt in inline.plans[0].objekte] == [("g1", "b"), ("g2", "b")]
    assert [issue.code for issue in inline.report.issues] == [issue.code for issue in usual.report.issues]
