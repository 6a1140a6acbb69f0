"""XPlanGML as the exporters of ten years write it, beside what only looks like it: oddities of honest files."""

import io
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.files import GEMEINDE, archive, bereich, feature, link, pdf, plan, polygon, positions, prop, xplangml
from tests.hostile import Case, Lure, Outcome
from tests.hostile.documents import reference
from tests.hostile.markup import GOOD

type _Found = Iterator[tuple[str, str, bytes]]

_SCHEMA = "xsi:schemaLocation"


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for found in (_wrappers(), _encodings(), _geometries(), _values(), _archives(folder)):
        for name, file, content in found:
            yield Case(f"exporter: {name}", file, content, Outcome.PASSED)
    for name, file, content in _wordless():
        yield Case(f"exporter: {name}", file, content, Outcome.IGNORED)
    for name, file, content in _broken(folder):
        yield Case(f"exporter: {name}", file, content)


def _wrappers() -> _Found:
    whole = xplangml(plan(extra=link("bereich", "b")), bereich("b"))
    plural = whole.replace("<gml:featureMember>", "", 1).replace("</gml:featureMember>", "")
    plural = plural.replace("<gml:featureMember>", "").replace('gml:id="doc">', 'gml:id="doc"><gml:featureMembers>')
    yield (
        "featureMembers",
        "p.gml",
        plural.replace("</xplan:XPlanAuszug>", "</gml:featureMembers></xplan:XPlanAuszug>").encode(),
    )
    for inside in ("<gml:Null>unknown</gml:Null>", '<gml:Envelope srsName="EPSG:25832"/>', ""):
        bounded = whole.replace('gml:id="doc">', f'gml:id="doc"><gml:boundedBy>{inside}</gml:boundedBy>')
        yield f"bounded by {inside[:14]}", "p.gml", bounded.encode()
    old = xplangml(plan(), root="FeatureCollection").replace(
        "http://www.opengis.net/wfs/2.0", "http://www.opengis.net/wfs"
    )
    old = old.replace("wfs:member", "gml:featureMember")
    yield "a collection of WFS 1.1", "p.gml", old.encode()
    of_gml = old.replace("wfs:FeatureCollection", "gml:FeatureCollection")
    yield "a collection of GML", "p.gml", of_gml.encode()
    counted = xplangml(plan(), root="FeatureCollection").replace(
        "<wfs:FeatureCollection",
        '<wfs:FeatureCollection timeStamp="2024-05-01T10:00:00Z" numberMatched="unknown" numberReturned="1"',
    )
    yield "a collection with counts", "p.gml", counted.encode()
    inner = xplangml(plan(), root="FeatureCollection").partition("\n")[2]
    nested = xplangml(inner, root="FeatureCollection")
    yield "a collection in a collection", "p.gml", nested.replace('gml:id="doc"', 'gml:id="outer"', 1).encode()
    spaces = " ".join(f'xmlns:n{i}="http://www.example.org/{i}"' for i in range(36))
    yield (
        "a head of forty namespaces",
        "p.gml",
        GOOD.replace("<xplan:XPlanAuszug", f"<xplan:XPlanAuszug {spaces}").encode(),
    )
    repeated = GOOD.replace("<gml:Polygon", '<gml:Polygon xmlns:gml="http://www.opengis.net/gml/3.2"')
    yield "namespaces at every geometry", "p.gml", repeated.encode()
    slash = GOOD.replace("xplangml/5/4", "xplangml/5/4/")
    yield "a namespace that ends with a slash", "p.gml", slash.encode()
    padded = GOOD.replace("<gml:featureMember>", "\n\t<!-- Objekt -->\n\t<gml:featureMember>\n<!-- BP_Plan -->\n")
    yield "comments before every object", "p.gml", padded.encode()
    yield (
        "an object of another namespace",
        "p.gml",
        xplangml(plan(), '<gml:Something gml:id="s"><gml:name>x</gml:name></gml:Something>').encode(),
    )
    empty = GOOD.replace("</xplan:XPlanAuszug>", "<gml:featureMember/></xplan:XPlanAuszug>")
    yield "an empty member", "p.gml", empty.encode()
    for version in ("4.1", "5.1", "5.3", "6.1"):
        yield f"version {version}", "p.gml", xplangml(plan(), version=version).encode()
    three = xplangml(plan().replace("gml:exterior", "gml:outerBoundaryIs"), version="3.0")
    yield "3.0 with GML 2 rings", "p.gml", three.encode()
    both = plan().replace("<gml:posList>", "<gml:coordinates>").replace("</gml:posList>", "</gml:coordinates>")
    numbers = positions("0 0 100 0 100 100 0 100 0 0").split()
    pairs = " ".join(",".join(numbers[i : i + 2]) for i in range(0, len(numbers), 2))
    three = xplangml(both.replace(positions("0 0 100 0 100 100 0 100 0 0"), pairs), version="3.0")
    yield "3.0 with coordinates of GML 2", "p.gml", three.encode()
    german = three.replace("<gml:coordinates>", '<gml:coordinates decimal="," cs=" " ts=";">')
    swapped = german.replace(pairs, ";".join(pair.replace(",", " ").replace(".", ",") for pair in pairs.split()))
    yield "coordinates with commas that say so", "p.gml", swapped.encode()


def _encodings() -> _Found:
    text = GOOD.replace("Am Hang", "Südhang")
    for name in ("utf8", "UTF8", "Utf-8"):
        yield f"encoding {name}", "p.gml", text.replace("UTF-8", name, 1).encode()
    for name, codec in (
        ("ISO-8859-15", "iso-8859-15"),
        ("latin1", "latin-1"),
        ("Windows-1252", "cp1252"),
        ("cp1252", "cp1252"),
    ):
        yield f"encoding {name}", "p.gml", text.replace("UTF-8", name, 1).encode(codec)
    yield "a mark and no declaration", "p.gml", b"\xef\xbb\xbf" + text.partition("\n")[2].encode()
    yield "a mark, ISO-8859-1 declared", "p.gml", b"\xef\xbb\xbf" + text.replace("UTF-8", "ISO-8859-1", 1).encode()
    yield "a blank line before the head", "p.gml", b"\r\n" + text.encode()
    yield "Mac line ends", "p.gml", text.replace("\n", "\r").encode()
    yield "blanks behind the end", "p.gml", text.encode() + b"\r\n\r\n  "
    yield "a NUL behind the end", "p.gml", text.encode() + b"\x00"
    yield "an end of file of DOS", "p.gml", text.encode() + b"\x1a"


def _geometries() -> _Found:
    square = positions("0 0 100 0 100 100 0 100 0 0")
    for name, gap in (("lines", "\n\t\t"), ("tabs", "\t"), ("no-break spaces", "\u00a0")):
        yield (
            f"coordinates apart by {name}",
            "p.gml",
            xplangml(plan(outline=polygon().replace(square, gap.join(square.split())))).encode(),
        )
    yield (
        "coordinates with signs and exponents",
        "p.gml",
        xplangml(plan(outline=polygon().replace("480000.000", "+4.8E5").replace("5630000.000", "5.63e+06"))).encode(),
    )
    high = polygon().replace("<gml:Polygon", '<gml:Polygon srsDimension="3"')
    heights = " ".join(f"{x} {y} 0" for x, y in zip(square.split()[::2], square.split()[1::2], strict=True))
    yield "heights said at the polygon", "p.gml", xplangml(plan(outline=high.replace(square, heights))).encode()
    envelope = '<gml:boundedBy><gml:Envelope srsName="EPSG:25832" srsDimension="3"/></gml:boundedBy>'
    told = xplangml(plan(outline=polygon(srs=None).replace(square, heights)))
    yield (
        "heights said at the envelope alone",
        "p.gml",
        told.replace('gml:id="doc">', f'gml:id="doc">{envelope}').encode(),
    )
    yield "heights that nobody says", "p.gml", xplangml(plan(outline=polygon().replace(square, heights))).encode()
    for srs in (
        "EPSG:5555", "urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::5783", "urn:ogc:def:crs:EPSG:6.9:25832", "epsg:25832",
        "http://www.opengis.net/gml/srs/epsg.xml#25832", "https://www.opengis.net/def/crs/EPSG/0/25832",
        "urn:adv:crs:ETRS89_UTM32*DE_DHHN92_NH", "urn:adv:crs:DE_DHHN92_NH*ETRS89_UTM32",
        "urn:adv:crs:ETRS89_UTM32_zE-N", "EPSG: 25832", "25832", "urn:x-ogc:def:crs:EPSG:25832",
        "urn:ogc:def:crs:EPSG:25832",
    ):  # fmt: skip
        yield f"srsName {srs}", "p.gml", xplangml(plan(outline=polygon(srs=srs))).encode()
    for number, x, y in (
        (4647, 32480000, 5630000), (31467, 3480000, 5631800), (5677, 3480000, 5631800), (3044, 480000, 5630000),
        (32632, 480000, 5630000), (23032, 480000, 5630000), (3857, 970000, 6590000), (5652, 32480000, 5630000),
    ):  # fmt: skip
        placed = polygon(srs=f"EPSG:{number}", origin=(x, y))
        yield f"srsName of {number}", "p.gml", xplangml(plan(outline=placed)).encode()
    degrees = "8.7 50.8 8.71 50.8 8.71 50.81 8.7 50.81 8.7 50.8"
    for srs in ("EPSG:4326", "EPSG:4258", "urn:ogc:def:crs:OGC:1.3:CRS84"):
        yield f"degrees in {srs}", "p.gml", xplangml(plan(outline=polygon(srs=srs).replace(square, degrees))).encode()
    swapped = polygon().replace(
        square, " ".join(f"{y} {x}" for x, y in zip(square.split()[::2], square.split()[1::2], strict=True))
    )
    yield "northing first", "p.gml", xplangml(plan(outline=swapped)).encode()
    touching = polygon()[: -len("</gml:Polygon>")]
    for hole in ("0 0 50 20 20 50 0 0", "10 10 50 10 50 50 10 50 10 10", "50 10 90 10 90 50 50 50 50 10"):
        ring = f"<gml:LinearRing><gml:posList>{positions(hole)}</gml:posList></gml:LinearRing>"
        touching += f"<gml:interior>{ring}</gml:interior>"
    yield "holes that touch", "p.gml", xplangml(plan(outline=touching + "</gml:Polygon>")).encode()
    yield "a ring not closed", "p.gml", xplangml(plan(outline=polygon("0 0 100 0 100 100 0 100"))).encode()
    void = [
        feature("BP_BauGrenze", "g", prop("position", '<gml:MultiCurve srsName="EPSG:25832"/>')),
        feature("BP_GruenFlaeche", "h", prop("position", "")),
        feature("BP_GruenFlaeche", "i", "<xplan:position/>"),
    ]
    yield "objects without a shape", "p.gml", xplangml(plan(), *void).encode()
    ring = f"<gml:LinearRing><gml:posList>{square}</gml:posList></gml:LinearRing>"
    patch = f"<gml:PolygonPatch><gml:exterior>{ring}</gml:exterior></gml:PolygonPatch>"
    surface = f'<gml:Surface srsName="EPSG:25832"><gml:patches>{patch}</gml:patches></gml:Surface>'
    yield "a surface of patches", "p.gml", xplangml(plan(outline=surface)).encode()
    for holder, member in (
        ("MultiSurface", "surfaceMember"), ("MultiSurface", "surfaceMembers"), ("MultiPolygon", "polygonMember"),
        ("CompositeSurface", "surfaceMember"), ("MultiGeometry", "geometryMember"),
    ):  # fmt: skip
        shape = f'<gml:{holder} srsName="EPSG:25832"><gml:{member}>{polygon(srs=None)}</gml:{member}></gml:{holder}>'
        yield f"an outline as {holder}, {member}", "p.gml", xplangml(plan(outline=shape)).encode()
    pos = "".join(f"<gml:pos>{x} {y}</gml:pos>" for x, y in zip(square.split()[::2], square.split()[1::2], strict=True))
    ring = polygon().replace(f"<gml:posList>{square}</gml:posList>", pos)
    yield "an outline of single positions", "p.gml", xplangml(plan(outline=ring)).encode()
    counted = polygon().replace("<gml:posList>", '<gml:posList count="5" srsDimension="2" srsName="EPSG:25832">')
    yield "a list that counts", "p.gml", xplangml(plan(outline=counted)).encode()
    arcs = positions("0 0 50 -20 100 0")
    rest = positions("100 0 100 100 0 100 0 0")
    curved = (
        '<gml:Polygon srsName="EPSG:25832"><gml:exterior><gml:Ring><gml:curveMember><gml:Curve><gml:segments>'
        f"<gml:Arc><gml:posList>{arcs}</gml:posList></gml:Arc><gml:LineStringSegment><gml:posList>{rest}</gml:posList>"
        "</gml:LineStringSegment></gml:segments></gml:Curve></gml:curveMember></gml:Ring></gml:exterior></gml:Polygon>"
    )
    yield "an outline with an arc", "p.gml", xplangml(plan(outline=curved)).encode()
    only = (
        plan()
        .replace("raeumlicherGeltungsbereich", "beschreibung2")
        .replace(prop("beschreibung2", polygon()), link("bereich", "b"))
    )
    shaped = bereich("b", extra=prop("geltungsbereich", polygon()))
    yield "an outline at the Bereich alone", "p.gml", xplangml(only, shaped, version="4.1").encode()


def _values() -> _Found:
    def with_gemeinde(content: str) -> bytes:
        return xplangml(plan(gemeinde=prop("gemeinde", f"<xplan:XP_Gemeinde>{content}</xplan:XP_Gemeinde>"))).encode()

    for ags in ("065340080008", "06534008 ", "06 5 34 008", "065340080008", "6534008"):
        yield f"a key {ags!r}", "p.gml", with_gemeinde(f"<xplan:ags>{ags}</xplan:ags>")
    yield "a key of the region only", "p.gml", with_gemeinde("<xplan:rs>065340008008</xplan:rs>")
    yield "an empty key and one of the region", "p.gml", with_gemeinde("<xplan:ags/><xplan:rs>065340008008</xplan:rs>")
    yield "a decimal comma", "p.gml", GOOD.replace(".000", ",000").encode()
    two = GEMEINDE + GEMEINDE.replace("06534008", "06534014")
    yield "two Gemeinden", "p.gml", xplangml(plan(gemeinde=two)).encode()
    space = GOOD.replace("<xplan:planArt>", '<xplan:planArt codeSpace="http://www.xplanungwiki.de/upload/BP_PlanArt">')
    yield "a code with its list", "p.gml", space.encode()
    yield "a code in blanks", "p.gml", GOOD.replace("<xplan:planArt>1000<", "<xplan:planArt>\n  1000\n <").encode()
    for word in ("BPlan", "bplan", "EinfacherBPlan"):
        yield f"a Planart {word!r}", "p.gml", xplangml(plan(planart=word)).encode()
    for day in (
        "2019-03-01+01:00",
        "2019-03-01Z",
        "2019-03-01T00:00:00",
        "2019-03-01T00:00:00.000+01:00",
        "01.03.2019",
        "0001-01-01",
        "2019-3-1",
    ):
        dated = plan(extra=prop("inkrafttretensDatum", day))
        yield f"a date {day}", "p.gml", xplangml(dated).encode()
    for nummer in ("5", " 5a/II ", "Nr. 5 &quot;Süd&quot;", "5.1.2", "0", "-", "n/a", "5" * 300):
        yield f"a number {nummer[:9]}", "p.gml", xplangml(plan(nummer=nummer)).encode()
    yield "no number", "p.gml", xplangml(plan().replace(prop("nummer", "5"), "<xplan:nummer/>")).encode()
    for url in (
        "C:\\Pläne\\b.pdf", "\\\\server\\plaene\\b.pdf", "file:///C:/b.pdf", "b.pdf ", "./b.pdf", "../b.pdf", "",
        "n/a", "javascript:alert(1)", "ftp://x/y.pdf", "//example.org/b.pdf",
    ):  # fmt: skip
        yield f"a document {url[:12]!r}", "p.gml", xplangml(plan(extra=reference(url))).encode()
    generic = prop(
        "hatGenerAttribut",
        "<xplan:XP_StringAttribut><xplan:name>Amt</xplan:name><xplan:wert>N. N.</xplan:wert></xplan:XP_StringAttribut>",
    ) + prop(
        "hatGenerAttribut",
        "<xplan:XP_DoubleAttribut><xplan:name>Fl</xplan:name><xplan:wert>1,5</xplan:wert></xplan:XP_DoubleAttribut>",
    )
    yield "generic attributes", "p.gml", xplangml(plan(extra=generic)).encode()
    nil = '<xplan:kommentar xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" nilReason="unknown"/>'
    yield "a value that is nil", "p.gml", xplangml(plan(extra=nil)).encode()
    same = xplangml(plan(), plan("plan2", name="Mühläcker", nummer="6"))
    yield "two plans", "p.gml", same.encode()
    inline = prop(
        "bereich", bereich("b", extra=prop("planinhalt", feature("BP_GruenFlaeche", "g", prop("position", polygon()))))
    )
    yield "a Bereich inside of its plan", "p.gml", xplangml(plan(extra=inline)).encode()
    yield (
        "flags in words",
        "p.gml",
        xplangml(
            plan(),
            feature(
                "BP_GruenFlaeche",
                "g",
                prop("position", polygon()) + prop("flaechenschluss", "TRUE") + prop("ebene", "0.0"),
            ),
        ).encode(),
    )
    yield "ids with blanks and umlauts", "p.gml", GOOD.replace('gml:id="plan"', 'gml:id="Plan Süd 5/1"').encode()
    yield "no id", "p.gml", GOOD.replace(' gml:id="plan"', "").encode()


def _archives(folder: Path) -> _Found:
    def packed(members: Mapping[str, bytes | str]) -> bytes:
        return archive(folder / "e.zip", members).read_bytes()

    whole = xplangml(plan(extra=reference("b.pdf")))
    other = xplangml(plan("p2", name="Mühläcker", nummer="6"))
    yield "two plans in two files", "p.zip", packed({"a/xplan.gml": GOOD, "b/xplan.gml": other})
    nas = '<?xml version="1.0"?><AX_Bestandsdatenauszug xmlns="http://www.adv-online.de/namespaces/adv/gid/6.0"/>'
    yield "a plan beside the cadastre", "p.zip", packed({"xplan.gml": GOOD, "alkis.gml": nas})
    yield "a plan beside an Alkis in XML", "p.zip", packed({"xplan.gml": GOOD, "alkis.xml": nas})
    landscape = xplangml(plan("lp", klasse="LP_Plan"))
    yield "a plan beside a Landschaftsplan", "p.zip", packed({"xplan.gml": GOOD, "lp.gml": landscape})
    iso = '<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd"/>'
    yield "a plan with metadata", "p.zip", packed({"xplan.gml": GOOD, "metadaten.xml": iso})
    gfs = "<GMLFeatureClassList><GMLFeatureClass/></GMLFeatureClassList>"
    yield (
        "what GDAL leaves",
        "p.zip",
        packed({"xplan.gml": GOOD, "xplan.gfs": gfs, "xplan.xsd": "<xs:schema xmlns:xs='x'/>"}),
    )
    yield (
        "a report of a validator",
        "p.zip",
        packed({"xplan.gml": GOOD, "report.html": "<html></html>", "report.xml": "<report/>"}),
    )
    yield (
        "what an office leaves",
        "p.zip",
        packed(
            {
                "xplan.gml": GOOD,
                "~$Begr.docx": b"\x05abc",
                ".~lock.b.odt#": "x",
                "Plan.lnk": b"L\0\0\0",
                "b.pdf.crdownload": b"",
            }
        ),
    )
    yield "an empty PDF nobody names", "p.zip", packed({"xplan.gml": GOOD, "leer.txt": b""})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr("xplan.gml", xplangml(plan(extra=reference("Begründung Süd.pdf"))))
        opened.writestr("Begr?ndung S?d.pdf", pdf())
    windows = stream.getvalue().replace(b"Begr?ndung S?d", "Begründung Süd".encode("cp1252"))
    yield "names of Windows", "p.zip", windows
    yield (
        "names of a Mac",
        "p.zip",
        packed(
            {
                "xplan.gml": xplangml(plan(extra=reference("Begründung.pdf"))),
                unicodedata.normalize("NFD", "Begründung.pdf"): pdf(),
            }
        ),
    )
    yield "a document in capitals", "p.zip", packed({"XPLAN.GML": whole, "B.PDF": pdf()})
    yield (
        "folders parted by backslashes",
        "p.zip",
        packed(
            {
                "Plan\\xplan.gml": xplangml(plan(extra=reference("pdf/b.pdf"))),
                "Plan\\pdf\\": b"",
                "Plan\\pdf\\b.pdf": pdf(),
            }
        ),
    )
    yield (
        "a document in a folder above",
        "p.zip",
        packed({"gml/xplan.gml": xplangml(plan(extra=reference("../pdf/b.pdf"))), "pdf/b.pdf": pdf()}),
    )
    yield "gml in XML", "p.zip", packed({"BPlan_5.xml": whole, "b.pdf": pdf()})
    yield (
        "the same document twice",
        "p.zip",
        packed({"xplan.gml": xplangml(plan(extra=reference("b.pdf") + reference("b.pdf"))), "b.pdf": pdf()}),
    )
    yield "a PDF with a line before it", "p.zip", packed({"xplan.gml": whole, "b.pdf": b"\r\n" + pdf()})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr("Plan/", b"")
        for name, content in (("Plan/xplan.gml", GOOD.encode()), ("Plan/Text/b.txt", b"x")):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 0, 0x20
            opened.writestr(entry, content)
    yield "a ZIP of DOS", "p.zip", stream.getvalue()


def _wordless() -> _Found:
    yield "a word that is no code", "p.gml", xplangml(plan(planart="Einfacher B-Plan")).encode()


def _broken(folder: Path) -> _Found:
    yield "Windows-1252 that says UTF-8", "p.gml", GOOD.replace("Am Hang", "Südhang – 5 €").encode("cp1252")
    yield "the same plan twice", "p.gml", xplangml(plan(), plan("plan2")).encode()
