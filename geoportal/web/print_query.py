"""What the address of a printed map asks for, and how it lies on the paper. Pure.

Lengths on paper are millimetres, on the ground metres in the zone of the installation.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from werkzeug.datastructures import MultiDict

from geoportal.places import Coordinates
from geoportal.web.errors import InvalidQuery
from geoportal.web.plan_query import asked_stand

SCALES: Final = (500, 1000, 2000, 2500, 5000, 10_000, 25_000)
DPI: Final = 200
MOST_LAYERS: Final = 20
_MARGIN: Final = 10.0
_HEAD: Final = 15.0
_FOOT: Final = 25.0  # 24, and the lines around the map
_LEGEND_COLUMN: Final = 58.0
_LEGEND_ROW: Final = 7.6
_LEGEND_TITLE: Final = 5.0  # over the entries of each layer
_LEGEND_HEAD: Final = 2.0
_MOST_LEGEND: Final = 0.25  # of the height of the paper; a longer legend gets a sheet of its own


class Format(StrEnum):
    A4 = "A4"
    A3 = "A3"


class Lage(StrEnum):
    HOCH = "hoch"
    QUER = "quer"


_SIZES: Final = {Format.A4: (210.0, 297.0), Format.A3: (297.0, 420.0)}


@dataclass(frozen=True, slots=True)
class Known:
    """What may be asked for: layers, legal states, and background maps that this server may fetch."""

    layers: Collection[str]
    statuses: Collection[str]
    grounds: Collection[str]


@dataclass(frozen=True, slots=True)
class PrintQuery:
    """`place` None: as the plan lies, or the whole area. `scale` None: the largest of SCALES that shows it.

    `layers` from the ground up. `opacities`: percent by layer, where it is not 100. `statuses` None: of plans, those
    that are not past. `ground`: a background map, or "". `outlines`: of plans only where they lie, not what they say.
    """

    plan: UUID | None
    place: Coordinates | None
    scale: int | None
    format: Format
    lage: Lage
    layers: tuple[str, ...]
    stand: date | None
    opacities: Mapping[str, int]
    statuses: tuple[str, ...] | None
    ground: str
    outlines: bool

    @classmethod
    def parse(cls, args: MultiDict[str, str], known: Known, default: tuple[str, ...], today: date) -> Self:
        """`karte` is a place as the map's address has it: zoom/lat/lon. Raises InvalidQuery."""
        place, scale = _place(args), _scale(args.get("massstab", ""))
        if (view := args.get("karte", "")) and place is None:
            place, zoom = _view(view)
            scale = scale or _scale_at(zoom, place.lat)
        layers = _names(args, "ebenen", known.layers)
        statuses = _names(args, "recht", known.statuses)
        ground = args.get("grund", "")
        if ground and ground not in known.grounds:
            raise InvalidQuery(f"grund: {ground[:40]}")
        if len(layers) > MOST_LAYERS:
            raise InvalidQuery(f"ebenen: höchstens {MOST_LAYERS}")
        try:
            plan = UUID(args["plan"]) if args.get("plan") else None
            form, lage = Format(args.get("format") or "A4"), Lage(args.get("lage") or "hoch")
        except ValueError as error:
            raise InvalidQuery("plan: UUID; format: A4, A3; lage: hoch, quer") from error
        if (drawing := args.get("zeichnung", "")) not in {"", "aus"}:
            raise InvalidQuery(f"zeichnung: {drawing[:40]}")
        stand, opacities = asked_stand(args, today), _opacities(args, known.layers)
        return cls(
            plan, place, scale, form, lage, layers or default, stand, opacities, tuple(statuses) or None, ground,
            bool(drawing),
        )  # fmt: skip

    def args(self) -> dict[str, Any]:
        """The same question as parameters of an address."""
        place = self.place
        asked = {
            "plan": self.plan,
            "lon": place and f"{place.lon:.6f}",
            "lat": place and f"{place.lat:.6f}",
            "massstab": self.scale,
            "format": self.format,
            "lage": self.lage,
            "ebenen": ",".join(self.layers),
            "stand": self.stand,
            "deckkraft": ",".join(f"{name}:{percent}" for name, percent in self.opacities.items()) or None,
            "recht": self.statuses and ",".join(self.statuses),
            "grund": self.ground or None,
            "zeichnung": "aus" if self.outlines else None,
        }
        return {name: str(value) for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie on the first sheet: its size, the map's frame, and the legend under it (0: on its own sheet).

    `columns` is the number of columns of a legend.
    """

    width: float
    height: float
    map_width: float
    map_height: float
    legend_height: float
    columns: int

    def pixels(self) -> tuple[int, int]:
        return round(self.map_width / 25.4 * DPI), round(self.map_height / 25.4 * DPI)

    def box(self, east: float, north: float, scale: int) -> tuple[float, float, float, float]:
        """West, south, east, north of the map around its middle: exactly as many metres as the scale says."""
        across, up = self.map_width / 2000 * scale, self.map_height / 2000 * scale
        return east - across, north - up, east + across, north + up

    def scale_for(self, width: float, height: float) -> int:
        """The largest scale at which so many metres fit, with a little around them; else the smallest that there is."""
        fits = (scale for scale in SCALES if _fits(self, width * 1.1, height * 1.1, scale))
        return next(fits, SCALES[-1])


def layout(form: Format, lage: Lage, entries: Sequence[int]) -> Layout:
    """For a legend of so many entries, layer by layer."""
    width, height = _SIZES[form] if lage is Lage.HOCH else reversed(_SIZES[form])
    columns = max(1, int((width - 2 * _MARGIN) // _LEGEND_COLUMN))
    needed = sum(_LEGEND_TITLE + math.ceil(number / columns) * _LEGEND_ROW for number in entries)
    needed += _LEGEND_HEAD if entries else 0.0
    legend = needed if needed <= height * _MOST_LEGEND else 0.0
    free = height - 2 * _MARGIN - _HEAD - _FOOT - legend
    return Layout(width, height, width - 2 * _MARGIN, free, legend, columns)


def bar_length(scale: int) -> int:
    """Metres of a scale bar that is 2 to 6 cm long on paper."""
    longest = 0.06 * scale
    magnitude = 10 ** math.floor(math.log10(longest))
    return int(next(step * magnitude for step in (5, 2, 1) if step * magnitude <= longest))


def _fits(paper: Layout, width: float, height: float, scale: int) -> bool:
    return width <= paper.map_width / 1000 * scale and height <= paper.map_height / 1000 * scale


def _names(args: MultiDict[str, str], parameter: str, known: Collection[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for each in args.getlist(parameter) for name in each.split(",") if name))
    if unknown := set(names) - set(known):
        raise InvalidQuery(f"{parameter}: {min(unknown)[:40]}")
    return names


def _opacities(args: MultiDict[str, str], known: Collection[str]) -> dict[str, int]:
    """`layer:percent`, with a comma between two."""
    found = {}
    for each in filter(None, args.get("deckkraft", "").split(",")):
        name, _, percent = each.partition(":")
        if name not in known or not re.fullmatch(r"[1-9][0-9]?|100", percent, re.ASCII):
            raise InvalidQuery(f"deckkraft: {each[:40]}")
        if percent != "100":
            found[name] = int(percent)
    return found


def _scale(raw: str) -> int | None:
    if not raw:
        return None
    if raw not in {str(scale) for scale in SCALES}:
        raise InvalidQuery(f"massstab: {', '.join(map(str, SCALES))}")
    return int(raw)


def _place(args: MultiDict[str, str]) -> Coordinates | None:
    if not args.get("lon") and not args.get("lat"):
        return None
    return _coordinates(args.get("lon", ""), args.get("lat", ""))


def _view(raw: str) -> tuple[Coordinates, float]:
    parts = raw.removeprefix("#").split("/")
    if len(parts) < 3:
        raise InvalidQuery("karte: zoom/lat/lon")
    try:
        zoom = float(parts[0])
    except ValueError as error:
        raise InvalidQuery("karte: zoom/lat/lon") from error
    if not 0 <= zoom <= 24:
        raise InvalidQuery("karte: zoom/lat/lon")
    return _coordinates(parts[2], parts[1]), zoom


def _coordinates(lon: str, lat: str) -> Coordinates:
    try:
        place = Coordinates.of_degrees(float(lon), float(lat))
    except ValueError as error:
        raise InvalidQuery("lon, lat") from error
    if not place.is_near:
        raise InvalidQuery("lon, lat")
    return place


def _scale_at(zoom: float, lat: float) -> int:
    """The scale that shows on paper about what the screen showed: a pixel of 0.28 mm (OGC SE 1.1, 10.2)."""
    shown = 559_082_264.03 / 2**zoom * math.cos(math.radians(lat))
    return min(SCALES, key=lambda scale: abs(math.log(scale / shown)))
