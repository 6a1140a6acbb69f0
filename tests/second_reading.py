"""A second, naive reading of XPlanGML, from the published schemas and ISO 19136 alone, to hold ours against.

It knows nothing of `plans_ingest`: the whole tree in memory, every leaf a path with its text, areas of arcs by their
circular segments. It understands what the files of the corpus hold, and stops at anything else.
"""

import math
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lxml import etree

XLINK = "{http://www.w3.org/1999/xlink}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
CONTAINERS = {"featureMember", "featureMembers", "member", "additionalObjects"}
AREAS = {"Polygon", "PolygonPatch", "MultiSurface", "Surface", "CompositeSurface"}
LINES = {"LineString", "Curve", "MultiCurve", "CompositeCurve", "OrientableCurve"}
POINTS = {"Point", "MultiPoint"}

type Place = tuple[float, float]
type Leaf = tuple[str, str]  # path of names below the feature, text


@dataclass(slots=True)
class Shape:
    """A geometry by what can be measured of it: `size` is an area, a length, or the number of points."""

    dimension: int
    parts: int
    size: float
    curved: float  # metres of true arc in it
    srs_name: str | None
    points: list[Place]


@dataclass(slots=True)
class Thing:
    """A feature: every text in it by its path, every reference, every geometry."""

    klasse: str
    gml_id: str | None
    leaves: Counter[Leaf] = field(default_factory=Counter)
    links: list[tuple[str, str]] = field(default_factory=list)
    shapes: list[tuple[str, Shape]] = field(default_factory=list)
    dokumente: set[tuple[str | None, str | None]] = field(default_factory=set)  # name, address

    def texts(self, path: str) -> list[str]:
        return [text for (where, text), number in self.leaves.items() if where == path for _ in range(number)]


@dataclass(slots=True)
class Document:
    version: str
    srs_name: str | None  # of the collection, else the first of the file
    things: list[Thing]

    def of_class(self, *endings: str) -> list[Thing]:
        return [thing for thing in self.things if thing.klasse.endswith(endings)]


def read(file: Path) -> Document:
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, huge_tree=True, resolve_entities=False)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as opened:
            root = etree.fromstring(opened.read("xplan.gml"), parser)
    else:
        root = etree.parse(str(file), parser).getroot()
    features = [
        item for node in root.iter() if _local(node) in CONTAINERS for item in node if "xplangml" in _namespace(item)
    ]
    version = ".".join(_namespace(features[0]).rstrip("/").split("/")[-2:])
    envelope = next((node.get("srsName") for node in root.iter("{*}Envelope") if node.get("srsName")), None)
    first = next((name for node in root.iter() if (name := node.get("srsName"))), None)
    return Document(version, envelope or first, [_thing(item, root) for item in features])


def _thing(element: etree._Element, root: etree._Element) -> Thing:
    thing = Thing(_local(element), _gml_id(element))
    for referenz in (node for node in element.iter() if "ExterneReferenz" in _local(node)):
        said = {_local(child): (child.text or "").strip() or None for child in referenz}
        thing.dokumente.add((said.get("referenzName"), said.get("referenzURL") or said.get("georefURL")))
    for prop in element:
        if _is_gml(prop) and _local(prop) == "boundedBy":
            continue
        if len(prop) and _is_gml(prop[0]) and _local(prop[0]) in AREAS | LINES | POINTS:
            thing.shapes.append((_local(prop), _shape(prop[0], root)))
            continue
        thing.leaves.update(_leaves(prop, ""))
        if href := prop.get(f"{XLINK}href"):
            thing.links.append((_local(prop), href))
    return thing


def _leaves(element: etree._Element, above: str) -> Iterator[Leaf]:
    path = f"{above}/{_local(element)}".lstrip("/")
    if text := ("" if len(element) else element.text or "").strip():
        yield path, text
    for name, value in element.attrib.items():
        if name == f"{XLINK}href":
            yield path, str(value)
        elif not str(name).startswith((XSI, XLINK)):
            yield f"{path}@{etree.QName(str(name)).localname}", str(value)
    for child in element:
        yield from _leaves(child, path)


# geometry -------------------------------------------------------------------------------------------------------------


def _shape(element: etree._Element, root: etree._Element) -> Shape:
    kind = _local(element)
    srs_name = next((name for node in element.iter() if (name := node.get("srsName"))), None)
    if kind in AREAS:
        polygons = [node for node in element.iter() if _local(node) in {"Polygon", "PolygonPatch"}]
        rings = [(_local(ring), _pieces(ring[0], root)) for polygon in polygons for ring in polygon]
        size = sum(abs(_area(pieces)) * (1 if where == "exterior" else -1) for where, pieces in rings)
        return _measured(2, len(polygons), size, [pieces for _, pieces in rings], srs_name)
    if kind in LINES:
        curves = [child for member in element for child in member] if kind == "MultiCurve" else [element]
        lines = [_pieces(curve, root) for curve in curves]
        return _measured(1, len(lines), sum(map(_length, lines)), lines, srs_name)
    positions = [_numbers(node) for node in element.iter() if _local(node) in {"pos", "coordinates"}]
    return Shape(0, len(positions), len(positions), 0.0, srs_name, [place for each in positions for place in each])


def _measured(dimension: int, parts: int, size: float, lines: Sequence[list[list[Place]]], srs: str | None) -> Shape:
    curved = sum(_arc_length(*piece) for line in lines for piece in line if len(piece) == 3)
    return Shape(dimension, parts, size, curved, srs, [place for line in lines for piece in line for place in piece])


def _pieces(element: etree._Element, root: etree._Element) -> list[list[Place]]:
    """A curve as pieces of two places (straight) or three (an arc through them)."""
    kind = _local(element)
    if kind in {"LineString", "LinearRing", "LineStringSegment"}:
        places = [place for node in element for place in _numbers(node)]
        return [[one, other] for one, other in pairwise(places)]
    if kind in {"Arc", "ArcString"}:
        places = [place for node in element for place in _numbers(node)]
        return [places[at : at + 3] for at in range(0, len(places) - 2, 2)]
    if kind == "Curve":
        return [piece for segments in element for segment in segments for piece in _pieces(segment, root)]
    if kind in {"Ring", "CompositeCurve", "OrientableCurve"}:
        found = [piece for member in element for curve in _of(member, root) for piece in _pieces(curve, root)]
        return found if element.get("orientation") != "-" else [piece[::-1] for piece in reversed(found)]
    raise AssertionError(f"not understood: {kind}")


def _of(member: etree._Element, root: etree._Element) -> list[etree._Element]:
    href = member.get(f"{XLINK}href")
    if href is None:
        return list(member)
    return [node for node in root.iter() if _gml_id(node) == href.removeprefix("#")]


def _numbers(node: etree._Element) -> list[Place]:
    numbers = [float(word) for word in (node.text or "").replace(",", " ").split()]
    assert len(numbers) % 2 == 0, numbers
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _area(pieces: list[list[Place]]) -> float:
    """Shoelace over the chords, closed, and the circular segment between each chord and its arc; in small numbers."""
    (x0, y0) = pieces[0][0]
    area = 0.0
    for piece in [*pieces, [pieces[-1][-1], pieces[0][0]]]:
        (ax, ay), (bx, by) = piece[0], piece[-1]
        area += ((ax - x0) * (by - y0) - (bx - x0) * (ay - y0)) / 2
        if len(piece) == 3 and (bow := _bow(*piece)) is not None:
            radius, angle, side = bow
            area += side * radius * radius * (angle - math.sin(angle)) / 2
    return area


def _length(pieces: list[list[Place]]) -> float:
    return sum(_arc_length(*piece) if len(piece) == 3 else math.dist(*piece) for piece in pieces)


def _arc_length(start: Place, middle: Place, end: Place) -> float:
    bow = _bow(start, middle, end)
    return math.dist(start, middle) + math.dist(middle, end) if bow is None else bow[0] * bow[1]


def _bow(start: Place, middle: Place, end: Place) -> tuple[float, float, int] | None:
    """Radius, angle at the centre, and 1 for an arc that runs anticlockwise: by the inscribed angle at `middle`."""
    ax, ay = start[0] - middle[0], start[1] - middle[1]
    bx, by = end[0] - middle[0], end[1] - middle[1]
    cross = bx * ay - by * ax
    inscribed = math.atan2(abs(cross), ax * bx + ay * by)
    if math.sin(inscribed) < 1e-9:
        return None
    return math.dist(start, end) / (2 * math.sin(inscribed)), 2 * (math.pi - inscribed), 1 if cross > 0 else -1


# names ----------------------------------------------------------------------------------------------------------------


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _namespace(element: etree._Element) -> str:
    return etree.QName(element).namespace or ""


def _is_gml(element: etree._Element) -> bool:
    return _namespace(element).startswith("http://www.opengis.net/gml")


def _gml_id(element: etree._Element) -> str | None:
    return element.get("{http://www.opengis.net/gml/3.2}id") or element.get("{http://www.opengis.net/gml}id")
