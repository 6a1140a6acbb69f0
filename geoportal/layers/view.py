"""What of a thematic layer is public: a view of schema `ogc` on its table, with the newest readings of its sensors."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Engine, text

from geoportal.catalogue import Field, FieldType, Layer, Observed
from geoportal.settings import READ_ROLE

_TODAY: Final = "(now() AT TIME ZONE 'Europe/Berlin')::date"


def without_view(engine: Engine, layers: Iterable[Layer]) -> list[str]:
    """The layers that have nothing to be read from in schema `ogc`."""
    with engine.connect() as connection:
        views = set(connection.scalars(text("SELECT viewname FROM pg_views WHERE schemaname = 'ogc'")))
    return [layer.id for layer in layers if layer.view not in views]


def renew(cursor: psycopg.Cursor[Any], layer: Layer) -> bool:
    """Whether it had to be made anew."""
    if is_standing(cursor, layer):
        return False
    for statement in gone(layer.id):
        cursor.execute(statement)
    view, history = _names(layer.id)
    definitions = [(view, _view(layer)), *([(history, _history(layer))] if layer.sensors else [])]
    for each, definition in definitions:
        cursor.execute(sql.SQL("CREATE VIEW {} AS {}").format(each, definition))
        cursor.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(each, sql.Identifier(READ_ROLE)))
    cursor.execute(sql.SQL("COMMENT ON VIEW {} IS {}").format(view, sql.Literal(_digest(cursor, layer))))
    return True


def is_standing(cursor: psycopg.Cursor[Any], layer: Layer) -> bool:
    """As the manifest asks for it now: its comment holds a digest of its definition."""
    cursor.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", [f'ogc."{layer.id}"'])
    return cursor.fetchone() == (_digest(cursor, layer),)


def gone(layer: str) -> Iterator[sql.Composed]:
    """The statements that take it away, if it is there."""
    for name in reversed(_names(layer)):  # the second reads the first
        yield sql.SQL("DROP VIEW IF EXISTS {}").format(name)


def table_of(layer: Layer) -> sql.Identifier:
    return sql.Identifier("layers", layer.id)


def _names(layer: str) -> tuple[sql.Identifier, sql.Identifier]:
    """Of the rows and of their readings."""
    return sql.Identifier("ogc", layer), sql.Identifier("ogc", f"{layer}_messwerte")


def _digest(cursor: psycopg.Cursor[Any], layer: Layer) -> str:
    said = _view(layer).as_string(cursor) + (_history(layer).as_string(cursor) if layer.sensors else "")
    return blake2b(said.encode(), digest_size=12).hexdigest()


def _view(layer: Layer) -> sql.Composed:
    """(id, the public fields, geom), whatever the key is called; an internal field is not even named."""
    public = {name: field for name, field in layer.fields.items() if name in layer.properties}
    columns = [
        sql.SQL("{} AS id").format(sql.Identifier("own", layer.key)),
        *(sql.Identifier("own", name) for name in public),
        *_measured(layer),
        sql.SQL("own.geom"),
    ]
    return sql.SQL("SELECT {} FROM {} AS own{}{}").format(
        sql.SQL(", ").join(columns), table_of(layer), _latest(layer), _current(layer, public)
    )


def _measured(layer: Layer) -> Iterator[sql.Composed]:
    """The columns of `layer.measured`, from the newest reading of each property."""
    for name, observed in (layer.sensors.observed if layer.sensors else {}).items():
        newest = f"newest {name}"
        given: dict[str, sql.Composable] = {
            name: sql.Identifier(newest, "word" if observed.codes else "number"),
            f"{name}_seit": sql.Identifier(newest, "since"),
            f"{name}_am": sql.Identifier(newest, "at"),
        }
        if observed.lasting:
            given[f"{name}_stufe"] = _stage(newest, observed)
        if observed.stale:
            age = sql.Literal(observed.stale.after)
            given[f"{name}_veraltet"] = sql.SQL("({} < now() - {})").format(sql.Identifier(newest, "at"), age)
        for column, value in given.items():
            if column in layer.measured:
                yield sql.SQL("{} AS {}").format(value, sql.Identifier(column))


def _stage(newest: str, observed: Observed) -> sql.Composed:
    """The state, or its name after so long: of several, that of the longest time."""
    longest = sorted(observed.lasting.items(), key=lambda each: each[1].after, reverse=True)
    stages = [
        sql.SQL("WHEN {newest}.word = {state} AND {newest}.since < now() - {after} THEN {stage} ").format(
            newest=sql.Identifier(newest),
            state=sql.Literal(lasting.state),
            after=sql.Literal(lasting.after),
            stage=sql.Literal(stage),
        )
        for stage, lasting in longest
    ]
    return sql.SQL("CASE {}ELSE {}.word END").format(sql.SQL("").join(stages), sql.Identifier(newest))


def _latest(layer: Layer) -> sql.Composable:
    joins = [
        sql.SQL(
            " LEFT JOIN sensors.latest AS {newest} ON {newest}.layer = {layer} AND {newest}.property = {name}"
            " AND {newest}.feature = own.{key}::text"
        ).format(
            newest=sql.Identifier(f"newest {name}"),
            layer=sql.Literal(layer.id),
            name=sql.Literal(name),
            key=sql.Identifier(layer.key),
        )
        for name in (layer.sensors.observed if layer.sensors else {})
    ]
    return sql.SQL("").join(joins)


def _history(layer: Layer) -> sql.Composed:
    """The columns of `layer.history`; what is no longer observed or no longer public is not shown."""
    names = list(layer.sensors.observed) if layer.sensors else []
    return sql.SQL("""
        SELECT told.id, told.feature AS objekt, told.property AS eigenschaft, told.at AS zeit, told.number AS wert,
            told.word AS zustand, own.geom
        FROM sensors.reading AS told JOIN {table} AS own ON own.{key}::text = told.feature
        WHERE told.layer = {layer} AND told.property = ANY ({names})
            AND EXISTS (SELECT FROM {view} AS public WHERE public.id = own.{key})""").format(
        table=table_of(layer),
        key=sql.Identifier(layer.key),
        layer=sql.Literal(layer.id),
        names=sql.Literal(names),
        view=sql.Identifier("ogc", layer.id),
    )


def _current(layer: Layer, public: dict[str, Field]) -> sql.Composable:
    """The condition of a layer that shows only what holds today."""
    if layer.time is None or not layer.time.only_current:
        return sql.SQL("")
    start, end = (
        sql.SQL("({}{})::date").format(
            sql.Identifier("own", name),
            sql.SQL(" AT TIME ZONE 'Europe/Berlin'" if public[name].type is FieldType.DATETIME else ""),
        )
        for name in (layer.time.start, layer.time.end or layer.time.start)
    )
    until = sql.SQL(" AND coalesce({} >= {}, true)").format(end, sql.SQL(_TODAY)) if layer.time.end else sql.SQL("")
    return sql.SQL(" WHERE coalesce({} <= {}, true){}").format(start, sql.SQL(_TODAY), until)
