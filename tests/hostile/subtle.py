"""Small well-formed files that ask for time, memory or a crash: growth by reference, words and numbers without end."""

import gzip
import json
import random
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.files import feature, link, packed, plan, polygon, positions, prop, xplangml
from tests.hostile import Case, Lure, Outcome
from tests.hostile.documents import pdf, reference
from tests.hostile.markup import GOOD
from tests.tables import drawing, parts, table, zipped


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for found in (_growth(), _texts(), _numbers(), _containers(), _geojson(folder), _tables(folder)):
        for case in found:
            yield Case(f"subtle: {case.name}", case.file, case.content, case.outcome)


def _gml(name: str, *features: str, outcome: Outcome = Outcome.TOLD, version: str = "5.4") -> Case:
    return Case(name, "p.gml", xplangml(*features, version=version).encode(), outcome)


def _shaped(gml_id: str, shape: str, extra: str = "", klasse: str = "BP_GruenFlaeche") -> str:
    return feature(klasse, gml_id, prop("position", shape) + extra)


def _growth() -> Iterator[Case]:
    point = "<gml:geometryMember><gml:Point><gml:pos>480000 5630000</gml:pos></gml:Point></gml:geometryMember>"
    for what, inner in (("nothing", ""), ("a point", point)):
        laughs = [_shaped("f0", f'<gml:MultiGeometry gml:id="m0">{inner}</gml:MultiGeometry>')]
        for level in range(1, 30):
            two = f'<gml:geometryMember xlink:href="#m{level - 1}"/>' * 2
            both = f'<gml:MultiGeometry gml:id="m{level}" srsName="EPSG:25832">{two}</gml:MultiGeometry>'
            laughs.append(_shaped(f"f{level}", both))
        yield _gml(f"geometries that double {what} thirty times", plan(), *laughs)
    member = '<gml:curveMember xlink:href="#c{}"/>'
    curve = f'<gml:CompositeCurve gml:id="c{{}}" srsName="EPSG:25832">{member}</gml:CompositeCurve>'
    chain = [_shaped(f"f{level}", curve.format(level, level + 1), klasse="BP_BauGrenze") for level in range(1_500)]
    yield _gml("a chain of 1,500 curves", plan(), *chain)
    circle = (curve.format(0, 1), curve.format(1, 0))
    yield _gml("curves in a circle", plan(), *(_shaped(f"f{i}", shape) for i, shape in enumerate(circle)))
    same = [_shaped(f"g{i}", polygon(), prop("flaechenschluss", "true")) for i in range(1_500)]
    yield _gml("1,500 areas on each other", plan(), *same)
    texts = [feature("BP_TextAbschnitt", f"t{i}", prop("text", "x")) for i in range(500)]
    links = "".join(link("texte", f"t{i}") for i in range(500))
    many = [plan(f"p{i}", name=f"N{i}", nummer=str(i), extra=links) for i in range(20)]
    yield _gml("500 texts of twenty plans", *many, *texts, outcome=Outcome.PASSED)


def _texts() -> Iterator[Case]:
    generator = random.Random(3)
    letters = "".join(generator.choice("abcdefghijklmnopqrstuvwxyzäöü0123456789") for _ in range(50_000))
    for name, text in {
        "5 MB of digits": "1" * 5_000_000,
        "a digit and 5 MB of blanks": "1" + " " * 5_000_000 + "x",
        "dots and blanks": "1 . " * 500_000,
        "a change with 5,000 digits": "9" * 5_000 + ". Änderung",
        "50,000 letters": letters,
    }.items():
        yield _gml(f"a name of {name}", plan(name=text), outcome=Outcome.PASSED)
        yield _gml(f"a number of {name}", plan(nummer=text), outcome=Outcome.PASSED)
    long = prop("gemeinde", f"<xplan:XP_Gemeinde><xplan:ags>{'9' * 5_000}</xplan:ags></xplan:XP_Gemeinde>")
    yield _gml("a key of 5,000 digits", plan(gemeinde=long))
    ortsteil = f"<xplan:ags>06534008</xplan:ags><xplan:ortsteilName>{letters}</xplan:ortsteilName>"
    placed = prop("gemeinde", f"<xplan:XP_Gemeinde>{ortsteil}</xplan:XP_Gemeinde>")
    yield _gml("an Ortsteil of 50,000 letters", plan(gemeinde=placed), outcome=Outcome.PASSED)
    yield _gml("an id of 50,000 letters", plan(gml_id=letters), outcome=Outcome.PASSED)
    yield _gml("an internalId of 50,000 letters", plan(extra=prop("internalId", letters)), outcome=Outcome.PASSED)
    yield _gml("a reference of 50,000 letters", plan(extra=reference(f"{letters}.pdf")), outcome=Outcome.PASSED)
    for name in (
        "&lt;script&gt;alert(1)&lt;/script&gt;", "'; DROP TABLE plans.version; --", "=cmd|'/c calc'!A1",
        "A&#xFFFD;B&#x1FFFE;&#x10FFFF;", "A\u202eB\u2066C", "../../../etc/passwd", "{{7*7}}${x}%(y)s%n{detail}{0}",
    ):  # fmt: skip
        yield _gml(f"a name {name[:12]!r}", plan(name=name, nummer=name), outcome=Outcome.PASSED)
    yield _gml("a name that nobody sees", plan(name=" \u00a0 "), outcome=Outcome.IGNORED)
    yield _gml("a template for a code", plan(extra=prop("rechtsstand", "{0}{detail}%s")), outcome=Outcome.PASSED)
    strange = "".join(prop(f"x{i}", "1") for i in range(20_000))
    yield _gml("20,000 names of elements", plan(extra=strange), outcome=Outcome.PASSED)
    own = (feature(f"XX_{i}", f"x{i}") for i in range(5_000))
    yield _gml("5,000 classes of its own", plan(), *own, outcome=Outcome.PASSED)


def _numbers() -> Iterator[Case]:
    for code in ("9" * 5_000, "-1", "1e3", "１０００", "1_000", "0x3e8", "99999999999"):
        shown = code[:11]
        yield _gml(f"a Planart {shown} of 3.0", plan(planart=code), version="3.0", outcome=Outcome.IGNORED)
        words = prop("rechtsstand", code) + prop("erstellungsMassstab", code)
        area = "".join(prop(name, code) for name in ("ebene", "rechtscharakter", "GRZ", "Z", "flaechenschluss"))
        for version in ("3.0", "5.4"):
            holder = _shaped("g", polygon(), area, "BP_BaugebietsTeilFlaeche")
            yield _gml(
                f"numbers {shown} in {version}", plan(extra=words), holder, version=version, outcome=Outcome.PASSED
            )
    for day in ("0000-00-00", "9999-12-31", "2019-W10-1", "-2019-01-01", "2019-02-30", "２０１９-03-01"):
        dates = prop("inkrafttretensDatum", day) + prop("auslegungsStartDatum", day) + prop("auslegungsEndDatum", day)
        yield _gml(f"a date {day}", plan(extra=dates), outcome=Outcome.PASSED)
    bare = polygon().replace("<gml:posList>", "<gml:coordinates {}>").replace("</gml:posList>", "</gml:coordinates>")
    for marks in ('ts="" cs=""', 'ts="0" cs="5" decimal="4"', 'decimal="nan"', f'ts="{"x" * 50_000}"'):
        yield _gml(f"coordinates with {marks[:20]}", plan(outline=bare.format(marks)))
    for angle in ("1e300", "-1e300", "36000000"):
        centre = "<gml:pos>480000 5630000</gml:pos>"
        arc = '<gml:radius uom="m">1000</gml:radius><gml:startAngle>0</gml:startAngle>'
        arc += f"<gml:endAngle>{angle}</gml:endAngle>"
        segment = f"<gml:ArcByCenterPoint>{centre}{arc}</gml:ArcByCenterPoint>"
        whole = f'<gml:Curve srsName="EPSG:25832"><gml:segments>{segment}</gml:segments></gml:Curve>'
        yield _gml(f"an arc to {angle} degrees", plan(), _shaped("g", whole, klasse="BP_BauGrenze"))


def _containers() -> Iterator[Case]:
    good = packed({"xplan.gml": GOOD.encode()})
    end = good.rindex(b"PK\x05\x06")
    for at, kind, value, name in (
        (8, "<H", 60_000, "60,000 entries on this disk"),
        (12, "<I", 2**31 - 1, "a directory of 2 GB"),
        (16, "<I", 2**31 - 1, "a directory beyond the end"),
        (20, "<H", 60_000, "a comment of 60 kB"),
    ):
        changed = bytearray(good)
        struct.pack_into(kind, changed, end + at, value)
        outcome = Outcome.PASSED if at in {8, 20} else Outcome.TOLD  # numbers that nobody needs
        yield Case(f"ZIP that claims {name}", "p.zip", bytes(changed), outcome)
    entry = zipfile.ZipInfo("b.pdf")
    entry.extra = struct.pack("<HHBI", 0x7075, 16, 1, 0) + b"../evil.gml"
    renamed = packed({"xplan.gml": GOOD.encode()}, (entry, pdf()))  # names are ours, whatever an entry is called
    yield Case("another name in the extra field", "p.zip", renamed, Outcome.PASSED)
    for name in (
        "CON.gml.txt",
        "NUL",
        "x.gml ",
        "-rf",
        "$(touch x)",
        "`id`",
        "x;y",
        "<script>",
        "'\"",
        "%2e%2e%2fx",
        "...",
    ):
        yield Case(f"ZIP with {name!r}", "p.zip", packed({"xplan.gml": GOOD.encode(), name: b"x"}), Outcome.PASSED)
    body = gzip.compress(GOOD.encode())
    named = body[:3] + b"\x08" + body[4:10] + b"../../evil.gml\0" + body[10:]
    yield Case("gzip with a name that leads out", "p.gz", named, Outcome.PASSED)
    yield Case("gzip with rubbish behind", "p.gz", gzip.compress(GOOD.encode()) + b"x" * 500, Outcome.REFUSED)


def _geojson(folder: Path) -> Iterator[Case]:
    document = json.loads(table(folder / "g.geojson").read_bytes())
    one = document["features"][0]

    def case(name: str, *features: object, outcome: Outcome = Outcome.TOLD) -> Case:
        return Case(f"GeoJSON {name}", "p.geojson", json.dumps(document | {"features": features}).encode(), outcome)

    deep: dict[str, Any] = {"type": "Point", "coordinates": [8.7, 50.8]}
    for _ in range(15):
        deep = {"type": "GeometryCollection", "geometries": [deep, deep]}
    yield case("of collections that double", one | {"geometry": deep})
    for what, shape in {
        "a ring of one point": {"type": "Polygon", "coordinates": [[[8.7, 50.8]]]},
        "a ring that is no list": {"type": "Polygon", "coordinates": 5},
        "no coordinates": {"type": "Polygon"},
        "an object for coordinates": {"type": "Polygon", "coordinates": {"a": 1}},
        "positions of one number": {"type": "Polygon", "coordinates": [[[8.7], [8.8], [8.7]]]},
        "a kind that is a list": {"type": ["Polygon"], "coordinates": []},
        "ragged positions": {"type": "Polygon", "coordinates": [[[8.7, 50.8], 5, [8.7, 50.8]]]},
    }.items():
        yield case(f"with {what}", one | {"geometry": shape})
    yield case("whose feature is a number", 1)
    yield case("whose properties are a list", one | {"properties": [1]}, outcome=Outcome.IGNORED)
    for feld, value in {
        "name": {"a": [1]}, "nummer": "9" * 5_000 + ". Änderung", "planart": "9" * 5_000, "inkraft": {"a": 1},
        "ags": [6534008], "rechtsstan": True, "massstab": "1:" + "9" * 5_000,
    }.items():  # fmt: skip
        known = feld in {"planart", "ags", "rechtsstan"}  # words that are no codes are errors
        outcome = Outcome.TOLD if known else Outcome.PASSED
        yield case(
            f"with {feld} {str(value)[:9]}", one | {"properties": one["properties"] | {feld: value}}, outcome=outcome
        )


def _tables(folder: Path) -> Iterator[Case]:
    table(folder / "s.shp")
    whole = parts(folder / "s.shp")
    dbf = bytearray(whole["s.dbf"])
    struct.pack_into("<I", dbf, 4, 10**6)
    claimed = zipped(folder / "s.shp", whole | {"s.dbf": bytes(dbf)}).read_bytes()
    yield Case("Shapefile of a million rows that are not there", "s.zip", claimed, Outcome.REFUSED)
    tangle = drawing(("Geltungsbereich", [(i % 7, i % 11) for i in range(5_000)], True))
    yield Case("DXF of a tangle", "p.dxf", tangle.encode())
    square = ("Geltungsbereich", [(0, 0), (9, 0), (9, 9)], True)
    yield Case("DXF of 500 outlines on each other", "p.dxf", drawing(*[square] * 500).encode(), Outcome.IGNORED)
    for what, bulge, outcome in (("almost nothing", 1e-300, Outcome.IGNORED), ("no end", 1e300, Outcome.TOLD)):
        bent = drawing(("Geltungsbereich", [(0, 0, bulge), (9, 0, -bulge), (9, 9, bulge), (0, 9)], True))
        yield Case(f"DXF with bulges of {what}", "p.dxf", bent.encode(), outcome)
    path = positions("0 0 9 0 9 9").replace(" ", "\n")
    yield Case("coordinates alone", "p.txt", path.encode(), Outcome.REFUSED)
