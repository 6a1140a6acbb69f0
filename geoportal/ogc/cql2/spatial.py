"""The spatial relations of CQL2, on geometries of the table and of the filter."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry import LineString, Point, box, shape
from shapely.geometry.base import BaseGeometry

from geoportal.ogc.cql2.binding import Values
from geoportal.ogc.crs import DEGREE_DIGITS, Box, Crs, transformer
from geoportal.ogc.problems import InvalidParameter
from geoportal.settings import STORAGE_SRID

MAX_POSITIONS: Final = 10_000
MAX_COORDINATE: Final = 1e9  # metres or degrees: beyond, products of coordinates leave the numbers
_MOST_DEGREES: Final = 360.0
_POLE: Final = 90.0
_PIECES: Final = 64  # so many pieces of an edge follow the curve that it is in the storage CRS to some centimetres
# metres: an edge of this length is bent by less than a centimetre where another CRS becomes ours
_STRAIGHT: Final = 400.0
_CARE: Final = 2.0  # metres: boxes of PostGIS are of single precision, which is half a metre at 5,600 km

type _Numbers = NDArray[numpy.float64]

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
# Which of the two lies in the other, if these relations hold: (the first, the second). All others hold between what
# lies inside the domain and a geometry exactly when they hold for its part in the domain.
_LIES_IN_IT = {"s_contains": (False, True), "s_equals": (True, True), "s_within": (True, False)}


@dataclass(frozen=True, slots=True)
class Shape:
    """The table's geometry (`sql`), or one that the filter brings along, east first, in `crs`: `boxes`, or another."""

    sql: str | None = None
    geometry: BaseGeometry | None = None
    boxes: Sequence[Box] = ()
    crs: Crs | None = None

    @classmethod
    def of_box(cls, numbers: Sequence[float], crs: Crs) -> Self:
        """Raises InvalidParameter."""
        boxes = crs.boxes(numbers)
        for low, high in zip(numbers[:2], numbers[len(numbers) // 2 :], strict=False):
            _check_degrees(max(low, -high), crs)  # a box around all the world may be larger than it
        return cls(boxes=boxes, crs=crs)

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
        _check_degrees(numpy.abs(positions).max(), crs)
        if crs.digits == DEGREE_DIGITS and numpy.abs(positions[:, 0 if crs.flipped else 1]).max() > _POLE:
            # CQL2, /conf/basic-spatial-functions/s_intersects
            raise InvalidParameter("filter: Breite jenseits der Pole / latitude beyond the poles")
        if crs.flipped:
            geometry = shapely.transform(geometry, lambda flipped: flipped[:, ::-1])
        return cls(geometry=geometry, crs=crs)

    def expression(self, values: Values, *, cut: bool) -> str:
        """The geometry in the storage CRS. Raises InvalidParameter if it leaves the domain and may not be cut."""
        if self.crs is None:
            if self.sql is None:
                raise TypeError("a Shape has SQL or a geometry")
            return self.sql
        return _bound(_in_pieces(self._inside(cut=cut), self.crs), self.crs, values)

    def intersects(self, column: str, values: Values) -> str:
        """Whether a column's geometries have a point in common with this one, which the filter brings along."""
        match self.boxes:
            case [Box() as one] if self.crs is not None and not self.crs.shifted and _has_area(one):
                given, core = _placed(one, self.crs)
                asked = values.bind(given, "geometry")
                exact = f"ST_Intersects({column}, {asked})"
                if core is None:
                    return exact
                # A shape touches each side of the box around it. So if one whole side of that lies in ours, the shape
                # has a point there: nearly all that a box finds is found by boxes, without a look at any shape.
                boxes = (_ewkb_of_ring(_corners(each)) for each in (core, *_open(core)))
                inside, *beyond = (values.bind(each, "geometry") for each in boxes)
                side = " OR ".join(f"{column} @ {each}" for each in beyond)
                # CASE: an OR would have the index read once more for each of its parts
                return (
                    f"({column} && {asked} AND CASE WHEN {column} && {inside} AND ({side}) THEN TRUE ELSE {exact} END)"
                )
        return f"ST_Intersects({column}, {self.expression(values, cut=True)})"

    @property
    def leaves(self) -> bool:
        """Whether the filter's geometry is not all in the domain, in which all of the table's lie."""
        return self.crs is not None and self.geometry is not None and not _domain(self.crs).covers(self.geometry)

    def _inside(self, *, cut: bool) -> BaseGeometry:
        """The part in the domain of the CRS. Raises InvalidParameter if there is another one and it may not be cut."""
        if self.crs is None:
            raise TypeError("a column is not cut")
        if self.geometry is None:  # boxes are within the domain from the beginning
            return shapely.union_all([_rectangle(part) for part in self.boxes])
        if not self.leaves:
            return self.geometry
        if not cut:
            raise InvalidParameter("filter: Geometrie weit außerhalb des Gebiets / geometry far outside of the area")
        return shapely.intersection(self.geometry, _domain(self.crs))


def _domain(crs: Crs) -> BaseGeometry:
    limit = crs.domain
    return box(limit.west, limit.south, limit.east, limit.north)


def _check_degrees(number: float, crs: Crs) -> None:
    """Metres that are taken for degrees find nothing, and whoever sent them believes that nothing is there. OGC API -
    Features 3, /conf/filter/filter-crs-wgs84. Raises InvalidParameter.
    """
    if crs.digits == DEGREE_DIGITS and number > _MOST_DEGREES:
        raise InvalidParameter(
            "das sind keine Grad; für Meter gibt es bbox-crs und filter-crs / "
            "these are no degrees; for metres there are bbox-crs and filter-crs"
        )


def _in_pieces(geometry: BaseGeometry, crs: Crs) -> BaseGeometry:
    if crs.srid == STORAGE_SRID:  # its edges are straight, and a vertex put in lies beside an oblique one by rounding
        return geometry
    west, south, east, north = (0, 0, 0, 0) if geometry.is_empty else geometry.bounds
    return shapely.segmentize(geometry, max(east - west, north - south) / _PIECES or 1)


def _bound(geometry: BaseGeometry, crs: Crs, values: Values) -> str:
    """PostgreSQL takes a bound geometry for a constant, so that indexes are used."""
    srid = crs.srid if crs.shifted else STORAGE_SRID
    if srid != crs.srid:
        east, north = transformer(crs.srid, STORAGE_SRID).transform(*shapely.get_coordinates(geometry).T)
        geometry = shapely.set_coordinates(geometry, numpy.column_stack([east, north]))
    given = values.bind(shapely.to_wkb(shapely.set_srid(geometry, srid), hex=True, include_srid=True), "geometry")
    return f"ST_Transform({given}, {STORAGE_SRID})" if crs.shifted else given


def _has_area(one: Box) -> bool:
    return one.west < one.east and one.south < one.north


def _placed(asked: Box, crs: Crs) -> tuple[str, Box | None]:
    """A box of another CRS in ours, as EWKB, and an upright box that lies in it and fills nearly all of it.

    Every map that is moved asks with a box: done in numbers, without a geometry.
    """
    if crs.srid == STORAGE_SRID:
        return _ewkb_of_ring(_corners(asked)), _smaller(asked)
    number = _pieces(asked, crs)
    steps = numpy.arange(number) / number
    wide, high = asked.east - asked.west, asked.north - asked.south
    # from the lower left corner and counter-clockwise: the lower, right, upper and left side
    x = numpy.concatenate([asked.west + wide * steps, numpy.full(number, asked.east), asked.east - wide * steps,
                           numpy.full(number, asked.west)])  # fmt: skip
    y = numpy.concatenate([numpy.full(number, asked.south), asked.south + high * steps,
                           numpy.full(number, asked.north), asked.north - high * steps])  # fmt: skip
    x, y = transformer(crs.srid, STORAGE_SRID).transform(x, y)
    placed = numpy.column_stack([numpy.append(x, x[0]), numpy.append(y, y[0])])
    # each side with both of its ends
    lower, right, upper = (slice(side * number, (side + 1) * number + 1) for side in range(3))
    left = numpy.append(x[3 * number :], x[0])
    core = Box(left.max(), y[lower].max(), x[right].min(), y[upper].min())
    return _ewkb_of_ring(placed), _smaller(core)


def _pieces(asked: Box, crs: Crs) -> int:
    """How many pieces of a side follow the curve that it is in the storage CRS: to a centimetre, of a large box to some
    more.
    """
    unit = 111_320.0 if crs.digits == DEGREE_DIGITS else 1.0
    longest = unit * max(asked.east - asked.west, asked.north - asked.south)
    return max(1, min(_PIECES, math.ceil(longest / _STRAIGHT)))


def _smaller(around: Box) -> Box | None:
    core = Box(around.west + _CARE, around.south + _CARE, around.east - _CARE, around.north - _CARE)
    return core if _has_area(core) else None


def _open(core: Box) -> Sequence[Box]:
    """The box without an end in one direction each: what lies in one of these, and meets the box, has a whole side of
    the box around it there.
    """
    far = MAX_COORDINATE
    return [
        Box(-far, core.south, core.east, core.north),
        Box(core.west, -far, core.east, core.north),
        Box(core.west, core.south, far, core.north),
        Box(core.west, core.south, core.east, far),
    ]


def _corners(upright: Box) -> _Numbers:
    west, south, east, north = upright.west, upright.south, upright.east, upright.north
    return numpy.array([[west, south], [east, south], [east, north], [west, north], [west, south]])


def _ewkb_of_ring(positions: _Numbers) -> str:
    """A polygon of one ring, in the storage CRS."""
    head = struct.pack("<BIIII", 1, 0x20000003, STORAGE_SRID, 1, len(positions))
    return (head + positions.astype("<f8").tobytes()).hex()


def _rectangle(part: Box) -> BaseGeometry:
    """A box without width or height is a line or a point, which a polygon cannot be."""
    if _has_area(part):
        return box(part.west, part.south, part.east, part.north)
    if part.west == part.east and part.south == part.north:
        return Point(part.west, part.south)
    return LineString([(part.west, part.south), (part.east, part.north)])


def relate_shapes(op: str, left: Shape, right: Shape, values: Values) -> str:
    """Raises InvalidParameter."""
    if (function := _RELATIONS.get(op)) is None:
        raise InvalidParameter(f"filter: {op} nicht bekannt / not known; {', '.join(_RELATIONS)}")
    cut = left.sql is not None or right.sql is not None
    if cut and any(inner and one.leaves for inner, one in zip(_LIES_IN_IT.get(op, ()), (left, right), strict=False)):
        return "FALSE"
    if op == "s_intersects" and left.sql is not None and right.sql is None:
        return right.intersects(left.sql, values)
    return f"{function}({left.expression(values, cut=cut)}, {right.expression(values, cut=cut)})"
