"""Styles for QGIS: the renderer and labels of a layer, alone (.qml), with its source (.qlr), or in a project (.qgz)."""

import io
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from pyproj import CRS

from geoportal.cartography import planzeichen, scale
from geoportal.cartography.model import (
    INK,
    Dimension,
    Disc,
    Fill,
    Growth,
    Hatch,
    Label,
    Line,
    Marks,
    Part,
    Pattern,
    Rule,
    Sheet,
    Symbol,
    Value,
)
from geoportal.settings import STORAGE_SRID

_MOST_ASKED: Final = 10  # drawn rules whose conditions together make a short address
VERSION: Final = "3.22.16-Białowieża"  # the oldest that is tested; newer ones read it
_SYMBOL_TYPES = {Dimension.AREA: "fill", Dimension.LINE: "line", Dimension.POINT: "marker"}
_GEOMETRY = {Dimension.AREA: "Polygon", Dimension.LINE: "Line", Dimension.POINT: "Point"}
_LAYER_CRS, _MAP_CRS = "OGC:CRS84", f"EPSG:{STORAGE_SRID}"
_METRES, _PIXELS = "RenderMetersInMapUnits", "Pixel"
# A pattern is painted aside, where QGIS 3.22 knows no CRS and metres are nothing: in units of the map, which are metres
# in the CRS that our projects have.
_MAP_UNITS = "MapUnit"
_PIXEL_MILLIMETRES = 0.28
# in which pass a part is drawn, over all features: what lies under what
_PASSES: Final[dict[type, int]] = {Fill: 0, Hatch: 1, Pattern: 1, Line: 2, Marks: 2, Symbol: 3, Disc: 3}

type Element = Any


@dataclass(frozen=True, slots=True)
class QgisLayer:
    """A collection as QGIS reads it: `url` is the landing page, `name` the collection."""

    name: str
    title: str
    url: str
    dimension: Dimension
    sheet: Sheet

    @property
    def id(self) -> str:
        return f"{self.name}_{self.sheet.id}"

    @property
    def source(self) -> str:
        asked = f"typename='{self.name}' url='{self.url}' version='OGC_API_FEATURES'"
        # the system that every QGIS asks for; older ones know no other
        return f"pagingEnabled='true' srsname='{_LAYER_CRS}' {asked}"


def qml(sheet: Sheet, dimension: Dimension) -> bytes:
    root = etree.Element("qgis", version=VERSION, styleCategories="Symbology|Labeling")
    _style(root, sheet, dimension)
    return _document(root, "qgis")


def qlr(layers: Sequence[QgisLayer], title: str) -> bytes:
    """A group with these layers, the first on top."""
    root = etree.Element("qlr")
    tree = etree.SubElement(root, "layer-tree-group", expanded="1", checked="Qt::Checked", name="")
    _tree(tree, layers, title)
    held = etree.SubElement(root, "maplayers")
    for layer in layers:
        _maplayer(held, layer)
    return _document(root, "qgis-layer-definition")


def qgz(groups: Sequence[tuple[str, Sequence[QgisLayer]]], title: str, box: Sequence[float]) -> bytes:
    """A project with the groups, the first on top; `box` in the storage CRS."""
    root = etree.Element("qgis", version=VERSION, projectname=title)
    _text(root, "title", title)
    _crs(etree.SubElement(root, "projectCrs"))
    tree = etree.SubElement(root, "layer-tree-group")
    canvas = etree.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    _text(canvas, "units", "meters")
    extent = etree.SubElement(canvas, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True):
        _text(extent, name, f"{value:.1f}")
    _crs(etree.SubElement(canvas, "destinationsrs"))
    switched = etree.SubElement(etree.SubElement(root, "properties"), "SpatialRefSys")
    _text(switched, "ProjectionsEnabled", "1").set("type", "int")
    held = etree.SubElement(root, "projectlayers")
    for name, layers in groups:
        _tree(tree, layers, name)
        for layer in layers:
            _maplayer(held, layer)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        # a moment of its own: the same project is the same file
        archive.writestr(zipfile.ZipInfo("geoportal.qgs", (2000, 1, 1, 0, 0, 0)), _document(root, "qgis"))
    return packed.getvalue()


def _tree(parent: Element, layers: Sequence[QgisLayer], title: str) -> None:
    group = etree.SubElement(parent, "layer-tree-group", expanded="1", checked="Qt::Checked", name=title)
    for layer in layers:
        etree.SubElement(
            group, "layer-tree-layer", id=layer.id, name=layer.title, checked="Qt::Checked", expanded="0",
            providerKey="OAPIF", source=layer.source,
        )  # fmt: skip


def _maplayer(parent: Element, layer: QgisLayer) -> None:
    held = etree.SubElement(parent, "maplayer", type="vector", geometry=_GEOMETRY[layer.dimension])
    _text(held, "id", layer.id)
    _text(held, "datasource", layer.source)
    _text(held, "layername", layer.title)
    _crs(etree.SubElement(held, "srs"), _LAYER_CRS)
    _text(held, "provider", "OAPIF").set("encoding", "UTF-8")
    _style(held, layer.sheet, layer.dimension)


def _text(parent: Element, name: str, text: str) -> Element:
    element: Element = etree.SubElement(parent, name)
    element.text = text
    return element


def _crs(parent: Element, name: str = _MAP_CRS) -> None:
    system = etree.SubElement(parent, "spatialrefsys", nativeFormat="Wkt")
    # QGIS takes a name without a definition for an invalid system
    _text(system, "wkt", CRS.from_user_input(name).to_wkt())
    _text(system, "authid", name)


def _document(root: Element, kind: str) -> bytes:
    head = f"<!DOCTYPE {kind} PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n".encode()
    body: bytes = etree.tostring(root, encoding="utf-8", pretty_print=True)
    return head + body


def _style(parent: Element, sheet: Sheet, dimension: Dimension) -> None:
    renderer = etree.SubElement(parent, "renderer-v2", type="RuleRenderer", symbollevels="1", forceraster="0")
    rules = etree.SubElement(renderer, "rules", key="{root}")
    symbols = etree.SubElement(renderer, "symbols")
    number = 0
    for order, rule in enumerate(sheet.rules):
        parts = rule.drawn(dimension)
        if not parts:
            continue
        named = etree.SubElement(rules, "rule", key=f"{{{rule.id}}}", label=rule.title.de)
        if written := _filter(rule):
            named.set("filter", written)
        for limit, drawn in _by_reach(rule, parts):
            part = etree.SubElement(named, "rule", key=f"{{{rule.id}-{number}}}", symbol=str(number))
            _limit(part, rule, limit)
            symbol = _symbol(symbols, str(number), _SYMBOL_TYPES[dimension])
            for each in drawn:
                _symbol_layer(symbol, rule, each, dimension, order)
            number += 1
    if number > _MOST_ASKED and not any(rule.otherwise for rule in sheet.rules):
        # QGIS (3.40, not yet 3.22) asks the server for what its rules draw, all of them in one address: longer than
        # one may be. With a rule for everything, though it draws nothing, it asks for everything.
        etree.SubElement(rules, "rule", key="{rest}", label="Anderes, ohne Zeichen")
    if any(rule.label for rule in sheet.rules):
        _labels(parent, sheet)


def _limit(element: Element, rule: Rule, limit: float | None) -> None:
    if limit is not None or rule.closest is not None:
        element.set("scalemindenom", str(rule.closest or 1))
        element.set("scalemaxdenom", f"{limit:.0f}" if limit is not None else "0")


def _by_reach(rule: Rule, parts: Sequence[Part]) -> Iterator[tuple[float | None, list[Part]]]:
    """The parts that vanish at the same scale, together."""
    groups: dict[float | None, list[Part]] = {}
    for part in parts:
        groups.setdefault(scale.reach(rule, part), []).append(part)
    yield from groups.items()


def _filter(rule: Rule) -> str:
    if rule.otherwise:
        return "ELSE"
    return " AND ".join(f'"{name}" = {_literal(value)}' for name, value in rule.when.items())


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _symbol(parent: Element, name: str, kind: str) -> Element:
    return etree.SubElement(parent, "symbol", name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0")


def _layer(symbol: Element, kind: str, options: Mapping[str, str], order: int = 0) -> Element:
    layer = etree.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": str(order)})
    held = etree.SubElement(layer, "Option", type="Map")
    for name, value in options.items():
        etree.SubElement(held, "Option", name=name, type="QString", value=value)
    return layer


def _symbol_layer(symbol: Element, rule: Rule, part: Part, dimension: Dimension, order: int) -> None:
    at = _PASSES[type(part)] * 1000 + order
    unit = _unit(rule, part)
    if isinstance(part, Hatch | Pattern) and rule.sheet is not None:
        unit = unit | {"unit": _MAP_UNITS}

    def sized(value: float) -> str:
        return f"{_size(rule, value):.4g}"

    def inner(layer: Element, kind: str) -> Element:
        return _symbol(layer, f"@{symbol.get('name')}@{len(symbol) - 1}", kind)

    match part:
        case Fill(colour, opacity):
            _layer(
                symbol, "SimpleFill", {"color": _colour(colour, opacity), "style": "solid", "outline_style": "no"}, at
            )
        case Hatch(colour, width, spacing, angle):
            options = {"angle": str(angle), "distance": sized(spacing), "line_width": sized(width)}
            options |= {f"distance_{name}": value for name, value in unit.items()}
            layer = _layer(symbol, "LinePatternFill", options, at)
            line = {"line_color": _colour(colour), "line_width": sized(width), "capstyle": "flat"}
            _layer(inner(layer, "line"), "SimpleLine", line | {f"line_width_{name}": v for name, v in unit.items()})
        case Pattern(form, size, spacing):
            options = {name: sized(spacing) for name in ("distance_x", "distance_y", "displacement_x")}
            options["displacement_x"] = sized(spacing / 2)
            options |= {f"{name}_{key}": v for name in tuple(options) for key, v in unit.items()}
            _svg_marker(inner(_layer(symbol, "PointPatternFill", options, at), "marker"), form, sized(size), unit)
        case Line(colour, width, dash, offset):
            options = {
                "line_color": _colour(colour),
                "line_width": sized(width),
                "joinstyle": "miter",
                "capstyle": "flat",
            }
            options |= {f"line_width_{name}": value for name, value in unit.items()}
            if dash:
                options |= {"use_custom_dash": "1", "customdash": ";".join(sized(each) for each in dash)}
                options |= {f"customdash_{name}": value for name, value in unit.items()}
            if offset:
                # without bounds: QGIS would take a negative size for one below the least
                options |= {"offset": sized(offset), "offset_unit": unit["unit"]}
            _layer(symbol, "SimpleLine", options, at)
        case Marks(form, size, spacing):
            options = {"interval": sized(spacing), "placement": "interval", "rotate": "1"}
            options |= {f"interval_{name}": value for name, value in unit.items()}
            _svg_marker(inner(_layer(symbol, "MarkerLine", options, at), "marker"), form, sized(size), unit)
        case Symbol(form, size):
            target, place = symbol, at
            if dimension is Dimension.AREA:
                target = inner(_layer(symbol, "CentroidFill", {"point_on_surface": "1"}, at), "marker")
            _svg_marker(target, form, sized(size), unit, place)
        case Disc(radius, fill, stroke, width, growth):
            options = {
                "name": "circle", "size": f"{2 * radius:g}", "size_unit": _PIXELS, "outline_width": f"{width:g}",
                "outline_width_unit": _PIXELS, "color": _colour(fill) if fill else "0,0,0,0",
                "outline_color": _colour(stroke) if stroke else "0,0,0,0",
            }  # fmt: skip
            layer = _layer(symbol, "SimpleMarker", options, at)
            if growth:
                _grown(layer, growth)


def _grown(layer: Element, growth: Growth) -> None:
    """The diameter follows a field."""
    scaled = f'scale_linear("{growth.field}", {growth.low:g}, {growth.high:g}, {growth.smallest:g}, {growth.largest:g})'
    _computed(etree.SubElement(layer, "data_defined_properties"), "size", f"2 * {scaled}")


def _computed(parent: Element, name: str, expression: str) -> None:
    """A property that follows from an expression."""
    held = etree.SubElement(parent, "Option", type="Map")
    etree.SubElement(held, "Option", name="name", type="QString", value="")
    properties = etree.SubElement(held, "Option", name="properties", type="Map")
    own = etree.SubElement(properties, "Option", name=name, type="Map")
    etree.SubElement(own, "Option", name="active", type="bool", value="true")
    etree.SubElement(own, "Option", name="expression", type="QString", value=expression)
    etree.SubElement(own, "Option", name="type", type="int", value="3")
    etree.SubElement(held, "Option", name="type", type="QString", value="collection")


def _svg_marker(symbol: Element, form: str, size: str, unit: Mapping[str, str], order: int = 0) -> None:
    written = b64encode(planzeichen.form(form).encode()).decode()
    _layer(
        symbol,
        "SvgMarker",
        {"name": f"base64:{written}", "size": size} | {f"size_{k}": v for k, v in unit.items()},
        order,
    )


def _size(rule: Rule, value: float) -> float:
    """Metres on the ground, or pixels."""
    return value if rule.sheet is None else value / 1000 * rule.sheet


def _unit(rule: Rule, part: Part | Label) -> dict[str, str]:
    """The unit, and the sizes between which it stays on screen."""
    if rule.sheet is None:
        return {"unit": _PIXELS}
    least, most = (bound * _PIXEL_MILLIMETRES for bound in scale.bounds(part))
    return {"unit": _METRES, "map_unit_scale": f"3x:0,0,1,{least:.3g},1,{most:.3g}"}


def _colour(colour: str, opacity: float = 1.0) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _labels(parent: Element, sheet: Sheet) -> None:
    labeling = etree.SubElement(parent, "labeling", type="rule-based")
    rules = etree.SubElement(labeling, "rules", key="{labels}")
    for rule in sheet.rules:
        if (label := rule.label) is None:
            continue
        written = etree.SubElement(rules, "rule", key=f"{{{rule.id}-text}}")
        shown = f'"{label.field}" IS NOT NULL'
        own = _filter(rule)
        written.set("filter", f"{own} AND {shown}" if own and not rule.otherwise else shown)
        _limit(written, rule, scale.reach(rule, label))
        on_plans = rule.sheet is not None
        settings = etree.SubElement(written, "settings", calloutType="simple")
        # each kind of use and each measure on a line of its own, as on a plan
        lines = f"""regexp_replace("{label.field}", ' (?=[A-Z])', '\\n')"""
        style = etree.SubElement(
            settings, "text-style", fieldName=lines if on_plans else label.field, isExpression=str(int(on_plans)),
            fontFamily="DejaVu Sans", fontWeight="75" if label.bold else "50", fontSize=f"{label.size:.4g}",
            fontSizeUnit="MM" if on_plans else _PIXELS, fontSizeMapUnitScale="3x:0,0,0,0,0,0", textColor=_colour(INK),
        )  # fmt: skip
        if rule.sheet is not None:
            # not as a size on the ground with bounds: QGIS 3.22 then sets the letters apart
            least, most = (bound * _PIXEL_MILLIMETRES for bound in scale.bounds(label))
            on_paper = f"coalesce({label.size:.4g} * {rule.sheet} / @map_scale, {label.size:.4g})"
            height = f"max({least:.3g}, min({most:.3g}, {on_paper}))"
            _computed(etree.SubElement(settings, "dd_properties"), "Size", height)
        etree.SubElement(
            style, "text-buffer", bufferDraw="1", bufferSize="0.6", bufferSizeUnits="MM",
            bufferColor=_colour("#ffffff", 0.75),
        )  # fmt: skip
        etree.SubElement(settings, "text-format", autoWrapLength="16", multilineAlign="1")
        etree.SubElement(settings, "placement", placement="1", priority="5")
