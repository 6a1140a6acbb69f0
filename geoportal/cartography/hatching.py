"""Hatches as small pictures that continue themselves in all directions."""

import math

import numpy as np

from geoportal import png_files


def stripes(colour: str, width: float, lines: int, angle: int, side: int) -> bytes:
    """A PNG of `side` pixels square, transparent, with `lines` stripes across it at 0, 45, 90 or 135 degrees."""
    rows, columns = np.mgrid[0:side, 0:side] + 0.5
    direction = math.radians(angle)
    # how far a pixel lies across the stripes, counted so that the square ends where the next one begins
    across = columns * round(math.sin(direction), 0) + rows * round(math.cos(direction), 0)
    step = side / lines
    apart = np.abs((across + step / 2) % step - step / 2)
    slant = math.sqrt(2) if angle % 90 else 1.0
    distance = apart / slant
    alpha = np.clip(width / 2 - distance + 0.5, 0, 1)
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    picture = np.empty((side, side, 4), np.uint8)
    picture[..., :3] = red, green, blue
    picture[..., 3] = np.round(alpha * 255)
    rows_of_it = b"".join(b"\0" + row.tobytes() for row in picture)
    return png_files.written(side, side, png_files.Kind.COLOUR_AND_OPACITY, rows_of_it)
