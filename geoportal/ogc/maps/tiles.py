"""Map tiles: painted sixteen at a time, so that they share labels, styles and statements, and kept on the disk."""

import os
import threading
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from geoportal.metrics import KEPT_TILES
from geoportal.ogc.crs import CRS84, SUPPORTED, Box
from geoportal.ogc.maps.drawing import Drawer
from geoportal.ogc.maps.ground import read_ground
from geoportal.ogc.maps.picture import PIXEL_MILLIMETRES, Picture, transformed
from geoportal.ogc.maps.sources import Drawn
from geoportal.ogc.tiles.matrix import Tile
from geoportal.tile_files import keep_whole, sweep

SIDE: Final = 256  # pixels
_ACROSS: Final = 4  # tiles that are painted together, in each direction
_MERCATOR: Final = SUPPORTED["http://www.opengis.net/def/crs/EPSG/0/3857"]
_ROOM_BYTES: Final = 1024**3
_LOOK_EVERY: Final = 500  # files written
_TOUCH_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Look:
    """How tiles look whatever is on them; `pixel` is the size of one on the display, in millimetres."""

    form: str
    background: str | None
    pixel: float
    width: int = SIDE
    height: int = SIDE


def plain_look(form: str) -> Look:
    """When nothing is said."""
    return Look(form, read_ground({}, form).background, PIXEL_MILLIMETRES)


def box_of(tile: Tile, across: int = 1) -> Box:
    """In EPSG:3857, of as many tiles to the east and south."""
    west, _, east, north = tile.bounds
    side = east - west
    return Box(west, north - across * side, west + across * side, north)


class TileCache:
    """Tiles of all collections and styles in one folder, bounded in bytes; what was asked for last stays longest.

    A tile is under a name made of everything that it follows from, so a publication never shows an old one.
    """

    def __init__(self, drawer: Drawer, folder: Path, *, room: int = _ROOM_BYTES) -> None:
        self._drawer = drawer
        self._folder = folder
        self._room = room
        # who asks for tiles of one picture at a time paints it once
        self._locks = [threading.Lock() for _ in range(64)]
        self._written = 0
        self._empty: dict[str, bytes] = {}

    def tile(self, drawn: Drawn, tile: Tile, look: Look, state: str | None, extent: Box | None) -> bytes:
        """`state` is what the data and styles are at; None: unknown, so nothing is kept. `extent` (CRS84) is where the
        collection has anything. Raises Unavailable.
        """
        if extent is not None and not _meets(box_of(tile), extent):
            return self._blank(look)
        if state is None:
            picture = _picture(box_of(tile), 1, look)
            return self._drawer.draw([drawn], picture)[0]
        file = self._file(drawn, tile, look, state)
        if (kept := _kept(file)) is not None:
            KEPT_TILES.labels("map", "kept").inc()
            return kept
        # larger ones alone: sixteen of them would be a picture without bounds
        across = min(_ACROSS, 1 << tile.zoom) if max(look.width, look.height) <= SIDE else 1
        first = Tile(tile.zoom, tile.row // across * across, tile.col // across * across)
        with self._locks[hash((drawn.collection.layer.id, drawn.style, look, first)) % len(self._locks)]:
            if (kept := _kept(file)) is not None:
                return kept
            KEPT_TILES.labels("map", "made").inc()
            picture = _picture(box_of(first, across), across, look)
            pictures: list[bytes] = self._drawer.draw([drawn], picture, cut=across)
            for number, content in enumerate(pictures):
                row, column = divmod(number, across)
                one = Tile(tile.zoom, first.row + row, first.col + column)
                self._keep(self._file(drawn, one, look, state), content)
            return pictures[(tile.row - first.row) * across + tile.col - first.col]

    def _file(self, drawn: Drawn, tile: Tile, look: Look, state: str) -> Path:
        made_of = f"{drawn.collection.layer.id} {drawn.style} {drawn.selection} {drawn.conditions!r} {look} {state}"
        kind = blake2b(made_of.encode(), digest_size=12).hexdigest()
        return self._folder / kind / str(tile.zoom) / f"{tile.row}-{tile.col}"

    def _keep(self, file: Path, content: bytes) -> None:
        keep_whole(file, content)
        self._written += 1
        if self._written % _LOOK_EVERY == 0:
            self.sweep()

    def sweep(self) -> None:
        """Removes the tiles that nobody has asked for longest, if all together need more than the room."""
        sweep(self._folder, self._room)

    def _blank(self, look: Look) -> bytes:
        kept = look == plain_look(look.form)
        if kept and look.form in self._empty:
            return self._empty[look.form]
        [content] = self._drawer.draw([], _picture(Box(0, 0, 1, 1), 1, look))
        if kept:
            self._empty[look.form] = content
        return content


def _picture(box: Box, across: int, look: Look) -> Picture:
    width, height = look.width * across, look.height * across
    return Picture(box, _MERCATOR, width, height, look.form, look.background, look.pixel)


def _meets(box: Box, extent: Box) -> bool:
    """With the width of a tile around it: a band or a label may reach over."""
    around = box.east - box.west
    limit = transformed(extent, CRS84, _MERCATOR)
    return (
        box.west - around <= limit.east
        and box.east + around >= limit.west
        and box.south - around <= limit.north
        and box.north + around >= limit.south
    )


def _kept(file: Path) -> bytes | None:
    try:
        content = file.read_bytes()
        if file.stat().st_mtime < time.time() - _TOUCH_SECONDS:
            os.utime(file)
    except FileNotFoundError:
        return None
    return content
