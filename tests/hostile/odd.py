"""Beside the beaten track: other containers and dialects, honest or not, and lies where nobody looks often."""

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import struct
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import shapely

from tests.files import feature, packed, plan, polygon, positions, prop, xplangml
from tests.hostile import Case, Lure, Outcome
from tests.hostile.markup import GOOD, with_doctype
from tests.hostile.pictures import noise, picture
from tests.tables import drawing, table

_OUTLINE = ("Geltungsbereich", [(0, 0), (90, 0), (90, 90), (0, 90)], True)
_SQUARE = positions("0 0 100 0 100 100 0 100 0 0")


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for found in (
        _places(folder), _markup(lure), _shapes(), _archives(), _formats(lure), _packages(folder), _sequences(folder),
        _sheets(folder), _drawings(),
    ):  # fmt: skip
        for case in found:
            yield Case(f"odd: {case.name}", case.file, case.content, case.outcome)


def _gml(name: str, document: str, outcome: Outcome = Outcome.PASSED) -> Case:
    return Case(name, "p.gml", document.encode(), outcome)


def _places(folder: Path) -> Iterator[Case]:
    """Outlines that are not what was meant."""
    bow = "0 0 100 100 100 0 0 100 0 0"
    yield _gml("an outline like a bow tie", xplangml(plan(outline=polygon(bow))), Outcome.TOLD)
    area = feature("BP_GruenFlaeche", "g", prop("position", polygon(bow)))
    yield _gml("an area like a bow tie", xplangml(plan(), area), Outcome.TOLD)
    tie = shapely.Polygon([(480000, 5630000), (480100, 5630100), (480100, 5630000), (480000, 5630100)])
    for suffix in (".geojson", ".gpkg", ".fgb"):
        written = table(folder / f"bow{suffix}", shapes=[tie])
        yield Case(f"a bow tie in {suffix}", f"p{suffix}", written.read_bytes(), Outcome.TOLD)
    for suffix in (".gpkg", ".fgb", ".shp"):
        written = table(folder / f"nowhere{suffix[1:]}{suffix}", crs=None)
        yield Case(f"no system in {suffix}", f"p{written.suffix}", written.read_bytes(), Outcome.PASSED)
        written = table(folder / f"far{suffix[1:]}{suffix}", shapes=[shapely.box(1e6, 7e6, 1.0001e6, 7.0001e6)])
        yield Case(f"far away in {suffix}", f"p{written.suffix}", written.read_bytes(), Outcome.TOLD)


def _markup(lure: Lure) -> Iterator[Case]:
    leaking = with_doctype(
        f'<!DOCTYPE x [<!ENTITY leak SYSTEM "file://{lure.secret}">]>', GOOD.replace("Am Hang", "&leak;")
    )
    yield Case("an entity in an archive", "p.zip", packed({"xplan.gml": leaking}), Outcome.REFUSED)
    second = leaking.replace('gml:id="plan"', 'gml:id="p2"')
    yield Case("an entity in the second file", "p.zip", packed({"a.gml": GOOD, "b.gml": second}), Outcome.REFUSED)
    eleven = leaking.replace('version="1.0"', 'version="1.1"')
    yield _gml("an entity in XML 1.1", eleven, Outcome.REFUSED)
    bare = leaking.replace("UTF-8", "UTF-16").encode("utf-16-le")
    yield Case("an entity in UTF-16 without a mark", "p.gml", bare, Outcome.REFUSED)
    yield _gml("an instruction of 15 MB", GOOD.replace("?>\n", f"?>\n<?x {'y' * 15_000_000}?>\n", 1), Outcome.REFUSED)
    yield _gml("CDATA of 11 MB", xplangml(plan(name=f"<![CDATA[{'x' * 11_000_000}]]>")), Outcome.REFUSED)
    yield _gml("an attribute of 90 kB", GOOD.replace('gml:id="doc"', f'gml:id="doc" xplan:x="{"a" * 90_000}"'))
    yield _gml("45 levels", xplangml(plan(extra="<xplan:a>" * 45 + "</xplan:a>" * 45)))
    yield _gml("a prefix of a script", GOOD.replace("xmlns:xlink=", 'xmlns:evil="javascript:alert(1)" xmlns:xlink='))
    insert = GOOD.replace("xplan:XPlanAuszug", "wfs:Transaction").replace("gml:featureMember", "wfs:Insert")
    yield _gml("what is to be inserted by WFS", insert)
    both = f"<gml:featureMembers>{feature('BP_Bereich', 'b', prop('nummer', '0'))}</gml:featureMembers>"
    yield _gml(
        "featureMember and featureMembers", GOOD.replace("</gml:featureMember>", f"</gml:featureMember>{both}", 1)
    )
    nil = 'xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    yield _gml(
        "values that are nil", xplangml(plan(extra=f"<xplan:internalId {nil}/><xplan:inkrafttretensDatum {nil}/>"))
    )
    ade = '<a:x xmlns:a="http://www.example.org/ade"><a:y>1</a:y></a:x>'
    yield _gml("elements of an extension", xplangml(plan(extra=ade), ade.replace("a:x", "a:Thing")))


def _shapes() -> Iterator[Case]:
    for srs in (
        "EPSG:25832+5783", "ETRS89_UTM32", "Epsg:25832", "urn:ogc:def:crs:EPSG::25832 ",
        "http://www.opengis.net/def/crs-compound?1=http://www.opengis.net/def/crs/EPSG/0/25832&amp;"
        "2=http://www.opengis.net/def/crs/EPSG/0/7837",
    ):  # fmt: skip
        yield _gml(f"srsName {srs[:34]}", xplangml(plan(outline=polygon(srs=srs))))
    for where in ("gml:posList", "gml:LinearRing"):
        named = polygon(srs=None).replace(f"<{where}>", f'<{where} srsName="EPSG:25832">')
        yield _gml(f"srsName at {where} alone", xplangml(plan(outline=named)))
    yield _gml(
        "an empty hole", xplangml(plan(outline=polygon().replace("</gml:Polygon>", "<gml:interior/></gml:Polygon>")))
    )
    ring = f"<gml:exterior><gml:LinearRing><gml:posList>{positions('0 0 10 0 0 10 0 0')}</gml:posList></gml:LinearRing>"
    for kind in ("TriangulatedSurface", "Tin"):
        patches = f"<gml:trianglePatches><gml:Triangle>{ring}</gml:exterior></gml:Triangle></gml:trianglePatches>"
        shape = f'<gml:{kind} srsName="EPSG:25832">{patches}</gml:{kind}>'
        yield _gml(f"a {kind}", xplangml(plan(), feature("BP_GruenFlaeche", "g", prop("position", shape))))
    part = f"<gml:Geodesic><gml:posList>{positions('0 0 50 50')}</gml:posList></gml:Geodesic>"
    curve = f'<gml:Curve srsName="EPSG:25832"><gml:segments>{part}</gml:segments></gml:Curve>'
    yield _gml("a geodesic", xplangml(plan(), feature("BP_BauGrenze", "g", prop("position", curve))))
    commas = polygon().replace(_SQUARE, _SQUARE.replace(" 56", ",56"))
    yield _gml("a posList with commas", xplangml(plan(outline=commas)))


def _archives() -> Iterator[Case]:
    whole = packed({"xplan.gml": GOOD, "b.txt": "x"})
    yield Case("a name with NUL", "p.zip", whole.replace(b"b.txt", b"b\0txt"), Outcome.REFUSED)
    yield Case("an empty name", "p.zip", whole.replace(b"b.txt", b"\0" * 5), Outcome.REFUSED)
    yield Case(
        "70,000 entries", "p.zip", packed({"xplan.gml": GOOD} | {f"{i}": "" for i in range(70_000)}), Outcome.REFUSED
    )
    yield Case("two archives", "p.zip", packed({"a.gml": "x"}) + whole, Outcome.REFUSED)
    late = packed({"xplan.gml": GOOD.replace("?>\n", "?>\n" + " " * 60_000_000, 1)})
    yield Case("a plan behind 60 MB of blanks", "p.zip", late, Outcome.REFUSED)
    marked = packed({"xplan.gml": GOOD, "Begrxndung.txt": "x"})
    yield Case("a name in code page 437", "p.zip", marked.replace(b"Begrxndung", b"Begr\x81ndung"), Outcome.PASSED)
    folders = "/".join(["Ordner mit langem Namen"] * 6)
    yield Case("six folders of long names", "p.zip", packed({f"{folders}/xplan.gml": GOOD}), Outcome.PASSED)
    yield Case("folders of programs", "p.zip", packed({"xplan.gml": GOOD, ".git/config": "[core]"}), Outcome.PASSED)
    ways: tuple[Literal["w", "w:gz", "w:bz2", "w:xz"], ...] = ("w", "w:gz", "w:bz2", "w:xz")
    for way in ways:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode=way) as opened:
            entry = tarfile.TarInfo("../evil.gml")
            entry.size = len(GOOD.encode())
            opened.addfile(entry, io.BytesIO(GOOD.encode()))
        yield Case(f"a tar{way[1:]} that leads out", "p.tar", stream.getvalue(), Outcome.REFUSED)
    yield Case("bzip2", "p.bz2", bz2.compress(GOOD.encode()), Outcome.REFUSED)
    yield Case("xz", "p.xz", lzma.compress(GOOD.encode()), Outcome.REFUSED)
    empty = b"SQLite format 3\0" + b"\0" * 150_000_000
    yield Case("a GeoPackage of zeros in gzip", "p.gpkg.gz", gzip.compress(empty), Outcome.REFUSED)


def _formats(lure: Lure) -> Iterator[Case]:
    """Files of other programs: a clear no."""
    link = f"<NetworkLink><Link><href>{lure.url}/x</href></Link></NetworkLink>"
    for name, content in {
        "p.kml": f'<kml xmlns="http://www.opengis.net/kml/2.2">{link}</kml>'.encode(),
        "p.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "p.tab": f'!table\n!version 300\nDefinition Table\n  File "{lure.secret}"\n'.encode(),
        "p.parquet": b"PAR1" + bytes(3_000) + b"PAR1",
        "p.dwg": b"AC1032" + bytes(3_000),
        "p.exe": b"MZ" + bytes(3_000),
        "p.csv": b"name;wkt\na;POINT(1 1)\n",
        "p.wkt": b"POLYGON((0 0,1 0,1 1,0 0))",
        "elf.gml": b"\x7fELF" + bytes(3_000),
        "database.gml": b"PG:host=127.0.0.1 user=postgres",
        "zip.shp": b"/vsizip/../../etc/passwd",
        "p.gdalg.json": json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal read {lure.secret}"}).encode(),
    }.items():
        yield Case(f"other programs' {name}", name, content, Outcome.REFUSED)


def _packages(folder: Path) -> Iterator[Case]:
    plain = table(folder / "odd.gpkg", layer="plaene", SPATIAL_INDEX="NO").read_bytes()
    for name, statements in {
        "a trigger of a name of GDAL's that deletes": "CREATE TRIGGER rtree_plaene_geom_insert AFTER INSERT ON plaene "
        "BEGIN DELETE FROM plaene; END",
        "a trigger of a name of the standard that writes": "CREATE TRIGGER gpkg_metadata_md_scope_insert "
        "BEFORE INSERT ON plaene BEGIN UPDATE OR REPLACE 'plaene' SET name = 'x'; END",
        "a register that is a view": "ALTER TABLE gpkg_contents RENAME TO c; "
        "CREATE VIEW gpkg_contents AS SELECT * FROM c",
        "columns of geometry that never end": "DROP TABLE gpkg_geometry_columns; CREATE VIEW gpkg_geometry_columns AS "
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
        "SELECT 'plaene' AS table_name, 'geom' AS column_name, x AS srs_id FROM c",
        "300,000 rows": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) "
        "INSERT INTO plaene (name) SELECT 'a' FROM c",
        "a geometry column that is not there": "UPDATE gpkg_geometry_columns SET column_name = 'nichtda'",
    }.items():
        file = folder / "changed.gpkg"
        file.write_bytes(plain)
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(statements)
            connection.commit()
        yield Case(f"GeoPackage: {name}", "p.gpkg", file.read_bytes(), Outcome.TOLD)
    pages = bytearray(plain)
    struct.pack_into(">I", pages, 28, 2**31 - 1)
    yield Case("GeoPackage: 2^31 pages", "p.gpkg", bytes(pages), Outcome.TOLD)
    indexed = table(folder / "indexed.gpkg", layer="plaene").read_bytes()
    for suffix in ("gpkg", "db", "sqlite"):
        yield Case(f"an indexed GeoPackage as .{suffix}", f"p.{suffix}", indexed, Outcome.PASSED)


def _sequences(folder: Path) -> Iterator[Case]:
    document = json.loads(table(folder / "odd.geojson").read_bytes())
    one = document["features"][0]
    two = [json.dumps(each) for each in (one, one | {"properties": one["properties"] | {"nummer": "7"}})]
    yield Case("GeoJSON, a feature a line", "p.geojsonl", "\n".join(two).encode(), Outcome.PASSED)
    marked = "".join(f"\x1e{text}\n" for text in two).encode()
    for suffix in ("geojsons", "geojson", "json"):
        yield Case(f"GeoJSON behind marks as .{suffix}", f"p.{suffix}", marked, Outcome.PASSED)
    yield Case("GeoJSON cut short behind a mark", "p.geojsons", marked[:-90], Outcome.REFUSED)
    yield Case("a script behind a line of GeoJSON", "p.geojsonl", f"{two[0]}\n<script>".encode(), Outcome.REFUSED)
    deep = f"{two[0]}\n" + '{"type": "Polygon", "coordinates": ' + "[" * 10_000 + "]" * 10_000 + "}"
    yield Case("brackets behind a line of GeoJSON", "p.geojsonl", deep.encode(), Outcome.REFUSED)
    for crs in (
        {"type": "EPSG", "properties": {"code": 4326}},
        {"type": "OGC", "properties": {"urn": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC::CRS84"}},
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4258"}},
    ):
        old = json.dumps(document | {"crs": crs}).encode()
        yield Case(f"GeoJSON with crs {crs['type']} {str(crs['properties'])[-14:]}", "p.geojson", old, Outcome.PASSED)


def _sheets(folder: Path) -> Iterator[Case]:
    """TIFFs whose directory names places that are not in the file."""
    whole = picture(folder / "odd.tif", noise(3))
    (directory,) = struct.unpack_from("<I", whole, 4)
    (count,) = struct.unpack_from("<H", whole, directory)
    for name, wanted, at, value in (
        ("strips beyond the end", 273, 8, 2**31), ("2^32 strips", 273, 4, 2**32 - 1),
        ("keys beyond the end", 34735, 8, 2**31), ("2^31 keys", 34735, 4, 2**31),
        ("a scale beyond the end", 33550, 8, 2**31), ("a million directories", 0, 0, 0),
    ):  # fmt: skip
        changed = bytearray(whole)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            if struct.unpack_from("<H", changed, entry)[0] == wanted:
                struct.pack_into("<I", changed, entry + at, value)
        if not wanted:
            struct.pack_into("<H", changed, directory, 65_535)
        yield Case(f"TIFF of {name}", "p.tif", bytes(changed), Outcome.TOLD)


def _drawings() -> Iterator[Case]:
    whole = drawing(_OUTLINE)
    for is_short, name in ((False, "of today"), (True, "of 1992")):
        yield Case(f"binary DXF {name}", "p.dxf", binary(whole, is_short=is_short), Outcome.IGNORED)
        yield Case(f"binary DXF {name}, cut", "p.dxf", binary(whole, is_short=is_short)[:-30], Outcome.REFUSED)
    yield Case("binary DXF of noise", "p.dxf", binary("") + b"\xff" * 400, Outcome.REFUSED)
    for version in ("AC1009", "AC1014", "AC1018", "AC1024", "AC1032"):
        head = f"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\n{version}\n0\nENDSEC\n"
        yield Case(f"DXF of {version}", "p.dxf", (head + whole).encode(), Outcome.IGNORED)


def binary(text: str, *, is_short: bool = False) -> bytes:
    """The pairs of a text DXF, of the codes that it needs, as binary; `is_short` as until release 12."""
    lines = text.splitlines()
    content = b"AutoCAD Binary DXF\r\n\x1a\0"
    for code, value in zip(map(int, lines[::2]), lines[1::2], strict=True):
        content += bytes([code]) if is_short else struct.pack("<H", code)
        if 10 <= code < 60:
            content += struct.pack("<d", float(value))
        elif 60 <= code < 80:
            content += struct.pack("<h", int(value))
        elif 90 <= code < 100:
            content += struct.pack("<i", int(value))
        else:
            content += value.encode() + b"\0"
    return content
