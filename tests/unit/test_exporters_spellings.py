"""Numbers, days, lines and names as programs write them beside the standard: read where only one thing can be meant."""

from datetime import date
from pathlib import Path

import pytest

from plans_ingest import Batch, ingest
from plans_ingest.model import Plan
from tests.files import SQUARE, archive, bereich, feature, pdf, plan, polygon, positions, prop, write, xplangml

PLACES = positions(SQUARE).split()
PAIRS = [f"{x},{y}" for x, y in zip(PLACES[::2], PLACES[1::2], strict=True)]


def read(tmp_path: Path, document: str | Path) -> Batch:
    file = document if isinstance(document, Path) else write(tmp_path / "plan.gml", document)
    workdir = tmp_path / "work"
    workdir.mkdir()
    return ingest(file, workdir, srid=25832)


def only(batch: Batch) -> Plan:
    [found] = batch.plans
    return found


def told(batch: Batch, code: str) -> list[str]:
    return [issue.detail for issue in batch.report.issues if issue.code == code]


def area(batch: Batch) -> float:
    outline = only(batch).geltungsbereich
    return 0.0 if outline is None else outline.area


@pytest.mark.parametrize(
    "written",
    [
        " ".join(PAIRS),
        " ".join(PAIRS).replace(".000", ""),
        " ".join(PAIRS).replace(",", ", "),
        " ".join(PLACES).replace(".", ","),
        " ".join(PLACES).replace(".000", "").replace("480100", "480100,0"),
    ],
)
def test_commas_between_coordinates_and_in_them(tmp_path: Path, written: str) -> None:
    batch = read(tmp_path, xplangml(plan(outline=polygon().replace(" ".join(PLACES), written))))
    assert area(batch) == pytest.approx(10_000)
    [detail] = told(batch, "value_respelt")
    assert detail.startswith("posList: 480000")


@pytest.mark.parametrize("written", ["", "480.000,5 5.630.000,5", "480000;5630000", "1,2,3 4,5,6", ",", "1,5"])
def test_what_may_mean_several_things_is_no_coordinate(tmp_path: Path, written: str) -> None:
    batch = read(tmp_path, xplangml(plan(outline=polygon().replace(" ".join(PLACES), written))))
    assert only(batch).geltungsbereich is None
    assert len(told(batch, "geometry_unreadable")) == 1


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("GRZ", "0,4", 0.4), ("GRZ", "0,375", 0.375), ("GF", "1250,5", 1250.5), ("GRZ", "1,2", 1.2),
        ("GF", "1,250", "1,250"), ("GF", "250 m²", "250 m²"), ("Z", "II", "II"),
    ],
)  # fmt: skip
def test_a_number_with_a_comma(tmp_path: Path, name: str, written: str, expected: object) -> None:
    zone = feature("BP_BaugebietsTeilFlaeche", "o", prop("position", polygon()) + prop(name, written))
    batch = read(tmp_path, xplangml(plan(), zone))
    [objekt] = only(batch).objekte
    assert objekt.attribute[name] == expected
    assert len(told(batch, "value_respelt")) + len(told(batch, "value_mistyped")) == 1


@pytest.mark.parametrize(
    ("written", "expected"), [("1:1000", 1000), ("M 1 : 2.500", 2500), ("1000", 1000), ("1:1,5", None), ("klein", None)]
)
def test_a_scale_as_on_the_sheet(tmp_path: Path, written: str, expected: int | None) -> None:
    found = only(read(tmp_path, xplangml(plan(extra=prop("erstellungsMassstab", written)))))
    assert found.erstellungsmassstab == expected
    assert ("erstellungsMassstab" in found.attribute) == (expected is None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2021-03-04 00:00:00", date(2021, 3, 4)), ("20210304", date(2021, 3, 4)), ("20210304120000", date(2021, 3, 4)),
        ("2021-03-04Z", date(2021, 3, 4)), ("0001-01-01", None), ("9999-12-31T00:00:00", None), ("20211304", None),
        ("04.03.21", None),
    ],
)  # fmt: skip
def test_a_day_as_databases_write_it(tmp_path: Path, written: str, expected: date | None) -> None:
    found = only(read(tmp_path, xplangml(plan(extra=prop("inkrafttretensDatum", written)))))
    assert found.inkrafttretens_datum == expected
    assert ("inkrafttretensDatum" in found.attribute) == (expected is None)


@pytest.mark.parametrize(("written", "expected"), [("4000.0", 4000), ("4000.5", None), ("40", None)])
def test_a_code_as_tables_have_numbers(tmp_path: Path, written: str, expected: int | None) -> None:
    assert only(read(tmp_path, xplangml(plan(extra=prop("rechtsstand", written))))).rechtsstand == expected


@pytest.mark.parametrize(
    "name",
    [
        "ETRS89 / UTM zone 32N", "ETRS_1989_UTM_Zone_32N", "ETRS89.UTM-32N", "UTM32", "ETRS89-UTM32", "EPSG25832",
        "EPSG_25832", "",
    ],
)  # fmt: skip
def test_a_crs_in_words(tmp_path: Path, name: str) -> None:
    batch = read(tmp_path, xplangml(plan(outline=polygon().replace("EPSG:25832", name))))
    assert area(batch) == pytest.approx(10_000)
    assert bool(told(batch, "crs_assumed")) == (not name)


@pytest.mark.parametrize("name", ["DHDN / 3-degree Gauss-Kruger zone 3", "DHDN_3_Degree_Gauss_Zone_3", "Gauß-Krüger 3"])
def test_gauss_krueger_in_words(tmp_path: Path, name: str) -> None:
    outline = polygon(srs=name, origin=(3480000, 5630000))
    assert area(read(tmp_path, xplangml(plan(outline=outline)))) == pytest.approx(10_000, rel=1e-3)


@pytest.mark.parametrize("name", ["UTM", "UTM 35", "Soldner", "WGS84 UTM 32"])
def test_words_that_are_no_crs_of_ours_are_told(tmp_path: Path, name: str) -> None:
    batch = read(tmp_path, xplangml(plan(outline=polygon(srs=name))))
    assert len(told(batch, "crs_unknown")) == 1


def ring(*curves: str) -> str:
    members = "".join(
        f"<gml:curveMember><gml:LineString><gml:posList>{positions(each)}</gml:posList></gml:LineString>"
        "</gml:curveMember>"
        for each in curves
    )
    return (
        f'<gml:Polygon srsName="EPSG:25832"><gml:exterior><gml:Ring>{members}</gml:Ring></gml:exterior></gml:Polygon>'
    )


@pytest.mark.parametrize(
    "curves",
    [
        ("0 0 50 0 50 50", "0 50 50 50", "0 50 0 0"),
        ("50 50 50 0 0 0", "50 50 0 50", "0 50 0 0"),
        ("50 50 50 0 0 0", "0 50 50 50", "0 0 0 50"),
        ("0 0 50 0 50 50", "0 0 0 50 50 50"),
        ("0 0 50 0", "50 50 50 0", "0 50 50 50", "0 0 0 50"),
    ],
)
def test_pieces_of_a_ring_that_run_the_wrong_way(tmp_path: Path, curves: tuple[str, ...]) -> None:
    batch = read(tmp_path, xplangml(plan(outline=ring(*curves))))
    assert area(batch) == pytest.approx(2500)
    assert told(batch, "curve_turned") == [""]
    assert told(batch, "curve_gap") + told(batch, "geometry_mended") == []


def test_pieces_that_do_not_meet_are_told(tmp_path: Path) -> None:
    batch = read(tmp_path, xplangml(plan(outline=ring("0 0 50 0", "50 10 50 50", "50 50 0 50", "0 50 0 0"))))
    assert told(batch, "curve_gap") == ["10.000 m"]
    assert told(batch, "curve_turned") == []


def test_an_arc_that_ends_where_it_starts_is_a_circle(tmp_path: Path) -> None:
    arc = f"<gml:Arc><gml:posList>{positions('0 0 20 0 0 0')}</gml:posList></gml:Arc>"
    circle = (
        '<gml:Polygon srsName="EPSG:25832"><gml:exterior><gml:Ring><gml:curveMember><gml:Curve><gml:segments>'
        f"{arc}</gml:segments></gml:Curve></gml:curveMember></gml:Ring></gml:exterior></gml:Polygon>"
    )
    assert area(read(tmp_path, xplangml(plan(outline=circle)))) == pytest.approx(314.159, abs=0.4)


def test_a_document_is_found_by_its_name_where_it_has_no_address(tmp_path: Path) -> None:
    reference = (
        "<xplan:XP_SpezExterneReferenz><xplan:referenzName>{}</xplan:referenzName></xplan:XP_SpezExterneReferenz>"
    )
    named = "".join(prop("externeReferenz", reference.format(name)) for name in ("Begruendung.pdf", "Satzung", "x.pdf"))
    whole = xplangml(plan(gemeinde=named + prop("gemeinde", "")))
    batch = read(tmp_path, archive(tmp_path / "p.zip", {"xplan.gml": whole, "docs/Begruendung.pdf": pdf()}))
    assert [each.attachment for each in only(batch).dokumente] == ["docs/Begruendung.pdf", None, None]
    assert told(batch, "attachment_unreferenced") + told(batch, "document_missing") == []


def test_elements_left_empty_say_nothing(tmp_path: Path) -> None:
    names = ("beschreibung", "rechtsstand", "inkrafttretensDatum", "erstellungsMassstab", "aendert", "texte")
    found = only(read(tmp_path, xplangml(plan(extra="".join(f"<xplan:{name}/>" for name in names)), bereich())))
    assert (found.rechtsstand, found.inkrafttretens_datum, found.erstellungsmassstab) == (None, None, None)
    assert (found.name, found.ags, len(found.bereiche)) == ("Am Hang", "06534008", 1)
