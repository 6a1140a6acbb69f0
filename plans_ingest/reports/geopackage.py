"""The findings as layers: open the file in QGIS beside the plan and go from one to the next."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from plans_ingest import messages
from plans_ingest.checks import rules
from plans_ingest.geometry import single_parts
from plans_ingest.model import Batch, Issue
from plans_ingest.reports.document import in_order

FIELDS: Final = ("regel", "schwere", "meldung", "abhilfe", "code", "plan", "element", "gml_id", "datei", "zeile")
_LAYERS: Final = ((2, "befunde_flaechen", "MultiPolygon"), (1, "befunde_linien", "MultiLineString"))
_POINTS: Final = (0, "befunde_punkte", "MultiPoint")


def write_geopackage(batch: Batch, path: Path, srid: int) -> None:
    """Four layers: areas, lines and points at fault, and the outlines of the plans; a table for what has no place."""
    path.unlink(missing_ok=True)
    issues = in_order(batch.report.issues)
    placed: dict[int, list[tuple[Issue, BaseGeometry]]] = {0: [], 1: [], 2: []}
    for issue in issues:
        for dimension, part in _by_dimension(issue.geometry):
            placed[dimension].append((issue, part))
    for dimension, layer, kind in (*_LAYERS, _POINTS):
        found = placed[dimension]
        _write(path, layer, kind, [issue for issue, _ in found], [shape for _, shape in found], srid)
    _write(path, "befunde_ohne_ort", None, [issue for issue in issues if not _has_place(issue)], None, srid)
    outlines = [plan.geltungsbereich for plan in batch.plans if plan.geltungsbereich is not None]
    names = [plan.name or "" for plan in batch.plans if plan.geltungsbereich is not None]
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array(outlines, dtype=object)),
        field_data=[np.array(names, dtype=object)],
        fields=["name"],
        geometry_type="MultiPolygon",
        crs=f"EPSG:{srid}",
        driver="GPKG",
        layer="geltungsbereiche",
        append=True,
    )


def _has_place(issue: Issue) -> bool:
    return issue.geometry is not None and not issue.geometry.is_empty


def _by_dimension(shape: BaseGeometry | None) -> list[tuple[int, BaseGeometry]]:
    """What a finding shows, as one multi-geometry for each dimension that it has."""
    if shape is None or shape.is_empty:
        return []
    parts = single_parts(shape)
    dimensions = shapely.get_dimensions(parts)
    makers = ((0, shapely.multipoints), (1, shapely.multilinestrings), (2, shapely.multipolygons))
    return [(d, make(parts[dimensions == d])) for d, make in makers if (dimensions == d).any()]


def _write(
    path: Path, layer: str, kind: str | None, issues: Sequence[Issue], shapes: Sequence[BaseGeometry] | None, srid: int
) -> None:
    rows = [_row(issue) for issue in issues]
    columns = [np.array([row[index] for row in rows], dtype=object) for index in range(len(FIELDS) - 1)]
    lines = np.array([issue.where.line or 0 for issue in issues], dtype=np.int32)
    pyogrio.raw.write(
        path,
        geometry=None if shapes is None else shapely.to_wkb(np.array(shapes, dtype=object)),
        field_data=[*columns, lines],
        fields=list(FIELDS),
        geometry_type=kind,
        crs=None if shapes is None else f"EPSG:{srid}",
        driver="GPKG",
        layer=layer,
        append=path.exists(),
    )


def _row(issue: Issue) -> tuple[str, ...]:
    where = issue.where
    return (
        rules.number_of(issue) or rules.basis_of(issue),
        issue.severity.value,
        messages.german(issue),
        messages.TEXTS[issue.code].mend,
        issue.code,
        issue.plan or "",
        where.element or "",
        where.gml_id or "",
        where.file,
    )
