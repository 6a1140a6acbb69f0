"""The collections that are made of a layer: one, or four if its features are areas, lines and points together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final

from geoportal.catalogue import Geometry, Layer, Words
from geoportal.downloads import DataSet
from geoportal.ogc.table import FeatureTable

# Views of schema `ogc` beside which there is one named …_historie, with all that was ever public.
_HISTORIES: Final = frozenset({"bebauungsplaene", "flaechennutzungsplaene"})


def has_history(layer: Layer) -> bool:
    """Whether it can be asked what was public on a day."""
    return layer.view in _HISTORIES


@dataclass(frozen=True)
class Collection:
    """A layer as it is offered; `dimension` restricts it to points (0), lines (1) or areas (2)."""

    layer: Layer
    dimension: int | None = None

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
        )

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
        )

    def table_on(self, day: date | None) -> FeatureTable:
        """What is public now, or was at the end of a day; only of a layer that has a history."""
        return self.table if day is None else replace(self.table, view=f"{self.table.view}_historie", day=day)


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
        if layer.geometry is not Geometry.GEOMETRY:
            continue
        for suffix, dimension, geometry, words in _PARTS:
            title = Words(de=f"{layer.title.de} ({words.de})", en=f"{layer.title.en} ({words.en})")
            part = layer.model_copy(
                update={
                    "id": f"{layer.id}_{suffix}",
                    "title": title,
                    "geometry": geometry,
                    # the view is the whole layer's, whatever the part is called
                    "source": layer.source.model_copy(update={"view": layer.view}),
                }
            )
            yield Collection(part, dimension)
