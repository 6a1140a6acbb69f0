"""The address of a tile at another host. Pure."""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode, urlsplit

HALF_WORLD: Final = 20_037_508.342789244  # metres, OGC 17-083r4 annex D
SIDE: Final = 256  # pixels

type Kind = Literal["xyz", "wms", "wmts"]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A background map in WebMercatorQuad. `layers` and `style` as the service names them.

    xyz: `{z}`, `{x}`, `{y}` stand in the address; wms and wmts: the address before its `?`.
    """

    id: str
    kind: Kind
    url: str
    layers: str = ""
    style: str = ""
    matrix_set: str = ""
    media_type: str = "image/png"
    deepest: int = 19

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.lower()

    def template(self) -> str:
        """For xyz and wmts: an address with `{z}`, `{x}` and `{y}` in it."""
        if self.kind == "xyz":
            return self.url
        fixed = {
            "SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": self.layers, "STYLE": self.style,
            "FORMAT": self.media_type, "TILEMATRIXSET": self.matrix_set,
        }  # fmt: skip
        return f"{self.url}?{urlencode(fixed)}&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}"

    def address(self, zoom: int, x: int, y: int) -> str:
        if self.kind != "wms":
            return self.template().replace("{z}", str(zoom)).replace("{x}", str(x)).replace("{y}", str(y))
        side = 2 * HALF_WORLD / 2**zoom
        west, north = x * side - HALF_WORLD, HALF_WORLD - y * side
        asked = {
            "SERVICE": "WMS", "REQUEST": "GetMap", "VERSION": "1.3.0", "LAYERS": self.layers, "STYLES": self.style,
            "CRS": "EPSG:3857", "BBOX": f"{west:.4f},{north - side:.4f},{west + side:.4f},{north:.4f}",
            "WIDTH": SIDE, "HEIGHT": SIDE, "FORMAT": self.media_type, "TRANSPARENT": "FALSE",
        }  # fmt: skip
        return f"{self.url}?{urlencode(asked)}"
