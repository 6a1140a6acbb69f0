"""The tile matrix set WebMercatorQuad (OGC 17-083r4, D.1), and addresses in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import atan, degrees, floor, pi, sinh
from typing import Any, Final, NamedTuple

from geoportal.ogc.problems import InvalidParameter, NotFound

ID: Final = "WebMercatorQuad"
URI: Final = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
CRS_URI: Final = "http://www.opengis.net/def/crs/EPSG/0/3857"
SRID: Final = 3857
MAX_ZOOM: Final = 20
_HALF: Final = 20037508.342789244  # metres from the middle of the square to its edge
_PIXELS: Final = 256
_PIXEL_METRES: Final = 0.00028  # OGC's size of a pixel, by which scales are told


class Bounds(NamedTuple):
    """In metres of the projection."""

    west: float
    south: float
    east: float
    north: float

    @property
    def degrees(self) -> tuple[float, float, float, float]:
        """West, south, east, north in CRS84."""
        (west, south), (east, north) = (_lon_lat(self.west, self.south), _lon_lat(self.east, self.north))
        return west, south, east, north


class Limits(NamedTuple):
    """The tiles of one zoom that can hold something; all numbers included."""

    zoom: int
    min_row: int
    max_row: int
    min_col: int
    max_col: int


@dataclass(frozen=True, slots=True)
class Tile:
    zoom: int
    row: int
    col: int

    @property
    def bounds(self) -> Bounds:
        side = 2 * _HALF / 2**self.zoom
        west, north = self.col * side - _HALF, _HALF - self.row * side
        return Bounds(west, north - side, west + side, north)


def read_tile(zoom: str, row: str, col: str) -> Tile:
    """Raises InvalidParameter for what is no number, NotFound for what is no tile of the set."""
    numbers = []
    for name, raw in (("tileMatrix", zoom), ("tileRow", row), ("tileCol", col)):
        if not (raw.isascii() and raw.isdecimal()):
            raise InvalidParameter(f"{name}: eine Zahl ab 0 erwartet / a number from 0 is expected")
        numbers.append(int(raw) if len(raw) <= len(str(2**MAX_ZOOM)) else 2**MAX_ZOOM)
    tile = Tile(*numbers)
    if tile.zoom > MAX_ZOOM or max(tile.row, tile.col) >= 2**tile.zoom:
        raise NotFound(f"keine solche Kachel; Stufen 0 bis {MAX_ZOOM} / no such tile; matrices 0 to {MAX_ZOOM}")
    return tile


def limits(bounds: Bounds) -> Iterator[Limits]:
    return (_limits(bounds, zoom) for zoom in range(MAX_ZOOM + 1))


def _limits(bounds: Bounds, zoom: int) -> Limits:
    side = 2 * _HALF / 2**zoom
    columns = [_index((x + _HALF) / side, zoom) for x in (bounds.west, bounds.east)]
    rows = [_index((_HALF - y) / side, zoom) for y in (bounds.north, bounds.south)]
    return Limits(zoom, rows[0], rows[1], columns[0], columns[1])


def is_within(tile: Tile, bounds: Bounds) -> bool:
    wanted = _limits(bounds, tile.zoom)
    return wanted.min_row <= tile.row <= wanted.max_row and wanted.min_col <= tile.col <= wanted.max_col


def _lon_lat(x: float, y: float) -> tuple[float, float]:
    return x / _HALF * 180, degrees(atan(sinh(y / _HALF * pi)))


def definition() -> dict[str, Any]:
    """The tile matrix set as OGC 17-083r4, 7.1 writes it."""
    cells = [2 * _HALF / _PIXELS / 2**zoom for zoom in range(MAX_ZOOM + 1)]
    return {
        "id": ID,
        "title": "Google Maps Compatible for the World",
        "uri": URI,
        "crs": CRS_URI,
        "orderedAxes": ["E", "N"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [
            {
                "id": str(zoom),
                "scaleDenominator": cell / _PIXEL_METRES,
                "cellSize": cell,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [-_HALF, _HALF],
                "tileWidth": _PIXELS,
                "tileHeight": _PIXELS,
                "matrixWidth": 2**zoom,
                "matrixHeight": 2**zoom,
            }
            for zoom, cell in enumerate(cells)
        ],
    }


def _index(position: float, zoom: int) -> int:
    return min(max(floor(position), 0), (1 << zoom) - 1)
