"""The coordinate reference systems that plans are written in, in all their spellings (XPlanung 2.1.3.1).

The specification allows `EPSG:n` and `urn:adv:crs:…`; exporters also write OGC URNs and URIs. Coordinates in plan files
are easting, northing, whatever the CRS says; only geographic ones come in both orders, so the numbers decide.
"""

import re
import warnings
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from pyproj import CRS
from pyproj.exceptions import CRSError
from pyproj.transformer import Transformer, TransformerGroup

_ADV: Final = {
    "ETRS89_UTM31": 25831,
    "ETRS89_UTM32": 25832,
    "ETRS89_UTM33": 25833,
    "DE_DHDN_3GK2": 31466,
    "DE_DHDN_3GK3": 31467,
    "DE_DHDN_3GK4": 31468,
    "DE_DHDN_3GK5": 31469,
    "ETRS89_LAT-LON": 4258,
}
_ADV_ALONE: Final = re.compile(r"(?:ETRS89_UTM|DE_DHDN_3GK)\d+\b", re.IGNORECASE)  # without "urn:adv:crs:"
# In words, as ESRI, FME, PROJ and people call it: "ETRS_1989_UTM_Zone_32N", "DHDN / 3-degree Gauss-Kruger zone 3".
_UTM_IN_WORDS: Final = re.compile(
    r"(?:ETRS[ _.-]?(?:19)?89)?[ /_.,-]*UTM[ _.-]*(?:zone[ _.-]*)?(3[123])N?", re.IGNORECASE
)
_GK_IN_WORDS: Final = re.compile(
    r"(?:DHDN[ /_.,-]*)?(?:3[ _-]?degree[ _-]*)?Gau(?:ss|ß)[ _-]*(?:Kr(?:ue|ü|u)ger[ _-]*)?(?:zone[ _-]*)?([2345])",
    re.IGNORECASE,
)
# Of two joined systems the first; the second is of heights (OGC 11-135r2, 7.4).
_COMPOUND: Final = re.compile(r"https?://(?:www\.)?opengis\.net/def/crs-compound\?1=([^&]{1,100})&2=[^&]{1,100}$")
# 325832/325833 are Brandenburg's old house numbers for UTM with (a part of) the zone written before the easting.
_HOUSE_NUMBERS: Final = {325832: 25832, 325833: 25833, 4647: 25832, 5650: 25833, 900913: 3857}
# A bare number too. Of two joined systems ("crs,crs:EPSG::25832,crs:EPSG::5783") the first: the second is of heights.
_EPSG: Final = re.compile(
    r"(?:|EPSG(?:::?|_)?\s*|urn:(?:x-)?ogc:def:crs(?::EPSG:(?:[\d.]*:)?|,crs:EPSG:[\d.]*:)"
    r"|https?://(?:www\.)?opengis\.net/(?:def/crs/EPSG/[\d.]+/|gml/srs/epsg\.xml#))"
    r"(\d{4,6})(?:,crs:EPSG:[\d.]*:\d{4,6}|\+\d{4,6})?",
    re.IGNORECASE,
)

_LONGEST_WKT: Final = 20_000  # characters

_UTM: Final = frozenset({25831, 25832, 25833})
_ZONE_UNIT: Final = 1_000_000.0

# Germany with a margin; northings of all projected systems here lie in this band, eastings never do.
_NORTHING: Final = (5_000_000.0, 6_500_000.0)
_LATITUDE: Final = (45.0, 57.0)
# West, south, east, north of Germany with a margin: in degrees, and in the system of the portal, which most files have.
_GERMANY: Final = (5.0, 46.5, 16.0, 56.0)
_GERMANY_UTM32: Final = (193_000.0, 5_149_000.0, 1_037_000.0, 6_236_000.0)


def epsg_of(srs_name: str) -> int | None:
    """The EPSG number that a srsName means, or None if we do not know it."""
    name = srs_name.strip()
    if compound := _COMPOUND.match(name):
        name = compound[1]
    if name.lower().startswith("urn:adv:crs:") or _ADV_ALONE.match(name):
        parts = name.rpartition(":")[2].upper().split("*")  # a system of places, one of heights, in either order
        return next(
            (epsg for part in parts for stem, epsg in _ADV.items() if re.fullmatch(rf"{stem}(_.*)?", part)), None
        )
    if re.fullmatch(r"(urn:ogc:def:crs:OGC:[\d.]*:|https?://www\.opengis\.net/def/crs/OGC/[\d.]+/)CRS84", name):
        return 4326
    if found := _UTM_IN_WORDS.fullmatch(name):
        return 25800 + int(found[1])
    if found := _GK_IN_WORDS.fullmatch(name):
        return 31464 + int(found[1])
    found = _EPSG.fullmatch(name)
    if found is None:
        return None
    number = int(found[1])
    return _placed(_HOUSE_NUMBERS.get(number, number))


def epsg_of_wkt(wkt: str) -> int | None:
    """The EPSG number that a .prj means, whoever wrote it (ESRI's names differ); None if it is none we know."""
    if not wkt or len(wkt) > _LONGEST_WKT:
        return None
    try:
        crs = CRS.from_wkt(wkt)
        while crs.is_compound or crs.is_bound:  # joined with heights, or with a way to WGS 84 (TOWGS84)
            crs = crs.sub_crs_list[0] if crs.is_compound else crs.source_crs or crs
        found = _plain_number(crs)
    except CRSError:
        return None
    if found is None:  # an older WKT whose axes differ from the register's, but which names its number
        named = crs.to_json_dict().get("id", {})
        return epsg_of(f"EPSG:{named.get('code')}") if named.get("authority") == "EPSG" else None
    return found


def guess(coordinates: npt.NDArray[np.float64], fallback: int) -> int:
    """The EPSG number that coordinates without any CRS betray by their size; `fallback` where UTM zones look alike."""
    easting = float(np.median(coordinates[:, 0]))
    for low, high, epsg in (
        (2_300_000, 2_800_000, 31466),
        (3_300_000, 3_800_000, 31467),
        (4_300_000, 4_800_000, 31468),
        (32_200_000, 32_900_000, 25832),
        (33_200_000, 33_900_000, 25833),
    ):
        if low <= easting <= high:
            return epsg
    return 4326 if abs(easting) <= 180 else fallback


def is_swapped(coordinates: npt.NDArray[np.float64], epsg: int) -> bool:
    """Whether the first number is the northing (or latitude): decided by the numbers (in Germany unmistakable)."""
    low, high = _LATITUDE if _crs(epsg).is_geographic else _NORTHING
    inside = (coordinates >= low) & (coordinates <= high)
    return bool(inside[:, 0].all() and not inside[:, 1].any())


def has_zone(coordinates: npt.NDArray[np.float64], epsg: int) -> bool:
    """Whether UTM eastings carry a zone number in front ("32 477 123" or "3 477 123")."""
    return bool((without_zone(coordinates, epsg) != coordinates).any())


def without_zone(coordinates: npt.NDArray[np.float64], epsg: int) -> npt.NDArray[np.float64]:
    """UTM eastings freed of the number of their zone, or one digit of it, in front: a true one is below 1,000,000 m."""
    if epsg not in _UTM:
        return coordinates
    zone = epsg - 25800
    in_front = coordinates[:, 0] // _ZONE_UNIT
    is_zone = np.isin(in_front, (zone, zone % 10, zone // 10))
    return np.column_stack([np.where(is_zone, coordinates[:, 0] % _ZONE_UNIT, coordinates[:, 0]), coordinates[:, 1]])


def is_in_germany(coordinates: npt.NDArray[np.float64], epsg: int) -> npt.NDArray[np.bool_]:
    """For each point (easting, northing or longitude, latitude) whether it can lie in a plan; False for no number."""
    west, south, east, north = _germany(epsg)
    x, y = coordinates.T
    inside: npt.NDArray[np.bool_] = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return inside


@cache
def _germany(epsg: int) -> tuple[float, float, float, float]:
    if epsg == 25832:
        return _GERMANY_UTM32
    return _GERMANY if epsg == 4326 else transformer(4326, epsg).transform_bounds(*_GERMANY)


@cache
def transformer(source: int, target: int) -> Transformer:
    """Best known operation, x (easting, longitude) first. `accuracy` of the result is in metres, -1 if unknown.

    From Gauß-Krüger (DHDN) this is the national grid BeTA2007 where PROJ has it installed, else a 7-parameter set with
    an accuracy of metres: the caller tells.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "best transformation is not available": told through accuracy
        return TransformerGroup(source, target, always_xy=True).transformers[0]


def _crs(epsg: int) -> CRS:
    return CRS.from_epsg(epsg)


@cache
def _placed(epsg: int) -> int | None:
    """The system of places: itself, or the first part of one that is joined with heights; None where there is none."""
    try:
        crs = _crs(epsg)
    except CRSError:
        return None
    if crs.is_compound:
        return _plain_number(crs.sub_crs_list[0])
    return epsg if crs.is_projected or crs.is_geographic else None


def _plain_number(crs: CRS) -> int | None:
    found = crs.to_epsg(min_confidence=50)
    return None if found is None else _HOUSE_NUMBERS.get(found, found)
