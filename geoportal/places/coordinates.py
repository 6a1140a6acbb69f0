"""Coordinates as people write them: degrees (decimal or with minutes), UTM in the portal's zone, Gauß-Krüger. Pure."""

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from pyproj import Transformer

from geoportal.settings import STORAGE_SRID

_ZONE: Final = STORAGE_SRID - 25800
_UTM: Final = f"EPSG:{STORAGE_SRID}"
# its zones are three degrees wide, their numbers precede the east value: 3 for 9° E, 5 for 15° E
_GAUSS_KRUEGER: Final = {3: "EPSG:31467", 4: "EPSG:31468", 5: "EPSG:31469"}
_CRS84: Final = "OGC:CRS84"

# Germany and a little more, in degrees: what lies outside is no coordinate that somebody here means.
_LON, _LAT = (5.0, 16.0), (47.0, 56.0)
_EAST, _NORTH = (200_000.0, 900_000.0), (5_200_000.0, 6_150_000.0)
_GK_EAST: Final = (300_000.0, 700_000.0)  # without the number of the zone
_ZONE_PREFIX: Final = _ZONE * 1_000_000.0

_NUMBER: Final = r"[+-]?\d{1,8}(?:[.,]\d{1,12})?"
_MARKS: Final = r"\s°'’′\"”″,;/|:=&()\[\]"
# Which number is which, their sizes say: names of axes and systems may stand anywhere or nowhere. Those of places that
# nobody here means (south, west, other zones) are not among them, and leave the text no coordinate.
_WORDS: Final = re.compile(
    rf"""(?<![a-zäöüß])(?:epsg\s*:?\s*(?:{STORAGE_SRID}|4326|4258|3146[789])(?!\d)|etrs\s*89|wgs\s*84|utm|gk|zone
        |gau(?:ß|ss)[\s-]*kr(?:ü|ue)ger|geo|point|lat|lon|lng|latitude|longitude|breite|l(?:ä|ae)nge|(?:geo)?koordinaten?
        |rechtswert|hochwert|ostwert|nordwert|rechts|hoch|ost|nord|osten|norden|east|north|easting|northing
        |rw|hw|grad|min|sek|m[neo]?|[neorhut])(?![a-zäöüß])""",
    re.VERBOSE | re.IGNORECASE,
)
# "32 483877 5627865" has its zone before it, and so has "Zone 3: 3483944 5629677"
_PAIR: Final = re.compile(
    rf"(?:{_ZONE}[{_MARKS}]+|[345][{_MARKS}]+(?=[345]\d{{6}}))?({_NUMBER})(?:[{_MARKS}]+)({_NUMBER})"
)
_THOUSANDS: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3}){1,2}(?![\d.])")
_GAPS: Final = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3}){1,2}(?!\d)")


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A place: CRS84 degrees, and metres in the portal's zone. `note` tells what a transformation costs in accuracy."""

    lon: float
    lat: float
    east: float
    north: float
    note: str | None = None

    @property
    def utm(self) -> str:
        """'32 U 483.055 5.627.387': zone, band, and whole metres; of Germany, T lies south of 48° N, U north of it."""
        east, north = (f"{round(value):,}".replace(",", ".") for value in (self.east, self.north))
        return f"{_ZONE} {'T' if self.lat < 48 else 'U'} {east} {north}"

    @property
    def is_near(self) -> bool:
        """Whether somebody here may mean this place."""
        return _within(self.lon, _LON) and _within(self.lat, _LAT)

    @classmethod
    def of_degrees(cls, lon: float, lat: float) -> "Coordinates":
        """Raises ValueError for a place that the zone cannot express."""
        east, north = _transformer(_CRS84, _UTM).transform(lon, lat)
        if not (math.isfinite(east) and math.isfinite(north)):
            raise ValueError("outside of the zone of UTM")
        return cls(round(lon, 7), round(lat, 7), round(east, 2), round(north, 2))

    @classmethod
    def of_utm(cls, east: float, north: float, note: str | None = None) -> "Coordinates":
        """Raises ValueError for what is no coordinate of the zone."""
        lon, lat = _transformer(_UTM, _CRS84).transform(east, north)
        if not (math.isfinite(lon) and math.isfinite(lat)):
            raise ValueError("not a coordinate of the zone")
        return cls(round(lon, 7), round(lat, 7), round(east, 2), round(north, 2), note)


def parse(text: str) -> Coordinates | None:
    """The coordinates that a text is, or None when it is none, or none in Germany."""
    bare = _WORDS.sub(" ", text)
    for spelt in (_THOUSANDS.sub(_without_points, bare), _GAPS.sub(_without_gaps, bare)):
        pair = _PAIR.fullmatch(spelt := re.sub(rf"^[{_MARKS}]+|[{_MARKS}]+$", "", spelt))
        values = _sexagesimal(spelt) if pair is None else [float(each.replace(",", ".")) for each in pair.groups()]
        if values and (found := _of_pair(*values)) is not None:
            return found
    return None


def _without_points(match: re.Match[str]) -> str:
    """Thousands' points only where the number is a metre: 50.823 is a latitude."""
    raw = match.group()
    joined = raw.replace(".", "")
    return joined if raw.count(".") == 2 or int(joined) >= _EAST[0] else raw


def _without_gaps(match: re.Match[str]) -> str:
    return match.group().replace(" ", "")


def _of_pair(first: float, second: float) -> Coordinates | None:
    for a, b in ((first, second), (second, first)):
        if _within(a, _LON) and _within(b, _LAT):
            return Coordinates.of_degrees(a, b)
        if _within(b, _NORTH):
            if _within(a, _EAST) or _within(a - _ZONE_PREFIX, _EAST):
                return Coordinates.of_utm(a - _ZONE_PREFIX if a > _ZONE_PREFIX else a, b)
            zone, rest = divmod(a, 1_000_000)
            if int(zone) in _GAUSS_KRUEGER and _within(rest, _GK_EAST):
                east, north = _transformer(_GAUSS_KRUEGER[int(zone)], _UTM).transform(a, b)
                return Coordinates.of_utm(east, north, "umgerechnet aus Gauß-Krüger, auf einige Meter genau")
    return None


def _sexagesimal(text: str) -> list[float] | None:
    """Twice degrees and minutes, or degrees, minutes and seconds, whatever stands between them."""
    if re.sub(rf"{_NUMBER}|[{_MARKS}]", "", text):
        return None
    numbers = [float(raw.replace(",", ".")) for raw in re.findall(_NUMBER, text)]
    if len(numbers) not in {4, 6}:
        return None
    values = []
    for degrees, *parts in (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]):
        if not all(0 <= part < 60 for part in parts):
            return None
        values.append(degrees + sum(part / 60**place for place, part in enumerate(parts, 1)))
    return values


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
