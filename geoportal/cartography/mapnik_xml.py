"""Styles as a Mapnik map: XML for one resolution, with every size already in pixels."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from math import ceil, sqrt
from typing import Final, Literal, NamedTuple
from xml.sax.saxutils import quoteattr

from geoportal.cartography import planzeichen, scale
from geoportal.cartography.hatching import stripes
from geoportal.cartography.model import (
    INK,
    Dimension,
    Disc,
    Fill,
    Growth,
    Hatch,
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

_FONTS = {False: "DejaVu Sans Book", True: "DejaVu Sans Bold"}
# The side of a pattern: divides the side of a metatile, so that neighbouring tiles continue each other's pattern.
_PATTERN = 64
_LEAST_SPACING = 3.0  # pixels; closer lines become a tint
_DIMENSIONS = {Dimension.AREA: 2, Dimension.LINE: 1, Dimension.POINT: 0}
_LABEL_WIDTH = 160
# Pixels beside a picture from which texts and signs reach into it, or keep others away.
AROUND: Final = 64
_SQUARE = '<rect width="24" height="24" fill="#ffffff" fill-opacity="0"/>'

# what would be a column or a quotation to the reader of the texts
_PLAIN = str.maketrans({"|": "/", '"': "”", "\n": " ", "\r": " ", "'": "’"})

# What lies under what, over all features: (kinds of parts, geometries).
_PASSES: Final[Mapping[str, tuple[type, ...]]] = {
    "fills": (Fill,),
    "patterns": (Hatch, Pattern),
    "lines": (Line, Marks),
    "symbols": (Symbol, Disc),
}
_PASS_OF: Final = {kind: name for name, kinds in _PASSES.items() for kind in kinds}


@dataclass(frozen=True, slots=True)
class Source:
    """Features to be drawn: parameters of a Mapnik data source, whose features carry `dim` (0, 1 or 2).

    `fixed`: what all its features share; rules for others are left out. `symbols_if`: a boolean field that says
    whether symbols are put into areas. `part`: its labels are drawn, or all else. `opacity`: of all that is drawn of
    it, 0 to 1.
    """

    name: str
    srs: str
    parameters: Mapping[str, str]
    fixed: Mapping[str, Value] = field(default_factory=dict)
    symbols_if: str | None = None
    part: Literal["drawing", "labels"] = "drawing"
    opacity: float = 1.0


class MapnikMap(NamedTuple):
    """`assets` are the files that the XML names, by name: it takes them from the folder that it is loaded with.

    SVG as it is, PNG in base 64.
    """

    xml: str
    assets: Mapping[str, str]


def write(layers: Sequence[tuple[Source, Sheet]], srs: str, resolution: float, scale_factor: float = 1.0) -> MapnikMap:
    """`resolution` in metres on the ground per pixel of the style; layers are drawn in this order. `scale_factor`:
    pixels of the picture for each of these.
    """
    assets: dict[str, str] = {}
    out = [f"<Map srs={quoteattr(srs)}>"]
    named: list[str] = []
    for source, sheet in layers:
        styles = []
        written = _written(sheet, tuple(source.fixed.items()), source.symbols_if, source.part, resolution)
        assets |= written.assets
        for name, rules in written.passes.items():
            styles.append(f"{source.name}-{name}")
            out.append(f'<Style name={quoteattr(styles[-1])} filter-mode="first">{rules}</Style>')
        if styles:
            named.append(_layer(source, styles, scale_factor * written.around))
    return MapnikMap("".join([*out, *named, "</Map>"]), assets)


class _Written(NamedTuple):
    """The rules of each pass that has any; how many pixels of the style something reaches beyond its geometry: so far
    beside a picture is read, too.
    """

    passes: Mapping[str, str]
    around: float
    assets: Mapping[str, str]


@lru_cache(128)
def _written(
    sheet: Sheet, fixed: tuple[tuple[str, Value], ...], symbols_if: str | None, part: str, resolution: float
) -> _Written:
    """A style for one resolution, written once for all its pictures: to write that of the PlanZV takes longer than to
    paint many of these.
    """
    shared, assets = dict(fixed), dict[str, str]()
    rules = [rule for rule in sheet.rules if _may_meet(rule, shared)]
    passes, around = (
        ({"labels": list(_labels(rules, shared, resolution))}, float(AROUND))
        if part == "labels"
        else _drawing(rules, shared, symbols_if, resolution, assets)
    )
    return _Written({name: "".join(found) for name, found in passes.items() if found}, around, assets)


def write_sheet(
    drawing: str, width: int, height: int, texts: Iterable[tuple[float, float, str]], size: float
) -> MapnikMap:
    """A drawing in SVG with texts beside it: (x, y of its left middle, text) in pixels from the upper left.

    To be painted in the box 0, 0, width, height of any CRS with metres.
    """
    # Mapnik remembers a file by its name
    name_of_drawing = f"sheet-{blake2b(drawing.encode(), digest_size=10).hexdigest()}.svg"
    places = [f"{x:g}|{height - y:g}|{text.translate(_PLAIN)}" for x, y, text in texts]
    middle = f"x|y\n{width / 2:g}|{height / 2:g}"
    layers = [
        ("drawing", middle, f'<MarkersSymbolizer file="{name_of_drawing}" width="{width}" height="{height}" '
         'allow-overlap="true" ignore-placement="true"/>'),
        ("texts", "\n".join(["x|y|text", *places]), f'<TextSymbolizer face-name="{_FONTS[False]}" size="{size:g}" '
         f'fill="{INK}" horizontal-alignment="right" vertical-alignment="middle" placement="point" '
         'allow-overlap="true">[text]</TextSymbolizer>'),
    ]  # fmt: skip
    if not places:
        layers.pop()
    if not drawing:
        layers.pop(0)
    out = [f'<Map srs="epsg:{STORAGE_SRID}">']
    for name, rows, symbolizer in layers:
        out.append(f'<Style name="{name}"><Rule>{symbolizer}</Rule></Style>')
        given = {"type": "csv", "inline": rows, "separator": "|"}
        out.append(_layer(Source(name, f"epsg:{STORAGE_SRID}", given), [name]))
    return MapnikMap("".join([*out, "</Map>"]), {name_of_drawing: drawing} if drawing else {})


def _reach(rule: Rule, part: Part, resolution: float) -> float:
    """How far beyond its geometry a part is drawn, in pixels of the style."""
    match part:
        case Line(_, across, _, offset):
            width = scale.bounded(rule, part, across, resolution)
            return width / 2 + abs(offset) * width / across + 1
        case Marks(_, extent):
            return scale.bounded(rule, part, extent, resolution)
        case Disc(radius, _, _, width, growth):
            return (growth.largest if growth else radius) + width
        case Symbol():
            return AROUND
    return 1.0


def _layer(source: Source, styles: Sequence[str], around: float = 0) -> str:
    given = "".join(f"<Parameter name={quoteattr(k)}>{_text(v)}</Parameter>" for k, v in source.parameters.items())
    used = "".join(f"<StyleName>{_text(name)}</StyleName>" for name in styles)
    head = f"name={quoteattr(source.name)} srs={quoteattr(source.srs)}"
    if around:
        head += f' buffer-size="{ceil(around)}"'
    if source.opacity < 1:
        head += f' opacity="{source.opacity:g}"'
    return f'<Layer {head} cache-features="true">{used}<Datasource>{given}</Datasource></Layer>'


def _may_meet(rule: Rule, fixed: Mapping[str, Value]) -> bool:
    return all(fixed.get(name, value) == value for name, value in rule.when.items())


def _condition(rule: Rule, rules: Sequence[Rule], fixed: Mapping[str, Value], extra: Sequence[str] = ()) -> str:
    terms = [_meets(rule, fixed), *extra]
    if rule.otherwise:
        # not Mapnik's own ElseFilter: it knows only the rules that draw something
        others = [_meets(other, fixed) for other in rules if not other.otherwise]
        terms[0] = f"not ({' or '.join(others)})"
    written = " and ".join(filter(None, terms))
    return f"<Filter>{_text(written)}</Filter>" if written else ""


def _meets(rule: Rule, fixed: Mapping[str, Value]) -> str:
    return " and ".join(f"[{name}] = {_literal(value)}" for name, value in rule.when.items() if name not in fixed)


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _drawing(
    rules: Sequence[Rule],
    fixed: Mapping[str, Value],
    symbols_if: str | None,
    resolution: float,
    assets: dict[str, str],
) -> tuple[dict[str, list[str]], float]:
    """The rules of each pass, and how far the widest reaches."""
    passes: dict[str, list[str]] = {name: [] for name in _PASSES}
    around = 1.0
    for rule in rules:
        for dimension in Dimension:
            drawn: dict[str, str] = {}
            for part in rule.drawn(dimension):
                if scale.is_drawn(rule, part, resolution):
                    name = _PASS_OF[type(part)]
                    drawn[name] = drawn.get(name, "") + _symbolizer(rule, part, dimension, resolution, assets)
                    around = max(around, _reach(rule, part, resolution))
            for name, symbolizers in drawn.items():
                extra = [f"[dim] = {_DIMENSIONS[dimension]}"]
                if symbols_if and dimension is Dimension.AREA and name == "symbols":
                    extra.append(f"[{symbols_if}] = true")
                passes[name].append(f"<Rule>{_condition(rule, rules, fixed, extra)}{symbolizers}</Rule>")
    return passes, around


def _labels(rules: Sequence[Rule], fixed: Mapping[str, Value], resolution: float) -> Iterator[str]:
    for rule in rules:
        label = rule.label
        if label is None or not scale.is_drawn(rule, label, resolution):
            continue
        size = scale.bounded(rule, label, label.size, resolution)
        turned = f' orientation="[{label.rotation}]"' if label.rotation else ""
        placed = 'placement="point"' if label.rotation else 'placement="interior"'
        placed += f' dy="{label.below:g}"' if label.below else ""
        yield (
            f"<Rule>{_condition(rule, rules, fixed, [f'[{label.field}] != null'])}"
            f'<TextSymbolizer face-name="{_FONTS[label.bold]}" size="{size:.2f}" fill="{INK}" '
            f'halo-fill="rgba(255,255,255,0.75)" halo-radius="1.4" {placed} wrap-width="{_LABEL_WIDTH}" '
            f'line-spacing="1"{turned}>[{label.field}]</TextSymbolizer></Rule>'
        )


def _symbolizer(rule: Rule, part: Part, dimension: Dimension, resolution: float, assets: dict[str, str]) -> str:
    def size(value: float) -> float:
        return scale.bounded(rule, part, value, resolution)

    match part:
        case Fill(colour, opacity):
            return f'<PolygonSymbolizer fill="{colour}" fill-opacity="{opacity:g}" gamma="0.75"/>'
        case Hatch(colour, width, spacing, angle):
            apart = scale.pixels(rule, spacing, resolution)
            if apart < _LEAST_SPACING:
                return f'<PolygonSymbolizer fill="{colour}" fill-opacity="{width / spacing:.3f}"/>'
            name = _hatch(colour, max(0.5, scale.pixels(rule, width, resolution)), apart, angle, assets)
            return f'<PolygonPatternSymbolizer file="{name}" alignment="global"/>'
        case Pattern(form, extent, spacing):
            name = _pattern(form, size(extent), scale.pixels(rule, spacing, resolution), assets)
            return f'<PolygonPatternSymbolizer file="{name}" alignment="global" opacity="0.55"/>'
        case Line():
            return _line(rule, part, resolution)
        case Marks(form, extent, spacing):
            file, wide = _form(form, assets), size(extent)
            apart = max(scale.pixels(rule, spacing, resolution) - wide, wide * 0.6)
            return (
                f'<MarkersSymbolizer file="{file}" placement="line" width="{wide:.2f}" height="{wide:.2f}" '
                f'spacing="{apart:.2f}" spacing-offset="{apart / 2:.2f}" max-error="0.4" allow-overlap="true" '
                f'ignore-placement="true" clip="false"/>'
            )
        case Symbol(form, extent):
            place, over = ("interior", "false") if dimension is Dimension.AREA else ("point", "true")
            return (
                f'<MarkersSymbolizer file="{_form(form, assets)}" placement="{place}" width="{size(extent):.2f}" '
                f'height="{size(extent):.2f}" allow-overlap="{over}"/>'
            )
        case Disc(radius, fill, stroke, width, growth):
            fills = f'fill="{fill}"' if fill else 'fill-opacity="0"'
            strokes = f'stroke="{stroke}" stroke-width="{width:g}"' if stroke else 'stroke-opacity="0"'
            side = _grown(growth) if growth else f"{2 * radius:g}"
            across = f'width="{side}" height="{side}"'
            return f'<MarkersSymbolizer marker-type="ellipse" {across} {fills} {strokes} allow-overlap="true"/>'


def _grown(growth: Growth) -> str:
    """The diameter as an expression of Mapnik."""
    span = (growth.largest - growth.smallest) / (growth.high - growth.low)
    value = f"min(max([{growth.field}], {growth.low:g}), {growth.high:g})"
    return f"2 * ({growth.smallest:g} + {span:g} * ({value} - {growth.low:g}))"


def _line(rule: Rule, line: Line, resolution: float) -> str:
    width = scale.bounded(rule, line, line.width, resolution)
    # a line that is kept wider than it is on the ground keeps the proportions of its dashes
    factor = width / line.width
    dash = ", ".join(f"{part * factor:.2f}" for part in line.dash)
    dashed = f' stroke-dasharray="{dash}"' if line.dash else ""
    # Mapnik counts to the right
    moved = f' offset="{-line.offset * factor:.2f}" stroke-linejoin="round"' if line.offset else ""
    return f'<LineSymbolizer stroke="{line.colour}" stroke-width="{width:.2f}"{dashed}{moved} clip="false"/>'


def _form(name: str, assets: dict[str, str]) -> str:
    # Mapnik measures what is drawn and not the viewBox: an invisible square keeps the middle where it is
    assets[f"{name}.svg"] = _svg(24, f"{_SQUARE}{_inner(name)}")
    return f"{name}.svg"


def _inner(form: str) -> str:
    return planzeichen.form(form).partition(">")[2].rpartition("</svg>")[0]


def _hatch(colour: str, width: float, spacing: float, angle: int, assets: dict[str, str]) -> str:
    """A square that continues itself, with a whole number of lines across it."""
    lines = max(1, round(_PATTERN / (spacing * (sqrt(2) if angle % 90 else 1))))
    name = f"hatch-{colour.lstrip('#')}-{width:.1f}-{lines}-{angle}.png"
    assets[name] = b64encode(stripes(colour, width, lines, angle, _PATTERN)).decode()
    return name


def _pattern(form: str, extent: float, spacing: float, assets: dict[str, str]) -> str:
    side = next(side for side in (32, 64, 128, 256) if side >= spacing or side == 256)
    name = f"pattern-{form}-{extent:.0f}-{side}.svg"
    inner = _inner(form)
    places = [(side / 4, side / 4), (side * 3 / 4, side * 3 / 4)]
    drawn = "".join(
        f'<g transform="translate({x - extent / 2:.1f} {y - extent / 2:.1f}) scale({extent / 24:.3f})">{inner}</g>'
        for x, y in places
    )
    clear = f'<rect width="{side}" height="{side}" fill="#ffffff" fill-opacity="0"/>'
    assets[name] = _svg(side, f"{clear}{drawn}")
    return name


def _svg(side: int, content: str) -> str:
    head = f'width="{side}" height="{side}" viewBox="0 0 {side} {side}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{content}</svg>'


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
