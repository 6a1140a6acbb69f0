"""Painted pictures of at most 256 colours, as PNG and WebP.

A map has few colours and long runs of each, so nothing is done pixel by pixel but finding where a run ends. What there
is much of stays exactly as it was painted; blends of edges and of letters share what is left of the palette with their
neighbours, so that none is far from what it was, however little there is of it.
"""

import io
from typing import Final, NamedTuple, Self

import numpy as np
from PIL import Image

from geoportal import png_files

type Pixels = np.ndarray[tuple[int, int], np.dtype[np.uint32]]
type Indices = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
type Colours = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]  # rows of red, green, blue, opacity
type Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

MOST_COLOURS: Final = 256
_EXACT: Final = 32  # of them for what there is most of
_MOST_BLENDS: Final = 50_000  # different colours; a photograph has more
# Sides of the cells in which blends are one. Finer ones would make a file larger by what nobody sees.
_STEPS: Final = (8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 96, 128)


class Paletted(NamedTuple):
    """`indices` has the shape of the picture, and points into the rows of `palette`."""

    indices: Indices
    palette: Colours

    def part(self, x: int, y: int, width: int, height: int) -> Self:
        return self._replace(indices=self.indices[y : y + height, x : x + width])


def reduced(pixels: Pixels) -> Paletted | None:
    """A picture of red, green, blue and opacity, little endian. None: its colours are too many, as a photograph's."""
    flat = pixels.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    edges = np.empty(len(changes) + 2, np.int64)  # of the runs, the first and the last included
    edges[0], edges[-1] = 0, flat.size
    np.add(changes, 1, out=edges[1:-1])
    runs, lengths = flat[edges[:-1]], edges[1:] - edges[:-1]
    colours = _distinct(runs)
    if len(colours) > _MOST_BLENDS:
        return None
    which = np.searchsorted(colours, runs)
    rows = colours.astype("<u4").view(np.uint8).reshape(-1, 4)
    if len(colours) > MOST_COLOURS:
        palette, nearest = _chosen(rows, np.bincount(which, weights=lengths))
    else:
        palette, nearest = rows, np.arange(len(rows))
    indices = np.repeat(nearest.astype(np.uint8)[which], lengths)
    return Paletted(indices.reshape(pixels.shape), palette)


def _chosen(colours: Colours, weights: np.ndarray) -> tuple[Colours, np.ndarray]:
    """At most 256 colours for so many, and for each of these the one that stands for it."""
    common = np.argsort(weights)[::-1][:_EXACT]
    rest = np.ones(len(colours), bool)
    rest[common] = False
    blends, many = _places(colours[rest]), weights[rest]
    first, last = 0, len(_STEPS) - 1
    while first < last:  # the finest cells that are few enough
        step = (first + last) // 2
        if len(_distinct(_cells(blends, _STEPS[step]))) > MOST_COLOURS - _EXACT:
            first = step + 1
        else:
            last = step
    cells = _cells(blends, _STEPS[last])
    cell = np.searchsorted(_distinct(cells), cells)
    total = np.bincount(cell, weights=many)
    middles = np.stack([np.bincount(cell, weights=many * axis) / total for axis in blends.T], axis=1)
    stands = np.empty(len(colours), np.int64)
    stands[common], stands[rest] = np.arange(_EXACT), _EXACT + cell
    return np.concatenate([colours[common], _colours(middles)]), stands


def _places(colours: Colours) -> Floats:
    """Colours as what is seen of them, so that all clear ones are one, and of which kind they are: what is opaque is
    never taken for what is not.
    """
    places = np.empty((len(colours), 5), np.float32)
    opacity = colours[:, 3:].astype(np.float32)
    places[:, :3], places[:, 3:4] = colours[:, :3] * (opacity / 255), opacity
    places[:, 4:] = (opacity == 255).astype(np.float32) - (opacity == 0)
    return places


def _colours(places: np.ndarray) -> Colours:
    """The other way."""
    seen = places[:, :4].copy()
    seen[:, :3] *= 255 / np.maximum(seen[:, 3:], 0.5)
    return np.clip(np.rint(seen), 0, 255).astype(np.uint8)


def _cells(places: Floats, step: int) -> np.ndarray:
    """The number of the cube, so wide, in which each colour lies; of at most 32 by 32 by 32 by 32, of each kind."""
    red, green, blue, opacity = (places[:, :4] * np.float32(1 / step)).astype(np.int32).T
    kind = places[:, 4].astype(np.int32) + 1
    cells: np.ndarray = (((red * 32 + green) * 32 + blue) * 32 + opacity) * 3 + kind
    return cells


def _distinct(values: np.ndarray) -> np.ndarray:
    """As np.unique, and faster."""
    ordered = np.sort(values)
    found: np.ndarray = ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]
    return found


def png(picture: Paletted) -> bytes:
    """As a file; only the colours that occur are in it."""
    height, width = picture.indices.shape
    pixels = picture.indices.ravel()
    occurs = np.zeros(MOST_COLOURS, bool)
    occurs[pixels[np.flatnonzero(pixels[1:] != pixels[:-1])]] = True  # where a run ends
    occurs[pixels[-1]] = True
    # what is not opaque first: tRNS ends with the last of these
    used = np.flatnonzero(occurs)
    used = used[np.argsort(picture.palette[used, 3] == 255, kind="stable")]
    numbers = np.zeros(MOST_COLOURS, np.uint8)
    numbers[used] = np.arange(len(used))
    lines = np.zeros((height, width + 1), np.uint8)  # each begins with its filter, which is none
    # the bytes' own translation takes a third of the time of numpy's
    lines[:, 1:] = np.frombuffer(pixels.tobytes().translate(numbers.tobytes()), np.uint8).reshape(height, width)
    palette = picture.palette[used]
    chunks = [(b"PLTE", palette[:, :3].tobytes())]
    if clear := palette[palette[:, 3] < 255, 3].tobytes():
        chunks.append((b"tRNS", clear))
    return png_files.written(width, height, png_files.Kind.PALETTED, lines.tobytes(), chunks)


def webp(picture: Paletted) -> bytes:
    """As a file without a loss: of so few colours it is smaller than one with, and letters stay clean."""
    height, width = picture.indices.shape
    content = io.BytesIO()
    pixels = picture.palette[picture.indices].tobytes()
    Image.frombuffer("RGBA", (width, height), pixels).save(content, "WEBP", lossless=True, quality=0, method=1)
    return content.getvalue()
