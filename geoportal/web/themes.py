"""What the catalogue's manifests mean to the map: the theme tree, its symbols, and what a click tells."""

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geoportal.catalogue import Layer, Shelf, Symbol
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
        """By id. A mistake in a manifest leaves what was read of it before.

        Raises PortalSetupError when, at the start, the map lacks a layer that has its own place on it.
        """
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


def heading(layer: Layer) -> str:
    """'natur_umwelt' -> 'Natur umwelt': the part of the tree in which a theme stands."""
    return layer.theme.replace("_", " ").capitalize()


def symbol(layer: Layer, value: str | int | bool | None = None) -> dict[str, Any]:
    """The drawing of a layer, or of one category of it, as the scripts and the legend use it."""
    own = next((category for category in layer.style.categories if category.value == value), None)
    return {name: getattr(own, name, None) or getattr(layer.style, name) for name in Symbol.model_fields}


def for_script(layer: Layer) -> dict[str, Any]:
    """Title, symbols, and the fields that a click tells in their order; the first of them names the feature."""
    return {
        "id": layer.id,
        "title": layer.title.de,
        "by": layer.style.by,
        "minZoom": _zoom(layer.style.scale.farthest) if layer.style.scale else 0,
        "symbol": symbol(layer),
        "categories": [{"value": each.value, **symbol(layer, each.value)} for each in layer.style.categories],
        "popup": [
            {
                "name": name,
                "label": field.label.de,
                "type": field.type,
                "unit": field.unit,
                "codes": {str(code): text.de for code, text in field.codes.items()},
            }
            for name, field in ((name, layer.properties[name]) for name in layer.popup)
        ],
    }


def _zoom(denominator: int) -> float:
    """The zoom of the web map at which a scale is reached."""
    return max(0.0, round(math.log2(_ZOOM_0 / denominator), 2))
