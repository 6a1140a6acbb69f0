"""One feature as a file tells it, before it is put in place and understood: the same for every format."""

from dataclasses import dataclass, field
from typing import Final

from shapely.geometry.base import BaseGeometry

from plans_ingest.model import Json, Where

# Of one file of outlines, whose rows are in memory together; and of one XPlanGML, whose objects are not
# (docs/performance-ingest.md). The largest Flächennutzungsplan that we know has 3,600.
MAX_FEATURES: Final = 200_000
MAX_OBJECTS: Final = 1_200_000


class GeometryFault(Exception):
    """A geometry that cannot be read; the text says why, German and English."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A geometry as it stands in the file. `srs_name` is the nearest one written at or inside the geometry, if any."""

    geometry: BaseGeometry
    srs_name: str | None


@dataclass(slots=True, eq=False)
class Record:
    """One feature, read: `values` as delivered, `geometries` by property name, still in the file's CRS."""

    klasse: str
    gml_id: str | None
    where: Where
    values: dict[str, list[Json]] = field(default_factory=dict)
    geometries: dict[str, list[Raw]] = field(default_factory=dict)

    def one(self, name: str) -> Json:
        """The first value of a property, or None."""
        return next(iter(self.values.get(name, ())), None)

    def take(self, name: str) -> Json:
        """As one(), and that value counts as understood; further ones, which should not be, stay among the rest."""
        values = self.values.pop(name, [])
        if len(values) > 1:
            self.values[name] = values[1:]
        return values[0] if values else None

    def take_all(self, name: str) -> list[Json]:
        return self.values.pop(name, [])
