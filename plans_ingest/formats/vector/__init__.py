"""Plans that are not GML: outlines in Shapefile, GeoPackage, GeoJSON, FlatGeobuf, DXF, with an Excel table if wanted.

GDAL reads none of them: each has a small reader here that holds every claim of the file against what is there.
"""

from collections.abc import Sequence

from plans_ingest import profiles
from plans_ingest.errors import NoPlan, UnreadableFile
from plans_ingest.formats.bundle import Table
from plans_ingest.formats.container import Member
from plans_ingest.formats.reading import Reading
from plans_ingest.formats.recognise import Format
from plans_ingest.formats.vector import (
    assembly,
    dxf,
    flatgeobuf,
    geojson,
    geopackage,
    joining,
    objects,
    shapefile,
    workbook,
)
from plans_ingest.formats.vector.layers import Layer
from plans_ingest.model import Issue, Plan, Severity, Where
from plans_ingest.profiles.model import Profile


def read(tables: Sequence[Table], books: Sequence[Member], shown: str, srid: int, own: Profile | None) -> Reading:
    """All plans of the tables, geometries in EPSG:`srid`. `own` is the profile of the delivering Gemeinde.

    Raises PlanFileError; what is not understood is told and kept.
    """
    layers = [layer for table in tables for layer in layers_of(table)]
    features = sum(len(layer.records) for layer in layers)
    issues = [issue for layer in layers for issue in layer.issues]
    known = profiles.candidates(own)
    chosen = _with_outlines(layers, known, shown, issues)
    for layer, profile in joining.joined(
        chosen, [workbook.read(book.path, book.name) for book in books], known, issues
    ):
        chosen[layer] = profile
    plans: list[Plan] = []
    geometrien = mended = 0
    for layer, profile in chosen.items():
        read_plans, placed = assembly.assemble(layer, profile, srid, issues)
        plans.extend(read_plans)
        geometrien += len(placed)
        mended += sum(item.original is not None for item in placed)
    for layer in layers:
        if objects.is_layer(layer):
            plans, count = objects.attach(plans, layer, srid, issues)
            geometrien += count
    return Reading(
        format=" + ".join(dict.fromkeys(table.kind.value for table in tables)),
        version=None,
        plans=tuple(plans),
        issues=tuple(issues),
        features=features,
        geometrien=geometrien,
        mended=mended,
    )


def layers_of(table: Table) -> list[Layer]:
    path, name = table.member.path, table.member.name
    match table.kind:
        case Format.GEOPACKAGE:
            journal = table.side.get(".gpkg-wal")
            return geopackage.read(path, name, unwritten=0 if journal is None else journal.size)
        case Format.GEOJSON:
            return [geojson.read(path, name)]
        case Format.FLATGEOBUF:
            return [flatgeobuf.read(path, name)]
        case Format.DXF:
            return [dxf.read(path, name)]
        case _:
            side = {suffix: member.path for suffix, member in table.side.items()}
            parts = shapefile.Parts(name, path, side.get(".dbf"), side.get(".prj"), side.get(".cpg"))
            return [shapefile.read(parts)]


def _with_outlines(
    layers: Sequence[Layer], known: Sequence[Profile], shown: str, issues: list[Issue]
) -> dict[Layer, Profile]:
    """The layers that hold outlines of plans, each with its profile. Raises NoPlan if there is not even a shape.

    A table whose columns speak of plans silences its neighbours that do not: those are parcels, buildings, symbols.
    """
    drawn: set[str] = set()
    scored = []
    for layer in layers:
        if objects.is_layer(layer) or layer.name == objects.CODE_TABLE:
            continue
        if layer.is_drawing:
            drawn |= {str(record.one(dxf.COLUMN)) for record in layer.records}
            if assembly.only_geltungsbereich(layer, known[0], dxf.COLUMN, issues):
                scored.append((0, layer, known[0]))
        elif assembly.has_areas(layer):
            profile, score = profiles.choose(layer.columns, known)
            scored.append((score, layer, profile))
        else:
            issues.append(Issue("layer_not_read", Severity.WARNING, layer.where, str(len(layer.records))))
    if not scored:
        if not any(layer.is_drawing or any(record.geometries for record in layer.records) for layer in layers):
            unread = next((issue for issue in issues if issue.code == "geometry_unreadable"), None)
            if unread is not None:
                reason = f"Keine Geometrie der Datei ist lesbar: {unread.detail}"
                raise UnreadableFile(reason, "no geometry of the file can be read", unread.where)
            raise NoPlan("Die Datei enthält keine Geometrie", "the file holds no geometry", Where(shown))
        detail = f" ({', '.join(sorted(drawn))[:400]})" if drawn else ""
        issues.append(Issue("table_without_outline", Severity.WARNING, Where(shown), detail))
        return {}
    best = max(score for score, _, _ in scored)
    chosen = {}
    for score, layer, profile in scored:
        if best > 0 and score == 0 and not layer.is_drawing:
            issues.append(Issue("layer_not_read", Severity.WARNING, layer.where, str(len(layer.records))))
        else:
            chosen[layer] = profile
    return chosen
