"""What lies under a pixel: for a reader in the browser, for a program, and as plain text."""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Engine

from geoportal.catalogue import Layer
from geoportal.ogc.crs import CRS84, STORED, Box
from geoportal.ogc.maps.picture import Picture, transformed
from geoportal.ogc.maps.sources import Drawn
from geoportal.ogc.spoken import Spoken
from geoportal.ogc.table import Condition, Question

_TOLERANCE: Final = 4  # pixels around the one that was asked for
MOST_FEATURES: Final = 50

type Feature = dict[str, Any]


def found(engine: Engine, drawn: Drawn, picture: Picture, column: int, row: int, most: int) -> list[Feature]:
    """GeoJSON features in CRS84, each with the id of its collection as `collection`. Raises Unavailable."""
    box = picture.box
    across, up = (box.east - box.west) / picture.width, (box.north - box.south) / picture.height
    x, y = box.west + (column + 0.5) * across, box.north - (row + 0.5) * up
    near = Box(x - _TOLERANCE * across, y - _TOLERANCE * up, x + _TOLERANCE * across, y + _TOLERANCE * up)
    # areas are hit by the pixel, points and lines are thin: a box around it finds all; of areas the exact hits count
    stored = transformed(near, picture.crs, STORED)
    corners = [stored.west, stored.south, stored.east, stored.north]
    conditions = [Condition({"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": corners}]}, STORED)]
    for name, value in (("ags", drawn.selection.ags), ("status", drawn.selection.status)):
        if value is not None and name in drawn.collection.table.queryables:
            conditions.append(Condition({"op": "=", "args": [{"property": name}, value]}))
    conditions += drawn.conditions
    page = drawn.collection.table.page(engine, Question(limit=most, conditions=conditions, crs=CRS84))
    features = page.read()
    for feature in features:
        feature["collection"] = drawn.collection.layer.id
    return features


def as_json(features: Sequence[Feature]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def as_text(features: Sequence[Feature], layers: Mapping[str, Layer]) -> str:
    if not features:
        return "Hier liegt nichts. / Nothing here.\n"
    blocks = []
    for feature in features:
        layer = layers[feature["collection"]]
        lines = [f"{label}: {value}" for label, value in _told(feature, layer)]
        blocks.append("\n".join([layer.title.de, *(f"  {line}" for line in lines)]))
    return "\n\n".join(blocks) + "\n"


def as_html(features: Sequence[Feature], layers: Mapping[str, Layer], base: str) -> str:
    """A page that needs nothing else; programs show it in a small window."""
    parts = []
    for feature in features:
        layer = layers[feature["collection"]]
        rows = "".join(
            f"<tr><th scope='row'>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
            for label, value in _told(feature, layer)
        )
        item = html.escape(f"{base}/collections/{layer.id}/items/{feature['id']}?f=html")
        more = f"<p><a href='{item}'>Alle Angaben / all fields</a></p>"
        parts.append(f"<h2>{html.escape(layer.title.de)}</h2><table>{rows}</table>{more}")
    body = "".join(parts) or "<p>Hier liegt nichts. / Nothing here.</p>"
    return (
        "<!doctype html><html lang='de'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'><title>Auskunft zur Karte</title></head>"
        f"<body><h1>Auskunft zur Karte</h1>{body}</body></html>"
    )


def _told(feature: Feature, layer: Layer) -> list[tuple[str, str]]:
    """What a click on the map tells: the fields of `popup`, codes in words."""
    spoken = Spoken(layer, "de")
    names = [name for name in layer.popup or layer.properties if feature["properties"].get(name) is not None]
    return [(spoken.label(name), spoken.value(name, feature["properties"][name])) for name in names]
