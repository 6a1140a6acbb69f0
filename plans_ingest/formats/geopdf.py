"""Plan sheets as georeferenced PDF: drawn to pixels and put in their place.

Two ways to say where a page lies are in use: viewports with a geospatial measure (ISO 32000-2, 12.10) and the older
dictionary of the OGC best practice 08-139r3 (LGIDict). Both are read as one affine map from the page to the ground. The
page is copied out of its document and drawn strip by strip; how many pixels is for us to say, not for the file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pikepdf
import pypdfium2
import rasterio
from pikepdf import Array, Dictionary, Name, Object, Pdf
from pyproj import CRS
from pyproj.exceptions import CRSError
from pyproj.transformer import Transformer
from rasterio.transform import Affine
from rasterio.windows import Window

from plans_ingest.errors import UnreadableFile
from plans_ingest.formats import cog, pdf
from plans_ingest.formats.cog import Points, Sheet
from plans_ingest.formats.container import Member
from plans_ingest.model import Attachment, Issue, Severity, Where

DOTS_PER_INCH: Final = 200
MAX_PIXELS: Final = 100_000_000
_STRIP: Final = 16_000_000  # pixels drawn at a time
_MAX_POINTS: Final = 1_000  # of a measure or a neatline
_UNIT_SQUARE: Final = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]  # ISO 32000-2, table 269: what LPTS is if it is missing
_WORST_FIT: Final = 0.002  # of the sheet's diagonal: a page that is bent more is no plan
# Datums of LGIDict that are the same as ETRS89 for a drawing (WGS 84 differs by less than a metre)
_ETRS89: Final = frozenset({"WE", "WGE", "EUT", "ETRS89", "WGS84"})
_BESSEL: Final = (6_377_397.155, 299.1528128)  # semi-major axis in metres, inverse flattening; its code is BR


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page lies: ground = matrix · (x, y, 1), in EPSG:`epsg`; `frame` are corners of the map on the page."""

    matrix: Points
    epsg: int
    frame: Points


def read(member: Member, folder: Path, srid: int, issues: list[Issue]) -> Sheet | None:
    """The first page as sheet, or None when it does not say where it lies (then the PDF is a document).

    Raises UnreadableFile for a page that cannot be drawn or whose place cannot be.
    """
    where = Where(member.name)
    with pdf.opened(member.path, where) as document:
        try:
            place = _place(document.pages[0], srid, where, issues)
            if place is None:
                return None
            page = _alone(document, place, folder / f"{member.path.name}.page.pdf")
        except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
            raise UnreadableFile(
                "Die Georeferenz des PDF ist fehlerhaft", "the georeference of the PDF is faulty", where
            ) from None
    clean = folder / f"{member.path.name}.clean.tif"
    (left, bottom), (right, top) = place.frame.min(axis=0), place.frame.max(axis=0)
    scale = min(DOTS_PER_INCH / 72, math.sqrt(MAX_PIXELS / max((right - left) * (top - bottom), 1.0)))
    _draw(page, clean, scale, place, where)
    page.unlink()
    pixels = np.column_stack([(place.frame[:, 0] - left) * scale, (top - place.frame[:, 1]) * scale])
    return cog.finish(member, clean, place.epsg, srid, pixels, Attachment(member.name, member.path, member.size))


def _place(page: pikepdf.Page, srid: int, where: Where, issues: list[Issue]) -> _Place | None:
    left, bottom, right, top = _numbers(page.mediabox)
    box = np.array([(min(left, right), min(bottom, top)), (max(left, right), max(bottom, top))])
    found = _by_viewport(page.obj, srid, where, issues) or _by_lgidict(page.obj, where, issues, box)
    if found is None:
        return None
    frame = np.clip(found.frame, *box)
    if not np.isfinite(found.matrix).all() or np.ptp(frame, axis=0).min() < 1:
        raise ValueError("no extent")
    return _Place(found.matrix, found.epsg, frame)


def _by_viewport(page: Object, srid: int, where: Where, issues: list[Issue]) -> _Place | None:
    """The largest viewport with a measure of subtype GEO."""
    best: tuple[float, Dictionary, Points] | None = None
    for viewport in _items(page.get("/VP")):
        measure, bbox = viewport.get("/Measure"), viewport.get("/BBox")
        if not isinstance(measure, Dictionary) or measure.get("/Subtype") != Name.GEO or bbox is None:
            continue
        box = _pairs(bbox)
        box = np.array([box.min(axis=0), box.max(axis=0)])
        area = float(np.prod(box[1] - box[0]))
        if best is None or area > best[0]:
            best = area, measure, box
    if best is None:
        return None
    _, measure, box = best
    system = _system(measure.get("/GCS"), where, issues)
    if system is None:
        return None
    epsg = system.to_epsg(min_confidence=50) if system.is_projected else srid
    if epsg is None:
        issues.append(Issue("crs_unknown", Severity.ERROR, where, f"{system.name[:60]!r} (1)"))
        return None
    target = CRS.from_epsg(epsg)
    base = system.geodetic_crs or target.geodetic_crs
    ground = _pairs(measure["/GPTS"])[:, ::-1]  # latitude first, whatever the system says (table 269)
    east, north = Transformer.from_crs(base, target, always_xy=True).transform(ground[:, 0], ground[:, 1])
    shares = _pairs(measure.get("/LPTS", Array(_UNIT_SQUARE)))
    frame = box[0] + _pairs(measure.get("/Bounds", Array(_UNIT_SQUARE))) * (box[1] - box[0])
    return _Place(_fitted(box[0] + shares * (box[1] - box[0]), np.column_stack([east, north])), epsg, frame)


def _system(gcs: Object | None, where: Where, issues: list[Issue]) -> CRS | None:
    if not isinstance(gcs, Dictionary):
        return None
    number, wkt = gcs.get("/EPSG"), gcs.get("/WKT")
    try:
        if number is not None:
            return CRS.from_epsg(int(number))
        if wkt is not None and len(str(wkt)) < 20_000:
            return CRS.from_wkt(str(wkt))
    except CRSError:
        pass
    issues.append(Issue("crs_unknown", Severity.ERROR, where, f"{str(number or wkt)[:60]!r} (1)"))
    return None


def _by_lgidict(page: Object, where: Where, issues: list[Issue], box: Points) -> _Place | None:
    """The largest map frame of the page (08-139r3, 6): a CTM or registration points, a projection, a neatline."""
    best: _Place | None = None
    for frame in _items(page.get("/LGIDict")):
        neatline = _pairs(frame["/Neatline"]) if "/Neatline" in frame else _corners(box)
        if "/CTM" in frame:
            a, b, c, d, e, f = _numbers(frame["/CTM"])
            matrix = np.array([[a, c, e], [b, d, f]])
        elif "/Registration" in frame:
            rows = np.array([_numbers(row) for row in _items(frame["/Registration"], Array)])
            matrix = _fitted(rows[:, :2], rows[:, 2:4])
        else:
            continue
        epsg = _epsg_of_projection(frame.get("/Projection"))
        if epsg is None:
            issues.append(Issue("crs_unknown", Severity.ERROR, where, "LGIDict (1)"))
            continue
        if best is None or np.prod(np.ptp(neatline, axis=0)) > np.prod(np.ptp(best.frame, axis=0)):
            best = _Place(matrix, epsg, neatline)
    return best


def _epsg_of_projection(projection: Object | None) -> int | None:
    """UTM and Gauß-Krüger, which are what plans of this country are drawn in; None for others."""
    if not isinstance(projection, Dictionary):
        return None
    kind, datum = str(projection.get("/ProjectionType", "")), projection.get("/Datum")
    is_etrs89 = str(datum) in _ETRS89 if not isinstance(datum, Dictionary) else False
    if kind == "UT" and is_etrs89:
        zone, hemisphere = int(_number(projection["/Zone"])), str(projection.get("/Hemisphere", "N"))
        return 25800 + zone if zone in {31, 32, 33} and hemisphere == "N" else None
    if kind == "TC" and is_etrs89:
        meridian, factor = _number(projection["/CentralMeridian"]), _number(projection["/ScaleFactor"])
        return {3.0: 25831, 9.0: 25832, 15.0: 25833}.get(meridian) if math.isclose(factor, 0.9996) else None
    return _gauss_krueger(projection) if kind == "TC" and _is_bessel(datum) else None


def _gauss_krueger(projection: Dictionary) -> int | None:
    """DHDN in strips of 3 degrees, whose number stands before the easting. (TC on Krassowsky is another system.)"""
    strip = _number(projection["/CentralMeridian"]) / 3
    false_easting, factor = _number(projection["/FalseEasting"]), _number(projection["/ScaleFactor"])
    if strip not in {2.0, 3.0, 4.0, 5.0} or factor != 1 or false_easting != strip * 1_000_000 + 500_000:
        return None
    return 31464 + int(strip)


def _is_bessel(datum: Object | None) -> bool:
    """A datum described by its ellipsoid (08-139r3, 6.8): it has no code that programs agree on."""
    ellipsoid = datum.get("/Ellipsoid") if isinstance(datum, Dictionary) else None
    if not isinstance(ellipsoid, Dictionary):
        return str(ellipsoid) == "BR"
    axis, flattening = ellipsoid.get("/SemiMajorAxis"), ellipsoid.get("/InvFlattening")
    if axis is None or flattening is None:
        return False
    return math.isclose(_number(axis), _BESSEL[0]) and math.isclose(_number(flattening), _BESSEL[1], rel_tol=1e-6)


def _fitted(page: Points, ground: Points) -> Points:
    """The affine map that takes the points of the page to those on the ground. Raises ValueError for none."""
    if len(page) != len(ground) or len(page) < 3 or not np.isfinite(ground).all():
        raise ValueError("points do not match")
    centre = page.mean(axis=0), ground.mean(axis=0)  # near the origin for exactness
    known = page - centre[0]
    if np.linalg.matrix_rank(known, tol=1e-6) < 2:
        raise ValueError("points on a line")
    linear = np.linalg.lstsq(known, ground - centre[1], rcond=None)[0].T
    worst = np.abs(known @ linear.T - (ground - centre[1])).max()
    if worst > _WORST_FIT * float(np.linalg.norm(np.ptp(ground, axis=0))):
        raise ValueError("not affine")
    return np.column_stack([linear, centre[1] - linear @ centre[0]])


def _alone(document: Pdf, place: _Place, target: Path) -> Path:
    """The first page as a document of its own that is nothing but the frame, upright."""
    (left, bottom), (right, top) = place.frame.min(axis=0), place.frame.max(axis=0)
    with Pdf.new() as single:
        single.pages.append(document.pages[0])
        page = single.pages[0]
        page.mediabox = page.cropbox = Array([float(left), float(bottom), float(right), float(top)])
        for key in ("/Rotate", "/UserUnit", "/TrimBox", "/BleedBox", "/ArtBox"):
            if key in page.obj:
                del page.obj[key]
        page.obj["/Rotate"] = 0
        single.save(target)
    return target


def _draw(page: Path, clean: Path, scale: float, place: _Place, where: Where) -> None:
    """The page as pixels in their place: GeoTIFF in EPSG of the place, three bands."""
    try:
        with pypdfium2.PdfDocument(page) as document, rasterio.Env(**cog.OPTIONS):
            sheet = document[0]
            wide, high = sheet.get_size()
            width, height = max(1, math.ceil(wide * scale)), max(1, math.ceil(high * scale))
            (left, _), (_, top) = place.frame.min(axis=0), place.frame.max(axis=0)
            on_page = Affine(1 / scale, 0, float(left), 0, -1 / scale, float(top))
            ground = Affine(*place.matrix.ravel()) @ on_page
            profile: dict[str, Any] = {
                "driver": "GTiff", "width": width, "height": height, "count": 3, "dtype": "uint8", "photometric": "rgb",
                "crs": f"EPSG:{place.epsg}", "transform": ground, "tiled": True, "blockxsize": 512, "blockysize": 512,
                "compress": "deflate", "zlevel": 1, "bigtiff": "if_safer",
            }  # fmt: skip
            with rasterio.open(clean, "w", **profile) as sink:
                for window in _strips(width, height):
                    above, below = window.row_off / scale, high - (window.row_off + window.height) / scale
                    bitmap = sheet.render(
                        scale=scale, crop=(0, max(0.0, below), 0, above), rev_byteorder=True, maybe_alpha=False
                    )
                    pixels = np.asarray(bitmap.to_numpy())[: window.height, :width, :3]
                    window = Window(0, window.row_off, pixels.shape[1], pixels.shape[0])
                    sink.write(np.moveaxis(pixels, -1, 0), window=window)
                    bitmap.close()
    except pypdfium2.PdfiumError:
        raise UnreadableFile("Die Seite des PDF lässt sich nicht zeichnen", "the page cannot be drawn", where) from None


def _strips(width: int, height: int) -> Iterator[Window]:
    rows = max(1, _STRIP // width // 512) * 512
    for top in range(0, height, rows):
        yield Window(0, top, width, min(rows, height - top))


def _items(value: Object | None, kind: type[Object] = Dictionary) -> Iterator[Any]:
    """The dictionaries (or arrays) of something that may be one or an array of them."""
    if isinstance(value, kind) and kind is Dictionary:
        yield value
    elif isinstance(value, Array):
        yield from (item for item in list(value)[:_MAX_POINTS] if isinstance(item, kind))


def _pairs(value: Any) -> Points:
    numbers = _numbers(value)
    if len(numbers) % 2 or not numbers:
        raise ValueError("an odd number of coordinates")
    return np.array(numbers).reshape(-1, 2)


def _numbers(value: Any) -> list[float]:
    if len(value) > 2 * _MAX_POINTS:
        raise ValueError("too many numbers")
    return [_number(item) for item in value]


def _number(value: Any) -> float:
    """LGIDict writes its numbers as text."""
    number = float(str(value))
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _corners(box: Points) -> Points:
    (left, bottom), (right, top) = box
    return np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
