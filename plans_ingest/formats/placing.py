"""From the file's coordinates to valid geometries in the target CRS: all of a document at once, every step told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
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
    groups: dict[str | None, list[Placed]] = {}
    for record in records:
        for name, raws in record.geometries.items():
            for raw in raws:
                groups.setdefault(raw.srs_name or default_srs, []).append(Placed(record, name, raw.geometry))
        record.geometries = {}  # or each would be in memory twice
    placed: list[Placed] = []
    for srs_name, group in groups.items():
        placed.extend(_place_group(group, document, srs_name, srid, issues))
    _make_valid(placed, issues)
    return placed, issues


def _place_group(
    group: list[Placed], document: Where, srs_name: str | None, srid: int, issues: list[Issue]
) -> list[Placed]:
    shapes = np.array([item.geometry for item in group], dtype=object)
    coordinates = shapely.get_coordinates(shapes)
    if srs_name is None:
        epsg: int | None = crs.guess(coordinates, srid)
        issues.append(Issue("crs_assumed", Severity.WARNING, document, f"EPSG:{epsg}"))
    else:
        epsg = crs.epsg_of(srs_name)
    if epsg is None:
        issues.append(Issue("crs_unknown", Severity.ERROR, document, f"{srs_name!r} ({len(group)})"))
        for item in group:
            _keep_unplaced(item)
        return []

    swapped = crs.is_swapped(coordinates, epsg)
    if swapped:
        issues.append(Issue("axes_swapped", Severity.INFO, document, f"EPSG:{epsg}"))
    if crs.has_zone(coordinates[:, ::-1] if swapped else coordinates, epsg):
        issues.append(Issue("zone_in_easting", Severity.INFO, document, f"{srs_name or 'ohne srsName'} → EPSG:{epsg}"))
    operation = None if epsg == srid else crs.transformer(epsg, srid)
    if operation is not None and not 0 <= operation.accuracy <= _WORTH_TELLING:
        accuracy = f"± {operation.accuracy:g} m" if operation.accuracy >= 0 else "?"
        issues.append(Issue("crs_inexact", Severity.INFO, document, f"EPSG:{epsg} → EPSG:{srid}: {accuracy}"))

    def transform(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        points = crs.without_zone(points[:, ::-1] if swapped else points, epsg)
        return points if operation is None else np.column_stack(operation.transform(points[:, 0], points[:, 1]))

    moved = shapely.transform(shapes, transform)
    points, owner = shapely.get_coordinates(moved, return_index=True)
    lost = set(owner[~crs.is_in_germany(points, srid)].tolist())
    result = []
    for index, (item, shape) in enumerate(zip(group, moved, strict=True)):
        if index in lost:
            issues.append(Issue("geometry_unplaceable", Severity.ERROR, item.record.where, f"EPSG:{epsg}"))
            _keep_unplaced(item)
            continue
        item.geometry = shape
        result.append(item)
    return result


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
        issues.append(Issue(code, Severity.WARNING, item.record.where, reason or "", geometry=shapes[index]))
