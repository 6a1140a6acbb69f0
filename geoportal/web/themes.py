"""What the catalogue's manifests mean to the map: the theme tree, its symbols, and what a click tells."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import g, has_request_context

from geoportal.cartography import legend, planzeichen
from geoportal.cartography.model import Dimension, Disc, Fill, Line, Rule, Sheet
from geoportal.cartography.model import Symbol as Form
from geoportal.cartography.sheets import RECHTSSTAND, STANDARD, sheets
from geoportal.catalogue import Layer, Shelf, Symbol
from geoportal.hier import Language
from geoportal.ogc.tiles.tileset import drawn_with
from geoportal.web.errors import PortalSetupError

log = logging.getLogger(__name__)

# These have their own place on the map; everything else in the catalogue is a theme.
PLANS = ("bebauungsplaene", "flaechennutzungsplaene")
_OWN_PLACE = frozenset({*PLANS, "planinhalte", "gemeinden"})
# WebMercatorQuad's scale denominator at zoom 0 (OGC 17-083r4, annex D.1), as it is on the ground at 51° N
_ZOOM_0 = 559_082_264.03 * math.cos(math.radians(51))


class Catalogue:
    """The layers as their manifests stand now: a new folder is a new theme without a restart."""

    def __init__(self, folder: Path) -> None:
        self._shelf = Shelf(folder)
        self._layers: Mapping[str, Layer] = {}

    def layers(self) -> Mapping[str, Layer]:
        """By id; within a request always the same. A mistake in a manifest leaves what was read of it before.

        Raises PortalSetupError when, at the start, the map lacks a layer that has its own place on it.
        """
        if not has_request_context():
            return self._now()
        if "layers" not in g:
            g.layers = self._now()
        found: Mapping[str, Layer] = g.layers
        return found

    def _now(self) -> Mapping[str, Layer]:
        if not self._shelf.look():
            return self._layers
        for name, fault in self._shelf.faults.items():
            log.error("the map keeps the former state of theme %s: %s", name, fault)
        found = self._shelf.layers
        if missing := sorted(_OWN_PLACE - found.keys()):
            told = "".join(f"\n{fault}" for fault in self._shelf.faults.values())
            if not self._layers:
                raise PortalSetupError(f"{self._shelf.folder}: fehlt / missing: {', '.join(missing)}{told}")
            log.error("the map keeps its former layers, these are gone: %s", ", ".join(missing))
            return self._layers
        self._layers = found
        return self._layers

    def themes(self) -> list[Layer]:
        """In the order of the theme tree."""
        found = [layer for layer in self.layers().values() if layer.id not in _OWN_PLACE and layer.drawn]
        return sorted(found, key=lambda layer: (layer.theme, layer.title.de))


def headings(layers: Sequence[Layer], spoken: Language) -> dict[str, str]:
    """Of the parts of the tree in which these layers stand: as the first says, else 'Stadt Natur' of stadt_natur.

    A name has no umlauts, and not each ae is one: only a manifest can say how a theme is spelt.
    """
    said = {layer.theme: getattr(layer.theme_title, spoken) for layer in reversed(layers) if layer.theme_title}
    return {layer.theme: layer.theme.replace("_", " ").title() for layer in layers} | said


def symbol(layer: Layer, value: str | int | bool | None = None) -> dict[str, Any]:
    """The drawing of a layer, or of one category of it, as the scripts and the legend use it."""
    own = next((category for category in layer.style.categories if category.value == value), None)
    return {name: getattr(own, name, None) or getattr(layer.style, name) for name in Symbol.model_fields}


def for_script(layer: Layer, spoken: Language) -> dict[str, Any]:
    """Title, how it is drawn, the fields that are told of a feature (the first names it), and those of its tiles."""
    limits = layer.style.scale
    return {
        "id": layer.id,
        "title": getattr(layer.title, spoken),
        "headline": layer.headline,
        "minZoom": _zoom(limits.farthest) if limits else 0,
        "maxZoom": _zoom(limits.closest) if limits and limits.closest else 24,
        "rules": [_rule(rule) for rule in _sheet(layer).rules],
        "popup": layer.popup,
        "label": layer.style.label,
        "tiles": drawn_with(layer),
        "key": layer.key,
    }


def legend_of(layer: Layer, spoken: Language) -> list[tuple[str, str]]:
    """The layer's signs as (title, drawing): SVG without its root, of our own making."""
    return [(entry.title, entry.drawing) for entry in legend.entries(_sheet(layer), spoken)]


def _sheet(layer: Layer) -> Sheet:
    drawn = sheets(layer)
    return drawn.get(RECHTSSTAND) or drawn.get(STANDARD) or next(iter(drawn.values()))


def _rule(rule: Rule) -> dict[str, Any]:
    """What a canvas needs of it: sizes in pixels, forms as pictures."""
    told: dict[str, Any] = {"when": dict(rule.when)}
    for dimension in Dimension:
        if parts := [part for part in rule.drawn(dimension) if isinstance(part, Fill | Line | Disc | Form)]:
            told[dimension.value] = [_part(part) for part in parts]
    return told


def _part(part: Fill | Line | Disc | Form) -> dict[str, Any]:
    match part:
        case Fill(colour, opacity):
            return {"fill": colour, "opacity": opacity}
        case Line(colour, width, dash, _):
            return {"line": colour, "width": width, "dash": dash}
        case Disc(radius, fill, stroke, width, growth):
            grown = asdict(growth) if growth else None
            return {"disc": fill, "radius": radius, "stroke": stroke, "width": width, "growth": grown}
        case Form(form, _):
            return {"form": f"data:image/svg+xml,{quote(planzeichen.form(form))}"}


def _zoom(denominator: int) -> float:
    """The zoom of the web map at which a scale is reached."""
    return max(0.0, round(math.log2(_ZOOM_0 / denominator), 2))
