"""Letters for texts on vector tiles: signed distance fields in protocol buffers, as MapLibre and its kin fetch them.

The font is the one that Mapnik brings along and writes our maps with, so that both look alike. What is made here
follows the format that Mapbox GL has given its glyphs: 24 pixels high, with a border of 3, 192 on the outline and 32
less a pixel farther outside.
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

REGULAR, BOLD = "DejaVu Sans", "DejaVu Sans Bold"
FONTS: Final[Mapping[str, str]] = {REGULAR: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}
RANGE: Final = 256  # letters in one answer
MOST: Final = 0xFFFF
_SIZE: Final = 24
_BORDER: Final = 3
_RADIUS: Final = 8.0  # pixels, over which the field goes from one end to the other
_OUTLINE: Final = 0.25  # the part of it that lies outside of the outline
_FINE: Final = 8  # a letter is drawn this many times as large, to find its outline
# From the height that a letter counts from down to the line it stands on: with this, programs centre capitals.
_ASCENT: Final = 26

type _Mask = NDArray[np.bool_]


@lru_cache(16)  # what German texts need is asked for by every map, after each publication anew, and is slow to make
def glyph_range(font: str, first: int) -> bytes:
    """The letters from `first`, a multiple of RANGE, that the font has. Raises KeyError for a font that is not here."""
    stack = _text(1, font) + _text(2, f"{first}-{first + RANGE - 1}")
    for code in range(first, first + RANGE):
        if code in _characters(font):
            stack += _block(3, _glyph(font, code))
    return _block(1, stack)


def _glyph(font: str, code: int) -> bytes:
    letter = chr(code)
    large = _font(font)
    advance = round(large.getlength(letter) / _FINE)
    told = _number(1, code)
    left, top, right, bottom = (int(each) for each in large.getbbox(letter, anchor="ls"))
    if right > left and bottom > top:
        # whole pixels of the small letter around the large one, counted from where it stands
        west, north = left // _FINE, top // _FINE
        width, height = -(-right // _FINE) - west, -(-bottom // _FINE) - north
        drawn = Image.new("L", (width * _FINE, height * _FINE))
        ImageDraw.Draw(drawn).text((-west * _FINE, -north * _FINE), letter, fill=255, font=large, anchor="ls")
        field = _distances(np.asarray(drawn) > 127, width, height)
        told += _block(2, field.tobytes()) + _number(3, width) + _number(4, height)
        told += _signed(5, west) + _signed(6, -north - _ASCENT)
    else:  # a blank
        told += _number(3, 0) + _number(4, 0) + _signed(5, 0) + _signed(6, -_ASCENT)
    return told + _number(7, advance)


def _distances(mask: _Mask, width: int, height: int) -> NDArray[np.uint8]:
    """Of each pixel of the small letter, with its border, how far it is from the outline."""
    outline = _edges(mask)
    x = np.arange(-_BORDER, width + _BORDER) + 0.5
    y = np.arange(-_BORDER, height + _BORDER) + 0.5
    across = (x[:, None] - outline[None, :, 0] / _FINE) ** 2
    down = (y[:, None] - outline[None, :, 1] / _FINE) ** 2
    nearest = np.stack([(across + each).min(axis=1) for each in down])
    inside = np.zeros(nearest.shape, bool)
    middle = slice(_FINE // 2, None, _FINE)
    inside[_BORDER:-_BORDER, _BORDER:-_BORDER] = mask[middle, middle]
    away = np.sqrt(nearest) * np.where(inside, -1, 1)
    field: NDArray[np.uint8] = np.clip(np.round(255 * (1 - _OUTLINE - away / _RADIUS)), 0, 255).astype(np.uint8)
    return field


def _edges(mask: _Mask) -> NDArray[np.float64]:
    """The places, x and y in large pixels, where what is drawn meets what is not."""
    around = np.pad(mask, 1)
    rows, columns = np.nonzero(around[1:-1, 1:] != around[1:-1, :-1])
    lower, right = np.nonzero(around[1:, 1:-1] != around[:-1, 1:-1])
    upright = np.column_stack([columns, rows + 0.5])
    level = np.column_stack([right + 0.5, lower])
    return np.concatenate([upright, level]).astype(np.float64)


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_file(name), _SIZE * _FINE, layout_engine=ImageFont.Layout.BASIC)


@cache
def _characters(name: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # only whoever asks for letters of a map waits for it

    with TTFont(_file(name), lazy=True) as opened:
        return frozenset(opened.getBestCmap())


def _file(name: str) -> Path:
    found = find_spec("mapnik")  # found, and not imported: see geoportal.painting
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("mapnik")
    return Path(found.submodule_search_locations[0]) / "lib" / "mapnik" / "fonts" / FONTS[name]


def _varint(value: int) -> Iterator[int]:
    while value > 127:
        yield value & 127 | 128
        value >>= 7
    yield value


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3, *_varint(value)])


def _signed(field: int, value: int) -> bytes:
    return _number(field, value << 1 if value >= 0 else (-value << 1) - 1)


def _block(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2, *_varint(len(content))]) + content


def _text(field: int, value: str) -> bytes:
    return _block(field, value.encode())
