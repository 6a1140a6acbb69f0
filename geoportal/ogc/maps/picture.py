"""What picture is asked for: the parameters of OGC API - Maps, read once and strictly."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from geoportal.ogc.crs import CRS84, DEGREE_DIGITS, STORED, Box, Crs, crs_of, transformer
from geoportal.ogc.maps.ground import PARAMETERS as GROUND
from geoportal.ogc.maps.ground import Ground, area_of, read_ground
from geoportal.ogc.problems import InvalidParameter, NotFound

FORMATS: Final[Mapping[str, str]] = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}
PARAMETERS: Final = frozenset(
    {
        "bbox", "bbox-crs", "center", "center-crs", "subset", "subset-crs", "crs", "width", "height",
        "scale-denominator", "mm-per-pixel", *GROUND,
    }
)  # fmt: skip
MOST_PIXELS: Final = 4096  # on a side
_DEFAULT_PIXELS: Final = 1024
PIXEL_MILLIMETRES: Final = 0.28
_DEGREE_METRES: Final = 111_319.49
_DENSIFY: Final = 21  # points on a side of a box that is transformed
_SUBSET: Final = re.compile(r"\s*([A-Za-z]+)\s*\(\s*([^():]+):([^():]+)\)\s*")
# the names of axes, in the order of a Box
_AXES: Final[tuple[frozenset[str], ...]] = (
    frozenset({"lon", "long", "e", "x"}),
    frozenset({"lat", "n", "y"}),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """`box` in `crs`, easting or longitude first. `background` None: transparent.

    `pixel_millimetres`: the size of a pixel on the display; on one with small pixels the lines are drawn with more.
    `beyond`: what is seen beyond the area of the CRS, where it is something else than the background.
    """

    box: Box
    crs: Crs
    width: int
    height: int
    format: str
    background: str | None
    pixel_millimetres: float = PIXEL_MILLIMETRES
    beyond: Ground | None = None

    @property
    def ground(self) -> float:
        """Metres on the ground per pixel, in the middle of the picture."""
        return (self.box.east - self.box.west) / self.width * metres(self.crs, self.box)[0]

    @property
    def scale_factor(self) -> float:
        return PIXEL_MILLIMETRES / self.pixel_millimetres


def metres(crs: Crs, box: Box) -> tuple[float, float]:
    """Metres on the ground of one unit of the CRS, eastwards and northwards, in the middle of the box."""
    middle = (box.south + box.north) / 2
    if crs.digits == DEGREE_DIGITS:
        return _DEGREE_METRES * max(math.cos(math.radians(middle)), 0.01), _DEGREE_METRES
    if crs.srid == 3857:
        stretched = 1 / math.cosh(middle / 6_378_137)
        return stretched, stretched
    return 1.0, 1.0


def transformed(box: Box, source: Crs, target: Crs) -> Box:
    """The box around the box. Raises InvalidParameter where the CRS does not reach."""
    if source.srid == target.srid:
        return box
    bounds = transformer(source.srid, target.srid).transform_bounds(*_tuple(box), densify_pts=_DENSIFY)
    if not all(map(math.isfinite, bounds)):
        raise InvalidParameter("bbox: außerhalb des Koordinatensystems / outside of the CRS")
    return Box(*bounds)


def _tuple(box: Box) -> tuple[float, float, float, float]:
    return box.west, box.south, box.east, box.north


def read_picture(parameters: Mapping[str, str], extent: Box, accepted: str = "png") -> Picture:
    """`extent` (CRS84) is shown when no place is named; `accepted` is the format when none is.

    Raises InvalidParameter.
    """
    crs = crs_of("crs", _uri(parameters.get("crs", STORED.uri)))
    pixel = read_pixel(parameters)
    width = _pixels(parameters, "width")
    height = _pixels(parameters, "height")
    denominator = _number(parameters, "scale-denominator", least=1.0, most=1e9)
    box, width, height = _framed(parameters, crs, extent, width, height, denominator, pixel)
    form = parameters.get("f", accepted)
    behind = read_ground(parameters, form)
    beyond = None if behind.void == behind.background else behind
    return Picture(box, crs, width, height, form, behind.background, pixel, beyond)


def read_pixel(parameters: Mapping[str, str]) -> float:
    """The size of a pixel in millimetres. Raises InvalidParameter."""
    return _number(parameters, "mm-per-pixel", least=0.01, most=10.0) or PIXEL_MILLIMETRES


def read_size(parameters: Mapping[str, str], side: int) -> tuple[int, int]:
    """Width and height of a square: as asked for, one as the other, else `side`. Raises InvalidParameter."""
    width, height = _pixels(parameters, "width"), _pixels(parameters, "height")
    return width or height or side, height or width or side


def _framed(
    parameters: Mapping[str, str],
    crs: Crs,
    extent: Box,
    width: int | None,
    height: int | None,
    denominator: float | None,
    pixel: float,
) -> tuple[Box, int, int]:
    """OGC API - Maps 1, 8 and 9: place, scale and size of the picture, each of which may follow from the others."""
    named = [name for name in ("bbox", "center", "subset") if name in parameters]
    if len(named) > 1:
        raise InvalidParameter(f"{', '.join(named)}: nur eines davon / only one of them")
    if denominator and (width or height) and named in (["bbox"], ["subset"]):
        raise InvalidParameter(  # /req/scaling/scale-denominator-definition: one of the three would be another
            f"scale-denominator: nicht zugleich mit {named[0]} und width oder height / "
            f"not together with {named[0]} and width or height"
        )
    ground = denominator * pixel / 1000 if denominator else None  # metres per pixel
    if named == ["center"] or (denominator and (width or height)):
        if named == ["center"]:
            x, y = _centre(parameters, crs)
        else:
            box = _place(parameters, crs, extent)
            x, y = (box.west + box.east) / 2, (box.south + box.north) / 2
        wide, high = width or height or _DEFAULT_PIXELS, height or width or _DEFAULT_PIXELS
        eastwards, northwards = metres(crs, Box(x, y, x, y))
        if ground is None:  # a centre without a scale: as much of the world as the whole collection has
            whole = transformed(extent, CRS84, crs)
            ground = max((whole.east - whole.west) * eastwards / wide, (whole.north - whole.south) * northwards / high)
        across, up = wide * ground / eastwards / 2, high * ground / northwards / 2
        return _checked(Box(x - across, y - up, x + across, y + up)), wide, high
    box = _place(parameters, crs, extent)
    eastwards, northwards = metres(crs, box)
    across, up = (box.east - box.west) * eastwards, (box.north - box.south) * northwards
    if ground:
        width, height = round(across / ground), round(up / ground)
    elif width and not height:
        height = max(1, round(width * up / across))
    elif height and not width:
        width = max(1, round(height * across / up))
    elif not width or not height:
        longer = max(across, up)
        width, height = (max(1, round(_DEFAULT_PIXELS * side / longer)) for side in (across, up))
    if not 1 <= width <= MOST_PIXELS or not 1 <= height <= MOST_PIXELS:
        raise InvalidParameter(f"width, height: 1 bis / to {MOST_PIXELS}; hier / here {width}, {height}")
    return box, width, height


def _place(parameters: Mapping[str, str], crs: Crs, extent: Box) -> Box:
    if "bbox" in parameters:
        given = crs_of("bbox-crs", _uri(parameters.get("bbox-crs", CRS84.uri)))
        corners = [_finite("bbox", part) for part in parameters["bbox"].split(",")]
        boxes = given.boxes(corners)
        if len(boxes) != 1:
            raise InvalidParameter("bbox: liegt nicht hier / does not lie here")
        return _checked(transformed(_uncut(given, corners), given, crs))
    if "subset" in parameters:
        given = crs_of("subset-crs", _uri(parameters.get("subset-crs", CRS84.uri)))
        whole = transformed(extent, CRS84, given)
        spans = [[whole.west, whole.east], [whole.south, whole.north]]
        for axis, low, high in _subsets(parameters["subset"]):
            _meets_the_world(given, axis, low, high)
            if axis == 0 and low > high and given.digits == DEGREE_DIGITS:
                high += 360  # /req/spatial-subsetting/subset-definition: over the antimeridian
            spans[axis] = [low, high]
        (west, east), (south, north) = spans
        return _checked(transformed(_checked(Box(west, south, east, north)), given, crs))
    return _checked(transformed(extent, CRS84, crs))


def _meets_the_world(crs: Crs, axis: int, low: float, high: float) -> None:
    """/req/spatial-subsetting/subset-definition: there is nothing beyond the end of an axis. Raises NotFound."""
    world = area_of(crs)
    least, most = ((world.west, world.east), (world.south, world.north))[axis]
    if high < least or low > most:
        raise NotFound("subset: außerhalb der Welt / outside of the world")


def _uncut(crs: Crs, corners: list[float]) -> Box:
    """The box as it was asked for, not cut to where there is data: a picture has the size that was asked for."""
    numbers = [corners[0], corners[1], corners[3], corners[4]] if len(corners) == 6 else corners
    if crs.flipped:
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    box = Box(*numbers)
    limit = crs.domain
    if box.west < limit.west or box.south < limit.south or box.east > limit.east or box.north > limit.north:
        # far away no transformation is sound; nothing of ours lies there
        reach = 180.0 if crs.digits == DEGREE_DIGITS else 2.1e7
        if max(map(abs, numbers)) > reach:
            raise InvalidParameter("bbox: außerhalb der Welt / outside of the world")
    return box


def _checked(box: Box) -> Box:
    if not all(map(math.isfinite, _tuple(box))) or box.east <= box.west or box.north <= box.south:
        raise InvalidParameter("bbox: hat keine Fläche / has no area")
    return box


def _centre(parameters: Mapping[str, str], crs: Crs) -> tuple[float, float]:
    given = crs_of("center-crs", _uri(parameters.get("center-crs", CRS84.uri)))
    numbers = [_finite("center", part) for part in parameters["center"].split(",")]
    if len(numbers) != 2:
        raise InvalidParameter("center: zwei Zahlen erwartet / two numbers are expected")
    x, y = reversed(numbers) if given.flipped else numbers
    if given.srid != crs.srid:
        x, y = transformer(given.srid, crs.srid).transform(x, y)
    if not math.isfinite(x) or not math.isfinite(y):
        raise InvalidParameter("center: außerhalb des Koordinatensystems / outside of the CRS")
    return x, y


def _subsets(raw: str) -> Iterator[tuple[int, float, float]]:
    """`Lat(50:51),Lon(8:9)` as (axis of a Box, low, high)."""
    for part in re.split(r",(?![^(]*\))", raw):
        found = _SUBSET.fullmatch(part)
        axis = next((at for at, names in enumerate(_AXES) if found and found[1].lower() in names), None)
        if found is None or axis is None:
            raise InvalidParameter(f"subset: {part[:60]!r}; zum Beispiel / for example Lat(50:51),Lon(8:9)")
        yield axis, _finite("subset", found[2]), _finite("subset", found[3])


def _uri(name: str) -> str:
    """Also the short forms, `EPSG:25832` and `[EPSG:25832]`."""
    short = name.strip("[]")
    if short.upper() in ("CRS84", "OGC:CRS84"):
        return CRS84.uri
    if short.upper().startswith("EPSG:"):
        return f"http://www.opengis.net/def/crs/EPSG/0/{short[5:]}"
    # OGC writes its identifiers both ways
    return short.replace("https://www.opengis.net/", "http://www.opengis.net/", 1)


def _pixels(parameters: Mapping[str, str], name: str) -> int | None:
    raw = parameters.get(name)
    if raw is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", raw) or not 1 <= int(raw) <= MOST_PIXELS:
        raise InvalidParameter(f"{name}: eine Zahl von 1 bis {MOST_PIXELS} / a number from 1 to {MOST_PIXELS}")
    return int(raw)


def _number(parameters: Mapping[str, str], name: str, *, least: float, most: float) -> float | None:
    raw = parameters.get(name)
    if raw is None:
        return None
    value = _finite(name, raw)
    if not least <= value <= most:
        raise InvalidParameter(f"{name}: eine Zahl von {least:g} bis {most:g} / a number from {least:g} to {most:g}")
    return value


def _finite(name: str, raw: str) -> float:
    if re.fullmatch(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*", raw):
        value = float(raw)
        if math.isfinite(value):
            return value
    raise InvalidParameter(f"{name}: {raw[:40]!r} ist keine Zahl / is no number")
