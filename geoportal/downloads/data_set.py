"""What is to be made into files; apart from the making, which brings GDAL and pandas along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geoportal.cartography.model import Sheet
from geoportal.catalogue import FieldType, Geometry


@dataclass(frozen=True, slots=True)
class DataSet:
    """What a collection's files hold: a view of schema `ogc` with `id`, the fields and `geom` (storage CRS).

    `dimension` restricts it to points (0), lines (1) or areas (2). `by_gemeinde`: each Gemeinde
    whose AGS occurs in the field `ags` has files of its own beside those of the whole. `styles`: how it is drawn, the
    usual one first.
    """

    name: str
    view: str
    key: FieldType
    fields: Mapping[str, FieldType]
    geometry: Geometry
    dimension: int | None = None
    by_gemeinde: bool = True
    styles: Sequence[Sheet] = ()
