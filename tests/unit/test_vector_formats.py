"""Outlines in a table or a drawing: every format gives the same plan, and tells what it could not read."""

import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from plans_ingest import NoPlan, UnreadableFile, UnsupportedFormat, ingest
from plans_ingest.model import Level, Planwerk, Severity
from tests.files import ORIGIN, archive, pdf, plan, xplangml
from tests.hostile.odd import binary
from tests.reading import codes, details, only, read
from tests.tables import RING, ROW, SQUARE, drawing, far, parts, table, zipped

FORMATS = [".gpkg", ".geojson", ".fgb", ".shp"]
CORNERS = [(0, 0), (100, 0), (100, 100), (0, 100)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_plan(tmp_path: Path, suffix: str) -> None:
    batch = read(table(tmp_path / f"plan{suffix}"))
    found = only(batch)
    assert (found.planwerk, found.nummer, found.name, found.ags) == (Planwerk.BEBAUUNGSPLAN, "5", "Am Hang", "06534008")
    assert (found.planart, found.rechtsstand, found.inkrafttretens_datum) == ((1000,), 4000, date(2019, 3, 1))
    assert isinstance(found.geltungsbereich, MultiPolygon)
    assert found.geltungsbereich.symmetric_difference(SQUARE).area < 0.01
    assert found.level is Level.PUBLISHABLE
    assert batch.report.count(Severity.ERROR) == 0
    assert details(batch, "profile_used") == ["Vorlage des Geoportals"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_holes_and_several_areas(tmp_path: Path, suffix: str) -> None:
    whole = MultiPolygon([RING, far()])
    found = only(read(table(tmp_path / f"p{suffix}", shapes=[whole])))
    assert found.geltungsbereich is not None
    assert found.geltungsbereich.area == pytest.approx(9_600 + 10_000, rel=1e-5)
    assert sum(len(part.interiors) for part in found.geltungsbereich.geoms) == 1


@pytest.mark.parametrize("suffix", FORMATS)
def test_umlauts_and_empty_values(tmp_path: Path, suffix: str) -> None:
    rows: list[dict[str, Any]] = [ROW | {"name": "Größer Weg"}, ROW | {"nummer": "6", "name": None}]
    plans = read(table(tmp_path / f"p{suffix}", rows, [SQUARE, far()])).plans
    first, second = sorted(plans, key=lambda plan: plan.nummer or "")  # FlatGeobuf sorts by place
    assert (first.name, second.name) == ("Größer Weg", None)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb"])
def test_a_name_that_shows_another_one_or_fits_into_no_document_is_put_right_and_told(
    tmp_path: Path, suffix: str
) -> None:
    delivered = "Am\u202e Hang\x1b[31m \x01I\ufffe\x85\nSüd"
    batch = read(table(tmp_path / f"p{suffix}", [ROW | {"name": delivered}]))
    assert only(batch).name == "Am Hang[31m I\x85\nSüd"
    assert details(batch, "label_invisible") == ["name (4)"]
    assert only(batch).attribute["name"] == delivered, "what was delivered is kept"


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".shp"])
def test_another_crs_is_transformed(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"p{suffix}"
    found = only(
        read(table(file, shapes=[Polygon([(3480000, 5631800), (3480100, 5631800), (3480100, 5631900)])], crs=31467))
    )
    assert found.geltungsbereich is not None
    assert found.geltungsbereich.distance(Point(ORIGIN)) < 500


def test_a_geojson_with_its_crs_by_name(tmp_path: Path) -> None:
    text = tmp_path / "p.geojson"
    table(text, crs=25833, shapes=[Polygon([(60000, 5640000), (60100, 5640000), (60100, 5640100)])])
    assert only(read(text)).geltungsbereich is not None
    assert "crs_assumed" not in codes(read(text))


def test_projected_numbers_in_a_geojson_without_crs_are_told(tmp_path: Path) -> None:
    ring = [[ORIGIN[0] + x, ORIGIN[1] + y] for x, y in [*CORNERS, CORNERS[0]]]
    file = tmp_path / "p.geojson"
    file.write_text(f'{{"type": "Polygon", "coordinates": [{ring}]}}')
    batch = read(file)
    assert details(batch, "crs_assumed") == ["EPSG:25832"]
    assert details(batch, "name_from_file") == ["p"]
    assert only(batch).level is Level.READABLE


def test_a_shapefile_without_prj_is_placed_and_told(tmp_path: Path) -> None:
    table(tmp_path / "p.shp")
    members = {name: content for name, content in parts(tmp_path / "p.shp").items() if not name.endswith(".prj")}
    batch = read(zipped(tmp_path / "p.shp", members))
    assert details(batch, "crs_assumed") == ["EPSG:25832"]
    assert only(batch).level is Level.PUBLISHABLE


def test_a_prj_that_nobody_knows_is_told_and_nothing_is_placed(tmp_path: Path) -> None:
    table(tmp_path / "p.shp")
    batch = read(zipped(tmp_path / "p.shp", parts(tmp_path / "p.shp") | {"p.prj": b"http://example.org/crs"}))
    assert "crs_unknown" in codes(batch)
    assert only(batch).geltungsbereich is None


@pytest.mark.parametrize(
    ("written", "cpg", "code"),
    [
        ("CP1252", None, "encoding_guessed"),
        ("UTF-8", None, "encoding_guessed"),
        ("UTF-8", b"1252", "encoding_wrong"),
        ("CP1252", b"UTF-8", "encoding_wrong"),
        ("CP1252", b"KLINGON", "encoding_wrong"),
        ("CP1252", b"ANSI 1252", None),
    ],
)
def test_the_encoding_of_a_shapefile(tmp_path: Path, written: str, cpg: bytes | None, code: str | None) -> None:
    table(tmp_path / "p.shp", [ROW | {"name": "Überm Bächlein"}], encoding=written)
    members = {name: content for name, content in parts(tmp_path / "p.shp").items() if not name.endswith(".cpg")}
    dbf = bytearray(members["p.dbf"])
    dbf[29] = 0  # GDAL names the code page here too
    members["p.dbf"] = bytes(dbf)
    batch = read(zipped(tmp_path / "p.shp", members if cpg is None else members | {"p.cpg": cpg}))
    assert only(batch).name == "Überm Bächlein"
    assert {found for found in codes(batch) if found.startswith("encoding")} == ({code} if code else set())


def test_several_shapefiles_of_one_archive(tmp_path: Path) -> None:
    table(tmp_path / "a.shp")
    table(tmp_path / "b.shp", [ROW | {"nummer": "6"}], [far()])
    table(tmp_path / "haeuser.shp", [{"hausnr": 7}], [far(50)])
    members = parts(tmp_path / "a.shp") | parts(tmp_path / "b.shp") | parts(tmp_path / "haeuser.shp")
    batch = read(zipped(tmp_path / "alle.shp", {f"Ordner/{name}": content for name, content in members.items()}))
    assert sorted(plan.nummer or "" for plan in batch.plans) == ["5", "6"]
    assert "layer_not_read" in codes(batch)


def test_a_shapefile_alone_asks_for_the_rest(tmp_path: Path) -> None:
    table(tmp_path / "p.shp")
    with pytest.raises(UnreadableFile, match=r"\.dbf"):
        read(tmp_path / "p.shp")


def test_a_geopackage_with_a_second_table_reads_only_the_plans(tmp_path: Path) -> None:
    file = table(tmp_path / "p.gpkg", layer="plaene")
    table(file, [{"gebaeude": "x"}], [far()], layer="haeuser")
    table(file, [{"linie": "x"}], [LineString([ORIGIN, (ORIGIN[0] + 5, ORIGIN[1])])], layer="linien")
    batch = read(file)
    assert only(batch).nummer == "5"
    assert [issue.where.element for issue in batch.report.issues if issue.code == "layer_not_read"] == [
        "linien",
        "haeuser",
    ]


def test_rows_that_say_the_same_are_the_parts_of_one_plan(tmp_path: Path) -> None:
    batch = read(table(tmp_path / "p.gpkg", [ROW, ROW], [SQUARE, far()]))
    outline = only(batch).geltungsbereich
    assert outline is not None
    assert outline.area == pytest.approx(20_000)
    assert "outline_parts_merged" in codes(batch)


def test_a_row_without_a_geometry_is_kept_and_told(tmp_path: Path) -> None:
    batch = read(table(tmp_path / "p.gpkg", [ROW, ROW | {"nummer": "6"}], [SQUARE, None]))
    assert [plan.level for plan in batch.plans] == [Level.PUBLISHABLE, Level.READABLE]
    assert {"outline_missing", "not_publishable"} <= codes(batch)


def test_a_bowtie_in_a_table_is_mended_and_told_with_its_row(tmp_path: Path) -> None:
    bowtie = Polygon([(480000, 5630000), (480010, 5630010), (480010, 5630000), (480000, 5630010)])
    batch = read(table(tmp_path / "p.gpkg", [ROW, ROW | {"nummer": "6"}], [SQUARE, bowtie]))
    [issue] = [issue for issue in batch.report.issues if issue.code == "geometry_mended"]
    assert issue.where.line == 2


def test_lines_and_points_are_no_outline(tmp_path: Path) -> None:
    batch = read(table(tmp_path / "p.gpkg", shapes=[Point(ORIGIN)]))
    assert (batch.plans, codes(batch) & {"table_without_outline"}) == ((), {"table_without_outline"})


def test_the_closed_polyline_on_the_right_layer_of_a_drawing(tmp_path: Path) -> None:
    file = tmp_path / "plan5.dxf"
    lines = ("Baugrenze", [(10, 10), (20, 10), (20, 20)], True), ("GELTUNGSBEREICH", CORNERS, True)
    file.write_text(drawing(*lines, ("Kabel", [(0, 0), (9, 9)], False), extra="0\nTEXT\n8\n0\n1\nAm Hang\n"))
    batch = read(file)
    found = only(batch)
    assert found.geltungsbereich is not None
    assert found.name == "plan5"
    assert found.geltungsbereich.area == pytest.approx(10_000)
    assert details(batch, "dxf_layer_not_read") == ["Baugrenze"]
    assert details(batch, "dxf_not_read") == ["TEXT (1)"]
    assert details(batch, "dxf_line_open") == ["Kabel (1)"]


@pytest.mark.parametrize(
    ("drawn", "is_outline"),
    [
        ("BP-GELTUNGSBER", True),
        ("PlanZV_15.13_Grenze", True),
        ("15.13", True),
        ("Plangebiet", True),
        ("15.130 Kataster", False),
        ("15.14 Abgrenzung", False),
    ],
)
def test_offices_call_the_layer_of_the_outline_by_several_names(tmp_path: Path, drawn: str, is_outline: bool) -> None:
    file = tmp_path / "p.dxf"
    file.write_text(drawing((drawn, CORNERS, True)))
    assert bool(read(file).plans) == is_outline


def test_a_drawing_without_that_layer_names_the_layers_it_has(tmp_path: Path) -> None:
    file = tmp_path / "p.dxf"
    file.write_text(drawing(("Baugrenze", CORNERS, True)))
    batch = read(file)
    assert not batch.plans
    assert "Baugrenze" in " ".join(details(batch, "table_without_outline"))


def test_arcs_of_a_drawing_become_lines_within_five_millimetres(tmp_path: Path) -> None:
    file = tmp_path / "p.dxf"
    circle = [(0.0, 0.0, 1.0), (100.0, 0.0, 1.0)]  # two half circles
    file.write_text(drawing(("Geltungsbereich", circle, True)))
    outline = only(read(file)).geltungsbereich
    assert outline is not None
    centre = Point(ORIGIN[0] + 50, ORIGIN[1])
    assert abs(outline.area - 3.141592653589793 * 2500) < 1.6
    assert max(Point(point).distance(centre) for point in outline.geoms[0].exterior.coords) == pytest.approx(50)


def stroke(kind: str, *pairs: tuple[int, float], layer: str = "GELTUNGSBEREICH") -> str:
    """An entity of a drawing; what is a place (10, 20, of a LINE also 11, 21) is moved to one in the Kreis."""
    moved = {10: ORIGIN[0], 20: ORIGIN[1]} | ({11: ORIGIN[0], 21: ORIGIN[1]} if kind == "LINE" else {})
    numbers = "".join(f"{code}\n{value + moved.get(code, 0)}\n" for code, value in pairs)
    return f"0\n{kind}\n8\n{layer}\n{numbers}"


def edge(x: float, y: float, to_x: float, to_y: float) -> str:
    return stroke("LINE", (10, x), (20, y), (11, to_x), (21, to_y))


def test_single_lines_that_meet_are_an_outline_and_small_gaps_are_told(tmp_path: Path) -> None:
    file = tmp_path / "p.dxf"
    lines = edge(100, 0, 0, 0) + edge(100, 0, 100, 100) + edge(0, 0.004, 0, 100) + edge(0, 100, 99.995, 100)
    inside, beside = edge(0, 40, 60, 40), stroke("LINE", (10, 0), (20, 0), (11, 9), (21, 9), layer="Kabel")
    file.write_text(drawing(extra=lines + inside + beside))
    batch = read(file)
    outline = only(batch).geltungsbereich
    assert outline is not None
    assert outline.area == pytest.approx(10_000, abs=1)
    assert details(batch, "dxf_lines_joined") == ["GELTUNGSBEREICH (4, 2)"]
    assert details(batch, "dxf_not_read") == ["LINE (2)"]


def test_lines_arcs_splines_and_polylines_make_an_outline_together(tmp_path: Path) -> None:
    file = tmp_path / "p.dxf"
    quarter = stroke("ARC", (10, 90), (20, 10), (40, 10), (50, 270), (51, 360))
    straight = stroke(  # a spline of degree 1 from (100 10) to (100 100)
        "SPLINE", (71, 1), *((40, knot) for knot in (0, 0, 1, 1)), (10, 100), (20, 10), (10, 100), (20, 100)
    )
    bent = ("GELTUNGSBEREICH", [(100, 100), (0, 100), (0, 0)], False)
    file.write_text(drawing(bent, extra=quarter + straight + edge(0, 0, 90, 0)))
    outline = only(read(file)).geltungsbereich
    assert outline is not None
    assert outline.area == pytest.approx(10_000 - (1 - math.pi / 4) * 100, abs=0.1)


def test_a_spline_is_drawn_as_it_is_meant(tmp_path: Path) -> None:
    """A full circle as CAD programs write one: rational, of degree 2, with nine control points."""
    file = tmp_path / "p.dxf"
    corner = math.sqrt(0.5)
    control = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0)]
    pairs = [(40, float(knot)) for knot in (0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4)]
    for number, (x, y) in enumerate(control):
        pairs += [(10, 50 * x + 50), (20, 50 * y + 50), (41, corner if number % 2 else 1.0)]
    file.write_text(drawing(extra=stroke("SPLINE", (71, 2), *pairs)))
    outline = only(read(file)).geltungsbereich
    assert outline is not None
    centre = Point(ORIGIN[0] + 50, ORIGIN[1] + 50)
    assert {round(Point(point).distance(centre), 6) for point in outline.geoms[0].exterior.coords} == {50.0}
    assert outline.area == pytest.approx(math.pi * 2_500, rel=0.001)


@pytest.mark.parametrize(
    ("entity", "area"),
    [
        (stroke("CIRCLE", (10, 50), (20, 50), (40, 20)), math.pi * 400),
        (stroke("ELLIPSE", (10, 50), (20, 50), (11, 40), (21, 0), (40, 0.5)), math.pi * 40 * 20),
        (stroke("ELLIPSE", (10, 50), (20, 50), (11, 0), (21, 40), (40, 0.5)) + edge(0, 0, 9, 9), math.pi * 40 * 20),
    ],
)
def test_circles_and_ellipses_are_outlines_where_nothing_else_is(tmp_path: Path, entity: str, area: float) -> None:
    file = tmp_path / "p.dxf"
    file.write_text(drawing(extra=entity))
    outline = only(read(file)).geltungsbereich
    assert outline is not None
    assert outline.area == pytest.approx(area, rel=0.001)


def test_what_is_drawn_from_behind_lies_where_it_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "p.dxf"
    mirrored = [(-2 * ORIGIN[0] - x, y, 0.1) for x, y in CORNERS]
    text = drawing(("GELTUNGSBEREICH", mirrored, True))
    file.write_text(text.replace("0\nLWPOLYLINE\n", "0\nLWPOLYLINE\n230\n-1.0\n"))
    outline = only(read(file)).geltungsbereich
    assert outline is not None
    assert outline.bounds[0] == pytest.approx(ORIGIN[0], abs=10)


@pytest.mark.parametrize(
    "entity",
    [
        edge(0, 0, 10, 0) + edge(10, 0.5, 0, 0),
        stroke("ARC", (10, 0), (20, 0), (40, -5), (50, 0), (51, 90)),
        stroke("CIRCLE", (10, 0), (20, 0)),
        stroke("SPLINE", (71, 3), (40, 0.0), (10, 0), (20, 0)),
        stroke("SPLINE", (71, 2), *((40, knot) for knot in (2, 1, 0)), (10, 0), (20, 0)),
        stroke("ELLIPSE", (10, 0), (20, 0), (11, 0), (21, 0), (40, 0.5)),
    ],
)
def test_lines_that_do_not_close_or_make_no_sense_are_told(tmp_path: Path, entity: str) -> None:
    file = tmp_path / "p.dxf"
    file.write_text(drawing(("Baugrenze", CORNERS, True), extra=entity))
    batch = read(file)
    assert not batch.plans
    assert details(batch, "dxf_not_read")


def test_a_drawing_by_gdal_reads_too(tmp_path: Path) -> None:
    file = tmp_path / "p.dxf"
    table(file, [{"Layer": "GELTUNGSBEREICH"}], [SQUARE.exterior], crs=None)
    assert only(read(file)).geltungsbereich is not None


def test_a_ring_inside_a_ring_of_a_drawing_is_a_hole(tmp_path: Path) -> None:
    file = tmp_path / "p.dxf"
    hole = [(40, 40), (60, 40), (60, 60), (40, 60)]
    file.write_text(drawing(("geltungsbereich", CORNERS, True), ("geltungsbereich", hole, True)))
    outline = only(read(file)).geltungsbereich
    assert outline is not None
    assert outline.area == pytest.approx(9_600)


def test_documents_of_a_table_are_found_in_the_archive(tmp_path: Path) -> None:
    table(
        tmp_path / "p.shp",
        [ROW | {"begruendun": "Begründung 5.pdf; https://example.org/b.pdf", "rechtsplan": "fehlt.pdf"}],
    )
    members = parts(tmp_path / "p.shp") | {"Begründung 5.pdf": pdf()}
    batch = read(zipped(tmp_path / "p.shp", members))
    found = {(dokument.typ, dokument.url): dokument.attachment for dokument in only(batch).dokumente}
    assert found == {
        (1010, "Begründung 5.pdf"): "Begründung 5.pdf",
        (1010, "https://example.org/b.pdf"): None,
        (1030, "fehlt.pdf"): None,
    }
    assert details(batch, "document_missing") == ["fehlt.pdf"]


@pytest.mark.parametrize("name", ["Begründung.pdf", "Begru\u0308ndung.pdf"])
def test_names_in_any_spelling_of_umlauts(tmp_path: Path, name: str) -> None:
    """As Windows, macOS and old zip programs write them: flagged or not, composed or not."""
    table(tmp_path / "p.shp", [ROW | {"begruendun": "Begründung.pdf"}])
    file = zipped(tmp_path / "p.shp", parts(tmp_path / "p.shp") | {name: pdf()})
    content = file.read_bytes()
    flagged = only(read(file)).dokumente[0].attachment
    assert flagged == name
    # the same bytes without the flag that says UTF-8
    utf8 = name.encode()
    for header, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.rindex(header, 0, content.rindex(utf8) if header == b"PK\x01\x02" else content.index(utf8))
        content = content[: start + at + 1] + bytes([content[start + at + 1] & ~0x08]) + content[start + at + 2 :]
    file.write_bytes(content)
    (tmp_path / "work2").mkdir()
    again = ingest(file, tmp_path / "work2", srid=25832)
    assert only(again).dokumente[0].attachment == name


def test_a_file_that_is_not_what_its_name_says_is_no_document(tmp_path: Path) -> None:
    table(tmp_path / "p.shp", [ROW | {"begruendun": "b.pdf"}])
    batch = read(zipped(tmp_path / "p.shp", parts(tmp_path / "p.shp") | {"b.pdf": b"<VRTDataset/>"}))
    assert {"attachment_disguised", "document_missing"} <= codes(batch)
    assert batch.attachments == ()


def test_beside_gml_a_table_is_told_and_not_read(tmp_path: Path) -> None:
    table(tmp_path / "p.gpkg", [ROW | {"nummer": "99"}])
    file = archive(tmp_path / "a.zip", {"xplan.gml": xplangml(plan()), "p.gpkg": (tmp_path / "p.gpkg").read_bytes()})
    batch = read(file)
    assert only(batch).nummer == "5"
    assert "table_beside_gml" in codes(batch)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.tab", b"!table\n!version 300\n!charset WindowsLatin1\n\nDefinition Table\n", "MapInfo TAB"),
        ("p.MIF", b'Version   300\nCharset "WindowsLatin1"\nDelimiter ","\n', "MapInfo MIF"),
        ("p.dwg", b"AC1032" + bytes(100), "als DXF speichern"),
        ("p.dgn", b"\x08\x09\xfe\x02" + bytes(100), "MicroStation"),
    ],
)
def test_what_offices_have_and_we_do_not_read_is_called_by_its_name(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(UnsupportedFormat, match=said):
        read(file)
    with pytest.raises(NoPlan, match=f"nicht gelesen wird .*{said}"):
        read(archive(tmp_path / "p.zip", {name: content, "liesmich.txt": "x"}))


@pytest.mark.parametrize("is_short", [False, True], ids=["release 13 and later", "release 12"])
def test_a_binary_drawing_is_the_same_as_in_text(tmp_path: Path, *, is_short: bool) -> None:
    text = drawing(("Geltungsbereich", [(0, 0), (90, 0, 0.5), (90, 90), (0, 90)], True))
    for name, content in (("t.dxf", text.encode()), ("b.dxf", binary(text, is_short=is_short))):
        (tmp_path / name).write_bytes(content)
    [one], [other] = (read(tmp_path / name).plans for name in ("t.dxf", "b.dxf"))
    assert one.geltungsbereich is not None
    assert other.geltungsbereich is not None
    assert one.geltungsbereich.equals(other.geltungsbereich)
