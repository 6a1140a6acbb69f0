"""The tables of the thematic layers: schema `layers` for the rows, a view of schema `ogc` for what is public."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import shapely
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from geoportal.catalogue import FieldType, Geometry, Layer
from geoportal.catalogue.rows import Rows, SourceError, load
from geoportal.database import driver_cursor
from geoportal.database.tables import SRID
from geoportal.places.objects import index_layer
from geoportal.settings import READ_ROLE

LOGGER = logging.getLogger(__name__)

# spelt as PostgreSQL's format_type() spells them, so that _standing_columns() can be compared with them
_TYPES: dict[FieldType, LiteralString] = {
    FieldType.TEXT: "text",
    FieldType.INTEGER: "bigint",
    FieldType.NUMBER: "double precision",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "date",
    FieldType.DATETIME: "timestamp with time zone",
    FieldType.UUID: "uuid",
    FieldType.JSON: "jsonb",
}
_GEOMETRIES: dict[Geometry, LiteralString] = {
    Geometry.POINT: "geometry(Point,25832)",
    Geometry.MULTI_POINT: "geometry(MultiPoint,25832)",
    Geometry.LINE_STRING: "geometry(LineString,25832)",
    Geometry.MULTI_LINE_STRING: "geometry(MultiLineString,25832)",
    Geometry.POLYGON: "geometry(Polygon,25832)",
    Geometry.MULTI_POLYGON: "geometry(MultiPolygon,25832)",
    Geometry.GEOMETRY: "geometry(Geometry,25832)",
}


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one layer: the number of rows that are now public, or the fault for which the old ones stay.

    `unnamed`: columns of the source that the manifest does not name and that are therefore not published.
    """

    layer: str
    rows: int | None
    unnamed: tuple[str, ...] = ()
    fault: str | None = None

    def __str__(self) -> str:
        if self.fault is not None:
            return f"{self.fault} – die bisherigen Daten bleiben / the former data stay"
        left = f"; nicht veröffentlicht / not published: {', '.join(self.unnamed)}" if self.unnamed else ""
        return f"{self.layer}: {self.rows} Objekte / features{left}"


def sync_layers(engine: Engine, layers: Iterable[Layer], home: Path) -> list[Synced]:
    """Brings the tables of all layers with a file as their source in step with it; a broken source hinders no other."""
    return [_sync(engine, layer, home) for layer in layers if layer.source.path is not None]


def without_view(engine: Engine, layers: Iterable[Layer]) -> list[str]:
    """The layers that have nothing to be read from in schema `ogc`."""
    with engine.connect() as connection:
        views = set(connection.scalars(text("SELECT viewname FROM pg_views WHERE schemaname = 'ogc'")))
    return [layer.id for layer in layers if (layer.source.view or layer.id) not in views]


def _sync(engine: Engine, layer: Layer, home: Path) -> Synced:
    try:
        rows = load(layer, home)
        with engine.begin() as connection:
            replace_rows(connection, layer, rows)
    except SourceError as error:
        LOGGER.warning("layer %s stays as it is: %s", layer.id, error)
        return Synced(layer.id, None, fault=str(error))
    except (psycopg.Error, SQLAlchemyError) as error:
        LOGGER.warning("layer %s stays as it is", layer.id, exc_info=True)
        return Synced(layer.id, None, fault=f"{layer.id}: Datenbank / database: {type(error).__name__}")
    return Synced(layer.id, len(rows.frame), rows.unnamed)


def replace_rows(connection: Connection, layer: Layer, rows: Rows) -> None:
    """Replaces all rows; makes the table and its view when they are missing or the manifest's fields have changed.

    DELETE + append: readers see the old rows until the commit and never wait, and key, index and grants stay.
    Raises SourceError when the layer's name belongs to something else in schema `ogc`.
    """
    columns = _columns(layer)
    with driver_cursor(connection) as cursor:
        # one replacement of a layer at a time, whoever starts it
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"layers.{layer.id}"])
        standing = _standing_columns(cursor, layer)
        if standing == list(columns.items()):
            cursor.execute(sql.SQL("DELETE FROM {}").format(_table(layer)))
        else:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"ogc.{layer.id}"])
            if not standing and cursor.fetchone() == (True,):
                raise SourceError(f"{layer.id}: der Name ist vergeben / the name is taken: ogc.{layer.id}")
            for statement in _definition(layer, columns):
                cursor.execute(statement)
        target = sql.SQL("COPY {} ({}) FROM STDIN").format(
            _table(layer), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with cursor.copy(target) as copy:
            for row in _records(layer, list(columns), rows):
                copy.write_row(row)
        cursor.execute(sql.SQL("ANALYZE {}").format(_table(layer)))
        index_layer(cursor, layer)
        cursor.execute("SELECT plans.rebuild_tiles(%s), plans.touch_data(%s)", [layer.id, layer.id])


def _columns(layer: Layer) -> dict[str, LiteralString]:
    """Name and type. The key comes first, so that another key makes another table."""
    names = [layer.key, *(name for name in layer.fields if name != layer.key)]
    return {name: _TYPES[layer.fields[name].type] for name in names} | {"geom": _GEOMETRIES[layer.geometry]}


def _standing_columns(cursor: psycopg.Cursor[Any], layer: Layer) -> list[tuple[str, str]]:
    cursor.execute(
        """
        -- the columns of the table as it is, none if there is no table
        SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum""",
        [f"layers.{layer.id}"],
    )
    return cursor.fetchall()


def _definition(layer: Layer, columns: dict[str, LiteralString]) -> Iterator[sql.Composed]:
    """Table, index, view and grant. The view is (id, the fields, geom), whatever the key is called."""
    table, view = _table(layer), sql.Identifier("ogc", layer.id)
    fields = [sql.Identifier(name) for name in layer.properties]
    typed = columns.items()
    yield sql.SQL("DROP VIEW IF EXISTS {}").format(view)
    yield sql.SQL("DROP TABLE IF EXISTS {}").format(table)
    yield sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(
        table,
        sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in typed),
        sql.Identifier(layer.key),
    )
    yield sql.SQL("CREATE INDEX {} ON {} USING gist (geom)").format(sql.Identifier(f"{layer.id}_geom"), table)
    yield sql.SQL("CREATE VIEW {} AS SELECT {} FROM {}").format(
        view,
        sql.SQL(", ").join([sql.SQL("{} AS id").format(sql.Identifier(layer.key)), *fields, sql.Identifier("geom")]),
        table,
    )
    yield sql.SQL("GRANT SELECT ON {} TO {}").format(view, sql.Identifier(READ_ROLE))


def _records(layer: Layer, columns: list[str], rows: Rows) -> Iterator[list[object]]:
    shapes = shapely.to_wkb(shapely.set_srid(rows.frame.geometry.to_numpy(), SRID), hex=True, include_srid=True)
    wrapped = {name for name, field in layer.fields.items() if field.type is FieldType.JSON}
    values = [
        [Jsonb(value) if value is not None and name in wrapped else value for value in rows.frame[name]]
        for name in columns[:-1]
    ]
    return (list(row) for row in zip(*values, shapes, strict=True))


def _table(layer: Layer) -> sql.Identifier:
    return sql.Identifier("layers", layer.id)
