"""Tables and drawings that are broken or built to harm: a clear refusal, quickly, nothing read or fetched."""

import json
import sqlite3
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely

from plans_ingest import NoPlan, PlanFileError, UnreadableFile, UnsafeFile, UnsupportedFormat, gdal_guard, ingest
from tests.files import ORIGIN, archive, plan, prop, xplangml
from tests.hostile.pictures import image
from tests.hostile.refusing import SECONDS, SECRET, VRT, read, refused, written
from tests.tables import ROW, SQUARE, drawing, parts, table, zipped

pytestmark = pytest.mark.usefixtures("no_network")

# --- other drivers of GDAL in disguise

OGR_VRT = (
    "<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
)
WMS = "<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:9/${{z}}</ServerUrl></Service></GDAL_WMS>"
GDALG = '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {secret} ! write"}}'


@pytest.mark.parametrize("content", [VRT, OGR_VRT, WMS, GDALG])
@pytest.mark.parametrize("suffix", [".tif", ".gml", ".geojson", ".gpkg", ".shp", ".pdf", ".vrt"])
def test_a_driver_in_disguise(tmp_path: Path, content: str, suffix: str) -> None:
    secret = written(tmp_path, "secret.csv", SECRET)
    refused(tmp_path, written(tmp_path, f"plan{suffix}", content.format(secret=secret)))


@pytest.mark.parametrize("content", [VRT, OGR_VRT, WMS, GDALG])
@pytest.mark.parametrize("name", ["scan.tif", "scan.pdf", "scan.png"])
def test_a_driver_in_disguise_as_document(tmp_path: Path, content: str, name: str) -> None:
    secret = written(tmp_path, "secret.csv", SECRET)
    reference = (
        f"<xplan:XP_SpezExterneReferenz><xplan:referenzURL>{name}</xplan:referenzURL></xplan:XP_SpezExterneReferenz>"
    )
    document = xplangml(plan(extra=prop("externeReferenz", reference)))
    file = archive(tmp_path / "a.zip", {"x.gml": document, name: content.format(secret=secret)})
    batch = read(tmp_path, file)
    assert batch.attachments == ()
    assert "attachment_disguised" in {issue.code for issue in batch.report.issues}


def test_a_drawing_that_is_an_ogr_vrt_too(tmp_path: Path) -> None:
    secret = written(tmp_path, "secret.csv", SECRET)
    comment = f"999\n{OGR_VRT.format(secret=secret)}\n"
    batch = read(
        tmp_path, written(tmp_path, "p.dxf", comment + drawing(("Geltungsbereich", [(0, 0), (9, 0), (9, 9)], True)))
    )
    assert SECRET not in repr(batch)


def test_the_guard_leaves_gdal_only_what_it_needs() -> None:
    skipped = set(gdal_guard.environment()["GDAL_SKIP"].split(","))
    assert {"VRT", "OGR_VRT", "WMS", "GDALG", "GTI", "WFS", "CSV", "GML", "HTTP", "STACIT", "GeoJSON"} <= skipped
    assert not {"GTiff", "COG", "PNG", "JPEG"} & skipped


# --- GeoJSON


def geojson(**members: object) -> str:
    ring = [[8.7, 50.8], [8.8, 50.8], [8.8, 50.9], [8.7, 50.8]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    return json.dumps({"type": "FeatureCollection", "features": [feature]} | members)


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs"}},
        {"type": "url", "properties": {"url": "http://127.0.0.1:9/crs"}},
        {"type": "name", "properties": {"href": "file:///etc/passwd"}},
        "http://127.0.0.1:9/",
        7,
    ],
)
def test_a_crs_that_points_elsewhere(tmp_path: Path, crs: object) -> None:
    refused(tmp_path, written(tmp_path, "p.geojson", geojson(crs=crs)), UnsafeFile)


def test_a_crs_whose_name_is_a_url_is_no_crs(tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "http://127.0.0.1:9/crs.wkt"}}
    batch = read(tmp_path, written(tmp_path, "p.geojson", geojson(crs=crs)))
    assert "crs_unknown" in {issue.code for issue in batch.report.issues}


@pytest.mark.parametrize("depth", [50, 10_000, 5_000_000])
def test_a_geojson_too_deep(tmp_path: Path, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    file = written(tmp_path, "p.geojson", f'{{"type": "Polygon", "coordinates": {nested}}}')
    refused(tmp_path, file, UnsafeFile)


def test_brackets_in_texts_are_no_depth(tmp_path: Path) -> None:
    text = geojson().replace('"properties": {}', '"properties": {"name": "' + "[" * 100 + r"\"{" + '"}')
    assert read(tmp_path, written(tmp_path, "p.geojson", text)).plans[0].name == "[" * 100 + '"{'


def test_twenty_thousand_features_with_a_key_each(tmp_path: Path) -> None:
    features = [{"type": "Feature", "properties": {f"k{i}": 1}, "geometry": None} for i in range(20_000)]
    refused(tmp_path, written(tmp_path, "p.geojson", geojson(features=features)), UnsafeFile)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "8.7.1", "0x10", "9" * 5000])
def test_what_is_no_number(tmp_path: Path, number: str) -> None:
    refused(tmp_path, written(tmp_path, "p.geojson", geojson().replace("8.8", number, 1)), UnreadableFile)


@pytest.mark.parametrize("number", ["1e308", "-1e300", "123456789012345678901234567890"])
def test_numbers_that_are_no_place(tmp_path: Path, number: str) -> None:
    batch = read(tmp_path, written(tmp_path, "p.geojson", geojson().replace("8.8", number)))
    assert all(found.geltungsbereich is None for found in batch.plans)
    assert "geometry_unplaceable" in {issue.code for issue in batch.report.issues}


@pytest.mark.parametrize(
    "content",
    ['{"type": "FeatureCollection", "features": [7]}', '{"type": "Topology"}', "{}", "{", '{"a": 1, "a": 2}', "{\xff}",
     '{"type": "FeatureCollection", "features": {}}', '{"type": ["Feature"]}', geojson()[:-20]],
)  # fmt: skip
def test_what_is_no_geojson(tmp_path: Path, content: str) -> None:
    refused(tmp_path, written(tmp_path, "p.geojson", content.encode("latin-1")))


@pytest.mark.parametrize(
    "geometry",
    ['{"type": "Polygon", "coordinates": "x"}', '{"type": "Polygon", "coordinates": [[[1, 2]]]}', "7", "[]",
     '{"type": "Polygon"}', '{"type": "Banane", "coordinates": []}',
     '{"type": "Polygon", "coordinates": [[[null, 1]]]}'],
)  # fmt: skip
def test_a_geometry_that_is_none_is_told(tmp_path: Path, geometry: str) -> None:
    feature = f'{{"type": "Feature", "properties": {{}}, "geometry": {geometry}}}'
    text = geojson().replace('"features": [', f'"features": [{feature}, ')
    batch = read(tmp_path, written(tmp_path, "p.geojson", text))
    assert {"geometry_unreadable"} <= {issue.code for issue in batch.report.issues}


@pytest.mark.parametrize("text", [r"a\u0000b", r"\ud800"])
def test_texts_that_no_database_takes(tmp_path: Path, text: str) -> None:
    content = geojson().replace('"properties": {}', f'"properties": {{"name": "{text}"}}')
    refused(tmp_path, written(tmp_path, "p.geojson", content), UnreadableFile)


# --- GeoPackage


def package(tmp_path: Path, *statements: str) -> Path:
    file = table(tmp_path / "p.gpkg", layer="plaene")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA trusted_schema = ON")
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return file


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "CREATE VIEW v AS SELECT a.fid FROM plaene a, plaene b, plaene c",
        "CREATE TRIGGER t AFTER INSERT ON plaene BEGIN SELECT load_extension('/tmp/x.so'); END",
        "CREATE TRIGGER rtree_x AFTER DELETE ON plaene BEGIN DELETE FROM plaene; END",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
    ],
)
def test_what_would_run_sql_of_the_file(tmp_path: Path, statement: str) -> None:
    refused(tmp_path, package(tmp_path, statement), UnsafeFile)


def test_a_virtual_table_of_a_foreign_module(tmp_path: Path) -> None:
    file = package(tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        sql = "CREATE VIRTUAL TABLE o USING VirtualOGR('/etc/passwd')"
        connection.execute("INSERT INTO sqlite_master VALUES ('table', 'o', 'o', 0, ?)", (sql,))
    connection.close()
    refused(tmp_path, file)


@pytest.mark.parametrize("value", ["zeroblob(2000000000)", "hex(zeroblob(30000000))", "printf('%*s', 2000000000, '')"])
def test_a_column_that_is_computed(tmp_path: Path, value: str) -> None:
    """Values that take no room in the file, and all the room there is when they are asked for."""
    refused(tmp_path, package(tmp_path, f"ALTER TABLE plaene ADD COLUMN big GENERATED ALWAYS AS ({value}) VIRTUAL"))


def test_pages_that_contradict_each_other(tmp_path: Path) -> None:
    content = bytearray(package(tmp_path).read_bytes())
    for at in range(4096 * 4, len(content) - 4096, 4096):
        content[at : at + 40] = b"\xff" * 40
    refused(tmp_path, written(tmp_path, "q.gpkg", bytes(content)), UnreadableFile)


def test_names_that_are_no_text(tmp_path: Path) -> None:
    content = package(tmp_path).read_bytes().replace(b"planart", b"pl\xffnart")
    refused(tmp_path, written(tmp_path, "q.gpkg", content), UnreadableFile)


def test_three_thousand_layers(tmp_path: Path) -> None:
    many = [
        "INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('plaene%d', 'features', 25832)" % i  # noqa: UP031
        for i in range(3000)
    ]
    refused(tmp_path, package(tmp_path, *many), UnsafeFile)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM gpkg_contents WHERE 1; DROP TABLE gpkg_contents",
        "UPDATE gpkg_contents SET table_name = 'sqlite_master'",
        "UPDATE gpkg_contents SET table_name = 'x\" UNION SELECT 1 --'",
        "DROP TABLE gpkg_spatial_ref_sys",
    ],
)
def test_a_register_that_lies(tmp_path: Path, statement: str) -> None:
    refused(tmp_path, package(tmp_path, *statement.split("; ")))


BLOBS = {
    "2^31 points": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BII", 1, 2, 2**31),
    "2^31 rings": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BII", 1, 3, 2**31),
    "2^32-1 parts": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BII", 1, 6, 2**32 - 1),
    "nested": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BII", 1, 7, 1) * 100_000,
    "garbage": b"GP\0\x01" + b"\xff" * 500,
    "no header": b"\x01\x03",
    "short": b"GP\0\x01\0\0",
    "extended": b"GP\0\x21" + b"\0" * 40,
    "2^30 curves": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BII", 1, 10, 2**30),
    "curve of two points": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BII4d", 1, 8, 2, 0, 0, 1, 1),
    "polygon of polygons": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BIIBII", 1, 10, 1, 1, 10, 0),
    "curve of NaN": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BII6d", 1, 8, 3, *[float("nan")] * 6),
    "triangle": b"GP\0\x01" + struct.pack("<i", 25832) + struct.pack("<BII", 1, 17, 0),
    "more behind": b"GP\0\x01" + struct.pack("<i", 25832) + shapely.to_wkb(SQUARE) + b"x",
    "NaN": b"GP\0\x01"
    + struct.pack("<i", 25832)
    + shapely.to_wkb(shapely.Polygon([(0, 0), (float("nan"), 1), (1, 1)])),
}


@pytest.mark.parametrize("name", BLOBS)
def test_a_geometry_that_lies_about_its_size(tmp_path: Path, name: str) -> None:
    file = table(
        tmp_path / "p.gpkg", [ROW, ROW | {"nummer": "6"}], [SQUARE, SQUARE], SPATIAL_INDEX="NO", layer="plaene"
    )
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE plaene SET geom = ? WHERE fid = 2", (BLOBS[name],))
    connection.close()
    batch = read(tmp_path, file)
    assert [found.geltungsbereich is None for found in batch.plans] == [False, True]
    assert "geometry_unreadable" in {issue.code for issue in batch.report.issues}


# --- Shapefile


def shapefile(tmp_path: Path, **changes: bytes) -> Path:
    table(tmp_path / "p.shp")
    return zipped(tmp_path / "p.shp", parts(tmp_path / "p.shp") | {f"p.{suffix}": c for suffix, c in changes.items()})


def patched(tmp_path: Path, suffix: str, at: int, content: bytes) -> Path:
    table(tmp_path / "p.shp")
    data = bytearray(parts(tmp_path / "p.shp")[f"p.{suffix}"])
    data[at : at + len(content)] = content
    return shapefile(tmp_path, **{suffix: bytes(data)})


@pytest.mark.parametrize(
    ("suffix", "at", "content"),
    [
        ("shp", 24, struct.pack(">I", 2**31)),  # length of the file
        ("shp", 104, struct.pack(">I", 2**30)),  # length of the first record
        ("shp", 104, struct.pack(">I", 0)),
        ("shp", 28, struct.pack("<I", 7)),
        ("dbf", 4, struct.pack("<I", 2**31)),  # rows
        ("dbf", 4, struct.pack("<I", 0)),
        ("dbf", 4, struct.pack("<I", 2)),
        ("dbf", 8, struct.pack("<H", 3)),
        ("dbf", 10, struct.pack("<H", 1)),
    ],
)
def test_a_shapefile_whose_counts_lie(tmp_path: Path, suffix: str, at: int, content: bytes) -> None:
    refused(tmp_path, patched(tmp_path, suffix, at, content))


@pytest.mark.parametrize(
    ("at", "content"),
    [
        (144, struct.pack("<I", 2**31)),
        (148, struct.pack("<I", 2**31)),
        (152, struct.pack("<I", 4)),
        (108, struct.pack("<I", 99)),
    ],
)
def test_a_shape_whose_counts_lie_is_told(tmp_path: Path, at: int, content: bytes) -> None:
    file = patched(tmp_path, "shp", at, content)
    with pytest.raises(UnreadableFile, match="Keine Geometrie der Datei ist lesbar"):  # it was the only one
        read(tmp_path, file)


@pytest.mark.parametrize("prj", [b"/etc/passwd", b"http://127.0.0.1:9/x", b"PROJCS[", b"\0\xff" * 50, b"+init=epsg:1"])
def test_a_prj_that_is_none(tmp_path: Path, prj: bytes) -> None:
    batch = read(tmp_path, shapefile(tmp_path, prj=prj))
    assert "crs_unknown" in {issue.code for issue in batch.report.issues}


@pytest.mark.parametrize("behind", [bytes(512), bytes(500) + b"PK"])
def test_only_empty_room_may_stand_behind_the_end_of_a_shapefile(tmp_path: Path, behind: bytes) -> None:
    table(tmp_path / "p.shp")
    file = shapefile(tmp_path, shp=parts(tmp_path / "p.shp")["p.shp"] + behind)
    if any(behind):
        refused(tmp_path, file, UnreadableFile)
    else:
        assert read(tmp_path, file).plans


def test_a_shapefile_cut_short(tmp_path: Path) -> None:
    table(tmp_path / "p.shp")
    refused(tmp_path, shapefile(tmp_path, shp=parts(tmp_path / "p.shp")["p.shp"][:-16]), UnreadableFile)


# --- any format


@pytest.mark.parametrize("suffix", [".fgb", ".gpkg", ".geojson", ".shp", ".dxf", ".tif"])
def test_with_any_byte_wrong_it_is_read_or_refused(tmp_path: Path, suffix: str) -> None:
    """Whatever is thrown but a PlanFileError fails the test."""
    random = np.random.default_rng(7)
    file = tmp_path / f"p{suffix}"
    if suffix == ".tif":
        whole = {file.name: image(file)}
    elif suffix == ".dxf":
        whole = {file.name: drawing(("Geltungsbereich", [(0, 0), (100, 0, 0.5), (100, 100)], True)).encode()}
    else:
        table(file)
        whole = parts(file) if suffix == ".shp" else {file.name: file.read_bytes()}
    for number in range(60):
        name = sorted(whole)[number % len(whole)]
        data = bytearray(whole[name])
        for at in random.integers(0, min(len(data), 4000), 3):
            data[at] = random.integers(0, 256)
        broken = whole | {name: bytes(data if number % 4 else data[: random.integers(0, len(data))])}
        target = zipped(file, broken) if suffix == ".shp" else written(tmp_path, f"q{suffix}", broken[file.name])
        workdir = tmp_path / f"work{number}"
        workdir.mkdir()
        try:
            ingest(target, workdir, srid=25832)
        except PlanFileError:
            continue


# --- DXF


@pytest.mark.parametrize(
    "insert",
    [
        "0\nINSERT\n8\nx\n2\nB\n70\n30000\n71\n30000\n44\n1\n45\n1\n10\n0\n20\n0\n",
        "0\nINSERT\n8\nx\n2\nB\n70\n+30000\n71\n30000.0\n10\n0\n20\n0\n",
        "0\nINSERT\n8\nx\n2\nB0\n10\n0\n20\n0\n" * 1000,
    ],
)
def test_blocks_are_never_inserted(tmp_path: Path, insert: str) -> None:
    blocks = "0\nSECTION\n2\nBLOCKS\n" + "".join(
        f"0\nBLOCK\n2\nB{i}\n" + f"0\nINSERT\n2\nB{i + 1}\n" * 10 + "0\nENDBLK\n" for i in range(12)
    )
    outline = drawing(("Geltungsbereich", [(0, 0), (9, 0), (9, 9)], True), extra=insert)
    started = time.process_time()
    refused(tmp_path, written(tmp_path, "p.dxf", f"{blocks}0\nENDSEC\n{outline}"), UnsafeFile)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("columns", ["1.5", "viele", "inf"])
def test_a_grid_of_blocks_without_a_whole_number_is_refused(tmp_path: Path, columns: str) -> None:
    outline = drawing(("Geltungsbereich", [(0, 0), (9, 0), (9, 9)], True), extra=f"0\nINSERT\n2\nB\n70\n{columns}\n")
    refused(tmp_path, written(tmp_path, "p.dxf", outline), UnreadableFile)


@pytest.mark.parametrize("end", ["", "0\n", "x\ny\n"])
def test_a_drawing_cut_short(tmp_path: Path, end: str) -> None:
    text = drawing(("Geltungsbereich", [(0, 0), (9, 0), (9, 9)], True), end=end)
    refused(tmp_path, written(tmp_path, "p.dxf", text), UnreadableFile)


@pytest.mark.parametrize("number", ["nan", "inf", "1e999"])
def test_a_drawing_with_points_nowhere(tmp_path: Path, number: str) -> None:
    text = drawing(("Geltungsbereich", [(0, 0), (9, 0), (9, 9)], True)).replace(str(ORIGIN[0] + 9), number)
    refused(tmp_path, written(tmp_path, "p.dxf", text), UnreadableFile)


# --- workbooks


def book(tmp_path: Path, sheet: str) -> Path:
    table(tmp_path / "u.shp")
    with zipfile.ZipFile(tmp_path / "v.xlsx", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("xl/worksheets/sheet1.xml", sheet)
    return zipped(tmp_path / "u.shp", parts(tmp_path / "u.shp") | {"v.xlsx": (tmp_path / "v.xlsx").read_bytes()})


@pytest.mark.parametrize(
    "sheet",
    [
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x><row><c t="str"><v>&a;</v></c></row></x>',
        "<x>" + " " * 300_000_000 + "</x>",
        "<x><row>",
        "<a>" * 100_000,
        '<x><row><c r="ZZZ1" t="str"><v>1</v></c></row></x>',
    ],
)
def test_a_workbook_built_to_harm(tmp_path: Path, sheet: str) -> None:
    refused(tmp_path, book(tmp_path, sheet))


def test_a_workbook_alone_is_no_plan(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "v.xlsx", "w") as opened:
        opened.writestr("xl/worksheets/sheet1.xml", "<x/>")
    refused(tmp_path, tmp_path / "v.xlsx", NoPlan)


@pytest.mark.parametrize("content", [b"AC1032", b"7z\xbc\xaf\x27\x1c"])
def test_what_we_do_not_read_is_named(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path, written(tmp_path, "p.bin", content), UnsupportedFormat)
