"""Features of a thematic layer, one or a page of them, and what sensors told about one; from the layer's own views.

Names of views and columns come from manifests. A layer whose view is not in step with its manifest, as before its first
load, has no features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Interval,
    RowMapping,
    Select,
    TableClause,
    Text,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
    text,
)

from geoportal.catalogue import FieldType, Layer

COUNTED: Final = 10_000  # so many are counted; of more it is said that there are more
_BUCKETS: Final = 240  # of a curve: more cannot be told apart on a page
_MOST_CHANGES: Final = 2_000

_COLUMNS: Final = text("""
    SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:view) AND attnum > 0 AND NOT attisdropped""")


@dataclass(frozen=True, slots=True)
class Objekt:
    """`lon`, `lat` (degrees) lie on it; None where it has no geometry."""

    id: str
    properties: Mapping[str, Any]
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which features of a layer: those with a text in the fields of its search, and with a value in one field."""

    words: str = ""
    field: str | None = None
    value: str | None = None
    ordered_by: str | None = None
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Objekte:
    """A page of them. `total` is exact up to COUNTED."""

    objekte: tuple[Objekt, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Abschnitt:
    """Readings of a number in one of the pieces of a curve."""

    start: datetime
    least: float
    mean: float
    greatest: float
    number: int


@dataclass(frozen=True, slots=True)
class Wechsel:
    """From `at` on the state was `word`; of an event `word` is None."""

    at: datetime
    word: str | None


def objekt(connection: Connection, layer: Layer, identifier: str) -> Objekt | None:
    view, key = _view(connection, layer), _key(layer, identifier)
    if view is None or key is None:
        return None
    row = connection.execute(_select(layer, view).where(view.c.id == key).limit(1)).mappings().one_or_none()
    return None if row is None else _objekt(layer, row)


def objekte(connection: Connection, layer: Layer, wanted: Wanted) -> Objekte:
    view = _view(connection, layer)
    if view is None:
        return Objekte((), 0)
    conditions = list(_conditions(layer, view, wanted))
    most = select(literal(1)).select_from(view).where(*conditions).limit(COUNTED + 1).subquery()
    total = int(connection.scalar(select(func.count()).select_from(most)) or 0)
    found = _select(layer, view).where(*conditions)
    if wanted.ordered_by is not None and total <= COUNTED:
        found = found.order_by(view.c[wanted.ordered_by].asc().nulls_last())
    page = found.order_by(view.c.id).offset(wanted.offset).limit(wanted.limit)
    return Objekte(tuple(_objekt(layer, row) for row in connection.execute(page).mappings()), total)


def curve(connection: Connection, layer: Layer, identifier: str, name: str, since: datetime) -> list[Abschnitt]:
    """The readings of a number since then, in at most 240 pieces of equal length."""
    if (view := _history(connection, layer)) is None:
        return []
    length = max((datetime.now(since.tzinfo) - since) / _BUCKETS, timedelta(minutes=1))
    start = func.date_bin(literal(length, Interval), view.c.zeit, since)
    found = (
        select(
            start.label("start"),
            func.min(view.c.wert).label("least"),
            func.avg(view.c.wert).label("mean"),
            func.max(view.c.wert).label("greatest"),
            func.count().label("number"),
        )
        .where(*_told(view, identifier, name, since), view.c.wert.is_not(None))
        .group_by(start)
        .order_by(start)
    )
    return [Abschnitt(**row) for row in connection.execute(found).mappings()]


def changes(connection: Connection, layer: Layer, identifier: str, name: str, since: datetime) -> list[Wechsel]:
    """When a state became another one, or an event happened; the first is how it was at the beginning."""
    if (view := _history(connection, layer)) is None:
        return []
    before = func.lag(view.c.zustand).over(order_by=view.c.zeit)
    told = (
        select(view.c.zeit, view.c.zustand, before.label("before"))
        .where(*_told(view, identifier, name, since))
        .subquery()
    )
    new = or_(told.c.zustand.is_(None), told.c.zustand.is_distinct_from(told.c.before))
    found = select(told.c.zeit, told.c.zustand).where(new).order_by(told.c.zeit.desc()).limit(_MOST_CHANGES)
    rows = connection.execute(found).all()
    return [Wechsel(at, word) for at, word in reversed(rows)]


def _key(layer: Layer, identifier: str) -> str | int | UUID | None:
    """In the type of the key, so that its index is used; None for what can be none."""
    try:
        match layer.fields[layer.key].type:
            case FieldType.INTEGER:
                number = int(identifier)
                return number if -(2**63) <= number < 2**63 else None
            case FieldType.UUID:
                return UUID(identifier)
            case _:
                return identifier
    except ValueError:
        return None


def _told(view: TableClause, identifier: str, name: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return view.c.objekt == identifier, view.c.eigenschaft == name, view.c.zeit >= since


def _conditions(layer: Layer, view: TableClause, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        or_(*(view.c[name].icontains(word, autoescape=True) for name in layer.search))
        for word in wanted.words.split()[:8]
        if layer.search
    ]
    if wanted.field is not None:
        found.append(cast(view.c[wanted.field], Text) == wanted.value)
    return found


def _view(connection: Connection, layer: Layer) -> TableClause | None:
    return _standing(connection, layer.view, ["id", *layer.properties, "geom"])


def _history(connection: Connection, layer: Layer) -> TableClause | None:
    return _standing(connection, f"{layer.id}_messwerte", ["objekt", "eigenschaft", "zeit", "wert", "zustand"])


def _standing(connection: Connection, view: str, names: Sequence[str]) -> TableClause | None:
    standing = set(connection.scalars(_COLUMNS, {"view": f'ogc."{view}"'}))
    if not set(names) <= standing:
        return None
    return table(view, *(column(name) for name in dict.fromkeys(names)), schema="ogc")


def _select(layer: Layer, view: TableClause) -> Select[Any]:
    place = func.ST_Transform(func.ST_PointOnSurface(view.c.geom), 4326)
    properties = [view.c[name] for name in layer.properties]
    return select(
        cast(view.c.id, Text).label("schluessel"),
        *properties,
        func.ST_X(place).label("lon_"),
        func.ST_Y(place).label("lat_"),
    )


def _objekt(layer: Layer, row: RowMapping) -> Objekt:
    return Objekt(row["schluessel"], {name: row[name] for name in layer.properties}, row["lon_"], row["lat_"])
