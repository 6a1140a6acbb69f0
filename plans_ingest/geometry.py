"""Placing and mending geometries. Nothing is mended silently: each function says what it did."""

from typing import Final

import shapely
from shapely.geometry import GeometryCollection, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

_AREAL: Final = {"Polygon", "MultiPolygon"}


def mend(geometry: BaseGeometry) -> tuple[BaseGeometry, str | None]:
    """A valid geometry of the same dimension, and GEOS' reason with its coordinate if it had to be mended.

    Rings that cross themselves are split at the crossing and keep their area ("structure" method: a hole stays a hole).
    A surface or line without extent falls back to the line or point that is left of it, so that nothing vanishes.
    """
    if geometry.is_valid:
        return geometry, None
    reason = shapely.is_valid_reason(geometry)
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=True)
    if mended.is_empty:  # a hole as large as its area: its line is all that is left
        mended = shapely.make_valid(geometry, method="linework")
    if geometry.geom_type in _AREAL:
        areas = _areas(mended)
        mended = areas if areas is not None else mended
    return mended, reason


def outline(geometry: BaseGeometry | None) -> MultiPolygon | None:
    """A Geltungsbereich: the areas of a valid geometry as MultiPolygon, or None if no area is left."""
    if geometry is None:
        return None
    areas = _areas(geometry)
    if areas is None:
        return None
    return areas if isinstance(areas, MultiPolygon) else MultiPolygon([areas])


def _parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    return list(shapely.get_parts(shapely.get_parts(geometry)))


def _areas(geometry: BaseGeometry) -> Polygon | MultiPolygon | None:
    if isinstance(geometry, Polygon | MultiPolygon):
        return None if geometry.is_empty or geometry.area == 0 else geometry
    if not isinstance(geometry, GeometryCollection):
        return None
    polygons = [part for part in _parts(geometry) if isinstance(part, Polygon) and part.area > 0]
    if not polygons:
        return None
    merged = shapely.union_all(polygons)
    return merged if isinstance(merged, Polygon | MultiPolygon) else None
