"""Tiles of a background map beside each other as one georeferenced picture on the disk, for a map on paper.

Nothing of another host is decoded here: what is written names the files of the tiles, and whoever draws reads them.
"""

import math
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from geoportal.basemaps.store import AT_ONCE, TileAway, TileStore
from geoportal.basemaps.upstream import HALF_WORLD, SIDE, Upstream

SRS: Final = "epsg:3857"
_MOST_TILES: Final = 96
_COARSER: Final = 1.5  # than the paper: tiles are made for screens, and their letters for a zoom
_SECONDS: Final = 20.0  # for all tiles of a picture
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_FRAMES: Final = {b"\xc0", b"\xc1", b"\xc2", b"\xc3"}  # ITU-T T.81, table B.1

type Corners = tuple[float, float, float, float]  # west, south, east, north in metres of EPSG:3857


@dataclass(frozen=True, slots=True)
class Mosaic:
    """`file` is read by GDAL, in SRS. `whole`: no tile was missing."""

    file: Path
    whole: bool


@dataclass(frozen=True, slots=True)
class Cover:
    """The tiles of a zoom that lie over a box: columns and rows, the last ones included."""

    zoom: int
    west: int
    north: int
    east: int
    south: int

    @property
    def number(self) -> int:
        return (self.east - self.west + 1) * (self.south - self.north + 1)


def cover(box: Corners, metres: float, deepest: int) -> Cover:
    """In the zoom whose pixels are as fine as `metres` (of EPSG:3857), or nearly so; no more than _MOST_TILES."""
    finest = math.ceil(math.log2(2 * HALF_WORLD / SIDE / (metres * _COARSER)))
    for zoom in range(min(max(finest, 0), deepest), 0, -1):
        found = _cover(box, zoom)
        if found.number <= _MOST_TILES:
            return found
    return Cover(0, 0, 0, 0, 0)


@contextmanager
def mosaic(store: TileStore, upstream: Upstream, box: Corners, metres: float) -> Iterator[Mosaic]:
    """For the time of the block. A tile that does not come is white."""
    wanted = cover(box, metres, upstream.deepest)
    end = monotonic() + _SECONDS
    places = [(x, y) for y in range(wanted.north, wanted.south + 1) for x in range(wanted.west, wanted.east + 1)]

    def fetched(place: tuple[int, int]) -> bytes | None:
        if monotonic() > end:
            return None
        try:
            return store.tile(upstream, wanted.zoom, *place).content
        except TileAway:
            return None

    with TemporaryDirectory(prefix="geoportal-mosaic-") as name:
        folder = Path(name)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            contents = list(threads.map(fetched, places))
        tiles = [(place, content or _white()) for place, content in zip(places, contents, strict=True)]
        for (x, y), content in tiles:
            (folder / f"{x}-{y}").write_bytes(content)
        file = folder / "mosaic.vrt"
        file.write_text(_virtual(wanted, tiles), "utf-8")
        yield Mosaic(file, None not in contents)


def _cover(box: Corners, zoom: int) -> Cover:
    side = 2 * HALF_WORLD / 2**zoom
    last = 2**zoom - 1
    west, east = (min(max(math.floor((x + HALF_WORLD) / side), 0), last) for x in (box[0], box[2]))
    south, north = (min(max(math.floor((HALF_WORLD - y) / side), 0), last) for y in (box[1], box[3]))
    return Cover(zoom, west, north, east, south)


def _virtual(wanted: Cover, tiles: list[tuple[tuple[int, int], bytes]]) -> str:
    """GDAL's virtual raster (VRT) of red, green and blue."""
    side = 2 * HALF_WORLD / 2**wanted.zoom
    width, height = SIDE * (wanted.east - wanted.west + 1), SIDE * (wanted.south - wanted.north + 1)
    west, north = wanted.west * side - HALF_WORLD, HALF_WORLD - wanted.north * side
    pixel = side / SIDE
    out = [
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}"><SRS>EPSG:3857</SRS>'
        f"<GeoTransform>{west!r}, {pixel!r}, 0, {north!r}, 0, {-pixel!r}</GeoTransform>"
    ]
    for band, colour in enumerate(("Red", "Green", "Blue"), start=1):
        out.append(f'<VRTRasterBand dataType="Byte" band="{band}"><ColorInterp>{colour}</ColorInterp>')
        out.extend(_source(place, content, wanted, band) for place, content in tiles)
        out.append("</VRTRasterBand>")
    return "".join([*out, "</VRTDataset>"])


def _source(place: tuple[int, int], content: bytes, wanted: Cover, band: int) -> str:
    x, y = place
    bands, of_palette = _bands(content)
    whole = f'xSize="{SIDE}" ySize="{SIDE}"'
    return (
        f'<ComplexSource><SourceFilename relativeToVRT="1">{x}-{y}</SourceFilename>'
        f"<SourceBand>{min(band, bands)}</SourceBand>"
        f'<SrcRect xOff="0" yOff="0" {whole}/>'
        f'<DstRect xOff="{SIDE * (x - wanted.west)}" yOff="{SIDE * (y - wanted.north)}" {whole}/>'
        f"{f'<ColorTableComponent>{band}</ColorTableComponent>' if of_palette else ''}</ComplexSource>"
    )


def _bands(content: bytes) -> tuple[int, bool]:
    """How many of its bands are colours (1 or 3), and whether they are numbers of a palette."""
    if content.startswith(_PNG):
        kind = content[25:26]
        return (3 if kind in {b"\x02", b"\x06"} else 1), kind == b"\x03"
    at = 2
    while content[at : at + 1] == b"\xff" and (marker := content[at + 1 : at + 2]):  # the segments of a JPEG
        if marker in _FRAMES:
            return (1 if content[at + 9 : at + 10] == b"\x01" else 3), False
        at += 2 + int.from_bytes(content[at + 2 : at + 4])
    return 3, False


@cache
def _white() -> bytes:
    """A tile as PNG, in grey."""
    chunks = (
        (b"IHDR", SIDE.to_bytes(4) * 2 + bytes((8, 0, 0, 0, 0))),
        (b"IDAT", zlib.compress((b"\0" + b"\xff" * SIDE) * SIDE)),
        (b"IEND", b""),
    )
    written = (len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4) for name, data in chunks)
    return _PNG + b"".join(written)
