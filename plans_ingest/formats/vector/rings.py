"""Rings without roles, as Shapefile and DXF have them, to areas."""

from collections.abc import Sequence

import shapely
from shapely.geometry import LinearRing, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry


def areas(rings: Sequence[LinearRing]) -> BaseGeometry:
    """One area from closed LinearRings: what lies inside an odd number of others is a hole, whatever way it runs.

    Writers get the direction of rings wrong too often for it to be believed. Overlapping rings give an invalid area,
    which is mended and told where geometries are placed.
    """
    faces = [Polygon(ring) for ring in rings]
    if len(faces) == 1:
        return faces[0]
    tree = shapely.STRtree(faces)
    inner, outer = tree.query(shapely.points([ring.coords[0] for ring in rings]), predicate="intersects")
    containers: dict[int, list[int]] = {}
    for one, other in zip(inner.tolist(), outer.tolist(), strict=True):
        if one != other and faces[other].area > faces[one].area:
            containers.setdefault(one, []).append(other)
    holes: dict[int, list[LinearRing]] = {}
    shells = []
    for index in range(len(rings)):
        around = containers.get(index, [])
        if len(around) % 2 == 0:
            shells.append(index)
        else:
            nearest = min(around, key=lambda other: faces[other].area)
            holes.setdefault(nearest, []).append(rings[index])
    polygons = [Polygon(rings[index], holes.get(index)) for index in shells]
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
