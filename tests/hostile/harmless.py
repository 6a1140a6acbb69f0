"""Honest files that look odd: all of them are plans, and none may be turned away."""

import gzip
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from shapely.geometry import MultiPolygon

from tests.files import archive, feature, link, plan, polygon, prop, xplangml
from tests.hostile import Case, Lure, Outcome
from tests.hostile.documents import pdf, reference
from tests.hostile.markup import GOOD
from tests.hostile.pictures import image, png, scan
from tests.tables import RING, ROW, SQUARE, far, parts, table, zipped


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for name, file, content in (*_markup(lure), *_tables(folder), *_archives(folder, lure)):
        yield Case(f"harmless: {name}", file, content, Outcome.PASSED)


def _markup(lure: Lure) -> Iterator[tuple[str, str, bytes]]:
    yield "a plain plan", "plan.gml", GOOD.encode()
    for encoding in ("utf-8-sig", "utf-16", "iso-8859-1", "us-ascii", "windows-1252"):
        text = GOOD.replace("UTF-8", encoding.removesuffix("-sig").upper(), 1)
        text = text if encoding == "us-ascii" else text.replace("Am Hang", "Südhang – Mühläcker".replace("–", "-"))
        yield f"in {encoding}", "plan.gml", text.encode(encoding)
    yield "without declaration", "plan.gml", GOOD.partition("\n")[2].encode()
    yield "in gzip", "plan.gml.gz", gzip.compress(GOOD.encode())
    yield "with another suffix", "plan.dat", GOOD.encode()
    yield "Windows line ends", "plan.gml", GOOD.replace("\n", "\r\n").encode()
    yield "all in one line", "plan.gml", GOOD.replace("\n", "").encode()
    yield "a comment with a DOCTYPE", "plan.gml", GOOD.replace("?>\n", "?>\n<!-- <!DOCTYPE x> -->\n", 1).encode()
    style = GOOD.replace("?>\n", f'?>\n<?xml-stylesheet type="text/xsl" href="{lure.url}/x.xsl"?>\n', 1)
    yield "a stylesheet of another host", "plan.gml", style.encode()
    yield "CDATA", "plan.gml", GOOD.replace("Am Hang", "<![CDATA[Am <Hang> & <!ENTITY x>]]>").encode()
    yield "character references", "plan.gml", GOOD.replace("Am Hang", "Am &#72;ang &amp; B&#xE4;che &lt;3").encode()
    for place in ("file:///C:/schemas/xplan.xsd", f"{lure.url}/xplan.xsd", "../XPlanung-Operationen.xsd"):
        located = GOOD.replace(
            "<xplan:XPlanAuszug",
            '<xplan:XPlanAuszug xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="http://www.xplanung.de/xplangml/5/4 {place}"',
        )
        yield f"schemaLocation {place[:10]}", "plan.gml", located.encode()
    yield "a document on the web", "plan.gml", xplangml(plan(extra=reference(f"{lure.url}/b.pdf"))).encode()
    yield "a text of 90 kB", "plan.gml", xplangml(plan(extra=prop("beschreibung", "Satz. " * 15_000))).encode()
    for srs in (
        "urn:adv:crs:ETRS89_UTM32",
        "urn:ogc:def:crs:EPSG::25832",
        "http://www.opengis.net/def/crs/EPSG/0/25832",
        "http://www.opengis.net/gml/srs/epsg.xml#25832",
    ):
        yield f"srsName {srs[:20]}", "plan.gml", xplangml(plan(outline=polygon(srs=srs))).encode()
    three = polygon().replace("<gml:posList>", '<gml:posList srsDimension="2">')
    yield "a dimension that is said", "plan.gml", xplangml(plan(outline=three)).encode()
    ring = " ".join(f"{i % 2 + i / 100:.2f} {100 - (i % 2)}" for i in range(10_000)) + " 100 0 0 0 0 100"
    yield "an outline of 10,000 vertices", "plan.gml", xplangml(plan(outline=polygon(ring))).encode()
    names = [
        feature(
            "BP_GruenFlaeche",
            f"g{i}",
            prop("position", polygon(f"{i} 0 {i + 1} 0 {i + 1} 9 {i} 9 {i} 0")) + prop("flaechenschluss", "true"),
        )
        for i in range(90)
    ]
    yield "ninety objects", "plan.gml", xplangml(plan(), *names).encode()
    yield "a WFS collection", "plan.xml", xplangml(plan(), root="FeatureCollection").encode()
    for version in ("4.0", "5.0", "6.0"):
        yield f"XPlanGML {version}", "plan.gml", xplangml(plan(), version=version).encode()
    bereich = feature("BP_Bereich", "b", prop("nummer", "0") + link("gehoertZuPlan", "plan"))
    yield "links in both directions", "plan.gml", xplangml(plan(extra=link("bereich", "b")), bereich).encode()


def _tables(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    yield "a GeoPackage of GDAL", "p.gpkg", table(folder / "hg.gpkg", layer="plaene").read_bytes()
    table(folder / "hl.gpkg", layer="plaene")
    table(folder / "hl.gpkg", [{"stil": "rot"}], [None], layer="layer_styles")
    yield "a GeoPackage with styles of QGIS", "p.gpkg", (folder / "hl.gpkg").read_bytes()
    yield "a FlatGeobuf", "p.fgb", table(folder / "h.fgb", shapes=[RING]).read_bytes()
    yield "a GeoJSON", "p.geojson", table(folder / "h.geojson").read_bytes()
    yield "a GeoJSON with mark and spaces", "p.json", b"\xef\xbb\xbf\n  " + (folder / "h.geojson").read_bytes()
    document = json.loads((folder / "h.geojson").read_bytes())
    named = document | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}}
    yield "a GeoJSON with the name of its system", "p.geojson", json.dumps(named).encode()
    document["features"][0]["properties"]["bemerkung"] = "[[[[{" * 100
    yield "a GeoJSON with brackets in a text", "p.geojson", json.dumps(document).encode()
    table(folder / "hs.shp", [ROW, ROW | {"nummer": "6"}], [SQUARE, MultiPolygon([far(), far(2000)])])
    whole = parts(folder / "hs.shp")
    yield "a Shapefile", "p.zip", zipped(folder / "hs.shp", whole).read_bytes()
    capital = {name.upper(): content for name, content in whole.items()}
    yield "a Shapefile in capitals", "P.ZIP", zipped(folder / "hs.shp", capital).read_bytes()
    deep = {f"Pläne 2024/Süd/{name}": content for name, content in whole.items()}
    yield "a Shapefile in folders", "p.zip", zipped(folder / "hs.shp", deep).read_bytes()


def _archives(folder: Path, lure: Lure) -> Iterator[tuple[str, str, bytes]]:
    def delivery(members: Mapping[str, bytes | str]) -> bytes:
        return archive(folder / "h.zip", members).read_bytes()

    def with_pdf(content: bytes, name: str = "b.pdf") -> bytes:
        return delivery({"xplan.gml": xplangml(plan(extra=reference(name))), name: content})

    yield "a document", "p.zip", with_pdf(pdf())
    yield "a document with umlauts and spaces", "p.zip", with_pdf(pdf(), "Begründung Süd (2).pdf")
    yield (
        "a document with objects compressed",
        "p.zip",
        with_pdf(pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate)),
    )
    yield "a linearised document", "p.zip", with_pdf(pdf(linearize=True))
    yield (
        "a document that opens at a page",
        "p.zip",
        with_pdf(pdf(lambda document: _set(document, Name.OpenAction, Array([document.pages[0].obj, Name.Fit])))),
    )
    yield (
        "a document that opens a web page",
        "p.zip",
        with_pdf(pdf(lambda document: _set(document, Name.OpenAction, Dictionary(S=Name.URI, URI=String(lure.url))))),
    )
    yield "a document with a link", "p.zip", with_pdf(pdf(lambda document: _annotated(document, lure)))
    yield (
        "a document that may not be printed",
        "p.zip",
        with_pdf(
            pdf(encryption=pikepdf.Encryption(owner="o", user="", allow=pikepdf.Permissions(print_highres=False)))
        ),
    )
    yield "a large sheet", "p.zip", with_pdf(pdf(box=(0, 0, 6_000, 3_400)))
    whole = image(folder / "h.tif")
    yield "a scan", "p.zip", delivery({"xplan.gml": xplangml(plan(extra=scan("p.tif"))), "p.tif": whole})
    yield (
        "a scan with a world file",
        "p.zip",
        delivery(
            {
                "xplan.gml": xplangml(plan(extra=scan("p.png"))),
                "p.png": png(64, 64, 64),
                "p.pgw": "0,5\n0\n0\n-0,5\n480000\n5630000",
            }
        ),
    )
    yield (
        "a picture that shows nothing",
        "p.zip",
        delivery(
            {
                "xplan.gml": xplangml(plan(extra=scan("p.png"))),
                "p.png": png(2_000, 2_000, 2_000),
                "p.pgw": "0.05\n0\n0\n-0.05\n480000\n5630100",
            }
        ),
    )
    yield (
        "folders, a note and thumbnails",
        "p.zip",
        delivery(
            {"Plan/": b"", "Plan/xplan.gml": GOOD, "Plan/LIESMICH.txt": "Grüße", "Plan/Thumbs.db": b"\xd0\xcf\x11\xe0"}
        ),
    )
    stored = folder / "stored.zip"
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("xplan.gml", GOOD)
        opened.comment = b"geliefert am 1. Mai"
    yield "an archive that packs nothing, with a comment", "p.zip", stored.read_bytes()
    yield "a document without reference", "p.zip", delivery({"xplan.gml": GOOD, "b.pdf": pdf()})


def _set(document: pikepdf.Pdf, key: Name, value: pikepdf.Object) -> None:
    document.Root[key] = value


def _annotated(document: pikepdf.Pdf, lure: Lure) -> None:
    action = Dictionary(S=Name.URI, URI=String(f"{lure.url}/gesetz"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
    document.pages[0].Annots = Array([document.make_indirect(link)])
