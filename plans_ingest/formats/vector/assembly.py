"""From the rows of a table to plans: each row is one plan with its outline, its columns read by a profile."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

import shapely

from plans_ingest import geometry, profiles
from plans_ingest.formats import placing
from plans_ingest.formats.placing import Placed
from plans_ingest.formats.records import Record
from plans_ingest.formats.vector import fields
from plans_ingest.formats.vector.fields import Row
from plans_ingest.formats.vector.layers import GEOMETRY, Layer
from plans_ingest.model import Issue, Plan, Planwerk, Severity, Where
from plans_ingest.profiles.model import Profile

_ONLY: Final = {  # dates that only one Planwerk has
    Planwerk.BEBAUUNGSPLAN: {"satzungsbeschluss_datum", "rechtsverordnungs_datum", "inkrafttretens_datum"},
    Planwerk.FLAECHENNUTZUNGSPLAN: {"wirksamkeits_datum", "planbeschluss_datum", "entwurfsbeschluss_datum"},
}
_FP_NAMES: Final = ("fnp", "fplan", "f-plan", "f_plan", "flaechennutzung", "flächennutzung")


def assemble(layer: Layer, profile: Profile, srid: int, issues: list[Issue]) -> tuple[list[Plan], list[Placed]]:
    """The plans of a layer, geometries in EPSG:`srid`. What no profile knows is told with the nearest known name."""
    _tell_columns(layer, profile, issues)
    default = _planwerk(layer, profile, issues)
    placed, found = placing.place(layer.records, layer.where, layer.srs, srid)
    issues.extend(found)
    shapes = {item.record: item for item in placed}
    stem = PurePosixPath(layer.file).stem
    plans = []
    owners: dict[Where, str | None] = {}
    for record in layer.records:
        row = Row(record, profile, default, issues)
        name_from = stem if len(layer.records) == 1 and not row.has("name") and not row.has("nummer") else None
        plan = fields.plan(row, name_from)
        owners[record.where] = plan.gml_id
        shape = shapes.get(record)
        if shape is None:
            issues.append(Issue("outline_missing", Severity.WARNING, record.where, plan=plan.gml_id))
            plans.append(plan)
            continue
        outline = geometry.outline(shape.geometry)
        if outline is None:
            kind = shape.geometry.geom_type
            issues.append(Issue("outline_no_area", Severity.ERROR, record.where, kind, plan.gml_id, shape.geometry))
        plans.append(replace(plan, geltungsbereich=outline))
    # what was told of a row was told before its plan had a name
    issues[:] = [
        replace(issue, plan=owners[issue.where]) if issue.plan is None and issue.where in owners else issue
        for issue in issues
    ]
    return _merged(plans, layer.where, issues), placed


def _tell_columns(layer: Layer, profile: Profile, issues: list[Issue]) -> None:
    issues.append(Issue("profile_used", Severity.INFO, layer.where, profile.title))
    for column in layer.columns:
        if profiles.column_of(profile, column) is None and not profiles.is_ignored(profile, column):
            nearest = profiles.nearest(profile, column)
            detail = column if nearest is None else f"{column} (ähnlich: {nearest})"
            issues.append(Issue("column_unknown", Severity.WARNING, layer.where, detail))


def _planwerk(layer: Layer, profile: Profile, issues: list[Issue]) -> Planwerk:
    """The Planwerk of rows that do not say it: by the dates that only one of the two has, else by the file's name."""
    known = [profiles.column_of(profile, column) for column in layer.columns]
    felder = {column.feld for column in known if column is not None}
    if "planwerk" in felder:
        return Planwerk.BEBAUUNGSPLAN
    votes = {planwerk: len(felder & only) for planwerk, only in _ONLY.items()}
    named = f"{layer.file} {layer.name}".casefold()
    found = Planwerk.BEBAUUNGSPLAN
    if (not votes[found] and votes[Planwerk.FLAECHENNUTZUNGSPLAN]) or any(word in named for word in _FP_NAMES):
        found = Planwerk.FLAECHENNUTZUNGSPLAN
    issues.append(Issue("planwerk_assumed", Severity.INFO, layer.where, found.value))
    return found


def _merged(plans: Iterable[Plan], where: Where, issues: list[Issue]) -> list[Plan]:
    """Rows that say the same of one plan are the parts of its outline; offices draw them as several features."""
    groups: dict[str, list[Plan]] = {}
    for plan in plans:
        bare = replace(plan, geltungsbereich=None)
        same = bare.fingerprint() if plan.nummer or plan.name else f"row {len(groups)}"
        groups.setdefault(same, []).append(plan)
    merged = []
    for parts in groups.values():
        outlines = [part.geltungsbereich for part in parts if part.geltungsbereich is not None]
        if len(parts) == 1:
            merged.append(parts[0])
            continue
        detail = f"{parts[0].nummer or parts[0].name} ({len(parts)})"
        issues.append(Issue("outline_parts_merged", Severity.INFO, where, detail, parts[0].gml_id))
        whole = geometry.outline(shapely.union_all(outlines)) if outlines else None
        merged.append(replace(parts[0], geltungsbereich=whole))
    return merged


def only_geltungsbereich(layer: Layer, profile: Profile, column: str, issues: list[Issue]) -> bool:
    """Leaves the records of a drawing whose layer is the Geltungsbereich; False if none is. The others are told."""
    kept: list[Record] = []
    left: list[Record] = []
    for record in layer.records:
        drawn = str(record.one(column) or "")
        (kept if fields.matches(drawn, profile.ebenen) else left).append(record)
    if left:
        names = ", ".join(sorted({str(record.one(column)) for record in left})[:20])
        issues.append(Issue("dxf_layer_not_read", Severity.INFO, layer.where, names[:400]))
    for record in kept:
        record.take(column)
    layer.records = kept
    layer.columns = ()
    return bool(kept)


def has_areas(layer: Layer) -> bool:
    kinds = {raw.geometry.geom_type for record in layer.records for raw in record.geometries.get(GEOMETRY, ())}
    return bool(kinds & {"Polygon", "MultiPolygon", "GeometryCollection"})
