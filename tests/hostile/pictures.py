"""Rasters: more pixels than bytes, places that are none, side-cars that lead elsewhere, files that break off."""

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.transform import Affine, from_origin

from tests.files import ORIGIN, archive, plan, prop, xplangml
from tests.hostile import Case, Lure, Outcome

PLACE = from_origin(*ORIGIN, 0.5, 0.5)
_WORLD = "0.5\n0\n0\n-0.5\n480000\n5630000"


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    whole = image(folder / "w.tif")
    for width, height, bands in (
        (2**31, 2**31, 1),
        (62_000, 62_000, 1),
        (2**32 - 1, 1, 1),
        (1000, 1000, 200),
        (30_000, 30_000, 1),
        (0, 0, 1),
        (100_000, 9_000, 3),
    ):
        yield Case(f"TIFF of {width} × {height} × {bands}", "p.tif", header(width, height, bands), Outcome.REFUSED)
    for name, place in {
        "NaN": Affine(float("nan"), 0, 480000, 0, -1, 5630000),
        "infinity": Affine(1, 0, float("inf"), 0, -1, 5630000),
        "nothing": Affine(0, 0, 480000, 0, 0, 5630000),
        "pixels of 1e-300 m": Affine(1e-300, 0, 480000, 0, -1e-300, 5630000),
        "pixels of 1e300 m": Affine(1e300, 0, 480000, 0, -1e300, 5630000),
        "pixels of 10 km": Affine(10_000, 0, 480000, 0, -10_000, 5630000),
    }.items():
        yield Case(f"TIFF whose place is {name}", "p.tif", image(folder / "b.tif", place=place))
    yield Case("TIFF without a place", "p.tif", image(folder / "b.tif", place=None))
    for share in (0.01, 0.1, 0.5, 0.9):
        yield Case(f"TIFF cut short after {share:.0%}", "p.tif", whole[: int(len(whole) * share)], Outcome.REFUSED)
    yield Case("TIFF whose directory is itself", "p.tif", _loop(), Outcome.REFUSED)
    yield Case("TIFF of a million directories", "p.tif", _many_directories(), Outcome.REFUSED)
    yield Case("TIFF of measurements", "p.tif", image(folder / "b.tif", kind="float32"), Outcome.REFUSED)
    yield Case("PNG of 100,000 × 100,000", "a.zip", _beside(folder, {"p.png": png(100_000, 100_000)}), Outcome.REFUSED)
    yield Case(
        "PNG bomb of 33,000 × 33,000", "a.zip", _beside(folder, {"p.png": png(33_000, 33_000, 2_000)}), Outcome.REFUSED
    )
    yield Case("PNG whose pixels are garbage", "a.zip", _beside(folder, {"p.png": png(100, 100)}), Outcome.REFUSED)
    for name, world in {
        "of five numbers": "1\n0\n0\n-1\n480000",
        "of words": "a\nb\nc\nd\ne\nf",
        "of NaN": "nan\n" * 6,
        "of zeros": "0\n" * 6,
        "of 2 MB": "1\n" * 1_000_000,
        "that is a path": lure.secret,
    }.items():
        content = _beside(folder, {"p.png": png(64, 64, 64), "p.pgw": world})
        yield Case(f"world file {name}", "a.zip", content, Outcome.REFUSED)
    for name, prj in {
        "URL": f"{lure.url}/x.prj",
        "path": lure.secret,
        "grid": f"+proj=utm +nadgrids={lure.secret}",
    }.items():
        content = _beside(folder, {"p.png": png(64, 64, 64), "p.pgw": _WORLD, "p.prj": prj})
        yield Case(f"picture whose .prj is a {name}", "a.zip", content)
    vrt = (
        '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f"<SourceFilename>{lure.secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    for side in (".ovr", ".msk", ".aux.xml", ".vrt"):
        content = archive(
            folder / "a.zip",
            {"xplan.gml": xplangml(plan(extra=scan("p.tif"))), "p.tif": whole, f"p.tif{side}": vrt},
        ).read_bytes()
        yield Case(f"a side-car p.tif{side} that leads elsewhere", "a.zip", content, Outcome.PASSED)


def scan(name: str) -> str:
    return prop(
        "externeReferenz",
        f"<xplan:XP_SpezExterneReferenz><xplan:art>PlanMitGeoreferenz</xplan:art><xplan:referenzName>Plan"
        f"</xplan:referenzName><xplan:referenzURL>{name}</xplan:referenzURL><xplan:typ>1030</xplan:typ>"
        "</xplan:XP_SpezExterneReferenz>",
    )


def image(file: Path, *, place: Affine | None = PLACE, kind: str = "uint8", size: int = 128) -> bytes:
    profile = {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": kind, "crs": "EPSG:25832"}
    if place is not None:
        profile["transform"] = place
    else:
        del profile["crs"]
    with rasterio.open(file, "w", **profile) as sink:
        sink.write(np.random.default_rng(3).integers(0, 255, (1, size, size)).astype(kind))
    return file.read_bytes()


def header(width: int, height: int, bands: int) -> bytes:
    """A TIFF that says what it likes about its size, in 20 kB."""
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, bands),
        (278, 4, height),
        (279, 4, 10),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + b"\0" * 20_000


def _loop() -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in ((256, 64), (257, 64)))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 2) + entries + struct.pack("<I", 8) + b"\0" * 9000


def _many_directories() -> bytes:
    content = b"II*\0" + struct.pack("<I", 8)
    for number in range(100_000):
        content += struct.pack("<HHHIII", 1, 256, 4, 1, 64, 8 + 18 * (number + 1))
    return content


def png(width: int, height: int, rows: int = 0) -> bytes:
    """A grey PNG that says its size; `rows` of it are there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress((b"\0" + b"\x80" * width) * rows, 9) if rows else b"garbage"
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _beside(folder: Path, files: Mapping[str, bytes | str]) -> bytes:
    whole = {"xplan.gml": xplangml(plan(extra=scan("p.png"))), "p.pgw": _WORLD, **files}
    return archive(folder / "a.zip", whole).read_bytes()


def picture(file: Path, pixels: npt.NDArray[Any], **options: Any) -> bytes:
    """As GeoTIFF in its place; an option that is None takes away what is usual."""
    count, height, width = pixels.shape
    usual = {"driver": "GTiff", "width": width, "height": height, "count": count, "dtype": pixels.dtype.name,
             "crs": "EPSG:25832", "transform": PLACE}  # fmt: skip
    profile = {key: value for key, value in (usual | options).items() if value is not None}
    with rasterio.open(file, "w", **profile) as sink:
        sink.write(pixels)
    return file.read_bytes()


def noise(bands: int = 1, size: int = 256) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 255, (bands, size, size)).astype(np.uint8)
