"""GML 3.1 and 3.2 geometries to shapely, as far as plans use them (XPlanung 2.2, ISO 19136 clauses 10 and 11).

Coordinates stay as they stand in the file: its CRS, its unit, its axis order; placing.py puts them where they belong.
Curved segments become lines whose distance to the true curve is at most arcs.CHORD_ERROR.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from lxml import etree
from shapely.geometry import GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from plans_ingest.formats.arcs import MAX_VERTICES, Coordinates, arc, circle, sample
from plans_ingest.formats.records import GeometryFault, Raw
from plans_ingest.formats.xplangml.positions import has_heights, tuples, words_of

_JOIN_TOLERANCE = 0.002  # metres; XPlanung's own tolerance for "the same point" (Konformitätsbedingung 2.2)
MAX_LINKS = 10_000  # followed for one geometry
MAX_LINKS_DEEP = 10  # one leading to the next; an outline of shared curves needs three
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"

type Element = etree._Element


@dataclass(slots=True)
class Notes:
    """What was remarkable while one geometry was read; each is an issue code, with its detail."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, code: str, detail: str = "") -> None:
        if (code, detail) not in self.found:
            self.found.append((code, detail))


@lru_cache(maxsize=4096)  # bounded: a hostile file may name anything
def _split(tag: str) -> tuple[str, bool]:
    namespace, _, name = tag.rpartition("}")
    return name, namespace.startswith("{http://www.opengis.net/gml")


def split(element: Element) -> tuple[str, bool]:
    """The element's name without its namespace, and whether that is GML's."""
    return _split(str(element.tag))


def local(element: Element) -> str:
    """The element's name without its namespace. (There are no comments here: the parser removes them.)"""
    return _split(str(element.tag))[0]


def is_gml(element: Element) -> bool:
    return _split(str(element.tag))[1]


def is_geometry(element: Element) -> bool:
    name, is_of_gml = _split(str(element.tag))
    return is_of_gml and name in _READERS


def read(element: Element, shared: Mapping[str, Element], notes: Notes) -> Raw:
    """One GML geometry element. `shared` are the elements that others refer to by xlink, by their gml:id.

    Raises GeometryFault.
    """
    try:
        geometry = _Reader(element, shared, notes).geometry(element)
    except RecursionError:
        raise GeometryFault("zu tief verschachtelt / nested too deep") from None
    srs_name = element.get("srsName") or next((name for node in element.iter() if (name := node.get("srsName"))), None)
    return Raw(geometry, srs_name)


class _Reader:
    def __init__(self, root: Element, shared: Mapping[str, Element], notes: Notes) -> None:
        self._root = root
        self._shared = shared
        self._notes = notes
        self._following: list[str] = []
        self._followed = 0
        self._vertices = 0

    def geometry(self, element: Element) -> BaseGeometry:
        reader = _READERS.get(local(element)) if is_gml(element) else None
        if reader is None:
            raise GeometryFault(f"Geometrieart {local(element)} wird nicht gelesen / geometry type not read")
        return reader(self, element)

    # points -----------------------------------------------------------------------------------------------------------

    def point(self, element: Element) -> Point:
        coordinates = self._coordinates(element)
        if len(coordinates) != 1:
            raise GeometryFault("Punkt ohne Koordinatenpaar / point without one pair of coordinates")
        return Point(coordinates[0])

    def multi_point(self, element: Element) -> MultiPoint:
        return MultiPoint([self.point(part) for part in self._members(element)])

    # curves -----------------------------------------------------------------------------------------------------------

    def line(self, element: Element) -> LineString:
        return LineString(self._curve(element))

    def multi_curve(self, element: Element) -> MultiLineString:
        return MultiLineString([self._curve(part) for part in self._members(element)])

    def _curve(self, element: Element) -> Coordinates:
        """Vertices of anything that is one curve: LineString, Curve, CompositeCurve, OrientableCurve, Ring."""
        kind = local(element)
        if kind in {"LineString", "LinearRing"}:
            coordinates = self._coordinates(element)
        elif kind == "Curve":
            holder = next((c for c in element if local(c) == "segments"), None)
            parts = [self._segment(segment) for segment in holder] if holder is not None else []
            coordinates = self._join(parts)
        elif kind in {"CompositeCurve", "Ring"}:
            coordinates = self._join([self._curve(member) for member in self._members(element)])
        elif kind == "OrientableCurve":
            bases = [self._curve(member) for member in self._members(element)]
            if len(bases) != 1:
                raise GeometryFault("OrientableCurve ohne baseCurve")
            [coordinates] = bases
            if element.get("orientation") == "-":
                coordinates = coordinates[::-1]
        else:
            raise GeometryFault(f"{kind} ist keine Linie / is no curve")
        if len(coordinates) < 2:
            raise GeometryFault("Linie mit weniger als zwei Punkten / curve with fewer than two points")
        return coordinates

    def _segment(self, element: Element) -> Coordinates:
        kind = local(element)
        if kind in {"LineStringSegment", "GeodesicString", "Geodesic"}:
            return self._coordinates(element)
        if kind in {"Arc", "ArcString"}:
            points = self._coordinates(element)
            if len(points) < 3 or len(points) % 2 == 0:
                raise GeometryFault(f"{kind} mit {len(points)} Punkten / with {len(points)} points")
            arcs = [arc(*points[i : i + 3]) for i in range(0, len(points) - 2, 2)]
            return self._join(arcs)
        if kind == "Circle":
            points = self._coordinates(element)
            if len(points) != 3:
                raise GeometryFault(f"Circle mit {len(points)} Punkten / with {len(points)} points")
            return circle(*points)
        if kind in {"ArcByCenterPoint", "CircleByCenterPoint"}:
            return self._arc_by_centre(element)
        raise GeometryFault(f"Liniensegment {kind} wird nicht gelesen / curve segment not read")

    def _arc_by_centre(self, element: Element) -> Coordinates:
        """ISO 19136 10.4.7.10: bearings are counted from the first axis; plans write them in degrees, anticlockwise."""
        centre = self._coordinates(element)
        radius = _measure(element, "radius")
        if len(centre) != 1 or radius is None or radius <= 0:
            raise GeometryFault("Kreisbogen ohne Mittelpunkt oder Radius / arc without centre or radius")
        start, end = _measure(element, "startAngle"), _measure(element, "endAngle")
        if local(element) == "CircleByCenterPoint" or start is None or end is None:
            start, end = 0.0, 360.0
        first, sweep = math.radians(start), math.radians(end - start)
        if sweep == 0:
            raise GeometryFault("Kreisbogen ohne Öffnung / arc without sweep")
        return sample(centre[0], radius, first, sweep)

    def _join(self, parts: list[Coordinates]) -> Coordinates:
        """Chains segments; the shared point is kept once. A gap stays as a straight line, and is told."""
        joined: list[Coordinates] = []
        for part in parts:
            if joined and len(part):
                joined, part = self._turned(joined, part)
                gap = _distance(joined[-1][-1], part[0])
                if gap > _JOIN_TOLERANCE:
                    self._notes.add("curve_gap", f"{gap:.3f} m")
                else:
                    part = part[1:]
            if len(part):
                joined.append(part)
        return np.concatenate(joined) if joined else np.empty((0, 2))

    def _turned(self, joined: list[Coordinates], part: Coordinates) -> tuple[list[Coordinates], Coordinates]:
        """A piece whose other end goes on was drawn the other way: nothing else can be meant. Of the first nobody knew
        yet which way it goes.
        """

        def meets(one: Coordinates, other: Coordinates) -> bool:
            return _distance(one, other) <= _JOIN_TOLERANCE

        end, start = joined[-1][-1], joined[0][0]
        if meets(end, part[0]):
            return joined, part
        is_first = len(joined) == 1 and (meets(start, part[0]) or meets(start, part[-1]))
        if is_first and not meets(end, part[-1]):
            joined, end = [joined[0][::-1]], start
        elif not meets(end, part[-1]):
            return joined, part
        self._notes.add("curve_turned")
        return joined, part if meets(end, part[0]) else part[::-1]

    # surfaces ---------------------------------------------------------------------------------------------------------

    def polygon(self, element: Element) -> Polygon:
        shell: Coordinates | None = None
        holes: list[Coordinates] = []
        for boundary in element:
            kind = local(boundary)
            if kind in {"exterior", "outerBoundaryIs"}:
                shell = self._ring(boundary)
            elif kind in {"interior", "innerBoundaryIs"} and len(boundary):  # an empty property is no hole
                holes.append(self._ring(boundary))
        if shell is None:
            raise GeometryFault("Fläche ohne äußeren Ring / surface without exterior ring")
        return Polygon(shell, holes)

    def surface(self, element: Element) -> BaseGeometry:
        """Patches or members of one surface; together they are one area (ISO 19136 10.5.10)."""
        parts = [self.geometry(part) for part in self._members(element)]
        if not parts:
            raise GeometryFault("Fläche ohne Teile / surface without parts")
        if len(parts) == 1:
            return parts[0]
        if all(part.is_valid for part in parts):
            merged = shapely.union_all(parts)
            if merged.geom_type != "Polygon":
                self._notes.add("patches_apart", f"{len(parts)}")
            return merged
        return _multi_polygon(parts)

    def multi_surface(self, element: Element) -> MultiPolygon:
        return _multi_polygon([self.geometry(part) for part in self._members(element)])

    def collection(self, element: Element) -> GeometryCollection:
        return GeometryCollection([self.geometry(part) for part in self._members(element)])

    def _ring(self, boundary: Element) -> Coordinates:
        ring = next(iter(boundary), None)
        if ring is None:
            raise GeometryFault("leerer Ring / empty ring")
        coordinates = self._curve(ring)
        if len(coordinates) < 3:
            raise GeometryFault("Ring mit weniger als drei Punkten / ring with fewer than three points")
        gap = _distance(coordinates[0], coordinates[-1])
        if gap > 0:
            if gap > _JOIN_TOLERANCE:
                self._notes.add("ring_open", f"{gap:.3f} m")
                coordinates = np.concatenate([coordinates, coordinates[:1]])
            else:
                coordinates = np.concatenate([coordinates[:-1], coordinates[:1]])
        if len(coordinates) < 4:
            raise GeometryFault("Ring mit weniger als drei Punkten / ring with fewer than three points")
        return coordinates

    # parts and numbers ------------------------------------------------------------------------------------------------

    def _members(self, element: Element) -> Iterable[Element]:
        """The geometries inside the …Member, patches, baseCurve… properties of an aggregate; xlinks are followed."""
        for member in element:
            if local(member) not in _MEMBERS:
                continue
            href = member.get(_XLINK_HREF)
            if href is None:
                yield from member
                continue
            target = href.removeprefix("#")
            if target in self._following:
                raise GeometryFault(f"{href} verweist im Kreis / refers to itself")
            self._followed += 1
            # a few links that each lead to two others would grow beyond all memory
            if self._followed > MAX_LINKS or len(self._following) >= MAX_LINKS_DEEP:
                limits = f"{MAX_LINKS}, {MAX_LINKS_DEEP}"
                raise GeometryFault(f"zu viele Verweise oder zu tief ({limits}) / too many links or too deep")
            if target not in self._shared:
                raise GeometryFault(f"{href} ist nicht in der Datei / is not in the file")
            self._following.append(target)
            yield self._shared[target]
            self._following.pop()

    def _coordinates(self, element: Element) -> Coordinates:
        """All vertices directly under an element (posList, pos, pointProperty, coordinates, coord), n x 2."""
        parts = []
        for child in element:
            kind = local(child)
            if kind in {"pos", "posList"}:
                parts.append(self._positions(child, element))
            elif kind == "coordinates":
                pairs = tuples(child.text or "", child.get)
                if len({len(pair) for pair in pairs}) > 1:
                    raise GeometryFault("Koordinaten ungleicher Länge / coordinates of unequal length")
                parts.append(self._numbers([n for pair in pairs for n in pair], len(pairs[0]) if pairs else 2))
            elif kind == "coord":
                parts.append(self._numbers([(n.text or "") for n in child], sum(1 for _ in child)))
            elif kind in {"pointProperty", "pointRep"}:
                parts.extend(np.asarray([self.point(p).coords[0]]) for p in child)
        return np.concatenate(parts) if parts else np.empty((0, 2))

    def _positions(self, node: Element, owner: Element) -> Coordinates:
        words, is_respelt = words_of(node.text or "")
        if is_respelt:
            self._notes.add("value_respelt", f"{local(node)}: {(node.text or '').strip()[:40]}")
        if local(node) == "pos":
            return self._numbers(words, len(words))
        stated = node.get("srsDimension") or self._inherited(owner, "srsDimension")
        if stated is None:
            return self._numbers(words, 3 if has_heights(words) else 2)
        if stated not in {"2", "3"}:
            raise GeometryFault(f"srsDimension {stated[:20]!r}: nur 2 und 3 gibt es / only 2 and 3 exist")
        return self._numbers(words, int(stated))

    def _inherited(self, element: Element, attribute: str) -> str | None:
        """The attribute at the element or the nearest one above it, up to the geometry as a whole."""
        found = element.get(attribute)
        while found is None and element is not self._root and (parent := element.getparent()) is not None:
            element = parent
            found = element.get(attribute)
        return found

    def _numbers(self, words: list[str], dimension: int) -> Coordinates:
        if dimension not in {2, 3} or len(words) % dimension:
            raise GeometryFault(f"{len(words)} Zahlen in Koordinaten / numbers in coordinates")
        self._vertices += len(words) // dimension
        if self._vertices > MAX_VERTICES:
            raise GeometryFault(f"mehr als {MAX_VERTICES} Stützpunkte / vertices")
        try:
            numbers = np.array(list(map(float, words)))
        except ValueError:
            raise GeometryFault("Koordinate ist keine Zahl / coordinate is no number") from None
        if not np.isfinite(numbers).all():
            raise GeometryFault("Koordinate ist nicht endlich / coordinate is not finite")
        rows = numbers.reshape(-1, dimension)
        if dimension == 3:
            self._notes.add("height_dropped")
        return rows[:, :2]


def _distance(one: Coordinates, other: Coordinates) -> float:
    return math.hypot(float(one[0] - other[0]), float(one[1] - other[1]))


def _measure(element: Element, name: str) -> float | None:
    node = next((child for child in element if local(child) == name), None)
    try:
        value = float(node.text or "") if node is not None else None
    except ValueError:
        return None
    return value if value is None or math.isfinite(value) else None


def _multi_polygon(parts: list[BaseGeometry]) -> MultiPolygon:
    flat: list[Any] = []
    for part in parts:
        flat.extend(part.geoms if isinstance(part, MultiPolygon) else [part])
    if not flat:
        raise GeometryFault("Fläche ohne Teile / surface without parts")
    if not all(isinstance(part, Polygon) for part in flat):
        raise GeometryFault("Fläche mit Teilen, die keine Flächen sind / surface of parts that are none")
    return MultiPolygon(flat)


_MEMBERS = frozenset(
    {
        "pointMember", "pointMembers", "curveMember", "curveMembers", "lineStringMember", "surfaceMember",
        "surfaceMembers", "polygonMember", "geometryMember", "geometryMembers", "patches", "polygonPatches",
        "trianglePatches", "baseCurve", "baseSurface",
    }
)  # fmt: skip

_READERS: Mapping[str, Callable[[_Reader, Element], BaseGeometry]] = {
    "Point": _Reader.point,
    "MultiPoint": _Reader.multi_point,
    "LineString": _Reader.line,
    "LinearRing": _Reader.line,
    "Curve": _Reader.line,
    "CompositeCurve": _Reader.line,
    "OrientableCurve": _Reader.line,
    "Ring": _Reader.line,
    "MultiCurve": _Reader.multi_curve,
    "MultiLineString": _Reader.multi_curve,
    "Polygon": _Reader.polygon,
    "PolygonPatch": _Reader.polygon,
    "Rectangle": _Reader.polygon,
    "Triangle": _Reader.polygon,
    "Surface": _Reader.surface,
    "PolyhedralSurface": _Reader.surface,
    "TriangulatedSurface": _Reader.surface,
    "Tin": _Reader.surface,
    "CompositeSurface": _Reader.surface,
    "OrientableSurface": _Reader.surface,
    "MultiSurface": _Reader.multi_surface,
    "MultiPolygon": _Reader.multi_surface,
    "MultiGeometry": _Reader.collection,
}
