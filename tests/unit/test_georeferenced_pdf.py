"""Plan sheets as georeferenced PDF: drawn, put in their place, and kept as documents."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import rasterio
from pikepdf import Array, Dictionary, Name, String
from pyproj import Transformer
from shapely.geometry import Point

from plans_ingest import Batch, UnreadableFile, ingest
from tests.files import ORIGIN, archive, plan, xplangml
from tests.hostile.pictures import scan
from tests.reading import codes

METRES = 0.5  # on the ground for a point of the page
CORNERS = [(0, 0), (0, 1), (1, 1), (1, 0)]


def sheet(change: Callable[[Dictionary], None], box: Sequence[float] = (0, 0, 600, 400)) -> bytes:
    """A white page with a red square from (100, 100) to (200, 200)."""
    document = pikepdf.Pdf.new()
    document.add_blank_page(page_size=(100, 100))
    page = document.pages[0]
    page.MediaBox = Array(box)
    page.Contents = document.make_stream(b"1 0 0 rg 100 100 100 100 re f")
    change(page.obj)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def ground(x: float, y: float) -> tuple[float, float]:
    return ORIGIN[0] + METRES * x, ORIGIN[1] + METRES * y


def geospatial(page: Dictionary, box: Sequence[float] = (0, 0, 600, 400), **system: Any) -> None:
    """A viewport with a measure as ISO 32000-2 has it."""
    to_degrees = Transformer.from_crs(25832, 4258, always_xy=True)
    corners = [(box[0] + u * (box[2] - box[0]), box[1] + v * (box[3] - box[1])) for u, v in CORNERS]
    degrees = [to_degrees.transform(*ground(*corner)) for corner in corners]
    gcs: dict[str, Any] = system or {"Type": Name.PROJCS, "EPSG": 25832}
    measure = Dictionary(
        Type=Name.Measure,
        Subtype=Name.GEO,
        GPTS=Array([number for longitude, latitude in degrees for number in (latitude, longitude)]),
        LPTS=Array([number for corner in CORNERS for number in corner]),
        GCS=Dictionary(**gcs),
    )
    page.VP = Array([Dictionary(Type=Name.Viewport, BBox=Array(box), Measure=measure)])


def lgidict(page: Dictionary, **changes: Any) -> None:
    """The older form, numbers as text."""
    projection: dict[str, Any] = {
        "ProjectionType": String("UT"),
        "Datum": String("WE"),
        "Zone": 32,
        "Hemisphere": String("N"),
    }
    numbers = (METRES, 0, 0, METRES, *ORIGIN)
    page.LGIDict = Array(
        [
            Dictionary(
                Type=Name.LGIDict,
                CTM=Array([String(str(number)) for number in numbers]),
                Neatline=Array([String(str(n)) for n in (0, 0, 600, 0, 600, 400, 0, 400)]),
                Projection=Dictionary(**(projection | changes)),
            )
        ]
    )


def read(tmp_path: Path, content: bytes) -> Batch:
    members: dict[str, bytes | str] = {"xplan.gml": xplangml(plan(extra=scan("s.pdf"))), "s.pdf": content}
    workdir = tmp_path / "work"
    workdir.mkdir()
    return ingest(archive(tmp_path / "a.zip", members), workdir, srid=25832)


def colours(batch: Batch, *places: tuple[float, float]) -> list[tuple[int, ...]]:
    """What the COG shows at places of the page."""
    [cog] = [item for item in batch.attachments if item.name.endswith(".tif")]
    with rasterio.open(cog.path) as opened:
        assert opened.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        return [tuple(map(int, values)) for values in opened.sample([ground(*place) for place in places])]


@pytest.mark.parametrize("place", [geospatial, lgidict])
@pytest.mark.parametrize("turn", [0, 90, 180])
def test_a_page_that_says_where_it_lies_becomes_a_sheet(
    tmp_path: Path, place: Callable[[Dictionary], None], turn: int
) -> None:
    def change(page: Dictionary) -> None:
        place(page)
        page.Rotate = turn  # how it is shown, not where it lies

    batch = read(tmp_path, sheet(change))
    [raster] = batch.plans[0].raster
    assert (raster.name, raster.epsg, raster.baender) == ("s.pdf", 25832, 3)
    assert raster.aufloesung == pytest.approx(METRES * 72 / 200, rel=1e-3)
    assert raster.umriss.bounds == pytest.approx((*ground(0, 0), *ground(600, 400)), abs=0.05)
    red, white = (255, 0, 0), (255, 255, 255)
    assert colours(batch, (105, 105), (195, 195), (95, 105), (205, 195), (105, 205)) == [red, red, white, white, white]


def test_the_pdf_stays_a_document_beside_its_sheet(tmp_path: Path) -> None:
    content = sheet(geospatial)
    batch = read(tmp_path, content)
    [dokument] = batch.plans[0].dokumente
    assert (dokument.attachment, dokument.media_type) == ("s.pdf", "application/pdf")
    assert {item.name for item in batch.attachments} == {"s.pdf", "s.pdf.cog.tif"}
    assert [item.path.read_bytes() for item in batch.attachments if item.name == "s.pdf"] == [content]


def test_only_the_map_on_the_page_is_drawn(tmp_path: Path) -> None:
    batch = read(tmp_path, sheet(lambda page: geospatial(page, (100, 100, 300, 250))))
    [raster] = batch.plans[0].raster
    assert raster.umriss.bounds == pytest.approx((*ground(100, 100), *ground(300, 250)), abs=0.05)
    assert colours(batch, (105, 105), (250, 200)) == [(255, 0, 0), (255, 255, 255)]


def test_a_page_whose_origin_is_elsewhere(tmp_path: Path) -> None:
    batch = read(tmp_path, sheet(lambda page: geospatial(page, (-200, -100, 400, 300)), (-200, -100, 400, 300)))
    assert colours(batch, (105, 105), (95, 105)) == [(255, 0, 0), (255, 255, 255)]


def test_a_turned_map_lies_as_it_is_turned(tmp_path: Path) -> None:
    def change(page: Dictionary) -> None:
        lgidict(page)
        numbers = (0, METRES, -METRES, 0, *ORIGIN)  # to the left by 90°
        page.LGIDict[0].CTM = Array([String(str(number)) for number in numbers])

    batch = read(tmp_path, sheet(change))
    turned = [(-y, x) for x, y in ((150, 150), (250, 150))]
    assert colours(batch, *turned) == [(255, 0, 0), (255, 255, 255)]


def test_a_sheet_of_a_metre_is_drawn_within_bounds(tmp_path: Path) -> None:
    box = (0, 0, 6000, 6000)
    batch = read(tmp_path, sheet(lambda page: geospatial(page, box), box))
    [raster] = batch.plans[0].raster
    assert 90_000_000 < raster.breite * raster.hoehe < 101_000_000
    assert colours(batch, (105, 105), (5900, 5900)) == [(255, 0, 0), (255, 255, 255)]


@pytest.mark.parametrize(
    "ellipsoid",
    [String("BR"), Dictionary(SemiMajorAxis=String("6377397.155"), InvFlattening=String("299.1528128"))],
)
def test_gauss_krueger_in_the_older_form(tmp_path: Path, ellipsoid: String | Dictionary) -> None:
    def change(page: Dictionary) -> None:
        strip = {"ProjectionType": "TC", "CentralMeridian": 9, "ScaleFactor": 1, "FalseEasting": 3_500_000}
        named = {name: String(str(value)) for name, value in strip.items()}
        lgidict(page, **named, Datum=Dictionary(Description=String("DHDN"), Ellipsoid=ellipsoid))
        numbers = (METRES, 0, 0, METRES, ORIGIN[0] + 3_000_000, ORIGIN[1] + 1_800)
        page.LGIDict[0].CTM = Array([String(str(number)) for number in numbers])

    [raster] = read(tmp_path, sheet(change)).plans[0].raster
    assert raster.epsg == 31467
    assert raster.umriss.centroid.distance(Point(ORIGIN[0] + 300 * METRES, ORIGIN[1] + 200 * METRES)) < 200


@pytest.mark.parametrize(
    "projection",
    [
        {
            "ProjectionType": String("TC"),
            "CentralMeridian": 9,
            "ScaleFactor": 1,
            "FalseEasting": 500_000,
            "Datum": Dictionary(Ellipsoid=String("BR")),
        },
        {"ProjectionType": String("LE")},
        {"Zone": 17},
        {"Datum": Dictionary(Description=String("mine"))},
    ],
)
def test_a_projection_that_nobody_here_uses_is_told(tmp_path: Path, projection: dict[str, Any]) -> None:
    batch = read(tmp_path, sheet(lambda page: lgidict(page, **projection)))
    assert batch.plans[0].raster == ()
    assert "crs_unknown" in codes(batch)


@pytest.mark.parametrize(
    "system", [{"EPSG": 999999}, {"WKT": String("PROJCS[")}, {"WKT": String("http://127.0.0.1:9/")}]
)
def test_a_system_that_is_none_is_told(tmp_path: Path, system: dict[str, Any]) -> None:
    batch = read(tmp_path, sheet(lambda page: geospatial(page, **system)))
    assert batch.plans[0].raster == ()
    assert "crs_unknown" in codes(batch)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("GPTS", Array([0, 0, 0, 0, 0, 0, 0, 0])),
        ("GPTS", Array([50.8, 8.7])),
        ("GPTS", Array([50.8, 8.7, 50.8])),
        ("GPTS", Array([1e30, 0, 50, 8, 50, 9, 51, 9])),
        ("GPTS", Array([50, 8, 50.1, 8, 52, 9, 50, 8.1])),
        ("GPTS", Array([0] * 5000)),
        ("LPTS", Array([0, 0, 0, 0, 0, 0, 0, 0])),
        ("LPTS", Array([String("x")] * 8)),
        ("Bounds", Array([0, 0, 0, 0])),
    ],
)
def test_a_place_that_cannot_be_is_refused(tmp_path: Path, key: str, value: Array) -> None:
    def change(page: Dictionary) -> None:
        geospatial(page)
        page.VP[0].Measure[f"/{key}"] = value

    with pytest.raises(UnreadableFile):
        read(tmp_path, sheet(change))


def test_a_georeferenced_pdf_alone_is_a_plan_that_waits_for_its_outline(tmp_path: Path) -> None:
    (tmp_path / "s.pdf").write_bytes(sheet(geospatial))
    (tmp_path / "work").mkdir()
    batch = ingest(tmp_path / "s.pdf", tmp_path / "work", srid=25832)
    assert [raster.name for raster in batch.plans[0].raster] == ["s.pdf"]
    assert "raster_without_outline" in codes(batch)


def test_noise_on_the_page_hinders_nothing(tmp_path: Path) -> None:
    def change(page: Dictionary) -> None:
        geospatial(page)
        page.Contents.write(b"1 0 0 rg 100 100 100 100 re f " + b"q " * 100_000 + bytes(range(256)) * 100)

    assert colours(read(tmp_path, sheet(change)), (105, 105)) == [(255, 0, 0)]
