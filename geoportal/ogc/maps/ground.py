"""What a map shows where nothing is drawn: its background, and what lies beyond the area of its CRS."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from PIL.ImageColor import colormap
from pyproj import CRS

from geoportal.ogc.crs import CRS84, Box, Crs, transformer
from geoportal.ogc.problems import InvalidParameter

PARAMETERS: Final = frozenset({"bgcolor", "transparent", "void-color", "void-transparent"})
WHITE: Final = "#ffffff"
_COLOUR: Final = re.compile(r"(?:0x|#)?([0-9a-fA-F]{6})([0-9a-fA-F]{2})?")
_DENSIFY: Final = 21  # points on a side of a box that is transformed


@dataclass(frozen=True, slots=True)
class Ground:
    """Colours as `#rrggbb`; None: transparent. `void` is that beyond the area of the CRS."""

    background: str | None = None
    void: str | None = None


def read_ground(parameters: Mapping[str, str], form: str) -> Ground:
    """OGC API - Maps 1, 7: transparent if nothing is said, for over other maps is where a plan belongs; white or the
    colour that is named if it shall not be so, and always in a JPEG. Beyond, what is not said is as in front.

    Raises InvalidParameter.
    """
    colour, seen = _colour(parameters, "bgcolor", (WHITE, form == "jpeg"))
    clear = _clear(parameters, "transparent", form, not seen)
    beyond, _ = _colour(parameters, "void-color", (colour, seen))
    void_clear = _clear(parameters, "void-transparent", form, clear)
    return Ground(None if clear else colour, None if void_clear else beyond)


@cache
def area_of(crs: Crs) -> Box:
    """Where EPSG says that the CRS is of use, in its own units."""
    area = CRS.from_epsg(crs.srid).area_of_use
    if area is None:
        raise ValueError(f"EPSG:{crs.srid} has no area of use")
    whole = (area.west, area.south, area.east, area.north)
    if crs.srid == CRS84.srid:
        return Box(*whole)
    return Box(*transformer(CRS84.srid, crs.srid).transform_bounds(*whole, densify_pts=_DENSIFY))


def _colour(parameters: Mapping[str, str], name: str, default: tuple[str, bool]) -> tuple[str, bool]:
    """The colour, and whether it can be seen."""
    raw = parameters.get(name)
    if raw is None:
        return default
    if found := _COLOUR.fullmatch(raw):
        return f"#{found[1].lower()}", found[2] != "00"
    named = colormap.get(raw.lower())
    if not isinstance(named, str):
        raise InvalidParameter(
            f"{name}: {raw[:20]!r} ist keine Farbe / is no colour; zum Beispiel / for example 0xFFFFFF, white"
        )
    return named.lower(), True


def _clear(parameters: Mapping[str, str], name: str, form: str, default: bool) -> bool:
    raw = parameters.get(name)
    if raw not in (None, "true", "false"):
        raise InvalidParameter(f"{name}: true oder / or false")
    if form == "jpeg":
        if raw == "true":
            raise InvalidParameter(f"{name}: nicht als JPEG / not as JPEG")
        return False
    return default if raw is None else raw == "true"
