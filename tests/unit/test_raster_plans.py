"""Umring + Scan: the outline as vector and the sheet as a picture are one plan."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine, from_origin
from shapely.geometry import box

from plans_ingest import Batch, NoPlan, UnreadableFile
from plans_ingest.model import Level, Severity
from tests.files import ORIGIN, archive, bereich, pdf, plan, prop, xplangml
from tests.reading import codes, only, read
from tests.tables import ROW, SQUARE, far, parts, table, zipped

WORLD = f"0.5\n0\n0\n-0.5\n{ORIGIN[0] + 0.25}\n{ORIGIN[1] + 99.75}\n"
PLACE = from_origin(ORIGIN[0], ORIGIN[1] + 100, 0.5, 0.5)


def picture(
    path: Path, *, bands: int = 3, crs: str | None = "EPSG:25832", transform: Affine | None = PLACE, **options: Any
) -> Path:
    """200 × 200 pixels of half a metre over the square of the tests."""
    driver = {".tif": "GTiff", ".png": "PNG", ".jpg": "JPEG"}[path.suffix]
    pixels = np.random.default_rng(1).integers(0, 2 if options.get("nbits") == 1 else 200, (bands, 200, 200), np.uint8)
    profile: dict[str, Any] = {"driver": driver, "width": 200, "height": 200, "count": bands, "dtype": "uint8"}
    place = {"crs": crs, "transform": transform} if driver == "GTiff" and transform is not None else {}
    colormap, tags = options.pop("colormap", None), options.pop("tags", None)
    with rasterio.open(path, "w", **profile, **place, **options) as sink:
        sink.write(options.get("pixels", pixels))
        if colormap:
            sink.write_colormap(1, colormap)
        if tags:
            sink.update_tags(**tags)
    return path


def with_outline(tmp_path: Path, members: Mapping[str, bytes], **row: str) -> Batch:
    table(tmp_path / "umring.shp", [ROW | row])
    return read(zipped(tmp_path / "umring.shp", {**parts(tmp_path / "umring.shp"), **members}))


def test_umring_and_scan_are_one_plan(tmp_path: Path) -> None:
    sheet = picture(tmp_path / "Plan 5.tif").read_bytes()
    batch = with_outline(tmp_path, {"Plan 5.tif": sheet}, scan="plan 5.TIF")
    found = only(batch)
    [raster] = found.raster
    assert (raster.name, raster.epsg, raster.aufloesung, raster.baender) == ("Plan 5.tif", 25832, 0.5, 3)
    assert (raster.breite, raster.hoehe) == (200, 200)
    assert raster.umriss.symmetric_difference(SQUARE).area < 0.01
    assert found.level is Level.PUBLISHABLE
    [attachment] = batch.attachments
    assert raster.attachment == attachment.name == found.dokumente[0].attachment
    assert batch.report.count(Severity.ERROR) == 0


def test_the_stored_picture_is_a_clean_cog(tmp_path: Path) -> None:
    secret = {"TIFFTAG_ARTIST": "Erika Mustermann", "TIFFTAG_IMAGEDESCRIPTION": "intern"}
    sheet = picture(tmp_path / "s.tif", tags=secret).read_bytes()
    [attachment] = with_outline(tmp_path, {"s.tif": sheet}, scan="s.tif").attachments
    content = attachment.path.read_bytes()
    assert b"Erika" not in content
    assert b"intern" not in content
    with rasterio.open(attachment.path) as cog:
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert cog.crs.to_epsg() == 25832
        assert cog.transform == PLACE
        with rasterio.open(tmp_path / "s.tif") as original:
            assert (cog.read() == original.read()).all()


@pytest.mark.parametrize(("suffix", "world"), [(".png", ".pgw"), (".jpg", ".jgw"), (".tif", ".tfw"), (".png", ".wld")])
def test_a_picture_with_a_world_file(tmp_path: Path, suffix: str, world: str) -> None:
    sheet = picture(tmp_path / f"s{suffix}", transform=None).read_bytes()
    batch = with_outline(tmp_path, {f"s{suffix}": sheet, f"S{world}": WORLD.encode()}, scan=f"s{suffix}")
    [raster] = only(batch).raster
    assert raster.umriss.symmetric_difference(SQUARE).area < 0.01
    assert [issue.detail for issue in batch.report.issues if issue.code == "crs_assumed"] == ["EPSG:25832"]


def test_the_prj_of_a_picture(tmp_path: Path) -> None:
    sheet = picture(tmp_path / "s.png", transform=None).read_bytes()
    wkt = rasterio.CRS.from_epsg(25832).to_wkt(version="WKT1_ESRI")
    members = {"s.png": sheet, "s.pgw": WORLD.encode(), "s.prj": wkt.encode()}
    assert "crs_assumed" not in codes(with_outline(tmp_path, members, scan="s.png"))


def test_xplanarchiv_with_a_sheet(tmp_path: Path) -> None:
    scan = prop(
        "refScan",
        "<xplan:XP_ExterneReferenz><xplan:georefURL>s.pgw</xplan:georefURL><xplan:art>PlanMitGeoreferenz</xplan:art>"
        "<xplan:referenzURL>s.png</xplan:referenzURL></xplan:XP_ExterneReferenz>",
    )
    gml = xplangml(plan(), bereich(extra=scan), version="6.0")
    sheet = picture(tmp_path / "s.png", transform=None).read_bytes()
    batch = read(archive(tmp_path / "a.zip", {"xplan.gml": gml, "s.png": sheet, "s.pgw": WORLD}))
    [raster] = only(batch).raster
    assert raster.name == "s.png"
    assert not {"attachment_unreferenced", "document_missing"} & codes(batch)


def test_a_sheet_that_nobody_names_goes_to_the_plan_it_shows(tmp_path: Path) -> None:
    table(tmp_path / "u.shp", [ROW, ROW | {"nummer": "6"}], [SQUARE, far()])
    sheet = picture(tmp_path / "scan.tif").read_bytes()
    batch = read(zipped(tmp_path / "u.shp", parts(tmp_path / "u.shp") | {"scan.tif": sheet}))
    assert {found.nummer: len(found.raster) for found in batch.plans} == {"5": 1, "6": 0}
    assert "raster_assigned" in codes(batch)


def test_a_sheet_of_no_plan_is_told(tmp_path: Path) -> None:
    away = from_origin(ORIGIN[0] + 9000, ORIGIN[1], 0.5, 0.5)
    sheet = picture(tmp_path / "scan.tif", transform=away).read_bytes()
    batch = with_outline(tmp_path, {"scan.tif": sheet})
    assert only(batch).raster == ()
    assert "raster_unassigned" in codes(batch)


def test_a_sheet_that_lies_elsewhere_is_told(tmp_path: Path) -> None:
    away = from_origin(ORIGIN[0] + 9000, ORIGIN[1], 0.5, 0.5)
    sheet = picture(tmp_path / "scan.tif", transform=away).read_bytes()
    assert "raster_elsewhere" in codes(with_outline(tmp_path, {"scan.tif": sheet}, scan="scan.tif"))


def test_a_picture_alone_is_seen_but_no_plan_to_publish(tmp_path: Path) -> None:
    batch = read(picture(tmp_path / "Plan 5.tif"))
    found = only(batch)
    assert (found.name, found.level, len(found.raster)) == ("Plan 5", Level.READABLE, 1)
    assert {"raster_without_outline", "not_publishable"} <= codes(batch)


def test_a_picture_that_says_no_place_stays_a_document(tmp_path: Path) -> None:
    sheet = picture(tmp_path / "s.png", transform=None).read_bytes()
    batch = with_outline(tmp_path, {"s.png": sheet}, scan="s.png")
    assert only(batch).raster == ()
    assert only(batch).dokumente[0].attachment == "s.png"
    assert "raster_without_georeference" in codes(batch)


def test_a_pdf_that_should_be_a_map_stays_a_document_and_that_is_told(tmp_path: Path) -> None:
    batch = with_outline(tmp_path, {"s.pdf": pdf()}, scan="s.pdf")
    assert only(batch).dokumente[0].attachment == "s.pdf"
    assert "geopdf_not_read" in codes(batch)


def test_such_a_picture_alone_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(NoPlan):
        read(picture(tmp_path / "s.png", transform=None))


def test_black_and_white_and_numbered_colours_become_true_ones(tmp_path: Path) -> None:
    fax = picture(tmp_path / "fax.tif", bands=1, nbits=1, compress="CCITTFAX4").read_bytes()
    colours = {0: (255, 255, 255, 255), 1: (200, 30, 30, 255)}
    numbered = picture(tmp_path / "farbe.tif", bands=1, nbits=1, colormap=colours).read_bytes()
    batch = with_outline(tmp_path, {"fax.tif": fax, "farbe.tif": numbered}, scan="fax.tif;farbe.tif")
    seen = {}
    for attachment in batch.attachments:
        with rasterio.open(attachment.path) as cog:
            seen[attachment.name] = {tuple(map(int, colour)) for colour in cog.read().reshape(3, -1).T}
    assert seen == {
        "fax.tif.cog.tif": {(0, 0, 0), (255, 255, 255)},
        "farbe.tif.cog.tif": {(255, 255, 255), (200, 30, 30)},
    }


def test_the_outline_of_a_sheet_leaves_out_what_shows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "s.tif"
    pixels = np.full((4, 200, 200), 255, np.uint8)
    pixels[3, :100] = 0
    profile = {
        "driver": "GTiff",
        "width": 200,
        "height": 200,
        "count": 4,
        "dtype": "uint8",
        "photometric": "rgb",
        "alpha": "yes",
    }
    with rasterio.open(file, "w", **profile, crs="EPSG:25832", transform=PLACE) as sink:
        sink.write(pixels)
    [raster] = only(with_outline(tmp_path, {"s.tif": file.read_bytes()}, scan="s.tif")).raster
    south = box(ORIGIN[0], ORIGIN[1], ORIGIN[0] + 100, ORIGIN[1] + 50)
    assert raster.umriss.symmetric_difference(south).area < 0.01


def test_a_sheet_in_gauss_krueger_keeps_its_crs_and_has_its_outline_in_ours(tmp_path: Path) -> None:
    place = from_origin(3_480_000, 5_632_000, 0.5, 0.5)
    sheet = picture(tmp_path / "s.tif", crs="EPSG:31467", transform=place).read_bytes()
    [raster] = only(with_outline(tmp_path, {"s.tif": sheet}, scan="s.tif")).raster
    assert raster.epsg == 31467
    assert raster.umriss.bounds[0] == pytest.approx(3_480_000 - 3_000_000 - 66, abs=100)
    assert raster.aufloesung == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(
    "world",
    [
        "0\n0\n0\n0\n480000\n5630000",
        "nan\n0\n0\n-1\n0\n0",
        "1e-300\n0\n0\n-1e-300\n480000\n5630000",
        "inf 0 0 -1 0 0",
        "9999\n0\n0\n-9999\n480000\n5630000",
        "1\n2\n3",
        "x",
    ],
)
def test_a_georeference_that_cannot_be(tmp_path: Path, world: str) -> None:
    sheet = picture(tmp_path / "s.png", transform=None).read_bytes()
    with pytest.raises(UnreadableFile):
        with_outline(tmp_path, {"s.png": sheet, "s.pgw": world.encode()}, scan="s.png")


def test_the_same_sheet_again_is_the_same_plan(tmp_path: Path) -> None:
    sheet = picture(tmp_path / "s.tif").read_bytes()
    prints = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        prints.append(only(with_outline(tmp_path / folder, {"s.tif": sheet}, scan="s.tif")).fingerprint())
    assert prints[0] == prints[1]
