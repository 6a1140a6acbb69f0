"""The life of the thematic layers: where their rows come from, their tables, and how fresh they are.

`draft` is no part of this face: it brings GDAL and pandas along, which a serving process never needs.
"""

from geoportal.layers.life import LayerState, Synced, check, remove, states, sync, tell_fault, tell_gone
from geoportal.layers.sources import Places
from geoportal.layers.view import without_view

__all__ = [
    "LayerState",
    "Places",
    "Synced",
    "check",
    "remove",
    "states",
    "sync",
    "tell_fault",
    "tell_gone",
    "without_view",
]
