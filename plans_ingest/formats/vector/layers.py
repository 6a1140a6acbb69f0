"""What every vector format is read into: layers of records, filled under one set of limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.formats.records import MAX_FEATURES, Raw, Record
from plans_ingest.model import Issue, Json, Severity, Where

MAX_COLUMNS: Final = 500
MAX_TEXT: Final = 1_000_000  # characters of one value
MAX_RING: Final = 100_000  # vertices of one ring or line
GEOMETRY: Final = "geometry"  # the property under which a record carries its geometry


@dataclass(slots=True, eq=False)
class Layer:
    """One table of features. `srs` is how the file names the CRS, None where it names none.

    `file` is the name of the file to show, `name` that of the layer; rows are counted from 1. A drawing has lines on
    layers and no columns that say anything about a plan.
    """

    file: str
    name: str
    srs: str | None = None
    is_drawing: bool = False
    columns: tuple[str, ...] = ()
    records: list[Record] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    @property
    def where(self) -> Where:
        return Where(self.file, None if self.name == self.file else self.name)

    def declare(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The names of the columns, each but once: a second one of a name is numbered, and told.

        Raises UnsafeFile for more columns than any plan table has.
        """
        names: dict[str, None] = {}
        seen: set[str] = set()
        for column in columns:
            name = _text(column, self.where)
            if name.casefold() in seen:
                self.tell("column_twice", Severity.WARNING, name[:80])
            seen.add(name.casefold())
            number = 2
            while name in names:
                name, number = f"{column}_{number}", number + 1
            names[name] = None
            if len(names) > MAX_COLUMNS:
                raise UnsafeFile(f"mehr als {MAX_COLUMNS} Spalten", "too many columns", self.where)
        self.columns = tuple(names)
        return self.columns

    def tell(self, code: str, severity: Severity, detail: str = "", row: int | None = None) -> None:
        self.issues.append(Issue(code, severity, Where(self.file, self.where.element, line=row), detail))

    def unreadable(self, row: int, reason: str) -> None:
        self.tell("geometry_unreadable", Severity.ERROR, reason, row)

    def add(self, values: Mapping[str, Json], geometry: BaseGeometry | None) -> None:
        """One more feature. Raises UnsafeFile beyond the limits; a geometry that is none is told and left out."""
        row = len(self.records) + 1
        where = Where(self.file, self.where.element, line=row)
        if row > MAX_FEATURES:
            raise UnsafeFile(f"mehr als {MAX_FEATURES} Objekte", "too many features", self.where)
        record = Record(self.name, None, where)
        for name, value in values.items():
            plain = _text(value, where) if isinstance(value, str) else value
            if plain is not None and plain != "":
                record.values[name] = [plain]
        if geometry is not None and not geometry.is_empty:
            flat = self._checked(geometry, row)
            if flat is not None:
                record.geometries[GEOMETRY] = [Raw(flat, self.srs)]
        self.records.append(record)

    def _checked(self, geometry: BaseGeometry, row: int) -> BaseGeometry | None:
        if geometry.has_z:
            geometry = shapely.force_2d(geometry)
            self.tell("height_dropped", Severity.INFO, row=row)
        if not np.isfinite(shapely.get_coordinates(geometry)).all():
            self.unreadable(row, "Koordinate ist keine Zahl / coordinate is no number")
            return None
        if longest_line(geometry) > MAX_RING:
            raise UnsafeFile(
                f"Ring mit mehr als {MAX_RING} Stützpunkten", "ring with too many vertices", Where(self.file, line=row)
            )
        return geometry


def longest_line(geometry: BaseGeometry) -> int:
    """Vertices of the longest ring or line."""
    parts = shapely.get_parts(geometry)
    rings = shapely.get_rings(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    return max((int(count) for count in (*shapely.get_num_coordinates(rings), *_line_lengths(parts))), default=0)


def _line_lengths(parts: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> Iterable[int]:
    lines = parts[shapely.get_type_id(parts) != shapely.GeometryType.POLYGON]
    return (int(count) for count in shapely.get_num_coordinates(lines))


def _text(value: str, where: Where) -> str:
    if len(value) > MAX_TEXT:
        raise UnsafeFile(f"Text mit mehr als {MAX_TEXT} Zeichen", "text too long", where)
    if "\0" in value:
        raise UnreadableFile("Text enthält das Zeichen U+0000", "text holds U+0000", where)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise UnreadableFile("Text ist kein gültiges Unicode", "text is no valid Unicode", where) from None
    return value.strip()
