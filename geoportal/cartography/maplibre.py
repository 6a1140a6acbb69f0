"""Styles for vector tiles: Mapbox GL style.json, as MapLibre, OpenLayers and QGIS read it.

Forms are icons of the sprite that belongs to the style (`sprite_places`), letters come from `cartography.glyphs`.
Hatches would need a picture for each zoom: a hatch is a tint.
"""

from collections.abc import Iterator, Sequence
from itertools import batched, groupby
from math import log2
from typing import Any, Final

from geoportal.cartography import scale
from geoportal.cartography.glyphs import BOLD, REGULAR
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
    forms_of,
)

ICON: Final = 48  # pixels of a form in the sprite
_LETTERS: Final = 7  # widths of a letter, after which a text begins a new line
_ZOOMS: Final = tuple(range(9, 22))
_LATITUDE_METRES: Final = 156_543.034 * 0.6316  # metres per pixel of zoom 0 of tiles of 256, at 50.83 degrees north
_GEOMETRY = {Dimension.AREA: "Polygon", Dimension.LINE: "LineString", Dimension.POINT: "Point"}
_PASSES: Final[tuple[tuple[type, ...], ...]] = ((Fill,), (Hatch, Pattern), (Line, Marks), (Symbol, Disc))

type Json = dict[str, Any]


def write(sheet: Sheet, name: str, tiles: str, symbols: str, source_layer: str, labelled: str | None = None) -> Json:
    """`tiles` is the address of the vector tiles with {z}, {x} and {y}, `symbols` where icons and letters are.

    `labelled`: the layer of the tiles that has the places of texts, if it is another than that of the features.
    """
    return {
        "version": 8,
        "name": name,
        "sprite": f"{symbols}/sprite",
        "glyphs": f"{symbols}/glyphs/{{fontstack}}/{{range}}.pbf",
        "sources": {"tiles": {"type": "vector", "tiles": [tiles], "minzoom": 0, "maxzoom": 16}},
        "layers": [
            {"source": "tiles", "source-layer": source_layer, **layer}
            # of coarse plans everything lies below the finer ones
            for _, rules in groupby(sheet.rules, key=lambda rule: rule.sheet)
            for held in [list(rules)]
            for kinds in _PASSES
            for rule in held
            for layer in _layers(rule, sheet.rules, kinds)
        ]
        + [
            {"source": "tiles", "source-layer": labelled or source_layer, **layer}
            for rule in sheet.rules
            if rule.label
            for layer in [_text(rule, rule.label, sheet.rules)]
        ],
    }


def sprite_places(forms: Sequence[str], ratio: int = 1) -> dict[str, dict[str, int]]:
    """Where each form stands in the picture, eight in a row."""
    side = ICON * ratio
    return {
        form: {"x": number % 8 * side, "y": number // 8 * side, "width": side, "height": side, "pixelRatio": ratio}
        for number, form in enumerate(forms)
    }


def sprite_forms(sheets: Iterator[Sheet]) -> list[str]:
    return sorted(forms_of(sheets))


def _layers(rule: Rule, rules: Sequence[Rule], kinds: tuple[type, ...]) -> Iterator[Json]:
    for dimension in Dimension:
        for number, part in enumerate(rule.drawn(dimension)):
            if not isinstance(part, kinds):
                continue
            shape = ["==", ["geometry-type"], _GEOMETRY[dimension]]
            yield {
                "id": f"{rule.id}-{dimension.value}-{number}",
                "filter": ["all", shape, *_meant(rule, rules)],
                **_drawn(rule, part, dimension),
                **_described(rule, part),
            }


def _text(rule: Rule, label: Label, rules: Sequence[Rule]) -> Json:
    layout: Json = {
        "text-field": ["get", label.field],
        "text-font": [BOLD if label.bold else REGULAR],
        "text-size": _by_zoom(rule, label, label.size),
        "text-max-width": _LETTERS,
        "text-line-height": 1.1,
    }
    if label.below:
        layout["text-offset"] = [0, round(label.below / label.size, 2)]
    return {
        "id": f"{rule.id}-text",
        "type": "symbol",
        "filter": ["all", ["has", label.field], *_meant(rule, rules)],
        "layout": layout,
        "paint": {"text-color": INK, "text-halo-color": "rgba(255,255,255,0.75)", "text-halo-width": 1.4},
        **_described(rule, label),
    }


def _described(rule: Rule, part: Part | Label) -> Json:
    """What a layer says of itself: its meaning, and the zooms at which it is there."""
    told: Json = {"metadata": {"rule": rule.id, "title": rule.title.de}}
    if (limit := scale.reach(rule, part)) is not None:
        told["minzoom"] = max(0.0, round(_zoom_of(limit), 2))
    if rule.closest is not None:
        told["maxzoom"] = min(24.0, round(_zoom_of(rule.closest), 2))
    return told


def _meant(rule: Rule, rules: Sequence[Rule]) -> list[list[Any]]:
    if rule.otherwise:  # said without a negation, which QGIS 3.22 does not understand
        others = [_compared("!=", other) for other in rules if not other.otherwise]
        return [terms[0] if len(terms) == 1 else ["any", *terms] for terms in others]
    return _compared("==", rule)


def _compared(operator: str, rule: Rule) -> list[list[Any]]:
    return [[operator, ["get", name], value] for name, value in rule.when.items()]


def _drawn(rule: Rule, part: Part, dimension: Dimension) -> Json:
    def sized(value: float) -> Any:
        return _by_zoom(rule, part, value)

    match part:
        case Fill(colour, opacity):
            return {"type": "fill", "paint": {"fill-color": colour, "fill-opacity": opacity}}
        case Hatch(colour, width, spacing, _):
            return {"type": "fill", "paint": {"fill-color": colour, "fill-opacity": round(width / spacing, 3)}}
        case Line(colour, width, dash, offset):
            paint: Json = {"line-color": colour, "line-width": sized(width)}
            if dash:  # in widths of the line
                paint["line-dasharray"] = [round(each / width, 2) for each in dash]
            if offset:  # MapLibre counts to the right
                paint["line-offset"] = _by_zoom(rule, part, -offset)
            return {"type": "line", "paint": paint}
        case Marks(form, size, spacing):
            layout = {"symbol-placement": "line", "symbol-spacing": max(8, round(spacing * 4)), "icon-image": form}
            return {"type": "symbol", "layout": {**layout, "icon-size": _icon(rule, part, size), **_ALWAYS}}
        case Pattern(form, size, _) | Symbol(form, size):
            layout = {"icon-image": form, "icon-size": _icon(rule, part, size)}
            return {"type": "symbol", "layout": layout | (_ALWAYS if dimension is Dimension.POINT else {})}
        case Disc(radius, fill, stroke, width, growth):
            grown = ["interpolate", ["linear"], ["get", growth.field], *_stops(growth)] if growth else radius
            paint = {"circle-radius": grown, "circle-color": fill or "rgba(0,0,0,0)"}
            if stroke:
                paint |= {"circle-stroke-color": stroke, "circle-stroke-width": width}
            return {"type": "circle", "paint": paint}


def _stops(growth: Growth) -> list[float]:
    return [growth.low, growth.smallest, growth.high, growth.largest]


_ALWAYS: Final = {"icon-allow-overlap": True, "icon-ignore-placement": True}


def _by_zoom(rule: Rule, part: Part | Label, value: float, factor: float = 1.0) -> Any:
    if rule.sheet is None:
        return value * factor
    sign = -1 if value < 0 else 1
    stops: list[float] = []
    for zoom in _ZOOMS:
        stops += [zoom, round(sign * factor * scale.bounded(rule, part, abs(value), _resolution(zoom)), 3)]
    return ["interpolate", ["exponential", 2], ["zoom"], *stops]


def _icon(rule: Rule, part: Part, size: float) -> Any:
    """As a function and not as an expression: QGIS 3.22 knows no other way to say that a sign grows."""
    match _by_zoom(rule, part, size, 1 / ICON):
        case [_, [_, base], _, *stops]:
            return {"base": base, "stops": [list(stop) for stop in batched(stops, 2, strict=True)]}
        case plain:
            return plain


def _resolution(zoom: float) -> float:
    """Metres on the ground per pixel; MapLibre's zoom belongs to tiles of 512 pixels."""
    return _LATITUDE_METRES / float(2 ** (zoom + 1))


def _zoom_of(denominator: float) -> float:
    return log2(_LATITUDE_METRES / (denominator * scale.PIXEL_METRES)) - 1
