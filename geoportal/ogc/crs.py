"""The coordinate reference systems that are served, and boxes in them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pyproj import Transformer

from geoportal.ogc.problems import InvalidParameter
from geoportal.settings import STORAGE_SRID


@dataclass(frozen=True, slots=True)
class Box:
    """Easting or longitude first, whatever the CRS says about its axes."""

    west: float
    south: float
    east: float
    north: float

    def nearest(self, west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
        """What another box has in common with this one; without anything in common, a place at this one's edge."""
        west, east = (min(max(x, self.west), self.east) for x in (west, east))
        south, north = (min(max(y, self.south), self.north) for y in (south, north))
        return west, south, east, north


@dataclass(frozen=True, slots=True)
class Crs:
    """A CRS with the SRID that PostGIS knows it by.

    `flipped`: the CRS names northing or latitude first (OGC API - Features 2, 6.1: coordinates follow the CRS).
    `digits`: decimals that keep a millimetre. `domain`: where the transformation to the storage CRS is sound; all that
    is published lies well inside, so that a box or geometry of a filter may be cut to it. `shifted`: of another datum;
    grids of shifts differ from one PROJ to the next, so that PostGIS, which shifts our answers, must shift what is
    asked too.
    """

    uri: str
    srid: int
    flipped: bool
    digits: int
    domain: Box
    shifted: bool = False

    def boxes(self, values: Iterable[float]) -> tuple[Box, ...]:
        """The box of a `bbox` parameter, within the domain: none, one, or two if it crosses the antimeridian.

        Raises InvalidParameter.
        """
        numbers = list(values)
        if not all(map(math.isfinite, numbers)):
            raise InvalidParameter("bbox: die Werte müssen endlich sein / the values must be finite")
        if len(numbers) == 6:  # heights are left out: everything that is published is two-dimensional
            numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
        if len(numbers) != 4:
            raise InvalidParameter("bbox: vier oder sechs Zahlen erwartet / expected four or six numbers")
        if self.flipped:
            numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
        west, south, east, north = numbers
        if south > north:
            raise InvalidParameter("bbox: Süden liegt über Norden / south lies above north")
        spans = [(west, east)]
        if west > east:
            if self.digits != DEGREE_DIGITS:
                raise InvalidParameter("bbox: Westen liegt hinter Osten / west lies beyond east")
            # OGC API - Features 1, 7.15.3: such a box crosses the antimeridian
            spans = [(west, math.inf), (-math.inf, east)]
        limit = self.domain
        cut = [
            Box(max(w, limit.west), max(south, limit.south), min(e, limit.east), min(north, limit.north))
            for w, e in spans
        ]
        return tuple(box for box in cut if box.west <= box.east and box.south <= box.north)


DEGREE_DIGITS = 8
_METRE_DIGITS = 3
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"

# Germany and a good way around it, in each CRS
CRS84 = Crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, False, DEGREE_DIGITS, Box(0, 45, 20, 58))
WEB_MERCATOR = Crs(f"{_EPSG}3857", 3857, False, _METRE_DIGITS, Box(0, 5_621_000, 2_227_000, 7_968_000))
_UTM = {
    25831: Box(200_000, 4_980_000, 1_800_000, 6_520_000),
    25832: Box(-210_000, 4_980_000, 1_370_000, 6_490_000),
    25833: Box(-690_000, 4_980_000, 910_000, 6_520_000),
}
_ZONES = {srid: Crs(f"{_EPSG}{srid}", srid, False, _METRE_DIGITS, box) for srid, box in _UTM.items()}
STORED = _ZONES[STORAGE_SRID]
SUPPORTED: dict[str, Crs] = {
    crs.uri: crs
    for crs in (
        CRS84,
        Crs(f"{_EPSG}4326", 4326, True, DEGREE_DIGITS, Box(0, 45, 20, 58)),
        STORED,
        # what most programs ask in, also where another zone is stored
        _ZONES[25832],
        WEB_MERCATOR,
        Crs(f"{_EPSG}31467", 31467, True, _METRE_DIGITS, Box(2_790_000, 4_980_000, 4_370_000, 6_490_000), shifted=True),
    )
}


@cache
def transformer(source: int, target: int) -> Transformer:
    """Between two SRIDs, easting or longitude first; made once, for that takes longer than an answer may."""
    return Transformer.from_crs(source, target, always_xy=True)


def crs_of(parameter: str, uri: str) -> Crs:
    """Raises InvalidParameter for a CRS that is not served."""
    if (crs := SUPPORTED.get(uri)) is None:
        raise InvalidParameter(f"{parameter}: {uri!r} wird nicht angeboten / is not served; {', '.join(SUPPORTED)}")
    return crs
