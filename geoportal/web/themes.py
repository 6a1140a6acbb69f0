"""What the catalogue's manifests mean to the map: the theme tree, its symbols, and what a click tells."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geoportal.catalogue import Layer, ManifestError, Symbol, all_layers
from geoportal.web.errors import PortalSetupError

log = logging.getLogger(__name__)

# These have their own place on the map; everything else in the catalogue is a theme.
PLANS = ("bebauungsplaene", "flaechennutzungsplaene")
_OWN_PLACE = frozenset({*PLANS, "planinhalte", "gemeinden"})


@dataclass(slots=True)
class Catalogue:
    """The layers as their manifests stand now: a new folder is a new theme without a restart."""

    folder: Path
    _signature: tuple[tuple[str, int, int], ...] = ()
    _layers: dict[str, Layer] = field(default_factory=dict)

    def layers(self) -> dict[str, Layer]:
        """By id. A mistake in a manifest leaves what was read before, and is logged; at the start it is raised."""
        files = sorted(self.folder.glob("*/layer.yml"))
        signature = tuple((str(file), (stat := file.stat()).st_mtime_ns, stat.st_size) for file in files)
        if signature != self._signature:
            try:
                found = {layer.id: layer for layer in all_layers(self.folder)}
            except ManifestError:
                if not self._layers:
                    raise
                log.exception("the map keeps its former themes")
            else:
                if missing := sorted(_OWN_PLACE - found.keys()):
                    raise PortalSetupError(f"{self.folder}: fehlt / missing: {', '.join(missing)}")
                self._layers = found
            self._signature = signature
        return self._layers

    def themes(self) -> list[Layer]:
        """In the order of the theme tree."""
        found = [layer for layer in self.layers().values() if layer.id not in _OWN_PLACE]
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
        "symbol": symbol(layer),
        "categories": [{"value": each.value, **symbol(layer, each.value)} for each in layer.style.categories],
        "popup": [
            {
                "name": name,
                "label": layer.fields[name].label.de,
                "type": layer.fields[name].type,
                "codes": {str(code): text.de for code, text in layer.fields[name].codes.items()},
            }
            for name in layer.popup
        ],
    }
