"""Placing and mending geometries. Nothing is mended silently: each function says what it did."""

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import GeometryCollection, MultiLineString, MultiPoint, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from plans_ingest.errors import UnsafeFile
from plans_ingest.model import Where

_SAME_PLACE: Final = 0.002  # metres
_POLYGON: Final = 3  # of GEOS' numbers of kinds: what comes after it has parts
_AREAL: Final = {"Polygon", "MultiPolygon"}

# Mending takes some 30 µs for each place where lines cross, and more the more there are: a star of 2,001 points has two
# million and would take minutes and gigabytes.
MAX_CROSSINGS: Final = 10_000
_PAIRS_AT_ONCE: Final = 500_000
_MOST_PAIRS: Final = 10_000_000


def mend(geometry: BaseGeometry, where: Where | None = None) -> tuple[BaseGeometry, str | None]:
    """A valid geometry of the same dimension, and GEOS' reason with its coordinate if it had to be mended.

    Rings that cross themselves are split at the crossing and keep their area ("structure" method: a hole stays a hole).
    A surface or line without extent falls back to the line or point that is left of it, so that nothing vanishes.
    Raises UnsafeFile for a geometry that crosses itself more than MAX_CROSSINGS times.
    """
    if geometry.is_valid:
        return geometry, None
    if _crosses_itself_beyond_belief(geometry):
        raise UnsafeFile(
            f"Geometrie überschneidet sich selbst mehr als {MAX_CROSSINGS}-mal",
            f"a geometry crosses itself more than {MAX_CROSSINGS} times",
            where,
        )
    reason = shapely.is_valid_reason(geometry)
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=True)
    if mended.is_empty:  # a hole as large as its area: its line is all that is left
        mended = shapely.make_valid(geometry, method="linework")
    if geometry.geom_type in _AREAL:
        areas = _areas(mended)
        mended = areas if areas is not None else mended
    return mended, reason


def keeps_area(geometry: BaseGeometry) -> bool:
    """Whether mending changes each ring by no more than what lies within XPlanung's 2 mm of its line.

    Where a ring crosses itself like a bow tie nobody knows which side was meant, and what is left is a guess; holes
    that overlap mean what they say.
    """
    rings = np.array([Polygon(ring) for ring in shapely.get_rings(single_parts(geometry))], dtype=object)
    crossing = rings[~shapely.is_valid(rings)]
    mended = shapely.make_valid(crossing, method="structure", keep_collapsed=True)
    changed = np.abs(shapely.area(crossing) - shapely.area(mended))
    return bool((changed <= _SAME_PLACE * shapely.length(crossing)).all())


def outline(geometry: BaseGeometry | None) -> MultiPolygon | None:
    """A Geltungsbereich: the areas of a valid geometry as MultiPolygon, or None if no area is left."""
    if geometry is None:
        return None
    areas = _areas(geometry)
    if areas is None:
        return None
    return areas if isinstance(areas, MultiPolygon) else MultiPolygon([areas])


def _crosses_itself_beyond_belief(geometry: BaseGeometry) -> bool:
    """Counts pairs of segments that meet elsewhere than at a common end, a few segments at a time, up to the limit.

    Gives up on lines that lie side by side in their millions without crossing; they are for the limit on time.
    """
    segments = _segments(geometry)
    boxes: npt.NDArray[np.object_] = np.asarray(
        shapely.box(*segments.min(axis=1).T, *segments.max(axis=1).T), dtype=object
    )
    tree = shapely.STRtree(boxes)
    step = max(1, _PAIRS_AT_ONCE // max(len(segments), 1))
    found = tried = start = 0
    while found <= MAX_CROSSINGS and tried < _MOST_PAIRS and start < len(segments):
        one, other = tree.query(boxes[start : start + step])
        one += start
        later = other > one
        found += _meetings(segments[one[later]], segments[other[later]])
        tried += len(one)
        start += step
    return found > MAX_CROSSINGS


def _segments(geometry: BaseGeometry) -> npt.NDArray[np.float64]:
    """All straight pieces of positive length: an array (n, 2, 2) of start and end, near the origin for exactness."""
    parts = shapely.get_parts(geometry)
    lines = shapely.get_rings(parts) if geometry.geom_type in _AREAL else parts
    points, line = shapely.get_coordinates(lines, return_index=True)
    points = points - points[:1]
    pieces = np.stack([points[:-1], points[1:]], axis=1)
    kept: npt.NDArray[np.float64] = pieces[(line[:-1] == line[1:]) & (pieces[:, 0] != pieces[:, 1]).any(axis=1)]
    return kept


def _meetings(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> int:
    """How many pairs of segments, whose boxes overlap, meet elsewhere than at a common end.

    Segments that lie on each other are far cheaper to mend than those that cross; a hundred count as one.
    """
    (a, b), (c, d) = one.transpose(1, 0, 2), other.transpose(1, 0, 2)
    apart = (_side(a, b, c) * _side(a, b, d) > 0) | (_side(c, d, a) * _side(c, d, b) > 0)
    ac, ad, bc, bd = ((p == q).all(axis=1) for p, q in ((a, c), (a, d), (b, c), (b, d)))
    same = (ac & bd) | (ad & bc)
    return int((~apart & ~(ac | ad | bc | bd)).sum()) + int(same.sum()) // 100


def _side(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], point: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Which side of the line through start and end the point lies on: the sign of the cross product."""
    along, across = end - start, point - start
    return np.sign(along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0])


def single_parts(geometry: BaseGeometry) -> npt.NDArray[np.object_]:
    """The points, lines and polygons of a geometry, out of collections however deep."""
    parts = np.array([geometry], dtype=object)
    while (shapely.get_type_id(parts) > _POLYGON).any():
        parts = shapely.get_parts(parts)
    return parts


def flat(geometry: BaseGeometry) -> BaseGeometry:
    """A collection without collections in it, and as a multi-geometry where all of it is of one kind.

    XPlanung knows points, lines and areas alone (XP_VariableGeometrie); who tells them by their dimension, as maps and
    tables do, takes a collection of points for one of anything.
    """
    if not isinstance(geometry, GeometryCollection) or geometry.is_empty:
        return geometry
    parts = single_parts(geometry)
    kinds = set(shapely.get_dimensions(parts).tolist())
    if len(kinds) > 1:
        return GeometryCollection(list(parts))
    kind = (MultiPoint, MultiLineString, MultiPolygon)[kinds.pop()]
    return kind(list(parts))


def _areas(geometry: BaseGeometry) -> Polygon | MultiPolygon | None:
    if isinstance(geometry, Polygon | MultiPolygon):
        return None if geometry.is_empty or geometry.area == 0 else geometry
    if not isinstance(geometry, GeometryCollection):
        return None
    polygons = [part for part in single_parts(geometry) if isinstance(part, Polygon) and part.area > 0]
    if not polygons:
        return None
    merged = shapely.union_all(polygons)
    return merged if isinstance(merged, Polygon | MultiPolygon) else None
