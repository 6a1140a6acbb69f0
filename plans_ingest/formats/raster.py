"""Scanned sheets in their place: GeoTIFF, or PNG, JPEG and TIFF with a world file, to Cloud Optimized GeoTIFF.

GDAL opens one file at a time, with the driver that its first bytes name, and sees no other file beside it. Every block
is read once, so that a picture that breaks off is refused here; nothing but pixels and place is taken over.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from plans_ingest import crs
from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.formats import cog
from plans_ingest.formats.bundle import Picture
from plans_ingest.formats.cog import Sheet
from plans_ingest.formats.container import Member
from plans_ingest.formats.pictures import measure
from plans_ingest.formats.recognise import Format
from plans_ingest.model import Issue, Severity, Where

_DRIVERS: Final = {Format.TIFF: "GTiff", Format.PNG: "PNG", Format.JPEG: "JPEG"}
_MAX_BLOCK: Final = 128 * 1024**2
_CHUNK: Final = 32 * 1024**2  # bytes of a picture in memory at a time
_DEPTHS: Final = frozenset({"uint8", "uint16"})
_SMALL: Final = 64 * 1024
_FEWEST_POINTS: Final = 3
_BENT: Final = 5  # pixels by which a point may miss its place


def read(picture: Picture, folder: Path, srid: int, issues: list[Issue]) -> Sheet | None:
    """The picture as COG in `folder`, or None when nothing says where it lies (then it is a document).

    Raises UnreadableFile for a picture that cannot be read to its end or whose place cannot be, UnsafeFile for one
    beyond the limits.
    """
    name, where = picture.member.name, Where(picture.member.name)
    measure(picture.member.path, picture.kind, name)
    if picture.kind is not Format.TIFF and picture.world is None:
        return None
    with _opened(picture, folder) as source:
        _refuse(source, where)
        transform = _transform(source, picture, where)
        if transform is None:
            return None
        epsg = _epsg(source, picture, transform, srid, issues)
        if epsg is None:
            return None
        clean = folder / f"{picture.member.path.name}.clean.tif"
        shown = _rewrite(source, transform, epsg, clean)
    return cog.finish(picture.member, clean, epsg, srid, shown)


@contextmanager
def _opened(picture: Picture, folder: Path) -> Iterator[Any]:
    """The data set, through a link with no neighbours. GDAL's words may quote the file and are not passed on."""
    alone = folder / f"{picture.member.path.name}.raster"
    alone.mkdir()
    link = alone / "picture"
    link.symlink_to(picture.member.path.resolve())
    where = Where(picture.member.name)
    try:
        with warnings.catch_warnings(), rasterio.Env(**cog.OPTIONS):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(link, driver=_DRIVERS[picture.kind], sharing=False) as source:
                yield source
    except (RasterioError, OSError, ValueError) as fault:
        raise UnreadableFile(
            f"Das Bild ist abgeschnitten oder beschädigt ({type(fault).__name__})", "the picture is damaged", where
        ) from None


def _refuse(source: Any, where: Where) -> None:
    depths = set(source.dtypes)
    if not depths <= _DEPTHS or len(depths) > 1:
        raise UnreadableFile(
            f"Kein Bild, sondern Messwerte ({', '.join(sorted(depths))})", "no picture but measurements", where
        )
    for (height, width), depth in zip(source.block_shapes, source.dtypes, strict=True):
        if height * width * np.dtype(depth).itemsize > _MAX_BLOCK:
            raise UnsafeFile(
                "Das Bild besteht aus zu großen Blöcken; bitte gekachelt speichern",
                "blocks of the picture are too large",
                where,
            )


def _transform(source: Any, picture: Picture, where: Where) -> Affine | None:
    """Pixel to place: what the file says, else its world file. Raises UnreadableFile for what is no number."""
    found = source.transform
    if found == Affine.identity():
        if picture.world is not None:
            found = _world(picture.world)
        elif (placed := _by_points(source.gcps[0])) is not None:
            found = placed
        else:
            return None
    if not all(map(math.isfinite, found[:6])) or abs(found.determinant) < 1e-18:
        raise UnreadableFile("Die Georeferenz besteht nicht aus Zahlen oder ist null", "bad georeference", where)
    return found


def _by_points(points: list[GroundControlPoint]) -> Affine | None:
    """The place by points whose pixels are known, as scanners' programs write them; None where a sheet is not flat."""
    if len(points) < _FEWEST_POINTS or not all(math.isfinite(n) for p in points for n in (p.row, p.col, p.x, p.y)):
        return None
    pixels = np.array([(point.col, point.row, 1.0) for point in points])
    places = np.array([(point.x, point.y) for point in points])
    middle = places.mean(axis=0)
    solved, _, rank, _ = np.linalg.lstsq(pixels, places - middle, rcond=None)
    (a, d), (b, e), (c, f) = solved
    size = math.sqrt(abs(a * e - b * d))
    if rank < _FEWEST_POINTS or np.abs(pixels @ solved - (places - middle)).max() > _BENT * size:
        return None
    return Affine(a, b, c + middle[0], d, e, f + middle[1])


def _world(member: Member) -> Affine:
    """A world file: six lines, the last two the centre of the upper left pixel."""
    words = member.path.read_bytes()[:_SMALL].decode("latin-1").replace(",", ".").split()
    try:
        a, d, b, e, x, y = map(float, words)
    except ValueError:
        raise UnreadableFile(
            "Die Georeferenzdatei (World-File) hat nicht sechs Zahlen",
            "the world file has not six numbers",
            Where(member.name),
        ) from None
    return Affine(a, b, x - (a + b) / 2, d, e, y - (d + e) / 2)


def _epsg(source: Any, picture: Picture, transform: Affine, srid: int, issues: list[Issue]) -> int | None:
    """The CRS of the file, its .prj, or the one its coordinates betray, told."""
    where = Where(picture.member.name)
    system = source.crs or source.gcps[1]
    if system:
        wkt = system.to_wkt()
    elif picture.prj is not None:
        wkt = picture.prj.path.read_bytes()[:_SMALL].decode("utf-8", "replace").strip()
    else:
        guessed = crs.guess(np.array([[transform.c, transform.f]]), srid)
        issues.append(Issue("crs_assumed", Severity.WARNING, where, f"EPSG:{guessed}"))
        return guessed
    epsg = crs.epsg_of_wkt(wkt)
    if epsg is None:
        issues.append(Issue("crs_unknown", Severity.ERROR, where, f"{wkt[:60]!r} (1)"))
    return epsg


def _rewrite(source: Any, transform: Affine, epsg: int, clean: Path) -> cog.Points | None:
    """Writes pixels and place alone; returns the corners of what shows something, None if all of it does."""
    palette = _palette(source)
    is_cmyk = source.count == 4 and source.colorinterp[0] is ColorInterp.cyan
    has_mask = any(MaskFlags.all_valid not in flags for flags in source.mask_flag_enums)
    add_alpha = has_mask and source.nodata is None and ColorInterp.alpha not in source.colorinterp
    add_alpha = add_alpha or (has_mask and palette is not None)
    colours = 3 if palette is not None or is_cmyk else source.count
    profile = {
        "driver": "GTiff", "width": source.width, "height": source.height, "count": colours + add_alpha,
        "dtype": source.dtypes[0], "crs": f"EPSG:{epsg}", "transform": transform, "tiled": True, "blockxsize": 512,
        "blockysize": 512, "compress": "deflate", "zlevel": 1, "bigtiff": "if_safer",
        "nodata": None if palette is not None else source.nodata,
    }  # fmt: skip
    if colours >= 3:
        profile["photometric"] = "rgb"
    rows: list[int] = []
    columns: list[int] = []
    with rasterio.open(clean, "w", **profile) as sink:
        if add_alpha or (ColorInterp.alpha in source.colorinterp and colours in (2, 4)):
            sink.colorinterp = [*sink.colorinterp[: sink.count - 1], ColorInterp.alpha]
        for window in _windows(source):
            pixels = source.read(window=window)
            if has_mask:
                mask = source.dataset_mask(window=window)
                seen_rows, seen_columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
                rows.extend(int(window.row_off + edge) for edge in (*seen_rows[:1], *seen_rows[-1:]))
                columns.extend(int(window.col_off + edge) for edge in (*seen_columns[:1], *seen_columns[-1:]))
            if palette is not None:
                pixels = np.moveaxis(palette[pixels[0]], -1, 0)
            elif is_cmyk:
                inks, black = 255 - pixels[:3].astype(np.uint16), 255 - pixels[3].astype(np.uint16)
                pixels = (inks * black // 255).astype(np.uint8)
            if add_alpha:
                pixels = np.concatenate([pixels, mask[np.newaxis].astype(pixels.dtype)])
            sink.write(pixels, window=window)
    if not rows:
        return None
    top, left, bottom, right = min(rows), min(columns), max(rows) + 1, max(columns) + 1
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=float)


def _palette(source: Any) -> npt.NDArray[np.uint8] | None:
    """Colours by value, for pictures of numbered colours and for black and white ones; overviews need true colours."""
    if source.count != 1 or source.dtypes[0] != "uint8":
        return None
    colours = np.zeros((256, 3), dtype=np.uint8)
    if source.colorinterp[0] is ColorInterp.palette:
        for value, colour in source.colormap(1).items():
            colours[value] = colour[:3]
        return colours
    if source.tags(1, ns="IMAGE_STRUCTURE").get("NBITS") == "1":
        colours[1] = 255
        return colours
    return None


def _windows(source: Any) -> Iterator[Window]:
    """The whole picture in pieces of whole blocks."""
    height, width = source.block_shapes[0]
    depth = source.count * np.dtype(source.dtypes[0]).itemsize
    rows = max(1, _CHUNK // (source.width * height * depth)) * height
    columns = source.width if source.width * height * depth <= 4 * _CHUNK else width * max(1, 4096 // width)
    for top in range(0, source.height, rows):
        for left in range(0, source.width, columns):
            yield Window(left, top, min(columns, source.width - left), min(rows, source.height - top))
