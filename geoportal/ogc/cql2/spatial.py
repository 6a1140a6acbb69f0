"""The spatial relations of CQL2, on geometries of the table and of the filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy
import shapely
from pyproj import Transformer
from shapely.errors import ShapelyError
from shapely.geometry import LineString, Point, box, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, and_, or_

from geoportal.ogc.crs import Box, Crs
from geoportal.ogc.postgis import geometry_literal, postgis
from geoportal.ogc.problems import InvalidParameter
from geoportal.settings import STORAGE_SRID

MAX_POSITIONS = 10_000
MAX_COORDINATE = 1e9  # metres or degrees: beyond, products of coordinates leave the numbers
_PIECES = 64  # so many pieces of an edge follow the curve that it is in the storage CRS to some centimetres
_CARE = 2.0  # metres: boxes of PostGIS are of single precision, which is half a metre at 5,600 km

_RELATIONS = {
    "s_contains": "ST_Contains",
    "s_crosses": "ST_Crosses",
    "s_disjoint": "ST_Disjoint",
    "s_equals": "ST_Equals",
    "s_intersects": "ST_Intersects",
    "s_overlaps": "ST_Overlaps",
    "s_touches": "ST_Touches",
    "s_within": "ST_Within",
}
# What lies inside the domain has these relations to a geometry exactly when it has them to its part in the domain.
_MAY_BE_CUT = frozenset({"s_disjoint", "s_intersects", "s_within"})


@dataclass(frozen=True, slots=True)
class Shape:
    """The table's geometry (`sql`), or one that the filter brings along, east first, in `crs`."""

    sql: ColumnElement[Any] | None = None
    geometry: BaseGeometry | None = None
    crs: Crs | None = None

    @classmethod
    def of_box(cls, numbers: Sequence[float], crs: Crs) -> Self:
        """Raises InvalidParameter."""
        return cls(geometry=shapely.union_all([_rectangle(part) for part in crs.boxes(numbers)]), crs=crs)

    @classmethod
    def of_geojson(cls, node: Any, crs: Crs) -> Self:
        """Raises InvalidParameter."""
        try:
            geometry = shapely.force_2d(shape(node))
        except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
            raise InvalidParameter("filter: Geometrie nicht lesbar / geometry not readable") from error
        if any(part.geom_type == "GeometryCollection" for part in getattr(geometry, "geoms", ())):
            # RFC 7946 3.1.8 advises against it, and PostGIS ends at some depth
            raise InvalidParameter("filter: Geometriesammlung in einer Geometriesammlung / nested collection")
        positions = shapely.get_coordinates(geometry)
        if len(positions) and not numpy.abs(positions).max() <= MAX_COORDINATE:
            raise InvalidParameter("filter: Koordinate zu groß / coordinate too large")
        if not 0 < len(positions) <= MAX_POSITIONS or not numpy.isfinite(positions).all() or not geometry.is_valid:
            raise InvalidParameter(
                "filter: Geometrie leer, zu groß oder ungültig / geometry empty, too large or invalid"
            )
        if crs.flipped:
            geometry = shapely.transform(geometry, lambda flipped: flipped[:, ::-1])
        return cls(geometry=geometry, crs=crs)

    def expression(self, *, cut: bool) -> ColumnElement[Any]:
        """The geometry in the storage CRS. Raises InvalidParameter if it leaves the domain and may not be cut."""
        if self.geometry is None or self.crs is None:
            if self.sql is None:
                raise TypeError("a Shape has SQL or a geometry")
            return self.sql
        return _literal(_in_pieces(self._inside(cut=cut), self.crs), self.crs)

    def intersects(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether a column's geometries have a point in common with this one, which the filter brings along."""
        if self.crs is None:
            raise TypeError("a column is compared with what the filter brings along")
        inside = self._inside(cut=True)
        pieces = _in_pieces(inside, self.crs)
        given = _literal(pieces, self.crs)
        exact: ColumnElement[bool] = postgis("ST_Intersects", column, given)
        is_box = not self.crs.shifted and _is_box(inside)
        core = _core(pieces, _in_storage(pieces, self.crs)) if is_box else None
        if core is None:
            return exact
        # Most of what a box finds lies in it as a whole, which the boxes of the index tell without a look at any shape.
        is_inside = column.op("@")(geometry_literal(core, STORAGE_SRID))
        return and_(column.op("&&")(given), or_(is_inside, exact))

    def _inside(self, *, cut: bool) -> BaseGeometry:
        """The part in the domain of the CRS. Raises InvalidParameter if there is another one and it may not be cut."""
        if self.geometry is None or self.crs is None:
            raise TypeError("a column is not cut")
        limit = self.crs.domain
        domain = box(limit.west, limit.south, limit.east, limit.north)
        inside = self.geometry
        if not domain.covers(inside):
            if not cut:
                raise InvalidParameter(
                    "filter: Geometrie weit außerhalb des Gebiets / geometry far outside of the area"
                )
            inside = shapely.intersection(inside, domain)
        return inside


def _in_pieces(geometry: BaseGeometry, crs: Crs) -> BaseGeometry:
    if crs.srid == STORAGE_SRID:  # its edges are straight, and a vertex put in lies beside an oblique one by rounding
        return geometry
    west, south, east, north = (0, 0, 0, 0) if geometry.is_empty else geometry.bounds
    return shapely.segmentize(geometry, max(east - west, north - south) / _PIECES or 1)


def _literal(geometry: BaseGeometry, crs: Crs) -> ColumnElement[Any]:
    if crs.shifted:
        return postgis("ST_Transform", geometry_literal(geometry, crs.srid), STORAGE_SRID)
    return geometry_literal(_in_storage(geometry, crs), STORAGE_SRID)


def _in_storage(geometry: BaseGeometry, crs: Crs) -> BaseGeometry:
    if crs.srid == STORAGE_SRID:
        return geometry
    east, north = _transformer(crs.srid).transform(*shapely.get_coordinates(geometry).T)
    return shapely.set_coordinates(geometry, numpy.column_stack([east, north]))


def _is_box(geometry: BaseGeometry) -> bool:
    if geometry.is_empty or geometry.geom_type != "Polygon":
        return False
    positions, corners = (shapely.get_coordinates(each) for each in (geometry, box(*geometry.bounds)))
    return len(positions) == len(corners) and {*map(tuple, positions)} == {*map(tuple, corners)}


def _core(pieces: BaseGeometry, placed: BaseGeometry) -> BaseGeometry | None:
    """An upright rectangle that lies in a box of another CRS, `placed` in ours, and fills nearly all of it."""
    (west, south, east, north), before = pieces.bounds, shapely.get_coordinates(pieces)
    x, y = shapely.get_coordinates(placed).T
    left, right = x[before[:, 0] == west].max() + _CARE, x[before[:, 0] == east].min() - _CARE
    bottom, top = y[before[:, 1] == south].max() + _CARE, y[before[:, 1] == north].min() - _CARE
    return box(left, bottom, right, top) if left < right and bottom < top else None


@cache
def _transformer(srid: int) -> Transformer:
    # made once: that takes longer than an answer may
    return Transformer.from_crs(srid, STORAGE_SRID, always_xy=True)


def _rectangle(part: Box) -> BaseGeometry:
    """A box without width or height is a line or a point, which a polygon cannot be."""
    if part.west < part.east and part.south < part.north:
        return box(part.west, part.south, part.east, part.north)
    if part.west == part.east and part.south == part.north:
        return Point(part.west, part.south)
    return LineString([(part.west, part.south), (part.east, part.north)])


def relate_shapes(op: str, left: Shape, right: Shape) -> ColumnElement[bool]:
    """Raises InvalidParameter."""
    if (function := _RELATIONS.get(op)) is None:
        raise InvalidParameter(f"filter: {op} nicht bekannt / not known; {', '.join(_RELATIONS)}")
    cut = op in _MAY_BE_CUT
    if op == "s_intersects" and left.sql is not None and right.sql is None:
        return right.intersects(left.sql)
    return postgis(function, left.expression(cut=cut), right.expression(cut=cut))
