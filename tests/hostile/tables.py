"""GeoPackages, Shapefiles, FlatGeobufs, drawings and workbooks: SQL of the file's own, counts that lie, bombs."""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import shapely

from tests.hostile import Case, Lure, Outcome
from tests.tables import SQUARE, drawing, parts, table, zipped

HEAD = b"GP\0\x01" + struct.pack("<i", 25832)


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    yield from _packages(lure, folder)
    yield from _blobs(folder)
    yield from _shapefiles(lure, folder)
    yield from _flatgeobufs(folder)
    yield from _drawings(lure)


def _packages(lure: Lure, folder: Path) -> Iterator[Case]:
    plain = table(folder / "p.gpkg", layer="plaene", SPATIAL_INDEX="NO").read_bytes()
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    computed = "ALTER TABLE plaene ADD COLUMN b GENERATED ALWAYS AS"
    wide = ", ".join(f"c{i} TEXT" for i in range(1_500))
    harm = {
        "an endless view": f"CREATE VIEW v AS {endless}",
        "a view as layer": f"CREATE VIEW v AS {endless}; UPDATE gpkg_contents SET table_name = 'v'",
        "a view in place of the table": "ALTER TABLE plaene RENAME TO q; "
        "CREATE VIEW plaene AS SELECT q.* FROM q, q b, q c",
        "a trigger": "CREATE TRIGGER t AFTER INSERT ON plaene BEGIN DELETE FROM plaene; END",
        "a trigger with a name of the standard": "CREATE TRIGGER rtree_x AFTER DELETE ON plaene BEGIN SELECT 1; END",
        "full-text search": "CREATE VIRTUAL TABLE t USING fts5(a)",
        "a computed column of 2 GB": f"{computed} (zeroblob(2000000000)) VIRTUAL",
        "a computed text": f"{computed} (printf('%*s', 1000000000, '')) VIRTUAL",
        "a register without contents": "DROP TABLE gpkg_contents",
        "a register that names SQLite's own table": "UPDATE gpkg_contents SET table_name = 'sqlite_master'",
        "a register with SQL": "UPDATE gpkg_contents SET table_name = 'x\" UNION SELECT 1 --'",
        "a register without systems": "DROP TABLE gpkg_spatial_ref_sys",
        "a thousand columns and a half": f"CREATE TABLE w ({wide}); INSERT INTO gpkg_contents (table_name, data_type) "
        "VALUES ('w', 'attributes')",
        "NUL in a text": "UPDATE plaene SET name = 'A' || char(0) || 'm'",
        "a text of 3 MB": "UPDATE plaene SET name = printf('%3000000s', 'x')",
        "a coordinate system of another host": f"UPDATE gpkg_spatial_ref_sys SET organization = 'x', definition = "
        f"'{lure.url}/crs.wkt'",
        "a coordinate system from a file": f"UPDATE gpkg_spatial_ref_sys SET organization = 'x', definition = "
        f"'+proj=utm +zone=32 +geoidgrids={lure.secret}'",
    }
    for name, statements in harm.items():
        yield Case(f"GeoPackage: {name}", "p.gpkg", _changed(folder, plain, statements))
    layers = "".join(
        f"INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('plaene{i}', 'features', 25832);"
        for i in range(3000)
    )
    yield Case("GeoPackage: 3,000 layers", "p.gpkg", _changed(folder, plain, layers), Outcome.REFUSED)
    for module in (f"VirtualOGR('{lure.secret}')", f"VirtualText('{lure.secret}', 'x')", "fts3(a)", "zipfile('/x')"):
        sql = f"CREATE VIRTUAL TABLE o USING {module}".replace("'", "''")
        forged = f"PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('table', 'o', 'o', 0, '{sql}')"
        yield Case(f"GeoPackage: {module[:10]}", "p.gpkg", _changed(folder, plain, forged), Outcome.REFUSED)
    garbage = bytearray(plain)
    for at in range(4096 * 4, len(garbage) - 4096, 4096):
        garbage[at : at + 40] = b"\xff" * 40
    yield Case("GeoPackage: pages of garbage", "p.gpkg", bytes(garbage), Outcome.REFUSED)
    for share in (0.02, 0.5, 0.9):
        yield Case(
            f"GeoPackage: cut short after {share:.0%}", "p.gpkg", plain[: int(len(plain) * share)], Outcome.REFUSED
        )
    yield Case("GeoPackage: a column that is no text", "p.gpkg", plain.replace(b"planart", b"pl\xffnart"))
    yield Case("SQLite that is no GeoPackage", "p.gpkg", _changed(folder, b"", "CREATE TABLE a (b)"), Outcome.REFUSED)


def _changed(folder: Path, content: bytes, statements: str) -> bytes:
    file = folder / "changed.gpkg"
    file.write_bytes(content)
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements.split("; ") if "TRIGGER" not in statements else [statements]:
            connection.executescript(statement + ";")
        connection.commit()
    return file.read_bytes()


def _blobs(folder: Path) -> Iterator[Case]:
    """The only outline of the file is a geometry that lies."""
    plain = table(folder / "b.gpkg", layer="plaene", SPATIAL_INDEX="NO").read_bytes()
    nan = shapely.Polygon([(0, 0), (float("nan"), 1), (1, 1)])
    far = shapely.Polygon([(0, 0), (1e308, 1), (1, 1e308)])
    blobs = {
        "2^31 points": HEAD + struct.pack("<BII", 1, 2, 2**31),
        "2^31 rings": HEAD + struct.pack("<BII", 1, 3, 2**31),
        "2^32 - 1 parts": HEAD + struct.pack("<BII", 1, 6, 2**32 - 1),
        "100,000 levels": HEAD + struct.pack("<BII", 1, 7, 1) * 100_000,
        "garbage": HEAD + b"\xff" * 500,
        "WKB without a header": shapely.to_wkb(SQUARE),
        "cut short": (HEAD + shapely.to_wkb(SQUARE))[:-9],
        "more behind": HEAD + shapely.to_wkb(SQUARE) + b"x",
        "extended": b"GP\0\x21" + b"\0" * 40,
        "an envelope that is none": b"GP\0\x0f" + b"\0" * 90,
        "byte order 7": HEAD + b"\x07" + shapely.to_wkb(SQUARE)[1:],
        "a curve of 2^30 parts": HEAD + struct.pack("<BII", 1, 10, 2**30),
        "NaN": HEAD + shapely.to_wkb(nan),
        "1e308": HEAD + shapely.to_wkb(far),
        "nothing": b"",
    }
    for name, blob in blobs.items():
        (folder / "blob.gpkg").write_bytes(plain)
        with closing(sqlite3.connect(folder / "blob.gpkg")) as connection:
            connection.execute("UPDATE plaene SET geom = ?", (blob,))
            connection.commit()
        yield Case(f"GeoPackage: geometry of {name}", "p.gpkg", (folder / "blob.gpkg").read_bytes())


def _shapefiles(lure: Lure, folder: Path) -> Iterator[Case]:
    table(folder / "s.shp")
    whole = parts(folder / "s.shp")

    def changed(name: str, suffix: str, content: bytes | None, outcome: Outcome = Outcome.TOLD) -> Case:
        members = whole | {f"s.{suffix}": content} if content is not None else dict(whole)
        if content is None:
            del members[f"s.{suffix}"]
        return Case(f"Shapefile: {name}", "s.zip", zipped(folder / "s.shp", members).read_bytes(), outcome)

    def patched(suffix: str, at: int, content: bytes) -> bytes:
        data = bytearray(whole[f"s.{suffix}"])
        data[at : at + len(content)] = content
        return bytes(data)

    for suffix, at, content, name in (
        ("shp", 24, struct.pack(">I", 2**31), "length of 4 GB"),
        ("shp", 104, struct.pack(">I", 2**30), "record of 2 GB"),
        ("shp", 104, struct.pack(">I", 0), "record of nothing"),
        ("shp", 28, struct.pack("<I", 7), "version 7"),
        ("shp", 144, struct.pack("<I", 2**31), "2^31 rings"),
        ("shp", 148, struct.pack("<I", 2**31), "2^31 points"),
        ("shp", 152, struct.pack("<I", 4), "ring that starts elsewhere"),
        ("shp", 108, struct.pack("<I", 99), "shape type 99"),
        ("shp", 156, struct.pack("<d", float("nan")), "NaN"),
        ("shp", 156, struct.pack("<d", float("inf")), "infinity"),
        ("dbf", 4, struct.pack("<I", 2**31), "2^31 rows"),
        ("dbf", 4, struct.pack("<I", 0), "no rows"),
        ("dbf", 8, struct.pack("<H", 3), "head of 3 bytes"),
        ("dbf", 10, struct.pack("<H", 1), "rows of one byte"),
        ("dbf", 43, b"\xff", "field of type 255"),
    ):
        if name == "field of type 255":  # read as text, which harms nobody
            yield changed(name, suffix, patched(suffix, at, content), Outcome.PASSED)
        else:
            yield changed(name, suffix, patched(suffix, at, content))
    for prj in (
        lure.secret.encode(),
        f"{lure.url}/x.prj".encode(),
        b"PROJCS[" * 10_000,
        b"\0\xff" * 50,
        b"+init=epsg:1",
        b"PROJCS[" + b"[" * 100_000,
        f"+proj=utm +zone=32 +nadgrids={lure.secret}".encode(),
    ):
        yield changed(f".prj {prj[:12]!r}", "prj", prj)
    yield changed("no .dbf", "dbf", None, Outcome.REFUSED)
    yield changed("cut short", "shp", whole["s.shp"][:-16], Outcome.REFUSED)
    yield changed("table cut short", "dbf", whole["s.dbf"][:-16], Outcome.REFUSED)
    yield Case("Shapefile: .shp alone", "s.shp", whole["s.shp"], Outcome.REFUSED)
    for cpg in (b"KLINGON", b"../../etc/passwd", b"\0" * 100):  # told, and the right one guessed
        yield changed(f".cpg {cpg[:8]!r}", "cpg", cpg, Outcome.PASSED)


def _flatgeobufs(folder: Path) -> Iterator[Case]:
    plain = table(folder / "f.fgb").read_bytes()
    for share in (0.1, 0.6, 0.95):
        yield Case(
            f"FlatGeobuf: cut short after {share:.0%}", "f.fgb", plain[: int(len(plain) * share)], Outcome.REFUSED
        )
    for at, content in ((8, struct.pack("<I", 2**31)), (8, struct.pack("<I", 0)), (12, b"\xff" * 40)):
        bad = bytearray(plain)
        bad[at : at + len(content)] = content
        yield Case(f"FlatGeobuf: head {content[:4].hex()}", "f.fgb", bytes(bad), Outcome.REFUSED)


def _drawings(lure: Lure) -> Iterator[Case]:
    outline = ("Geltungsbereich", [(0, 0), (9, 0), (9, 9)], True)
    blocks = "0\nSECTION\n2\nBLOCKS\n" + "".join(
        f"0\nBLOCK\n2\nB{i}\n" + f"0\nINSERT\n2\nB{i + 1}\n" * 10 + "0\nENDBLK\n" for i in range(12)
    )
    loop = "0\nSECTION\n2\nBLOCKS\n0\nBLOCK\n2\nA\n0\nINSERT\n2\nA\n0\nENDBLK\n0\nENDSEC\n"
    grid = "0\nINSERT\n8\nx\n2\nB\n70\n30000\n71\n30000\n44\n1\n45\n1\n10\n0\n20\n0\n"
    whole = drawing(outline)
    texts = {
        "blocks in blocks": f"{blocks}0\nENDSEC\n{drawing(outline, extra='0\nINSERT\n8\nx\n2\nB0\n' * 1000)}",
        "a block in itself": loop + drawing(outline, extra="0\nINSERT\n8\nx\n2\nA\n"),
        "a grid of a billion blocks": drawing(outline, extra=grid),
        "an outside reference": drawing(outline, extra=f"0\nINSERT\n8\nx\n2\nX\n1\n{lure.secret}\n"),
        "an image of another host": drawing(outline, extra=f"0\nIMAGEDEF\n1\n{lure.url}/x.png\n"),
        "cut short": drawing(outline, end=""),
        "a code without value": drawing(outline, end="0\n"),
        "a code that is no number": drawing(outline, end="x\ny\n"),
        "points nowhere": whole.replace("480009", "nan"),
        "points beyond": whole.replace("480009", "1e999"),
        "NUL": whole.replace("Geltungsbereich", "Geltungs\0bereich"),
        "a line of 5 MB": whole.replace("Geltungsbereich", "G" * 5_000_000),
        "a million vertices claimed": whole.replace("90\n3\n", "90\n1000000000\n"),
        "a bulge that is none": drawing(("Geltungsbereich", [(0, 0), (9, 0, float("inf")), (9, 9)], True)),
        "a circle without end": drawing(extra="0\nCIRCLE\n8\nGeltungsbereich\n10\n0\n20\n0\n40\n1e300\n"),
        "a spline of NaN": drawing(extra="0\nSPLINE\n8\nGeltungsbereich\n70\n1\n10\nnan\n20\nnan\n"),
    }
    for name, text in texts.items():
        followed = name not in {"an outside reference", "an image of another host", "a circle without end"}
        yield Case(f"DXF: {name}", "p.dxf", text.encode(), Outcome.TOLD if followed else Outcome.IGNORED)
    random = np.random.default_rng(11)
    yield Case("DXF: noise after a good start", "p.dxf", b"0\nSECTION\n2\nENTITIES\n" + random.bytes(200_000))
    yield Case("a workbook that is none", "p.xlsx", b"PK\x03\x04" + b"xl/worksheets/sheet1.xml" * 20, Outcome.REFUSED)
