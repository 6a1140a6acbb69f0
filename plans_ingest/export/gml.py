"""Geometries as GML 3.2, coordinates with every digit that they have, so that reading them again gives the same."""

from collections.abc import Callable
from typing import Any, Final

import shapely
from lxml import etree
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

_GML: Final = "{http://www.opengis.net/gml/3.2}"
_MULTI: Final = {
    "MultiPolygon": ("MultiSurface", "surfaceMember"),
    "MultiLineString": ("MultiCurve", "curveMember"),
    "MultiPoint": ("MultiPoint", "pointMember"),
    "GeometryCollection": ("MultiGeometry", "geometryMember"),
}


def geometry(shape: BaseGeometry, srs: str, new_id: Callable[[], str]) -> Any:
    """The element of a geometry in `srs` ("EPSG:25832"); every part takes a gml:id of its own from `new_id`."""
    node = _element(shape, new_id)
    node.set("srsName", srs)
    return node


def _element(shape: BaseGeometry, new_id: Callable[[], str]) -> Any:
    kind = shape.geom_type
    name, member = _MULTI.get(kind, (kind, ""))
    node = etree.Element(f"{_GML}{name}", {f"{_GML}id": new_id()})
    if member:
        for part in shapely.get_parts(shape):
            etree.SubElement(node, f"{_GML}{member}").append(_element(part, new_id))
    elif isinstance(shape, Polygon):
        for side, ring in (("exterior", shape.exterior), *(("interior", hole) for hole in shape.interiors)):
            linear = etree.SubElement(etree.SubElement(node, f"{_GML}{side}"), f"{_GML}LinearRing")
            etree.SubElement(linear, f"{_GML}posList").text = _positions(ring)
    else:
        etree.SubElement(node, f"{_GML}{'pos' if kind == 'Point' else 'posList'}").text = _positions(shape)
    return node


def _positions(line: BaseGeometry) -> str:
    return " ".join(repr(number) for pair in shapely.get_coordinates(line).tolist() for number in pair)
