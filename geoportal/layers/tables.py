"""The tables of the thematic layers in schema `layers`; what of them is public says `view`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

from geoportal.catalogue import FieldType, Geometry, Layer, Reason, SourceError
from geoportal.database import driver_cursor
from geoportal.layers import view
from geoportal.places.geocoding import Placed, place_addresses
from geoportal.places.objects import index_layer
from geoportal.settings import STORAGE_SRID

# spelt as PostgreSQL's format_type() spells them, so that _standing_columns() can be compared with them
_TYPES: Final[dict[FieldType, LiteralString]] = {
    FieldType.TEXT: "text",
    FieldType.INTEGER: "bigint",
    FieldType.NUMBER: "double precision",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "date",
    FieldType.DATETIME: "timestamp with time zone",
    FieldType.UUID: "uuid",
    FieldType.JSON: "jsonb",
}
_GEOMETRIES: Final[dict[Geometry, LiteralString]] = {
    Geometry.POINT: f"geometry(Point,{STORAGE_SRID})",
    Geometry.MULTI_POINT: f"geometry(MultiPoint,{STORAGE_SRID})",
    Geometry.LINE_STRING: f"geometry(LineString,{STORAGE_SRID})",
    Geometry.MULTI_LINE_STRING: f"geometry(MultiLineString,{STORAGE_SRID})",
    Geometry.POLYGON: f"geometry(Polygon,{STORAGE_SRID})",
    Geometry.MULTI_POLYGON: f"geometry(MultiPolygon,{STORAGE_SRID})",
    Geometry.GEOMETRY: f"geometry(Geometry,{STORAGE_SRID})",
}
_ADDRESS: Final = " anschrift"  # a name that no field can have
SHOWN: Final = 5  # doubled keys that are spelt out


@dataclass(frozen=True, slots=True)
class Replaced:
    """How many rows are public now, and how many of them were written because they are new or different.

    `placed`: what became of addresses, where rows have those instead of coordinates.
    """

    rows: int
    written: int
    removed: int
    placed: Placed | None = None


def is_standing(connection: Connection, layer: Layer) -> bool:
    """Whether table and view are there and as the manifest wants them."""
    with driver_cursor(connection) as cursor:
        standing = _standing_columns(cursor, layer) == list(_columns(layer).items())
        return standing and view.is_standing(cursor, layer)


def lock(connection: Connection, layer: str) -> None:
    """One replacement of a layer at a time, whoever starts it; until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"layers.{layer}"})


def replace_rows(connection: Connection, layer: Layer, rows: Iterable[bytes]) -> Replaced:
    """Brings the table in step with `rows` (COPY's text format: the layer's columns, then the geometry).

    Readers never wait: the rows go to a temporary table first, and from there only what differs, so that they see the
    old ones until the commit. Makes table and view anew when the manifest asks for other ones; only their exchange
    needs the view for itself, for a moment. Raises SourceError when the rows are not what the manifest expects, or when
    the layer's name belongs to something else in schema `ogc`.
    """
    columns = _columns(layer)
    with driver_cursor(connection) as cursor:
        standing = _standing_columns(cursor, layer)
        if not standing and _exists(cursor, f"ogc.{layer.id}"):
            raise SourceError(f"{layer.id}: der Name ist vergeben / the name is taken: ogc.{layer.id}", Reason.MANIFEST)
        incoming = sql.Identifier(f"{layer.id} neu")
        came = dict(columns)
        if layer.source.address is not None:
            came = {name: kind for name, kind in columns.items() if name != "geom"}
            came |= {_ADDRESS: "jsonb", "geom": columns["geom"]}
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(incoming, _typed(came)),
        )
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(incoming)) as copy:
            for piece in rows:
                copy.write(piece)
        count = _check(cursor, layer, incoming)
        placed = _placed(cursor, layer, incoming)
        if standing == list(columns.items()):
            written, removed = _merge(cursor, layer, incoming, list(columns))
            tiles = sql.SQL("SELECT plans.renew_layer_tiles({layer}, ARRAY(SELECT key FROM {moved}))")
            _index(cursor, layer)
        else:
            written, removed = count, 0
            tiles = sql.SQL("SELECT plans.rebuild_tiles({layer})")
            for statement in _table(layer, columns, incoming):
                cursor.execute(statement)
            _index(cursor, layer)
        renewed = view.renew(cursor, layer)
        index_layer(cursor, layer)
        if written or removed:
            cursor.execute(sql.SQL("ANALYZE {}").format(view.table_of(layer)))
            cursor.execute(tiles.format(layer=sql.Literal(layer.id), moved=_moved(layer)))
        if written or removed or renewed:
            cursor.execute("SELECT plans.touch_data(%s)", [layer.id])
    return Replaced(count, written, removed, placed)


def unpublish(connection: Connection, layer: str) -> bool:
    """Takes a layer's view away; its table stays. Whether there was one to take away."""
    with driver_cursor(connection) as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f'layers."{layer}"'])
        if cursor.fetchone() != (True,) or not _exists(cursor, f"ogc.{layer}"):
            return False
        for statement in view.gone(layer):
            cursor.execute(statement)
        cursor.execute("DELETE FROM places.target WHERE quelle = %s", [layer])
        cursor.execute("SELECT plans.touch_data(%s)", [layer])
    return True


def drop(connection: Connection, layer: str) -> None:
    """Takes away a layer's view and table, with all its rows."""
    unpublish(connection, layer)
    with driver_cursor(connection) as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("layers", layer)))
        cursor.execute("DELETE FROM plans.tile_feature WHERE source = %s", [layer])


def key_twice(layer: Layer, keys: Iterable[str]) -> SourceError:
    said = f"{layer.id}: Schlüssel doppelt / key occurs twice: {layer.key} {', '.join(keys)}"
    return SourceError(said, Reason.UNEXPECTED)


def _check(cursor: psycopg.Cursor[Any], layer: Layer, incoming: sql.Identifier) -> int:
    """The number of rows that came. Raises SourceError for what only all of them together can show."""
    key = sql.Identifier(layer.key)
    cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(incoming))
    [count] = cursor.fetchone() or [0]
    cursor.execute(
        sql.SQL("SELECT {key}::text FROM {table} GROUP BY {key} HAVING count(*) > 1 ORDER BY 1 LIMIT {most}").format(
            key=key, table=incoming, most=SHOWN
        )
    )
    if doubled := [str(each) for (each,) in cursor.fetchall()]:
        raise key_twice(layer, doubled)
    if layer.expect and not layer.expect.min <= count <= layer.expect.max:
        bounds = f"{layer.expect.min}–{layer.expect.max}"
        raise SourceError(f"{layer.id}: {count} Zeilen, erwartet / rows, expected {bounds}", Reason.UNEXPECTED)
    return int(count)


def _placed(cursor: psycopg.Cursor[Any], layer: Layer, incoming: sql.Identifier) -> Placed | None:
    """Puts rows with addresses where these are. Raises SourceError when fewer are known than the manifest asks for."""
    if layer.source.address is None:
        return None
    placed = place_addresses(cursor, incoming, layer.key, _ADDRESS)
    cursor.execute(sql.SQL("ALTER TABLE {} DROP COLUMN {}").format(incoming, sql.Identifier(_ADDRESS)))
    least = layer.source.address.least_found
    if 100 * placed.found < least * placed.asked:
        told = "; ".join(map(str, placed.unplaced))
        raise SourceError(
            f"{layer.id}: {placed.found} von {placed.asked} Anschriften gefunden, erwartet {least} % "
            f"/ addresses found, expected {least} %: {told}",
            Reason.UNEXPECTED,
        )
    return placed


def _merge(cursor: psycopg.Cursor[Any], layer: Layer, incoming: sql.Identifier, columns: list[str]) -> tuple[int, int]:
    """Rows written, rows removed. A row that is the same stays untouched, so that nothing is written for it.

    Leaves the keys of those that are new, gone or elsewhere in the temporary table `_moved()`, column `key`, as text.
    """
    cursor.execute(sql.SQL("CREATE UNIQUE INDEX ON {} ({})").format(incoming, sql.Identifier(layer.key)))
    cursor.execute(sql.SQL("ANALYZE {}").format(incoming))
    parts = {
        "table": view.table_of(layer),
        "incoming": incoming,
        "moved": _moved(layer),
        "key": sql.Identifier(layer.key),
        "old": sql.SQL(", ").join(sql.Identifier("old", name) for name in columns),
        "new": sql.SQL(", ").join(sql.Identifier("new", name) for name in columns),
    }
    cursor.execute(
        sql.SQL("""
            CREATE TEMPORARY TABLE {moved} ON COMMIT DROP AS
            SELECT coalesce(new.{key}, old.{key})::text AS key
            FROM {table} AS old FULL JOIN {incoming} AS new ON new.{key} = old.{key}
            WHERE new.geom IS DISTINCT FROM old.geom""").format(**parts)
    )
    cursor.execute(
        sql.SQL("""
            -- rows that are gone, or come anew because something in them is different
            DELETE FROM {table} AS old
            WHERE NOT EXISTS (
                SELECT FROM {incoming} AS new
                WHERE new.{key} = old.{key} AND ({new}) IS NOT DISTINCT FROM ({old}))""").format(**parts)
    )
    removed = cursor.rowcount
    cursor.execute(
        sql.SQL("""
            INSERT INTO {table} SELECT {new} FROM {incoming} AS new
            WHERE NOT EXISTS (SELECT FROM {table} AS old WHERE old.{key} = new.{key})""").format(**parts)
    )
    return cursor.rowcount, removed


def _table(layer: Layer, columns: dict[str, LiteralString], incoming: sql.Identifier) -> Iterator[sql.Composed]:
    """The table anew, filled. The old one gives way at the end, when nothing is left that takes time."""
    fresh = sql.Identifier("layers", f"{layer.id} neu")
    yield sql.SQL("DROP TABLE IF EXISTS {}").format(fresh)
    yield sql.SQL("CREATE TABLE {} ({})").format(fresh, _typed(columns))
    yield sql.SQL("INSERT INTO {} SELECT * FROM {}").format(fresh, incoming)
    yield sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(fresh, sql.Identifier(layer.key))
    yield sql.SQL("CREATE INDEX ON {} USING gist (geom)").format(fresh)
    yield from view.gone(layer.id)
    yield sql.SQL("DROP TABLE IF EXISTS {}").format(view.table_of(layer))
    yield sql.SQL("ALTER TABLE {} RENAME TO {}").format(fresh, sql.Identifier(layer.id))


def _index(cursor: psycopg.Cursor[Any], layer: Layer) -> None:
    """Indexes for what is searched and filtered by, as the manifest says now. Each tells in its comment what it is."""
    wanted = dict(_indexes(layer))
    cursor.execute(
        """
        SELECT obj_description(indexrelid, 'pg_class'), indexrelid::regclass::text FROM pg_index
        WHERE indrelid = to_regclass(%s) AND obj_description(indexrelid, 'pg_class') IS NOT NULL""",
        [f'layers."{layer.id}"'],
    )
    standing: dict[str, str] = dict(cursor.fetchall())
    for purpose in standing.keys() - wanted.keys():
        cursor.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(standing[purpose])))
    for purpose in wanted.keys() - standing.keys():
        digest = blake2b(f"{layer.id} {purpose}".encode(), digest_size=6).hexdigest()
        name = sql.Identifier(f"{layer.id[:40]}_{digest}")
        cursor.execute(sql.SQL("CREATE INDEX {} ON {} {}").format(name, view.table_of(layer), wanted[purpose]))
        schema = sql.SQL("layers.{}").format(name)
        cursor.execute(sql.SQL("COMMENT ON INDEX {} IS {}").format(schema, sql.Literal(purpose)))


def _indexes(layer: Layer) -> Iterator[tuple[str, sql.Composable]]:
    if layer.sensors:
        yield "feature", sql.SQL("(({}::text))").format(sql.Identifier(layer.key))
    for name in layer.search:
        yield f"search {name}", sql.SQL("USING gin ({} gin_trgm_ops)").format(sql.Identifier(name))
    filtered: set[str | None] = {layer.style.by, *(name for name, field in layer.fields.items() if field.codes)}
    if layer.time:
        filtered |= {layer.time.start, layer.time.end}
    for name in layer.fields:
        if name not in filtered or name == layer.key:
            continue
        yield f"filter {name}", sql.SQL("({})").format(sql.Identifier(name))


def _columns(layer: Layer) -> dict[str, LiteralString]:
    return {name: _TYPES[layer.fields[name].type] for name in layer.columns} | {"geom": _GEOMETRIES[layer.geometry]}


def _typed(columns: dict[str, LiteralString]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()
    )


def _standing_columns(cursor: psycopg.Cursor[Any], layer: Layer) -> list[tuple[str, str]]:
    cursor.execute(
        """
        -- the columns of the table as it is, none if there is no table
        SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum""",
        [f'layers."{layer.id}"'],
    )
    return cursor.fetchall()


def _exists(cursor: psycopg.Cursor[Any], relation: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [relation])
    return cursor.fetchone() == (True,)


def _moved(layer: Layer) -> sql.Identifier:
    return sql.Identifier(f"{layer.id} bewegt")
