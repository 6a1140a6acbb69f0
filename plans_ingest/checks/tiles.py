"""A plane cut into tiles, so that of a million areas those are together in memory that lie together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon

AT_ONCE: Final = 20_000  # areas in a tile; those at its edges come on top

type Boxes = npt.NDArray[np.float64]  # west, south, east, north of each area
type Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Tile:
    """West and south belong to it, east and north to its neighbour; the outermost tiles have no end."""

    west: float = -np.inf
    south: float = -np.inf
    east: float = np.inf
    north: float = np.inf

    @classmethod
    def over(cls, boxes: Boxes) -> list[Self]:
        """Tiles of at most AT_ONCE areas by their centres, where these can be told apart."""
        return list(_split(cls(), (boxes[:, :2] + boxes[:, 2:]) / 2))

    @property
    def is_everything(self) -> bool:
        return bool(np.isinf([self.west, self.south, self.east, self.north]).all())

    def near(self, boxes: Boxes, margin: float) -> Indices:
        """The areas whose boxes meet the tile."""
        west, south, east, north = boxes.T
        meets = (west - margin <= self.east) & (east + margin >= self.west)
        meets &= (south - margin <= self.north) & (north + margin >= self.south)
        return np.flatnonzero(meets)

    def has(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """For each point whether it is in this tile; it is in exactly one."""
        x, y = points.T
        inside: npt.NDArray[np.bool_] = (x >= self.west) & (x < self.east) & (y >= self.south) & (y < self.north)
        return inside

    def box(self, around: Boxes) -> Polygon:
        """Its part of the plane as far as these boxes reach."""
        low, high = around[:, :2].min(axis=0) - 1, around[:, 2:].max(axis=0) + 1
        west, south = np.maximum((self.west, self.south), low)
        east, north = np.minimum((self.east, self.north), high)
        box: Polygon = shapely.box(west, south, max(west, east), max(south, north))
        return box


def _split[T: Tile](tile: T, centres: npt.NDArray[np.float64]) -> Iterator[T]:
    if len(centres) <= AT_ONCE:
        yield tile
        return
    axis = int(np.ptp(centres[:, 1]) > np.ptp(centres[:, 0]))
    middle = float(np.median(centres[:, axis]))
    below = centres[:, axis] < middle
    if not below.any():  # more than half of them in one line: there is no way between them
        yield tile
        return
    kind = type(tile)
    if axis == 0:
        yield from _split(kind(tile.west, tile.south, middle, tile.north), centres[below])
        yield from _split(kind(middle, tile.south, tile.east, tile.north), centres[~below])
    else:
        yield from _split(kind(tile.west, tile.south, tile.east, middle), centres[below])
        yield from _split(kind(tile.west, middle, tile.east, tile.north), centres[~below])
