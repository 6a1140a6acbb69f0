"""Pictures that are broken or built to harm: a clear refusal, quickly, nothing read or fetched."""

import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from plans_ingest import UnreadableFile, UnsafeFile
from tests.files import ORIGIN, archive
from tests.hostile.pictures import header, image, picture
from tests.hostile.refusing import VRT, read, refused, written

pytestmark = pytest.mark.usefixtures("no_network")


@pytest.mark.parametrize("side", [".ovr", ".msk", ".aux.xml"])
def test_a_side_car_that_leads_elsewhere_is_not_looked_at(tmp_path: Path, side: str) -> None:
    for name, value in (("secret.tif", 77), ("plan.tif", 1)):
        picture(tmp_path / name, np.full((1, 64, 64), value, np.uint8))
    secret = tmp_path / "secret.tif"
    written(tmp_path, f"plan.tif{side}", VRT.format(secret=secret))
    [attachment] = read(tmp_path, tmp_path / "plan.tif").attachments
    with rasterio.open(attachment.path) as cog:
        assert set(np.unique(cog.read())) == {1}


@pytest.mark.parametrize(
    ("width", "height", "bands"),
    [(2**31, 2**31, 1), (62_000, 62_000, 1), (2**32 - 1, 1, 1), (1000, 1000, 200), (30_000, 30_000, 1)],
)
def test_a_picture_of_gigapixels_in_twenty_kilobytes(tmp_path: Path, width: int, height: int, bands: int) -> None:
    refused(tmp_path, written(tmp_path, "p.tif", header(width, height, bands)), UnsafeFile)


@pytest.mark.parametrize("keep", [9, 40, 200, 3000])
def test_a_picture_cut_short(tmp_path: Path, keep: int) -> None:
    whole = image(tmp_path / "w.tif")
    refused(tmp_path, written(tmp_path, "p.tif", whole[:keep]))


def test_a_picture_whose_pixels_end_early(tmp_path: Path) -> None:
    """Header and directory are in order; only who reads every block notices."""
    with rasterio.open(
        tmp_path / "w.tif", "w", driver="GTiff", width=512, height=512, count=1, dtype="uint8", crs="EPSG:25832",
        transform=from_origin(*ORIGIN, 0.5, 0.5), tiled=True, blockxsize=256, blockysize=256,
    ) as sink:  # fmt: skip
        sink.write(np.random.default_rng(1).integers(0, 255, (1, 512, 512), np.uint8))
    content = (tmp_path / "w.tif").read_bytes()
    refused(tmp_path, written(tmp_path, "p.tif", content[: len(content) // 2]), UnreadableFile)


def test_a_png_that_says_it_is_enormous(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + b"\0" * 4
    file = archive(tmp_path / "a.zip", {"p.png": content, "p.pgw": "1\n0\n0\n-1\n480000\n5630000"})
    refused(tmp_path, file, UnsafeFile)


def test_measurements_are_no_picture(tmp_path: Path) -> None:
    profile = {"driver": "GTiff", "width": 9, "height": 9, "count": 1, "dtype": "float32", "crs": "EPSG:25832"}
    with rasterio.open(tmp_path / "p.tif", "w", **profile, transform=from_origin(*ORIGIN, 1, 1)) as sink:
        sink.write(np.full((1, 9, 9), np.nan, np.float32))
    refused(tmp_path, tmp_path / "p.tif", UnreadableFile)
