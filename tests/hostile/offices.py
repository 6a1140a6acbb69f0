"""Tables, drawings and sheets as offices and scanners make them: many programs, many years, nothing wrong with them."""

import json
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from pyproj import CRS
from rasterio.control import GroundControlPoint
from rasterio.transform import from_origin
from shapely.geometry import GeometryCollection, MultiPolygon

from tests.files import ORIGIN, packed, plan, xplangml
from tests.hostile import Case, Lure, Outcome
from tests.hostile.pictures import noise, picture, png, scan
from tests.tables import RING, ROW, SQUARE, altered, drawing, far, parts, table

type _Found = Iterator[tuple[str, str, bytes]]
_WORLD = "0.5\n0\n0\n-0.5\n480000.25\n5629999.75\n"
_OUTLINE = ("Geltungsbereich", [(0, 0), (90, 0), (90, 90), (0, 90)], True)


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for found in (_shapefiles(folder), _packages(folder), _geojson(folder)):
        for name, file, content in found:
            yield Case(f"office: {name}", file, content, Outcome.PASSED)
    for found in (_drawings(), _sheets(folder), _alone(folder)):
        for name, file, content in found:
            yield Case(f"office: {name}", file, content, Outcome.IGNORED)
    for name, file, content in _told(folder):
        yield Case(f"office: {name}", file, content, Outcome.TOLD)


def _shapefiles(folder: Path) -> _Found:
    two = [ROW, ROW | {"nummer": "6", "name": "Mühläcker"}]
    table(folder / "s.shp", two, [SQUARE, far()], encoding="cp1252")
    whole = parts(folder / "s.shp")
    for cpg in (
        "ANSI 1252",
        "1252",
        "CP1252",
        "ISO-8859-1",
        "ISO 8859-1",
        "ISO8859-1",
        "88591",
        "WINDOWS-1252",
        "cp1252\r\n",
        "ANSI1252",
        "LATIN1",
        "OEM",
        "",
    ):
        yield f"Shapefile with .cpg {cpg!r}", "s.zip", packed(whole | {"s.cpg": cpg.encode()})
    for name in ("PROJCS", "ESRI", "GK3", "GK3 with TOWGS84", "zone in front", "WGS 84", "three dimensions"):
        epsg = {"GK3": 31467, "GK3 with TOWGS84": 31467, "zone in front": 4647, "WGS 84": 4326}.get(name, 25832)
        shapes = {
            31467: shapely.box(3480000, 5631800, 3480100, 5631900),
            4647: shapely.box(32480000, 5630000, 32480100, 5630100),
            4326: shapely.box(8.7, 50.8, 8.71, 50.81),
        }
        file = folder / f"prj{epsg}.shp"
        table(file, shapes=[shapes.get(epsg, SQUARE)], crs=epsg)
        wkt = CRS.from_epsg(epsg).to_wkt("WKT1_ESRI" if name != "PROJCS" else "WKT1_GDAL")
        if name == "GK3 with TOWGS84":
            wkt = (
                'PROJCS["DHDN / Gauss-Kruger zone 3",GEOGCS["DHDN",DATUM["Deutsches_Hauptdreiecksnetz",'
                'SPHEROID["Bessel 1841",6377397.155,299.1528128],'
                'TOWGS84[598.1,73.7,418.2,0.202,0.045,-2.455,6.7]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
                'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",9],PARAMETER["scale_factor",1],PARAMETER["false_easting",3500000],'
                'PARAMETER["false_northing",0],UNIT["Meter",1]]'
            )
        if name == "three dimensions":
            heights = 'VERT_CS["DHHN92 height",VERT_DATUM["Deutsches Haupthoehennetz 1992",2005],UNIT["metre",1]]'
            wkt = f'COMPD_CS["x",{CRS.from_epsg(25832).to_wkt("WKT1_GDAL")},{heights}]'
        yield f"Shapefile in {name}", "s.zip", packed(parts(file) | {file.with_suffix(".prj").name: wkt})
    for name, prj in {
        "ETRS_1989_UTM_Zone_32N_8stellen": CRS.from_epsg(25832)
        .to_wkt("WKT1_ESRI")
        .replace("500000.0", "32500000.0")
        .replace("ETRS_1989_UTM_Zone_32N", "ETRS_1989_UTM_Zone_32N_8stellen"),
        "DHDN_3_Degree_Gauss_Zone_3": CRS.from_epsg(31467)
        .to_wkt("WKT1_ESRI")
        .replace("DHDN_3_Degree_Gauss_Zone_3", "Germany_Zone_3"),
    }.items():
        shape = (
            shapely.box(32480000, 5630000, 32480100, 5630100)
            if "8" in name
            else shapely.box(3480000, 5631800, 3480100, 5631900)
        )
        table(folder / "e.shp", shapes=[shape])
        yield f"Shapefile in {name}", "e.zip", packed(parts(folder / "e.shp") | {"e.prj": prj})
    table(folder / "z.shp", two, [shapely.force_3d(SQUARE, 1), shapely.force_3d(far(), 2)])
    yield "Shapefile with heights", "z.zip", (folder / "z.zip").read_bytes()
    table(folder / "m.shp", [ROW], [MultiPolygon([RING, far()])])
    yield "Shapefile of parts with a hole", "m.zip", (folder / "m.zip").read_bytes()
    yield (
        "Shapefile with numbers as numbers",
        "k.zip",
        table(folder / "k.shp", [ROW | {"nummer": 5, "planart": 1000, "rechtsstan": 4000.0}]).read_bytes(),
    )
    dbf = bytearray(whole["s.dbf"])
    yield "Shapefile whose table ends in 0x1A", "s.zip", packed(whole | {"s.dbf": bytes(dbf) + b"\x1a"})
    for version in (0x83, 0x8B, 0x30, 0xF5, 0x43):
        dbf[0] = version
        yield (
            f"Shapefile whose table is of version {version:#x}",
            "s.zip",
            packed(whole | {"s.dbf": bytes(dbf), "s.dbt": b"\0" * 512}),
        )
    dbf = bytearray(whole["s.dbf"])
    dbf[32 + 5 * 32 : 43 + 5 * 32] = dbf[32 + 6 * 32 : 43 + 6 * 32]
    yield "Shapefile with two columns of one name", "s.zip", packed(whole | {"s.dbf": bytes(dbf)})
    yield (
        "Shapefile with a name of dots",
        "s.zip",
        packed({n.replace("s.", "B-Plan 5.1 (Süd)."): c for n, c in whole.items()}),
    )
    yield (
        "Shapefile with its metadata alone",
        "s.zip",
        packed(whole | {"s.shp.DESKTOP.1234.sr.lock": b"", "s.sbn": b"", "s.fix": b"x"}),
    )
    patch = struct.pack("<I4d2I1I1I", 31, *shapely.total_bounds(SQUARE), 1, 5, 0, 5)
    ring = np.asarray(SQUARE.exterior.coords)
    patch += ring.astype("<f8").tobytes() + struct.pack("<2d", 0, 0) + b"\0" * 40
    shp = bytearray(100)
    struct.pack_into(">I", shp, 0, 9994)
    shp += struct.pack(">2I", 1, len(patch) // 2) + patch
    struct.pack_into(">I", shp, 24, len(shp) // 2)
    struct.pack_into("<2I", shp, 28, 1000, 31)
    table(folder / "p.shp")
    yield "Shapefile of MultiPatch", "p.zip", packed(parts(folder / "p.shp") | {"p.shp": bytes(shp)})


def _packages(folder: Path) -> _Found:
    plain = table(folder / "o.gpkg", layer="plaene").read_bytes()
    system = (
        "INSERT INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition) VALUES"
    )
    wkt = CRS.from_epsg(25832).to_wkt("WKT1_GDAL").replace("'", "''")
    use = "UPDATE gpkg_contents SET srs_id = {0}; UPDATE gpkg_geometry_columns SET srs_id = {0}"
    yield "GeoPackage without a system (-1)", "p.gpkg", altered(folder, plain, use.format(-1))
    yield "GeoPackage without a system (0)", "p.gpkg", altered(folder, plain, use.format(0))
    yield (
        "GeoPackage with a system of QGIS",
        "p.gpkg",
        altered(folder, plain, f"{system} ('x', 100000, 'NONE', 100000, '{wkt}');" + use.format(100000)),
    )
    yield (
        "GeoPackage with EPSG in small letters",
        "p.gpkg",
        altered(folder, plain, "UPDATE gpkg_spatial_ref_sys SET organization = 'epsg'"),
    )
    yield (
        "GeoPackage with a wrong geometry type",
        "p.gpkg",
        altered(folder, plain, "UPDATE gpkg_geometry_columns SET geometry_type_name = 'GEOMETRY', z = 2"),
    )
    yield (
        "GeoPackage of many tables",
        "p.gpkg",
        altered(
            folder,
            plain,
            "".join(
                f"CREATE TABLE t{i} (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO gpkg_contents "
                f"(table_name, data_type, identifier) VALUES ('t{i}', 'attributes', 't{i}');"
                for i in range(60)
            ),
        ),
    )
    yield (
        "GeoPackage with styles in a table of QGIS",
        "p.gpkg",
        altered(
            folder,
            plain,
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, styleQML TEXT, styleSLD TEXT, ui BLOB); "
            "INSERT INTO layer_styles VALUES (1, '<qgis/>', '<sld/>', x'00'); "
            "CREATE TABLE qgis_projects (name TEXT, metadata BLOB, content BLOB); "
            "INSERT INTO qgis_projects VALUES ('p', x'00', x'504b0304')",
        ),
    )
    yield (
        "GeoPackage with a table not registered",
        "p.gpkg",
        altered(folder, plain, "CREATE TABLE lose (a TEXT); INSERT INTO lose VALUES ('x')"),
    )
    yield (
        "GeoPackage of version 1.0",
        "p.gpkg",
        altered(folder, plain, "PRAGMA application_id = 0x47503130; PRAGMA user_version = 0"),
    )
    yield "GeoPackage of other pages", "p.gpkg", altered(folder, plain, "PRAGMA page_size = 65536; VACUUM")
    yield "GeoPackage that tidies itself", "p.gpkg", altered(folder, plain, "PRAGMA auto_vacuum = FULL; VACUUM")
    yield "GeoPackage in UTF-16", "p.gpkg", _utf16(folder, plain)
    table(folder / "two.gpkg", layer="BP Süd")
    table(folder / "two.gpkg", [ROW | {"nummer": "9", "name": "Nord"}], [far()], layer='BP "Nord"')
    yield "GeoPackage of two layers with odd names", "p.gpkg", (folder / "two.gpkg").read_bytes()
    table(folder / "d.gpkg", [ROW | {"geaendert": "2024-05-01T10:00:00Z", "flaeche": 1.5, "ok": True}], layer="plaene")
    yield "GeoPackage of several types", "p.gpkg", (folder / "d.gpkg").read_bytes()
    collection = GeometryCollection([SQUARE, far()])
    yield "GeoPackage of collections", "p.gpkg", table(folder / "c.gpkg", shapes=[collection], layer="p").read_bytes()


def _utf16(folder: Path, content: bytes) -> bytes:
    (folder / "8.gpkg").write_bytes(content)
    target = folder / "16.gpkg"
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(folder / "8.gpkg")) as source, closing(sqlite3.connect(target)) as sink:
        sink.execute("PRAGMA encoding = 'UTF-16le'")
        statements = [
            line for line in source.iterdump() if "sqlite_sequence" not in line and "rtree" not in line.lower()
        ]
        sink.executescript("\n".join(statements))
        sink.execute("PRAGMA application_id = 1196444487")
        sink.commit()
    return target.read_bytes()


def _drawings() -> _Found:
    whole = drawing(_OUTLINE)
    yield "DXF with an empty line at its end", "p.dxf", (whole + "\n").encode()
    yield "DXF with empty lines at its end", "p.dxf", (whole + "\r\n\r\n").encode()
    yield "DXF that ends as DOS did", "p.dxf", whole.encode() + b"\x1a"
    yield (
        "DXF with indented codes",
        "p.dxf",
        "\n".join(f"{line:>3}" if i % 2 == 0 else line for i, line in enumerate(whole.splitlines())).encode() + b"\n",
    )
    yield "DXF with a mark", "p.dxf", b"\xef\xbb\xbf" + whole.encode()
    head = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1009\n9\n$DWGCODEPAGE\n3\nANSI_1252\n0\nENDSEC\n"
    classes = "0\nSECTION\n2\nCLASSES\n0\nCLASS\n1\nX\n0\nENDSEC\n"
    objects = "0\nSECTION\n2\nOBJECTS\n0\nDICTIONARY\n5\nC\n0\nENDSEC\n"
    objects += "0\nSECTION\n2\nTHUMBNAILIMAGE\n90\n4\n310\nFFFF\n0\nENDSEC\n0\nEOF\n"
    yield "DXF of all sections", "p.dxf", (head + classes + whole.replace("0\nEOF\n", objects)).encode()
    capital = drawing(("GELTUNGSBEREICH", _OUTLINE[1], True))
    yield "DXF in capitals", "p.DXF", capital.encode()
    yield (
        "DXF with letters escaped",
        "p.dxf",
        drawing(
            ("Geltungsbereich", _OUTLINE[1], True), extra="0\nTEXT\n8\nFl\\U+00E4che\n10\n0\n20\n0\n1\nS\\U+00FCd\n"
        ).encode(),
    )
    long = "0\nMTEXT\n8\nText\n1\n" + "x" * 9_000 + "\n"
    yield "DXF with a long text", "p.dxf", drawing(_OUTLINE, extra=long).encode()
    three = "0\nPOLYLINE\n8\nGeltungsbereich\n66\n1\n10\n0.0\n20\n0.0\n30\n0.0\n70\n9\n" + "".join(
        f"0\nVERTEX\n8\nGeltungsbereich\n10\n{480000 + x}\n20\n{5630000 + y}\n30\n212.5\n70\n32\n"
        for x, y in ((0, 0), (90, 0), (90, 90))
    )
    yield "DXF of a line in space", "p.dxf", drawing(extra=f"{three}0\nSEQEND\n8\nGeltungsbereich\n").encode()
    handles = (
        drawing(_OUTLINE)
        .replace("0\nLWPOLYLINE\n", "0\nLWPOLYLINE\n5\n2A\n330\n1F\n100\nAcDbEntity\n")
        .replace("90\n4\n", "100\nAcDbPolyline\n90\n4\n")
        .replace("70\n1\n", "70\n1\n43\n0.0\n38\n0.0\n39\n0.0\n")
    )
    yield "DXF with handles", "p.dxf", handles.encode()
    data = drawing(_OUTLINE, extra="1001\nGIS\n1000\nPlan 5\n1010\n0\n1020\n0\n1030\n0\n1071\n5\n")
    yield "DXF with data of programs", "p.dxf", data.encode()
    unclosed = drawing(("Geltungsbereich", [*_OUTLINE[1], (0, 0)], False))
    yield "DXF whose line ends where it begins", "p.dxf", unclosed.encode()
    spline = (
        "0\nSPLINE\n8\nGeltungsbereich\n70\n11\n71\n3\n72\n8\n73\n4\n74\n0\n"
        + "".join(f"40\n{k}\n" for k in range(8))
        + "".join(f"10\n{480000 + x}\n20\n{5630000 + y}\n30\n0\n" for x, y in _OUTLINE[1])
    )
    yield "DXF with a spline beside", "p.dxf", drawing(_OUTLINE, extra=spline).encode()
    solid = (
        "0\nSOLID\n8\nx\n10\n1\n20\n1\n11\n2\n21\n2\n0\nCIRCLE\n8\nGeltungsbereich\n10\n480045\n20\n5630045\n40\n5\n"
    )
    yield "DXF with circles in the outline", "p.dxf", drawing(_OUTLINE, extra=solid).encode()
    frozen = drawing(_OUTLINE, ("Geltungsbereich", [(200, 0), (290, 0), (290, 90), (200, 90)], True))
    yield "DXF of two outlines", "p.dxf", frozen.encode()
    yield (
        "DXF with numbers of FORTRAN",
        "p.dxf",
        drawing(_OUTLINE).replace("480000\n", "480000.\n").replace("5630000\n", " 5.63E+006\n").encode(),
    )
    yield (
        "DXF in a ZIP with its fonts",
        "p.zip",
        packed(
            {
                "p.dxf": whole,
                "arial.ttf": b"\0\1\0\0",
                "acad.ctb": b"x",
                "p.dwg": b"AC1032" + b"\0" * 99,
                "p.bak": b"AC1032",
            }
        ),
    )


def _geojson(folder: Path) -> _Found:
    document = json.loads(table(folder / "g.geojson").read_bytes())
    plain = document["features"][0]

    def of(*features: dict[str, Any], **members: Any) -> bytes:
        return json.dumps(document | {"features": list(features)} | members, ensure_ascii=False).encode()

    yield (
        "GeoJSON without properties",
        "p.geojson",
        of(plain, {"type": "Feature", "properties": None, "geometry": plain["geometry"]}),
    )
    projected = {"type": "name", "properties": {"name": "EPSG:25832"}}
    square = {"type": "Polygon", "coordinates": [[list(p) for p in SQUARE.exterior.coords]]}
    yield "GeoJSON in metres", "p.geojson", of(plain | {"geometry": square}, crs=projected)
    bare = {name: member for name, member in document.items() if name != "crs"}
    silent = json.dumps(bare | {"features": [plain | {"geometry": square}]})
    yield "GeoJSON in metres that does not say so", "p.geojson", silent.encode()
    yield "GeoJSON with crs null", "p.geojson", of(plain, crs=None)
    yield (
        "GeoJSON without an end of line, with many digits",
        "p.geojson",
        of(plain).replace(b"8.7", b"8.700000000000000000000000000001"),
    )
    yield (
        "GeoJSON with a ring not closed beside",
        "p.geojson",
        of(plain, plain | {"geometry": plain["geometry"], "properties": plain["properties"] | {"nummer": "8"}}),
    )
    swapped = {"type": "Polygon", "coordinates": [[[y, x] for x, y in plain["geometry"]["coordinates"][0]]]}
    yield "GeoJSON with latitude first", "p.geojson", of(plain | {"geometry": swapped})
    yield (
        "GeoJSON with numbers as text keys",
        "p.geojson",
        of(plain | {"properties": plain["properties"] | {"1": 1, "": 2}}),
    )


def _sheets(folder: Path) -> _Found:
    file = folder / "t.tif"
    yield "CMYK TIFF", "p.tif", picture(file, noise(4), photometric="cmyk")
    yield "CMYK TIFF by JPEG", "p.tif", picture(file, noise(4), photometric="cmyk", compress="jpeg")
    yield "TIFF of CIELAB", "p.tif", picture(file, noise(3), photometric="cielab")
    yield "TIFF of 16 bits in colour", "p.tif", picture(file, noise(3).astype(np.uint16) * 257)
    yield "TIFF grey with alpha", "p.tif", picture(file, noise(2), alpha="yes")
    yield "TIFF white is zero", "p.tif", picture(file, noise() % 2, nbits=1, photometric="miniswhite")
    yield "TIFF of 4 bits", "p.tif", picture(file, noise() % 16, nbits=4)
    yield "TIFF of planes", "p.tif", picture(file, noise(3), interleave="band")
    for way in ("packbits", "deflate", "zstd", "webp", "lzma", "lerc", "ccittrle", "ccittfax3"):
        pixels = noise(3) if way in {"webp", "lerc"} else noise() % 2
        bits = {"nbits": 1} if way.startswith("ccitt") else {}
        yield f"TIFF by {way}", "p.tif", picture(file, pixels, compress=way, **bits)
    big = np.ones((1, 5_000, 7_000), np.uint8)
    big[:, ::40, :], big[:, :, ::70] = 0, 0
    yield (
        "TIFF of A0 in black and white in one strip",
        "p.tif",
        picture(file, big, nbits=1, compress="ccittfax4", blockysize=5_000),
    )
    yield "TIFF of A0 in grey in one strip", "p.tif", picture(file, big * 200, compress="lzw", blockysize=5_000)
    colour = np.repeat(big[:, :4_000, :] * 200, 3, axis=0)
    yield (
        "TIFF of A1 in colour in one strip",
        "p.tif",
        picture(file, colour, compress="lzw", blockysize=4_000, interleave="pixel"),
    )
    del big, colour
    turned = rasterio.Affine.translation(*ORIGIN) * rasterio.Affine.rotation(12) * rasterio.Affine.scale(0.5, -0.5)
    yield "TIFF that is turned", "p.tif", picture(file, noise(3), transform=turned)
    yield (
        "TIFF south up",
        "p.tif",
        picture(file, noise(3), transform=rasterio.Affine(0.5, 0, ORIGIN[0], 0, 0.5, ORIGIN[1])),
    )
    for epsg, x, y in (
        (31467, 3480000, 5631800),
        (4647, 32480000, 5630000),
        (4326, 8.7, 50.8),
        (3857, 970000, 6590000),
        (25833, 60000, 5630000),
        (5678, 4480000, 5630000),
    ):
        if epsg != 5678:
            place = from_origin(x, y, 5e-6, 5e-6) if epsg == 4326 else from_origin(x, y, 0.5, 0.5)
            yield f"TIFF in EPSG:{epsg}", "p.tif", picture(file, noise(), crs=f"EPSG:{epsg}", transform=place)
    bare = picture(file, noise(3), crs=None, transform=None)
    esri = CRS.from_epsg(25832).to_wkt("WKT1_ESRI")
    yield "TIFF with side-cars", "p.zip", packed({"p.tif": bare, "p.tfw": _WORLD, "p.prj": esri})
    yield (
        "TIFF with a side-car and no .prj",
        "p.zip",
        packed({"Plan 5.TIF": bare, "Plan 5.TFW": _WORLD.replace("\n", "\r\n")}),
    )
    yield (
        "TIFF with a side-car named after all of it",
        "p.zip",
        packed({"p.tif": bare, "p.tif.tfw": _WORLD, "p.tif.aux.xml": "<PAMDataset/>", "p.tfwx": _WORLD}),
    )
    yield "TIFF with a world file of seven lines", "p.zip", packed({"p.tif": bare, "p.tfw": _WORLD + "\n\n"})
    yield (
        "TIFF with a world file of exponents",
        "p.zip",
        packed({"p.tif": bare, "p.tfw": "5.0e-01\n0.0e+00\n0.0E+00\n-5.0E-01\n4.8000025e+05\n5.62999975E+06\n"}),
    )
    yield "TIFF with a place and another beside", "p.zip", packed({"p.tif": picture(file, noise(3)), "p.tfw": _WORLD})
    points = [
        GroundControlPoint(0, 0, 480000, 5630000),
        GroundControlPoint(0, 256, 480128, 5630000),
        GroundControlPoint(256, 0, 480000, 5629872),
        GroundControlPoint(256, 256, 480128, 5629872),
    ]
    with rasterio.open(
        file, "w", driver="GTiff", width=256, height=256, count=1, dtype="uint8", gcps=points, crs="EPSG:25832"
    ) as sink:
        sink.write(noise())
    yield "TIFF placed by points", "p.tif", file.read_bytes()
    for driver, suffix, world, count in (
        ("PNG", "png", "pgw", 4),
        ("PNG", "png", "wld", 2),
        ("JPEG", "jpg", "jgw", 1),
        ("JPEG", "JPEG", "jgw", 3),
        ("JPEG", "jpg", "jpgw", 4),
    ):
        with rasterio.MemoryFile() as memory:
            options = {"progressive": "yes"} if driver == "JPEG" else {}
            with memory.open(driver=driver, width=256, height=256, count=count, dtype="uint8", **options) as sink:
                sink.write(noise(count))
            yield (
                f"{suffix} of {count} bands with .{world}",
                "p.zip",
                packed({f"Plan.{suffix}": bytes(memory.read()), f"Plan.{world}": _WORLD}),
            )
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="PNG", width=256, height=256, count=1, dtype="uint16") as sink:
            sink.write(noise().astype(np.uint16))
        yield "PNG of 16 bits", "p.zip", packed({"p.png": bytes(memory.read()), "p.pgw": _WORLD})
    yield (
        "two sheets of one plan",
        "p.zip",
        packed(
            {
                "xplan.gml": xplangml(plan(extra=scan("1.tif") + scan("2.tif"))),
                "1.tif": picture(file, noise(3)),
                "2.tif": picture(file, noise(1)),
            }
        ),
    )
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="JPEG", width=64, height=64, count=3, dtype="uint8") as sink:
            sink.write(noise(3, 64))
        jpeg = bytes(memory.read())
    yield (
        "a sheet and its preview",
        "p.zip",
        packed(
            {
                "xplan.gml": xplangml(plan(extra=scan("p.tif"))),
                "p.tif": picture(file, noise(3)),
                "p.jpg": jpeg,
                "p.tfw": _WORLD,
            }
        ),
    )


def _alone(folder: Path) -> _Found:
    """Files that are in order and hold less than a plan."""
    yield (
        "a picture without a place beside its plan",
        "p.zip",
        packed({"xplan.gml": xplangml(plan()), "foto.png": png(64, 64, 64)}),
    )
    yield (
        "a table of trees beside its plan",
        "p.zip",
        packed({"xplan.gml": xplangml(plan()), "b.geojson": '{"type": "FeatureCollection", "features": []}'}),
    )


def _told(folder: Path) -> _Found:
    """What is lost must be said."""
    two = [ROW, ROW | {"nummer": "6", "name": "leer"}]
    for suffix in (".shp", ".geojson"):
        written = table(folder / f"n{suffix}", two, [SQUARE, None])
        yield f"a row without a shape in {suffix}", f"n{written.suffix}", written.read_bytes()
    file = folder / "wal.gpkg"
    table(file, layer="plaene")
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{trigger}"')
    connection.execute("UPDATE plaene SET name = 'Neuer Name'")
    connection.commit()
    members = {
        "p.gpkg": file.read_bytes(),
        "p.gpkg-wal": (folder / "wal.gpkg-wal").read_bytes(),
        "p.gpkg-shm": (folder / "wal.gpkg-shm").read_bytes(),
    }
    connection.close()
    yield "GeoPackage with work not yet written into it", "p.zip", packed(members)
