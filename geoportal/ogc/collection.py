"""The collections that are made of a layer: one, four if its features are areas, lines and points together, and those
of its selections.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Final

from geoportal.cartography.model import Sheet
from geoportal.cartography.sheets import PLANWERK, sheets
from geoportal.catalogue import Geometry, Layer, Words
from geoportal.downloads import DataSet
from geoportal.ogc.table import FeatureTable


def has_history(layer: Layer) -> bool:
    """Whether it can be asked what was public on a day: beside its view is one named …_historie, with all that ever was
    public.
    """
    return layer.view in PLANWERK


@dataclass(frozen=True)
class Collection:
    """A layer as it is offered; `dimension` restricts it to points (0), lines (1) or areas (2), `where` to what has
    these values. A selection (from the collection `selected_from`) is not drawn (`layer.drawn`), nor is it made into
    files: the whole layer is.
    """

    layer: Layer
    dimension: int | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    selected_from: str | None = None

    @property
    def data_set(self) -> DataSet:
        layer = self.layer
        return DataSet(
            name=layer.id,
            view=layer.view,
            key=layer.fields[layer.key].type,
            fields={name: field.type for name, field in layer.properties.items()},
            geometry=layer.geometry,
            dimension=self.dimension,
            # the parts by kind of geometry are for whom the whole is too mixed; the whole has files by Gemeinde
            by_gemeinde=self.dimension is None,
            styles=tuple(self.sheets.values()) if layer.drawn else (),
        )

    @cached_property
    def sheets(self) -> Mapping[str, Sheet]:
        """Its styles by id; the first is the default."""
        return sheets(self.layer)

    @cached_property
    def table(self) -> FeatureTable:
        layer = self.layer
        return FeatureTable(
            view=layer.view,
            key=layer.fields[layer.key].type,
            fields={name: field.type for name, field in layer.properties.items()},
            start=layer.time.start if layer.time else None,
            end=layer.time.end if layer.time else None,
            multi=layer.geometry.startswith("Multi"),
            dimension=self.dimension,
            where=self.where,
            links=tuple(layer.enclosure or ()),
        )

    def table_on(self, day: date | None) -> FeatureTable:
        """What is public now, or was at the end of a day; only of a layer that has a history."""
        return self.table if day is None else replace(self.table, view=f"{self.table.view}_historie", day=day)


DIMENSIONS: Final[Mapping[Geometry, int | None]] = {
    Geometry.POINT: 0,
    Geometry.MULTI_POINT: 0,
    Geometry.LINE_STRING: 1,
    Geometry.MULTI_LINE_STRING: 1,
    Geometry.POLYGON: 2,
    Geometry.MULTI_POLYGON: 2,
    Geometry.GEOMETRY: None,
}
# QGIS, ArcGIS and every file format but GeoJSON hold one geometry type per layer.
_PARTS = (
    ("flaechen", 2, Geometry.MULTI_POLYGON, Words(de="Flächen", en="areas")),
    ("linien", 1, Geometry.MULTI_LINE_STRING, Words(de="Linien", en="lines")),
    ("punkte", 0, Geometry.MULTI_POINT, Words(de="Punkte", en="points")),
)


def collections_of(layers: Iterable[Layer]) -> Iterator[Collection]:
    for layer in layers:
        yield Collection(layer)
        if layer.history is not None:
            yield Collection(layer.history)
        if layer.geometry is Geometry.GEOMETRY:
            yield from _parts(layer)
        yield from _selections(layer)


def _parts(layer: Layer) -> Iterator[Collection]:
    for suffix, dimension, geometry, words in _PARTS:
        title = Words(de=f"{layer.title.de} ({words.de})", en=f"{layer.title.en} ({words.en})")
        yield Collection(_part(layer, id=f"{layer.id}_{suffix}", title=title, geometry=geometry), dimension)


def _selections(layer: Layer) -> Iterator[Collection]:
    for name, chosen in layer.selections.items():
        part = _part(
            layer,
            id=name,
            title=chosen.title,
            description=chosen.description,
            geometry=chosen.geometry,
            drawn=False,
        )
        yield Collection(part, DIMENSIONS[chosen.geometry], chosen.where, layer.id)


def _part(layer: Layer, **other: object) -> Layer:
    # the view is the whole layer's, whatever the part is called
    return layer.model_copy(update={**other, "source": layer.source.model_copy(update={"view": layer.view})})
