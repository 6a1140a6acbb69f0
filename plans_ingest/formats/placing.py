"""From the file's coordinates to valid geometries in the target CRS: many at once, every step told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from plans_ingest import crs, geometry
from plans_ingest.formats.records import Record
from plans_ingest.model import Issue, Severity, Where

_WORTH_TELLING: Final = 0.1  # metres; a change of CRS less exact than this is told


@dataclass(slots=True)
class Placed:
    """A geometry in the target CRS, valid and oriented; `original` is what it was before mending, if mended."""

    record: Record
    name: str
    geometry: BaseGeometry
    original: BaseGeometry | None = None


def place(
    records: Iterable[Record], document: Where, default_srs: str | None, srid: int
) -> tuple[list[Placed], list[Issue]]:
    """All geometries of the records, which give them away, in the CRS `srid`.

    What cannot be placed is told and stays as text.
    """
    issues: list[Issue] = []
    return Placer(document, default_srs, srid, issues).place(records), issues


@dataclass(frozen=True, slots=True)
class _Way:
    """From the coordinates of a file that name a CRS in one way to the target CRS."""

    epsg: int
    is_swapped: bool
    operation: Transformer | None

    def go(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        points = crs.without_zone(points[:, ::-1] if self.is_swapped else points, self.epsg)
        operation = self.operation
        return points if operation is None else np.column_stack(operation.transform(points[:, 0], points[:, 1]))


class Placer:
    """Places the records of one document, as many at a time as its reader likes.

    What the numbers of the first say of a CRS (which one, in which order of axes) holds for all that follow.
    """

    def __init__(self, document: Where, default_srs: str | None, srid: int, issues: list[Issue]) -> None:
        self._document = document
        self._default_srs = default_srs
        self._srid = srid
        self._issues = issues
        self._ways: dict[str | None, _Way | None] = {}
        self._zones_told: set[str | None] = set()

    def place(self, records: Iterable[Record]) -> list[Placed]:
        groups: dict[str | None, list[Placed]] = {}
        for record in records:
            for name, raws in record.geometries.items():
                for raw in raws:
                    groups.setdefault(raw.srs_name or self._default_srs, []).append(Placed(record, name, raw.geometry))
            record.geometries = {}  # or each would be in memory twice
        placed: list[Placed] = []
        for srs_name, group in groups.items():
            placed.extend(self._place_group(group, srs_name))
        _make_valid(placed, self._issues)
        return placed

    def _place_group(self, group: list[Placed], srs_name: str | None) -> list[Placed]:
        shapes = np.array([item.geometry for item in group], dtype=object)
        coordinates = shapely.get_coordinates(shapes)
        if srs_name not in self._ways:
            self._ways[srs_name] = self._way(coordinates, srs_name)
        way = self._ways[srs_name]
        if way is None:
            self._tell("crs_unknown", Severity.ERROR, f"{srs_name!r} ({len(group)})")
            for item in group:
                _keep_unplaced(item)
            return []
        if srs_name not in self._zones_told and crs.has_zone(
            coordinates[:, ::-1] if way.is_swapped else coordinates, way.epsg
        ):
            self._zones_told.add(srs_name)
            self._tell("zone_in_easting", Severity.INFO, f"{srs_name or 'ohne srsName'} → EPSG:{way.epsg}")
        moved = shapely.transform(shapes, way.go)
        points, owner = shapely.get_coordinates(moved, return_index=True)
        lost = set(owner[~crs.is_in_germany(points, self._srid)].tolist())
        result = []
        for index, (item, shape) in enumerate(zip(group, moved, strict=True)):
            if index in lost:
                where = item.record.where
                self._issues.append(Issue("geometry_unplaceable", Severity.ERROR, where, f"EPSG:{way.epsg}"))
                _keep_unplaced(item)
                continue
            item.geometry = geometry.flat(shape)
            result.append(item)
        return result

    def _way(self, coordinates: npt.NDArray[np.float64], srs_name: str | None) -> _Way | None:
        """None for a CRS that nobody knows."""
        if srs_name is None:
            epsg: int | None = crs.guess(coordinates, self._srid)
            self._tell("crs_assumed", Severity.WARNING, f"EPSG:{epsg}")
        else:
            epsg = crs.epsg_of(srs_name)
        if epsg is None:
            return None
        swapped = crs.is_swapped(coordinates, epsg)
        if swapped:
            self._tell("axes_swapped", Severity.INFO, f"EPSG:{epsg}")
        operation = None if epsg == self._srid else crs.transformer(epsg, self._srid)
        if operation is not None and not 0 <= operation.accuracy <= _WORTH_TELLING:
            accuracy = f"± {operation.accuracy:g} m" if operation.accuracy >= 0 else "?"
            self._tell("crs_inexact", Severity.INFO, f"EPSG:{epsg} → EPSG:{self._srid}: {accuracy}")
        return _Way(epsg, swapped, operation)

    def _tell(self, code: str, severity: Severity, detail: str) -> None:
        self._issues.append(Issue(code, severity, self._document, detail))


def _keep_unplaced(item: Placed) -> None:
    item.record.values.setdefault(item.name, []).append({"_wkt": item.geometry.wkt[:100_000]})


def _make_valid(placed: list[Placed], issues: list[Issue]) -> None:
    shapes = np.array([item.geometry for item in placed], dtype=object)
    valid = shapely.is_valid(shapes)
    oriented = shapely.orient_polygons(shapes)
    reversed_rings = valid & ~shapely.equals_identical(shapes, oriented)
    for index, item in enumerate(placed):
        if reversed_rings[index]:
            issues.append(Issue("ring_reversed", Severity.INFO, item.record.where, item.name))
        if valid[index]:
            item.geometry = oriented[index]
            continue
        mended, reason = geometry.mend(shapes[index], item.record.where)
        item.original, item.geometry = shapes[index], shapely.orient_polygons(mended)
        code = (
            "geometry_mended"
            if mended.geom_type.removeprefix("Multi") == shapes[index].geom_type.removeprefix("Multi")
            else "geometry_collapsed"
        )
        severity = Severity.WARNING if geometry.keeps_area(shapes[index]) else Severity.ERROR
        issues.append(Issue(code, severity, item.record.where, reason or "", geometry=shapes[index]))
