"""Files as the world's programs write them, beside every class of hostile ones: none may be turned away."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import rasterio
import shapely
from pikepdf import Array, Dictionary, Name, String
from rasterio.enums import ColorInterp, Resampling
from shapely.geometry import GeometryCollection, LineString, MultiPoint, Point

from tests.files import archive, bereich, feature, link, plan, polygon, prop, xplangml
from tests.hostile import Case, Lure, Outcome
from tests.hostile.documents import pdf, reference
from tests.hostile.markup import GOOD
from tests.hostile.pictures import noise, picture, png, scan
from tests.tables import ROW, SQUARE, altered, drawing, far, parts, table, zipped

type _Found = Iterator[tuple[str, str, bytes]]
_WORLD = "0.5\n0\n0\n-0.5\n480000.25\n5629999.75\n"
_OUTLINE = ("Geltungsbereich", [(0, 0), (90, 0), (90, 90), (0, 90)], True)


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for found in (_markup(), _archives(folder), _tables(folder), _scans(folder)):
        for name, file, content in found:
            yield Case(f"ordinary: {name}", file, content, Outcome.PASSED)
    for found in (_documents(lure), _sheets(folder), _without_plan(folder), _drawings()):
        for name, file, content in found:
            yield Case(f"ordinary: {name}", file, content, Outcome.IGNORED)


def _markup() -> _Found:
    inside = GOOD.replace("Am Hang", "Am<!-- und am --> Ha<?x y?>ng").replace(
        "<gml:posList>", "<gml:posList><!-- x -->"
    )
    yield "comments and instructions inside of texts", "plan.gml", inside.encode()
    bare = GOOD.replace("<xplan:", "<").replace("</xplan:", "</").replace("xmlns:xplan=", "xmlns=")
    yield "a namespace without prefix", "plan.gml", bare.encode()
    yield "another prefix", "plan.gml", GOOD.replace("xplan:", "xp:").replace("xmlns:xplan", "xmlns:xp").encode()
    yield "standalone", "plan.gml", GOOD.replace('"UTF-8"?>', '"UTF-8" standalone="yes"?>').encode()
    yield "single quotes in the head", "plan.gml", GOOD.replace('version="1.0"', "version='1.0'").encode()
    for order in ("utf-16-le", "utf-16-be"):
        mark = "\ufeff" + GOOD.replace("UTF-8", "UTF-16", 1)
        yield f"{order} with its mark", "plan.gml", mark.encode(order)
    yield "the encoding in small letters", "plan.gml", GOOD.replace("UTF-8", "utf-8", 1).encode()
    text = "Größe ≥ 5 m² – „Am Hang“ 🌳 \u00ad \u200f"
    yield "letters of all kinds", "plan.gml", xplangml(plan(extra=prop("beschreibung", text))).encode()
    references = "&quot;A&apos; &#8222;B&#x201C; &gt; &#10;&#9; &#x1F333;"
    yield "predefined entities", "plan.gml", xplangml(plan(extra=prop("beschreibung", references))).encode()
    hidden = "<![CDATA[<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]> &y;]]>"
    yield "a declaration inside of CDATA", "plan.gml", xplangml(plan(extra=prop("beschreibung", hidden))).encode()
    nested = "<xplan:a>" * 30 + "</xplan:a>" * 30
    yield "thirty levels", "plan.gml", xplangml(plan(extra=nested)).encode()
    three = "0 0 7 100 0 7 100 100 7 0 100 7 0 0 7"
    numbers = [float(word) for word in three.split()]
    moved = " ".join(str(n + (480000, 5630000, 0)[i % 3]) for i, n in enumerate(numbers))
    high = polygon().partition("<gml:posList>")[0] + f'<gml:posList srsDimension="3">{moved}</gml:posList>'
    high += "</gml:LinearRing></gml:exterior></gml:Polygon>"
    yield "heights", "plan.gml", xplangml(plan(outline=high)).encode()
    whole = [
        feature(
            "BP_BaugebietsTeilFlaeche",
            f"f{i}",
            prop("position", polygon()) + link("gehoertZuBereich", "b") + prop("ebene", str(i)),
        )
        for i in range(3)
    ]
    yield "objects of a Bereich", "plan.gml", xplangml(plan(extra=link("bereich", "b")), bereich("b"), *whole).encode()
    for url in ("Anlagen\\Begr%C3%BCndung.pdf", "./x/../b.pdf", "https://www.example.org/b.pdf?x=1&amp;y=2#s"):
        yield f"a document {url[:9]}", "plan.gml", xplangml(plan(extra=reference(url))).encode()
    stream = io.BytesIO()
    with gzip.GzipFile("Plan Süd.gml", "wb", fileobj=stream) as opened:
        opened.write(GOOD.encode())
    yield "gzip with a name", "plan.gml.gz", stream.getvalue()
    yield "gzip of two members", "plan.gz", gzip.compress(GOOD[:500].encode()) + gzip.compress(GOOD[500:].encode())


def _archives(folder: Path) -> _Found:
    def packed(members: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as opened:
            for name, content in members.items():
                opened.writestr(name, content)
        return stream.getvalue()

    both: dict[str, bytes | str] = {"xplan.gml": xplangml(plan(extra=reference("b.pdf"))), "b.pdf": pdf()}
    yield "nothing packed", "p.zip", packed(both, zipfile.ZIP_STORED)
    apple = {"__MACOSX/._xplan.gml": b"\0\x05\x16\x07" + b"\0" * 80, "__MACOSX/": b"", ".DS_Store": b"\0\0\0\1Bud1"}
    yield "what a Mac adds", "p.zip", packed(both | apple)
    windows: dict[str, bytes | str] = {"Thumbs.db": b"\xd0\xcf\x11\xe0", "desktop.ini": "[.ShellClassInfo]\r\n"}
    yield "what Windows adds", "p.zip", packed(both | windows)
    yield "folders", "p.zip", packed({f"BP 5/Süd/Öffentlich/{name}": content for name, content in both.items()})
    yield "empty folders", "p.zip", packed({"Plan/": b"", "Plan/Text/": b""} | both)
    yield "a copy of the schema", "p.zip", packed(both | {"XPlanGML.xsd": "<xs:schema xmlns:xs='x'/>"})
    office = packed({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"})
    yield "a text of an office", "p.zip", packed(both | {"Begründung.docx": office, "Notiz.odt": office})
    yield "other files", "p.zip", packed(both | {"a.dwg": b"AC1032" + b"\0" * 90, "l.csv": "a;b\n", "f.jpg": _jpeg()})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened, opened.open("xplan.gml", "w", force_zip64=True) as member:
        member.write(GOOD.encode())
    yield "zip64", "p.zip", stream.getvalue()
    unseekable = _Unseekable()
    with zipfile.ZipFile(unseekable, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in both.items():
            opened.writestr(name, content)
    yield "sizes behind the entries", "p.zip", unseekable.getvalue()
    entry = zipfile.ZipInfo("xplan.gml", (2024, 5, 1, 12, 0, 0))
    entry.external_attr, entry.create_system, entry.comment = 0o100644 << 16, 3, b"Fassung 2"
    entry.extra = b"UT\x05\x00\x03\x00\x00\x00\x00"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr(entry, GOOD)
    yield "Unix rights and times", "p.zip", stream.getvalue()
    old = packed({"xplan.gml": xplangml(plan(extra=reference("Begrundung.pdf"))), "Begrundung.pdf": pdf()})
    yield "names of code page 437", "p.zip", old.replace(b"Begrundung", "Begründung".encode("cp437"))
    yield "many files", "p.zip", packed({"xplan.gml": GOOD} | {f"Anlage {i}.txt": "x" for i in range(900)})
    table(folder / "z.gpkg", layer="plaene")
    yield "a table in a ZIP", "p.zip", packed({"Pläne.gpkg": (folder / "z.gpkg").read_bytes()})
    yield "a GeoJSON in a ZIP", "p.zip", packed({"p.geojson": table(folder / "z.geojson").read_bytes()})


class _Unseekable(io.RawIOBase):
    """Where nothing can be written twice, as when an archive is sent while it is made."""

    def __init__(self) -> None:
        self._content = b""

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        data = bytes(content)  # type: ignore[call-overload]  # whatever zipfile hands on is bytes
        self._content += data
        return len(data)

    def getvalue(self) -> bytes:
        return self._content


def _tables(folder: Path) -> _Found:
    own = table(folder / "o.gpkg", layer="plaene", SPATIAL_INDEX="YES").read_bytes()
    described = {
        "metadata": "CREATE TABLE gpkg_metadata (id INTEGER PRIMARY KEY, md_scope TEXT, md_standard_uri TEXT, "
        "mime_type TEXT, metadata TEXT); CREATE TRIGGER gpkg_metadata_md_scope_insert BEFORE INSERT ON gpkg_metadata "
        "BEGIN SELECT RAISE(ABORT, 'x') WHERE NEW.md_scope = ''; END; "
        "INSERT INTO gpkg_metadata VALUES (1, 'dataset', 'http://www.isotc211.org/2005/gmd', 'text/xml', '<x/>')",
        "extensions and names of columns": "CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name "
        "TEXT, extension_name TEXT, definition TEXT, scope TEXT); INSERT INTO gpkg_extensions VALUES ('plaene', NULL, "
        "'gpkg_schema', 'http://www.geopackage.org/spec', 'read-write'); CREATE TABLE gpkg_data_columns (table_name "
        "TEXT, column_name TEXT, name TEXT)",
        "views of SQL/MM": "CREATE VIEW st_spatial_ref_sys AS SELECT srs_id FROM gpkg_spatial_ref_sys; "
        "CREATE VIEW st_geometry_columns AS SELECT table_name FROM gpkg_geometry_columns",
        "an index and a note": "CREATE INDEX i ON plaene (name); CREATE TABLE notiz (t TEXT)",
    }
    for name, statements in described.items():
        yield f"GeoPackage with {name}", "p.gpkg", altered(folder, own, statements)
    yield "GeoPackage that was written ahead", "p.gpkg", altered(folder, own, "PRAGMA journal_mode = WAL")
    table(folder / "m.gpkg", [{"a": 1}], [Point(480000, 5630000)], layer="baeume")
    table(folder / "m.gpkg", layer="plaene")
    yield "GeoPackage with a layer of points too", "p.gpkg", (folder / "m.gpkg").read_bytes()
    high = shapely.force_3d(SQUARE, 7.0)
    for suffix in (".gpkg", ".geojson", ".fgb"):
        yield f"heights in {suffix}", f"p{suffix}", table(folder / f"d{suffix}", shapes=[high]).read_bytes()
    yield "FlatGeobuf without index", "p.fgb", table(folder / "i.fgb", SPATIAL_INDEX="NO").read_bytes()
    two = [ROW, ROW | {"nummer": "6", "name": "Mühläcker"}]
    yield "FlatGeobuf of two plans", "p.fgb", table(folder / "t.fgb", two, [SQUARE, far()]).read_bytes()
    document = json.loads(table(folder / "g.geojson").read_bytes())
    feature_ = document["features"][0]
    yield (
        "GeoJSON with a bbox and members of its own",
        "p.geojson",
        json.dumps(
            document
            | {"bbox": [8, 50, 9, 51], "name": "plaene", "timeStamp": "2024-05-01", "xy_coordinate_resolution": 1e-7}
        ).encode(),
    )
    yield "a GeoJSON of one feature", "p.geojson", json.dumps(feature_ | {"id": 5}).encode()
    yield "GeoJSON in many lines", "p.geojson", json.dumps(document, indent=4, ensure_ascii=False).encode()
    shape = feature_["geometry"]
    more = feature_ | {"geometry": {"type": "MultiPolygon", "coordinates": [shape["coordinates"]]}}
    yield "GeoJSON of areas in several parts", "p.geojson", json.dumps(document | {"features": [more]}).encode()
    listed = feature_ | {"properties": feature_["properties"] | {"liste": [1, {"a": None}], "flaeche": 1.5}}
    yield "GeoJSON with lists and nothing", "p.geojson", json.dumps(document | {"features": [listed]}).encode()
    table(folder / "s.shp", two, [SQUARE, far()], encoding="UTF-8")
    whole = parts(folder / "s.shp")
    beside = {"s.sbn": b"\0\0\x27\x0a", "s.sbx": b"\0\0\x27\x0a", "s.qix": b"SQT", "s.shp.xml": b"<metadata/>",
              "s.qmd": b"<qgis/>", "s.qml": b"<qgis/>", "s.lyr": b"\xd0\xcf"}  # fmt: skip
    yield "Shapefile with all its neighbours", "p.zip", zipped(folder / "s.shp", whole | beside).read_bytes()
    plain = {name: content for name, content in whole.items() if not name.endswith(".cpg")}
    yield "Shapefile that names no encoding", "p.zip", zipped(folder / "s.shp", plain).read_bytes()
    table(folder / "l.shp", two, [SQUARE, far()], encoding="ISO-8859-1")
    yield "Shapefile in ISO-8859-1", "p.zip", (folder / "l.zip").read_bytes()
    table(folder / "3.shp", shapes=[high])
    yield "Shapefile with heights", "p.zip", (folder / "3.zip").read_bytes()
    table(folder / "other.shp", [{"flur": 3}])
    pair = whole | parts(folder / "other.shp")
    yield "two Shapefiles", "p.zip", zipped(folder / "s.shp", pair).read_bytes()


def _drawings() -> _Found:
    head = "999\nGIS\n0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1027\n9\n$INSUNITS\n70\n6\n0\nENDSEC\n"
    tables = "0\nSECTION\n2\nTABLES\n0\nTABLE\n2\nLAYER\n70\n1\n0\nLAYER\n2\nBäume\n70\n0\n0\nENDTAB\n0\nENDSEC\n"
    blocks = (
        "0\nSECTION\n2\nBLOCKS\n0\nBLOCK\n8\n0\n2\nBaum\n70\n0\n10\n0\n20\n0\n0\nCIRCLE\n8\n0\n10\n0\n20\n0\n40\n1\n"
        "0\nENDBLK\n0\nBLOCK\n8\n0\n2\nAllee\n0\nINSERT\n2\nBaum\n10\n0\n20\n0\n70\n10\n71\n2\n44\n5\n45\n5\n0\nENDBLK\n"
        "0\nBLOCK\n2\nKataster\n70\n4\n1\n..\\Kataster.dwg\n0\nENDBLK\n0\nENDSEC\n"
    )
    used = "".join(f"0\nINSERT\n8\nBäume\n2\nAllee\n10\n{480000 + i}\n20\n5630000\n" for i in range(200))
    drawn = (
        "0\nTEXT\n8\nText\n10\n480000\n20\n5630000\n40\n2\n1\nWA I 0,4\n0\nMTEXT\n8\nText\n1\n{\\fArial;GRZ}\n"
        "0\nHATCH\n8\nWA\n2\nSOLID\n70\n1\n91\n1\n92\n2\n72\n0\n73\n1\n93\n3\n10\n0\n20\n0\n10\n9\n20\n0\n10\n9\n20\n9\n"
        "0\nLINE\n8\nWeg\n10\n0\n20\n0\n11\n9\n21\n9\n0\nDIMENSION\n8\nMass\n1\n3.00\n0\nIMAGE\n8\nScan\n340\n5F\n"
    )
    whole = head + tables + blocks + drawing(_OUTLINE, extra=used + drawn)
    yield "DXF with blocks, hatches and texts", "p.dxf", whole.encode()
    yield "DXF of Windows", "p.dxf", whole.replace("\n", "\r\n").encode("cp1252")
    yield "DXF without an outline", "p.dxf", drawing(extra=used + drawn).encode()
    old = "0\nPOLYLINE\n8\nGELTUNGSBEREICH\n66\n1\n70\n1\n" + "".join(
        f"0\nVERTEX\n8\nGELTUNGSBEREICH\n10\n{480000 + x}\n20\n{5630000 + y}\n" for x, y in ((0, 0), (90, 0), (90, 90))
    )
    yield "DXF of 1992", "p.dxf", drawing(extra=f"{old}0\nSEQEND\n").encode()


def _without_plan(folder: Path) -> _Found:
    """Nothing is wrong with them; they say less than a plan needs, or hold none."""
    bare = xplangml(plan(gemeinde="", planart="").replace("<xplan:planArt></xplan:planArt>", ""))
    yield "a plan that names neither Gemeinde nor Planart", "plan.gml", bare.encode()
    for suffix in (".gpkg", ".geojson", ".fgb", ".shp"):
        written = table(folder / f"b{suffix[1:]}{suffix}", [{"name": "Am Hang"}])
        yield f"outlines with a name in {suffix}", f"p{written.suffix}", written.read_bytes()
    yield "a bare polygon", "p.geojson", shapely.to_geojson(shapely.box(8.7, 50.8, 8.71, 50.81)).encode()
    both = GeometryCollection([shapely.box(8.7, 50.8, 8.71, 50.81), Point(8.7, 50.8)])
    yield "a collection of shapes", "p.geojson", shapely.to_geojson(both).encode()
    points = MultiPoint([(480000, 5630000), (480010, 5630000)])
    yield "trees", "p.gpkg", table(folder / "tr.gpkg", [{"art": "Eiche"}], [points]).read_bytes()
    yield "ways", "p.geojson", table(folder / "w.geojson", [{"a": 1}], [LineString(points.geoms)]).read_bytes()


def _documents(lure: Lure) -> _Found:
    def annotated(document: pikepdf.Pdf, **entries: Any) -> None:
        note = Dictionary(Type=Name.Annot, Rect=Array([0, 0, 9, 9]), **entries)
        document.pages[0].Annots = Array([document.make_indirect(note)])

    def form(document: pikepdf.Pdf) -> None:
        field = Dictionary(FT=Name.Tx, T=String("Name"), Type=Name.Annot, Subtype=Name.Widget, Rect=Array([0, 0, 9, 9]))
        field = document.make_indirect(field)
        document.pages[0].Annots = Array([field])
        document.Root.AcroForm = Dictionary(Fields=Array([field]))

    def bookmarks(document: pikepdf.Pdf) -> None:
        with document.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("1 Anlass", 0))

    def layers(document: pikepdf.Pdf) -> None:
        group = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("Kataster")))
        document.Root.OCProperties = Dictionary(OCGs=Array([group]), D=Dictionary(Order=Array([group])))

    def described(document: pikepdf.Pdf) -> None:
        with document.open_metadata() as told:
            told["dc:title"] = "Begründung"
        document.docinfo["/Author"] = "Planungsbüro"

    def scanned(document: pikepdf.Pdf) -> None:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pixels = document.make_stream(b"\x80" * 64, Type=Name.XObject, Subtype=Name.Image, Width=8, Height=8,
                                      ColorSpace=Name.DeviceGray, BitsPerComponent=8)  # fmt: skip
        document.pages[0].Resources = Dictionary(Font=Dictionary(F1=font), XObject=Dictionary(Im=pixels))
        document.pages[0].Contents = document.make_stream(
            b"q 500 0 0 700 0 0 cm /Im Do Q BT 3 Tr /F1 9 Tf (Text) Tj ET"
        )

    uri = Dictionary(S=Name.URI, URI=String(f"{lure.url}/baugb"))
    inside = Dictionary(S=Name.GoTo, D=Array([0, Name.Fit]))
    kinds: dict[str, Callable[[pikepdf.Pdf], object]] = {
        "a form": form,
        "bookmarks": bookmarks,
        "layers to switch": layers,
        "a title and an author": described,
        "a scanned page with its text": scanned,
        "a link to the web": lambda document: annotated(document, Subtype=Name.Link, A=uri),
        "a link inside": lambda document: annotated(document, Subtype=Name.Link, A=inside),
        "a note": lambda document: annotated(document, Subtype=Name.Text, Contents=String("prüfen")),
        "a highlight": lambda document: annotated(document, Subtype=Name.Highlight),
        "thirty pages": lambda document: [document.add_blank_page() for _ in range(30)],
    }
    for name, change in kinds.items():
        yield f"PDF with {name}", "p.pdf", pdf(change)
    yield "PDF of A0", "p.pdf", pdf(box=(0, 0, 3370, 2384))
    yield "PDF 2.0", "p.pdf", pdf(force_version="2.0")
    yield "PDF with a line after its end", "p.pdf", pdf() + b"\r\n"
    packed = pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    yield "PDF with packed objects", "p.pdf", packed
    yield "linearised PDF", "p.pdf", pdf(linearize=True)


def _sheets(folder: Path) -> _Found:
    """Sheets in their place and nothing else."""
    file = folder / "t.tif"
    three = noise(3)
    yield "TIFF", "p.tif", picture(file, noise())
    yield "TIFF by LZW", "p.tif", picture(file, three, compress="lzw", predictor=2)
    yield "TIFF by JPEG", "p.tif", picture(file, three, compress="jpeg", photometric="ycbcr")
    yield "TIFF in tiles", "p.tif", picture(file, three, tiled=True, blockxsize=128, blockysize=128)
    yield "BigTIFF", "p.tif", picture(file, three, bigtiff="yes")
    yield "TIFF of 16 bits", "p.tif", picture(file, noise().astype(np.uint16))
    yield "TIFF with nothing around", "p.tif", picture(file, noise(), nodata=0)
    yield (
        "TIFF in Web Mercator",
        "p.tif",
        picture(file, noise(), crs="EPSG:3857", transform=rasterio.transform.from_origin(970000, 6590000, 0.5, 0.5)),
    )
    picture(file, noise(4))
    with rasterio.open(file, "r+") as sink:
        sink.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
        sink.build_overviews([2, 4], Resampling.average)
        sink.update_tags(TIFFTAG_ARTIST="Planungsbüro")
    yield "TIFF with overviews and transparency", "p.tif", file.read_bytes()
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="YES"):
        picture(file, three)
        with rasterio.open(file, "r+") as sink:
            sink.write_mask(np.pad(np.full((200, 200), 255, np.uint8), 28))
    yield "TIFF with a mask", "p.tif", file.read_bytes()
    picture(file, noise() % 4, photometric="palette")
    with rasterio.open(file, "r+") as sink:
        sink.write_colormap(1, {0: (0, 0, 0), 1: (255, 0, 0), 2: (0, 255, 0), 3: (255, 255, 255)})
    yield "TIFF of numbered colours", "p.tif", file.read_bytes()
    page = np.ones((1, 9_000, 12_000), np.uint8)
    page[:, ::40, :], page[:, :, ::70] = 0, 0
    yield "TIFF of a sheet in black and white", "p.tif", picture(file, page, nbits=1, compress="ccittfax4")
    geo = archive(folder / "g.zip", {"p.png": png(64, 64, 64), "p.pgw": _WORLD, "p.prj": _prj(folder)})
    yield "PNG with its place", "p.zip", geo.read_bytes()
    yield "JPEG with its place", "p.zip", archive(folder / "j.zip", {"p.jpg": _jpeg(), "p.jgw": _WORLD}).read_bytes()
    yield "TIFF in a folder", "p.zip", archive(folder / "f.zip", {"BP 5/p.tif": picture(file, three)}).read_bytes()


def _scans(folder: Path) -> _Found:
    """Sheets with the plan that they show."""
    colour = picture(folder / "s.tif", noise(3), compress="jpeg")
    named: dict[str, bytes | str] = {"xplan.gml": xplangml(plan(extra=scan("p.tif"))), "p.tif": colour, "p.tfw": _WORLD}
    yield "a plan with its scan", "p.zip", archive(folder / "s.zip", named).read_bytes()
    table(folder / "u.gpkg", layer="plaene")
    outlined = {"umring.gpkg": (folder / "u.gpkg").read_bytes(), "5.tif": colour, "5.pdf": pdf()}
    yield "an outline with its scan", "p.zip", archive(folder / "u.zip", outlined).read_bytes()


def _jpeg() -> bytes:
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="JPEG", width=64, height=64, count=3, dtype="uint8") as sink:
            sink.write(noise(3, 64))
        return bytes(memory.read())


def _prj(folder: Path) -> str:
    table(folder / "prj.shp")
    return (folder / "prj.prj").read_text()
