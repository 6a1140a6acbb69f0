"""Where the features of a map come from: statements for Mapnik, which reads as the reader's role.

`!bbox!` and `!pixel_width!` are Mapnik's. Everything else in a statement is a name from a manifest, a value that
`selection` has checked, or what `FeatureTable.chosen` has written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from geoportal.cartography.mapnik_xml import Source
from geoportal.cartography.model import Sheet
from geoportal.cartography.sheets import CONTENTS, PLANWERK, PLANZV, planzv
from geoportal.catalogue import Layer
from geoportal.database.history import was_public
from geoportal.ogc.collection import Collection, has_history
from geoportal.ogc.crs import STORED, Box
from geoportal.ogc.maps.picture import Picture, transformed
from geoportal.ogc.maps.selection import AGS, DAY, STATE, Selection
from geoportal.ogc.problems import InvalidParameter, NotFound
from geoportal.ogc.reading import connection_for_reading, read_row
from geoportal.ogc.table import Condition
from geoportal.settings import STORAGE_SRID

MOST_RASTERS: Final = 12  # sheets in one picture
_SRS: Final = f"epsg:{STORAGE_SRID}"
# What Mapnik would otherwise ask the database for each time it loads a style.
_KNOWN: Final = {
    "type": "postgis",
    "geometry_field": "geom",
    "srid": str(STORAGE_SRID),
    "extent": "-210000,4980000,1370000,6490000",
    "max_size": "2",
    "persist_connection": "true",
}
_BOX: Final = "geom && !bbox!"
_PUBLIC: Final = "ogc.planzeichnung"
# No more of a line than can be seen: less to be carried, transformed and drawn.
_COARSE: Final = "ST_Simplify(geom, !pixel_width! / 4, true)"
_VISIBLE: Final = (
    "(ST_Dimension(geom) = 0 OR ST_XMax(geom) - ST_XMin(geom) > !pixel_width! / 2"
    " OR ST_YMax(geom) - ST_YMin(geom) > !pixel_width! / 2)"
)
# PlanZV: the kind of use stands over its measures
_LINES: Final = r"regexp_replace(beschriftung, ' (?=GRZ|GFZ [^G]*$|[IVX]+( |$))', E'\n', 'g')"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A collection in one of its styles, and what of it. `opacity`: 0 to 1."""

    collection: Collection
    style: str
    selection: Selection
    opacity: float = 1.0
    conditions: Sequence[Condition] = ()

    def chosen(self) -> str | None:
        """A statement for the ids of what the conditions leave; None: everything. Raises InvalidParameter."""
        if not self.conditions:
            return None
        day = self.selection.stand
        if day is not None and not has_history(self.collection.layer):
            raise InvalidParameter(f"filter: hier nicht zusammen mit {DAY} / not together with {DAY} here")
        return self.collection.table_on(day).chosen(self.conditions)


def sheet_of(collection: Collection, style: str | None) -> Sheet:
    """The style of that name, or the default one. Raises NotFound."""
    known = collection.sheets
    if style is None:
        return next(iter(known.values()))
    if style not in known:
        raise NotFound(f"Stil {style[:60]!r} nicht gefunden / no such style: {', '.join(known)}")
    return known[style]


def layers_of(drawn: Drawn) -> Iterator[tuple[Source, Sheet]]:
    """What is drawn, the lowest first."""
    layer = drawn.collection.layer
    sheet = sheet_of(drawn.collection, drawn.style)
    planwerk = PLANWERK.get(layer.view)
    among = drawn.chosen()
    chosen = list(_chosen(drawn.selection, current_only=True))
    if among:
        chosen.append(f"{'plan_id' if planwerk else 'id'} IN ({among})")
    if drawn.collection.dimension is not None:
        chosen.append(f"ST_Dimension(geom) = {drawn.collection.dimension}")
    if layer.view == CONTENTS:
        for one in ("FP", "BP"):
            yield _contents(one, sheet, chosen, "drawing", shape=_COARSE)
        for one in ("FP", "BP"):
            yield _contents(one, sheet, chosen, "labels")
    elif planwerk is None:
        yield _plain(layer, sheet, drawn.selection, among)
    elif drawn.style == PLANZV:
        contents, _ = planzv(planwerk)
        yield _contents(planwerk, contents, chosen, "drawing", shape=_COARSE)
        yield _outlines(planwerk, sheet, drawn.selection, among, current_only=True)
        yield _contents(planwerk, contents, chosen, "labels")
    else:
        yield _outlines(planwerk, sheet, drawn.selection, among, current_only=False)


def layers_of_version(planwerk: str, version: int) -> Iterator[tuple[Source, Sheet]]:
    """One version after PlanZV, public or not, the lowest first: statements for a role that may read schema `plans`."""
    contents, outline = planzv(planwerk)
    chosen, relation = [f"version_id = {version:d}"], "plans.planzeichnung"
    statement = f"SELECT {_list([], _COARSE)} FROM plans.version WHERE id = {version:d} AND {_BOX}"  # noqa: S608
    yield _contents(planwerk, contents, chosen, "drawing", relation, _COARSE)
    yield _source(f"{planwerk}-plaene", statement), outline
    yield _contents(planwerk, contents, chosen, "labels", relation, _COARSE)


def brought(connection: Connection, source: Source, box: Box, resolution: float) -> Source | None:
    """The same source with its features in it, so that a painter needs no database; None when nothing lies there.

    `box` in the storage CRS, `resolution` in metres on the ground per pixel.
    """
    corners = f"{box.west!r}, {box.south!r}, {box.east!r}, {box.north!r}"
    drawn = source.parameters["table"].replace("!bbox!", f"ST_MakeEnvelope({corners}, {STORAGE_SRID})")
    statement = f"SELECT ST_AsGeoJSON(drawn, 'geom', 2) FROM {drawn.replace('!pixel_width!', repr(resolution))}"  # noqa: S608
    features = list(connection.exec_driver_sql(statement).scalars())
    if not features:
        return None
    collection = f'{{"type": "FeatureCollection", "features": [{",".join(features)}]}}'
    return replace(source, parameters={"type": "geojson", "inline": collection})


def _plain(layer: Layer, sheet: Sheet, selection: Selection, among: str | None) -> tuple[Source, Sheet]:
    columns = [f'"{name}"' for name in sorted(sheet.fields())]
    where = [_BOX, _VISIBLE, *([f"{AGS} = '{selection.ags}'"] if selection.ags else [])]
    where += [f"id IN ({among})"] if among else []
    statement = f"SELECT {_list(columns, _COARSE)} FROM ogc.{layer.view} WHERE {' AND '.join(where)} ORDER BY id"  # noqa: S608
    return _source(layer.view, statement), sheet


def _outlines(
    planwerk: str, sheet: Sheet, selection: Selection, among: str | None, *, current_only: bool
) -> tuple[Source, Sheet]:
    columns = [f'"{name}"' for name in sorted(sheet.fields())]
    where = [_BOX, _VISIBLE, f"planwerk = '{planwerk}'", *_selected(selection, current_only=current_only)]
    if selection.stand is None:
        relation, key = "ogc.plaene", "id"  # one row for each plan, ready to be read
    else:
        relation, key = "ogc.planversionen", "plan_id"
        where.append(was_public(selection.stand))
    where += [f"{key} IN ({among})"] if among else []
    order = "gueltig_von NULLS FIRST, version_id"
    statement = f"SELECT {_list(columns, _COARSE)} FROM {relation} WHERE {' AND '.join(where)} ORDER BY {order}"  # noqa: S608
    return _source(f"{planwerk}-plaene", statement), sheet


def _contents(
    planwerk: str, sheet: Sheet, chosen: Sequence[str], part: Any, relation: str = _PUBLIC, shape: str = "geom"
) -> tuple[Source, Sheet]:
    where = [_BOX, f"planwerk = '{planwerk}'", *chosen]
    where.append(_VISIBLE if part == "drawing" else "beschriftung IS NOT NULL")
    columns = (
        ["planzeichen", "mit_symbol"] if part == "drawing" else ["planzeichen", f"{_LINES} AS beschriftung", "drehung"]
    )
    statement = (
        f"SELECT {_list(columns, shape)} FROM {relation} WHERE {' AND '.join(where)}"  # noqa: S608
        " ORDER BY gueltig_von NULLS FIRST, plan_id, rang, id"
    )
    fixed = {"planwerk": planwerk}
    symbols_if = "mit_symbol" if part == "drawing" else None
    return _source(f"{planwerk}-inhalte-{part}", statement, fixed=fixed, symbols_if=symbols_if, part=part), sheet


def _chosen(selection: Selection, *, current_only: bool) -> Iterator[str]:
    yield from _selected(selection, current_only=current_only)
    yield "ist_aktuell" if selection.stand is None else was_public(selection.stand)


def _selected(selection: Selection, *, current_only: bool) -> Iterator[str]:
    """What is said of a plan, whenever it was public."""
    if selection.ags:
        yield f"{AGS} = '{selection.ags}'"
    if selection.status:
        yield f"{STATE} = '{selection.status}'"
    elif current_only:
        # what is no longer valid would be drawn over what took its place
        yield f"{STATE} <> 'archiviert'"


def _list(columns: Sequence[str], shape: str = "geom") -> str:
    return ", ".join([*columns, "ST_Dimension(geom) AS dim", f"{shape} AS geom"])


def _source(name: str, statement: str, **more: Any) -> Source:
    return Source(name, _SRS, {**_KNOWN, "table": f"({statement}) AS drawn"}, **more)


def is_bare(engine: Engine, drawn: Sequence[Drawn], box: Box) -> bool:
    """Whether nothing of all this, whatever its conditions leave, lies in a box (storage CRS). Raises Unavailable."""
    there = "ST_Intersects(geom, ST_MakeEnvelope(:west, :south, :east, :north, ogc.storage_srid()))"
    found = [f"EXISTS (SELECT FROM {_relation(each)} AND {there})" for each in drawn]
    corners = {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    with connection_for_reading(engine) as connection:
        return not connection.scalar(text(f"SELECT {' OR '.join(found) or 'false'}"), corners)


def _relation(drawn: Drawn) -> str:
    """What a collection consists of, and which of it is drawn."""
    layer = drawn.collection.layer
    planwerk = PLANWERK.get(layer.view)
    if planwerk is None and layer.view != CONTENTS:
        return f"ogc.{layer.view} WHERE " + (f"{AGS} = '{drawn.selection.ags}'" if drawn.selection.ags else "true")
    current_only = planwerk is None or drawn.style == PLANZV
    where = " AND ".join(_chosen(drawn.selection, current_only=current_only))
    return (
        f"{_PUBLIC} WHERE {where}"
        if planwerk is None
        else f"ogc.planversionen WHERE planwerk = '{planwerk}' AND {where}"
    )


@dataclass(frozen=True, slots=True)
class Scan:
    sha256: str
    epsg: int


_SCANS: Final = """
    -- the scanned sheets under a plan's drawing, the oldest plan lowest; more than a screen can show are left out
    SELECT string_agg(sha256 || ' ' || epsg, ',' ORDER BY plan_id, position) FROM (
        SELECT raster.sha256, raster.epsg, raster.plan_id, raster.position FROM ogc.rasterplaene AS raster
        WHERE raster.planwerk = %(planwerk)s
            AND raster.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, ogc.storage_srid())
            AND (%(ags)s::text IS NULL OR raster.ags = %(ags)s::text)
            AND raster.status = coalesce(%(status)s::text, raster.status)
            AND (%(status)s::text IS NOT NULL OR raster.status <> 'archiviert')
            AND {only}
        ORDER BY raster.plan_id, raster.position
        LIMIT %(most)s) AS lowest"""


def scans(engine: Engine, drawn: Drawn, picture: Picture) -> list[Scan]:
    """The scanned sheets that lie under the drawing. Raises Unavailable."""
    planwerk = PLANWERK.get(drawn.collection.layer.view)
    if planwerk is None or drawn.style != PLANZV or drawn.selection.stand is not None:
        return []
    box = transformed(picture.box, picture.crs, STORED)
    asked = {
        "planwerk": planwerk, "west": box.west, "south": box.south, "east": box.east, "north": box.north,
        "ags": drawn.selection.ags, "status": drawn.selection.status, "most": MOST_RASTERS,
    }  # fmt: skip
    among = (drawn.chosen() or "").replace("%", "%%")
    row = read_row(engine, _SCANS.format(only=f"raster.plan_id IN ({among})" if among else "TRUE"), asked)
    told = row[0].decode() if row and row[0] else ""
    return [Scan(sha256, int(epsg)) for sha256, epsg in map(str.split, filter(None, told.split(",")))]


_SCANS_OF_VERSION = text("""
    SELECT sha256, epsg FROM plans.rasterplan
    WHERE version_id = :version AND geom && ST_MakeEnvelope(:west, :south, :east, :north, :srid)
    ORDER BY position LIMIT :most""")


def scans_of_version(connection: Connection, version: int, box: Box) -> list[Scan]:
    """The scanned sheets of a version in this box (storage CRS), public or not."""
    asked = {"version": version, "srid": STORAGE_SRID, "most": MOST_RASTERS}
    corners = {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    return [Scan(row.sha256, row.epsg) for row in connection.execute(_SCANS_OF_VERSION, asked | corners)]
