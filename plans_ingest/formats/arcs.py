"""Arcs as lines whose distance to the true curve is at most CHORD_ERROR."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from plans_ingest.formats.records import GeometryFault

CHORD_ERROR: Final = 0.005  # metres
MAX_VERTICES: Final = 1_000_000  # of one geometry: more is no plan but an attack

type Coordinates = npt.NDArray[np.float64]


def arc(start: Coordinates, middle: Coordinates, end: Coordinates) -> Coordinates:
    """The arc through three points, linearised to CHORD_ERROR; n x 2, first and last row exactly `start` and `end`.

    Three points on a line are that line (a surveyor's program writes such arcs); one that ends where it starts is the
    circle whose diameter is between there and the middle (ISO 13249-3, as drawing programs have it).
    """
    if (start == end).all() and (start != middle).any():
        radius = (start - middle) / 2
        points = sample(start - radius, float(np.hypot(*radius)), math.atan2(*radius[::-1]), math.tau)
        points[0] = points[-1] = start
        return points
    centre = _centre(start, middle, end)
    if centre is None:
        return np.array([start, middle, end])
    first, second, third = (math.atan2(*(p - centre)[::-1]) for p in (start, middle, end))
    to_middle, to_end = (second - first) % math.tau, (third - first) % math.tau
    sweep = to_end if to_middle <= to_end else to_end - math.tau
    points = sample(centre, float(np.hypot(*(start - centre))), first, sweep)
    points[0], points[-1] = start, end
    return points


def circle(start: Coordinates, middle: Coordinates, end: Coordinates) -> Coordinates:
    """The full circle through three points, from `start` round to `start`."""
    centre = _centre(start, middle, end)
    if centre is None:
        raise GeometryFault("Kreis durch drei Punkte einer Geraden / circle through three points of a line")
    first = math.atan2(*(start - centre)[::-1])
    to_middle = (math.atan2(*(middle - centre)[::-1]) - first) % math.tau
    to_end = (math.atan2(*(end - centre)[::-1]) - first) % math.tau
    points = sample(centre, float(np.hypot(*(start - centre))), first, math.tau if to_middle <= to_end else -math.tau)
    points[0] = points[-1] = start
    return points


def _centre(a: Coordinates, b: Coordinates, c: Coordinates) -> Coordinates | None:
    # Relative to the first point: UTM coordinates have seven digits, their squares would eat the millimetres.
    (bx, by), (cx, cy) = b - a, c - a
    doubled = 2 * (bx * cy - by * cx)
    if abs(doubled) < 1e-9 * max(1.0, bx * bx + by * by, cx * cx + cy * cy):
        return None
    bb, cc = bx * bx + by * by, cx * cx + cy * cy
    return np.asarray(a + np.array([(cy * bb - by * cc) / doubled, (bx * cc - cx * bb) / doubled]))


def sample(centre: Coordinates, radius: float, first: float, sweep: float) -> Coordinates:
    # The sagitta of a chord over the angle t is r(1 - cos(t/2)).
    step = 2 * math.acos(max(0.0, 1 - CHORD_ERROR / radius)) if radius > CHORD_ERROR else math.pi / 4
    count = max(2, math.ceil(abs(sweep) / max(step, 1e-6)))
    if count > MAX_VERTICES:
        raise GeometryFault("Kreisbogen zu groß / arc too large")
    angles = first + sweep * np.arange(count + 1) / count
    return np.asarray(centre + radius * np.column_stack([np.cos(angles), np.sin(angles)]))
