"""Tiles of the operator's background maps that this server fetches itself."""

import math
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response

from geoportal.basemaps import TileAway
from geoportal.ogc.tiles.matrix import Tile
from geoportal.web.errors import NotPublished
from geoportal.web.portal import portal
from geoportal.web.portal_config import Basemap, View

bp = Blueprint("basemaps", __name__)

_DAY: Final = 86_400
_AROUND: Final = 0.5  # degrees around the opening view; we are nobody's way to the rest of the world


@bp.get("/hintergrund/<name>/<int:zoom>/<int:x>/<int:y>")
def tile(name: str, zoom: int, x: int, y: int) -> Response:
    own = portal()
    basemap = next((each for each in own.config.basemaps if each.id == name and each.cached), None)
    if basemap is None or zoom > basemap.max_zoom or max(x, y) >= 1 << zoom:
        raise NotPublished
    if not _near(Tile(zoom, y, x), own.config.opening_view):
        raise NotPublished
    try:
        kept = own.tiles.tile(basemap.upstream, zoom, x, y)
    except TileAway as away:
        headers = {"Retry-After": str(math.ceil(away.seconds)), "Cache-Control": "no-store"}
        return Response(status=HTTPStatus.SERVICE_UNAVAILABLE, mimetype="text/plain", headers=headers)
    response = Response(kept.content, mimetype=kept.media_type)
    response.headers["Cache-Control"] = f"public, max-age={_DAY}"
    # what another host sent must never act in our origin, whatever is in it
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def for_script(basemap: Basemap) -> dict[str, Any]:
    """What the map's scripts need: always tiles or a WMS, from here or from there."""
    common = {"id": basemap.id, "attribution": basemap.attribution, "max_zoom": basemap.max_zoom}
    if basemap.cached:
        return {**common, "kind": "xyz", "url": f"/hintergrund/{basemap.id}/{{z}}/{{x}}/{{y}}", "layers": None}
    if basemap.kind == "wms":
        return {**common, "kind": "wms", "url": basemap.url, "layers": basemap.layers}
    return {**common, "kind": "xyz", "url": basemap.upstream.template(), "layers": None}


def _near(tile: Tile, view: View) -> bool:
    """Far out, a tile has half of the world on it; so it has us."""
    (west, north), (east, south) = (_corner(tile.zoom, tile.col + far, tile.row + far) for far in (0, 1))
    return (
        west <= view.east + _AROUND
        and east >= view.west - _AROUND
        and south <= view.north + _AROUND
        and north >= view.south - _AROUND
    )


def _corner(zoom: int, col: int, row: int) -> tuple[float, float]:
    """The upper left of a tile of WebMercatorQuad, in degrees (OGC 17-083r4 annex D)."""
    across, down = col / (1 << zoom), row / (1 << zoom)
    return across * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * down))))
