"""The layers of the WMS: each collection, and the plans by legal state and by Gemeinde below it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from geoportal.cartography.sheets import PLANWERK
from geoportal.catalogue import Words
from geoportal.ogc.collection import Collection
from geoportal.ogc.maps.selection import Selection
from plans_ingest.gemeinden import all_gemeinden

_STATES: Mapping[str, Words] = {
    "in_kraft": Words(de="in Kraft", en="in force"),
    "in_aufstellung": Words(de="in Aufstellung", en="being drawn up"),
    "archiviert": Words(de="nicht mehr gültig", en="no longer valid"),
    "unbekannt": Words(de="Rechtsstand unbekannt", en="legal state unknown"),
}
_ALL = Selection()


@dataclass(frozen=True, slots=True)
class WmsLayer:
    """A layer that can be drawn. `groups`: the layers below it, under a title each."""

    name: str
    title: Words
    collection: Collection
    selection: Selection = _ALL
    groups: tuple[tuple[Words, tuple["WmsLayer", ...]], ...] = ()


def tree(collections: Mapping[str, Collection]) -> list[WmsLayer]:
    """The layers of the first level; those of a part of a collection (areas, lines, points) stay within it."""
    drawn = (collection for collection in collections.values() if collection.layer.drawn)
    return [_layer(collection) for collection in drawn if collection.dimension is None]


def by_name(layers: list[WmsLayer]) -> dict[str, WmsLayer]:
    return {layer.name: layer for layer in _all(layers)}


def _all(layers: list[WmsLayer]) -> Iterator[WmsLayer]:
    for layer in layers:
        yield layer
        for _, below in layer.groups:
            yield from below


def _layer(collection: Collection) -> WmsLayer:
    layer = collection.layer
    if layer.view not in PLANWERK:
        return WmsLayer(layer.id, layer.title, collection)

    def part(suffix: str, words: Words, selection: Selection) -> WmsLayer:
        title = Words(de=f"{layer.title.de} – {words.de}", en=f"{layer.title.en} – {words.en}")
        return WmsLayer(f"{layer.id}.{suffix}", title, collection, selection)

    states = tuple(part(status, words, Selection(status=status)) for status, words in _STATES.items())
    gemeinden = tuple(
        part(each.ags, Words(de=each.name, en=each.name), Selection(ags=each.ags)) for each in all_gemeinden()
    )
    groups = (
        (Words(de=f"{layer.title.de} nach Rechtsstand", en=f"{layer.title.en} by legal state"), states),
        (Words(de=f"{layer.title.de} nach Gemeinde", en=f"{layer.title.en} by municipality"), gemeinden),
    )
    return WmsLayer(layer.id, layer.title, collection, groups=groups)
