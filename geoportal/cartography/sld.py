"""Styles as OGC SLD 1.1 / SE 1.1, for programs that are neither QGIS nor made for vector tiles."""

from base64 import b64encode
from typing import Any, Final

from lxml import etree

from geoportal.cartography import planzeichen, scale
from geoportal.cartography.model import (
    INK,
    Dimension,
    Disc,
    Fill,
    Hatch,
    Line,
    Marks,
    Part,
    Pattern,
    Rule,
    Sheet,
    Symbol,
)

_SLD: Final = "http://www.opengis.net/sld"
_SE: Final = "http://www.opengis.net/se"
_OGC: Final = "http://www.opengis.net/ogc"
_METRE: Final = "http://www.opengeospatial.org/se/units/metre"
_PIXEL: Final = "http://www.opengeospatial.org/se/units/pixel"

type Element = Any


def write(sheet: Sheet, collection: str) -> bytes:
    """The sheet as a named layer; sizes of plans in metres on the ground."""
    root = etree.Element(
        f"{{{_SLD}}}StyledLayerDescriptor", version="1.1.0", nsmap={None: _SLD, "se": _SE, "ogc": _OGC}
    )
    layer = etree.SubElement(root, f"{{{_SLD}}}NamedLayer")
    _add(layer, "Name", collection)
    style = etree.SubElement(layer, f"{{{_SLD}}}UserStyle")
    _add(style, "Name", sheet.id)
    described = _add(style, "Description")
    _add(described, "Title", sheet.title.de)
    features = _add(style, "FeatureTypeStyle")
    for rule in sheet.rules:
        _rules(features, rule)
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return body


def _rules(parent: Element, rule: Rule) -> None:
    """One for the parts that vanish at the same scale."""
    groups: dict[float | None, list[tuple[Dimension, Part]]] = {}
    for dimension in Dimension:
        for part in rule.drawn(dimension):
            groups.setdefault(scale.reach(rule, part), []).append((dimension, part))
    for number, (limit, parts) in enumerate(groups.items()):
        written = _head(parent, rule, f"{rule.id}-{number}" if number else rule.id, limit)
        for dimension, part in parts:
            _symbolizer(written, rule, dimension, part)
    if rule.label is not None:
        written = _head(parent, rule, f"{rule.id}-text", scale.reach(rule, rule.label))
        text = _add(written, "TextSymbolizer", uom=_uom(rule))
        _add(_add(text, "Label"), f"{{{_OGC}}}PropertyName", rule.label.field)
        font = _add(text, "Font")
        _parameter(font, "font-family", "DejaVu Sans")
        _parameter(font, "font-weight", "bold" if rule.label.bold else "normal")
        _parameter(font, "font-size", f"{_size(rule, rule.label.size):.4g}")
        _parameter(_add(text, "Fill"), "fill", INK)


def _head(parent: Element, rule: Rule, name: str, limit: float | None) -> Element:
    written = _add(parent, "Rule")
    _add(written, "Name", name)
    _add(_add(written, "Description"), "Title", rule.title.de)
    if rule.otherwise:
        _add(written, "ElseFilter")
    elif rule.when:
        condition = _add(written, f"{{{_OGC}}}Filter")
        if len(rule.when) > 1:
            condition = _add(condition, f"{{{_OGC}}}And")
        for field, value in rule.when.items():
            equal = _add(condition, f"{{{_OGC}}}PropertyIsEqualTo")
            _add(equal, f"{{{_OGC}}}PropertyName", field)
            _add(equal, f"{{{_OGC}}}Literal", str(value).lower() if isinstance(value, bool) else str(value))
    if rule.closest is not None:
        _add(written, "MinScaleDenominator", str(rule.closest))
    if limit is not None:
        _add(written, "MaxScaleDenominator", f"{limit:.0f}")
    return written


def _symbolizer(parent: Element, rule: Rule, dimension: Dimension, part: Part) -> None:
    match part:
        case Fill(colour, opacity):
            fill = _add(_add(parent, "PolygonSymbolizer", uom=_uom(rule)), "Fill")
            _parameter(fill, "fill", colour)
            _parameter(fill, "fill-opacity", f"{opacity:g}")
        case Hatch(colour, width, spacing, angle):
            graphic = _fill_graphic(parent, rule)
            mark = _add(graphic, "Mark")
            _add(mark, "WellKnownName", "shape://slash" if angle % 180 < 90 else "shape://backslash")
            _stroke(mark, rule, colour, width)
            _add(graphic, "Size", f"{_size(rule, spacing):.4g}")
        case Pattern(form, size, _):
            _external(_fill_graphic(parent, rule), rule, form, size)
        case Line(colour, width, dash, offset):
            line = _add(parent, "LineSymbolizer", uom=_uom(rule))
            _stroke(line, rule, colour, width, dash)
            if offset:
                _add(line, "PerpendicularOffset", f"{_size(rule, offset):.4g}")
        case Marks(form, size, spacing):
            line = _add(parent, "LineSymbolizer", uom=_uom(rule))
            graphic = _add(_add(_add(line, "Stroke"), "GraphicStroke"), "Graphic")
            _external(graphic, rule, form, size)
            _add(graphic.getparent(), "Gap", f"{_size(rule, spacing):.4g}")
        case Symbol(form, size):
            point = _add(parent, "PointSymbolizer", uom=_uom(rule))
            if dimension is Dimension.AREA:
                centre = _add(_add(point, "Geometry"), f"{{{_OGC}}}Function", name="centroid")
                _add(centre, f"{{{_OGC}}}PropertyName", "geometry")
            _external(_add(point, "Graphic"), rule, form, size)
        case Disc(radius, fill, stroke, width, _):  # one size: SE has no portable way to let it grow
            graphic = _add(_add(parent, "PointSymbolizer", uom=_PIXEL), "Graphic")
            mark = _add(graphic, "Mark")
            _add(mark, "WellKnownName", "circle")
            if fill:
                _parameter(_add(mark, "Fill"), "fill", fill)
            if stroke:
                _stroke(mark, rule, stroke, width)
            _add(graphic, "Size", f"{2 * radius:g}")


def _fill_graphic(parent: Element, rule: Rule) -> Element:
    polygon = _add(parent, "PolygonSymbolizer", uom=_uom(rule))
    return _add(_add(_add(polygon, "Fill"), "GraphicFill"), "Graphic")


def _external(graphic: Element, rule: Rule, form: str, size: float) -> None:
    external = _add(graphic, "ExternalGraphic")
    _add(external, "InlineContent", b64encode(planzeichen.form(form).encode()).decode(), encoding="base64")
    _add(external, "Format", "image/svg+xml")
    _add(graphic, "Size", f"{_size(rule, size):.4g}")


def _stroke(parent: Element, rule: Rule, colour: str, width: float, dash: tuple[float, ...] = ()) -> None:
    stroke = _add(parent, "Stroke")
    _parameter(stroke, "stroke", colour)
    _parameter(stroke, "stroke-width", f"{_size(rule, width):.4g}")
    if dash:
        _parameter(stroke, "stroke-dasharray", " ".join(f"{_size(rule, each):.4g}" for each in dash))


def _uom(rule: Rule) -> str:
    return _PIXEL if rule.sheet is None else _METRE


def _size(rule: Rule, value: float) -> float:
    return value if rule.sheet is None else value / 1000 * rule.sheet


def _parameter(parent: Element, name: str, value: str) -> None:
    _add(parent, "SvgParameter", value, name=name)


def _add(parent: Element, name: str, text: str | None = None, /, **attributes: str) -> Element:
    element: Element = etree.SubElement(parent, name if name.startswith("{") else f"{{{_SE}}}{name}", attributes)
    element.text = text
    return element
