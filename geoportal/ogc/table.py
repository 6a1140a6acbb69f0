"""What a collection reads: a view of schema `ogc`, asked by one statement that yields finished GeoJSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple, Self

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnClause,
    Date,
    DateTime,
    Double,
    Engine,
    TableClause,
    Text,
    Uuid,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from geoportal.catalogue import FieldType
from geoportal.database.history import was_public
from geoportal.ogc.cql2 import SQL_NAMES, FilterScope, Values, condition
from geoportal.ogc.cql2.text import Json
from geoportal.ogc.crs import CRS84, Crs
from geoportal.ogc.postgis import postgis
from geoportal.ogc.problems import InvalidParameter, NotFound
from geoportal.ogc.reading import connection_for_reading, read_row
from geoportal.ogc.statements import (
    MOST_COUNTED,
    NOT_READY,
    WHOLE,
    Features,
    Key,
    Ready,
    Spread,
    Statement,
    Where,
    count_statement,
    feature_statement,
    features_of,
    page_statement,
)
from geoportal.ogc.values import parse_value
from geoportal.settings import STORAGE_SRID

_SQL_TYPES: Mapping[FieldType, Any] = {
    FieldType.TEXT: Text(),
    FieldType.INTEGER: BigInteger(),
    FieldType.NUMBER: Double(),
    FieldType.BOOLEAN: Boolean(),
    FieldType.DATE: Date(),
    FieldType.DATETIME: DateTime(timezone=True),
    FieldType.UUID: Uuid(),
    FieldType.JSON: JSONB(),
}
ID, GEOMETRY = "id", "geom"
MANY = -1  # rows that nobody has counted to the end
_NOTHING = (None, 0, 0, None)


class Condition(NamedTuple):
    """A condition in CQL2 JSON, and the CRS of the coordinates in it."""

    cql2: Json
    crs: Crs = CRS84


class Order(NamedTuple):
    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a collection. `fields` None means all; `hits` asks for the number only.

    `after` are the keys of the row that the page follows: its values of the fields in `order`, and its id. `day`: what
    was public then, and not now.
    """

    limit: int
    offset: int = 0
    after: tuple[object, ...] | None = None
    conditions: Sequence[Condition] = ()
    order: Sequence[Order] = ()
    fields: Sequence[str] | None = None
    crs: Crs = CRS84
    geometry: bool = True
    hits: bool = False
    day: date | None = None


class Page(NamedTuple):
    """`features` is GeoJSON features joined by commas, in UTF-8. `matched` counts all, whatever the page; MANY where
    that would be dear. `last` are the keys of the last row if there is a next page.
    """

    features: bytes
    returned: int
    matched: int
    last: list[Any] | None = None

    def read(self) -> list[dict[str, Any]]:
        read: list[dict[str, Any]] = json.loads(b"[%b]" % self.features)
        return read


class Extent(NamedTuple):
    """Bounds in CRS84 (west, south, east, north; None without any geometry), first and last time, and the number."""

    bounds: tuple[float, float, float, float] | None
    start: str | None
    end: str | None
    features: int


@dataclass(frozen=True)
class FeatureTable:
    """A view of schema `ogc` with the columns `id`, the fields and `geom` (storage CRS).

    `start`, `end`: the fields of its time, without `end` an instant. `multi`: every geometry is answered as a Multi
    geometry. `dimension`: only features that are points (0), lines (1) or areas (2). `where`: only those with these
    values (a manifest's: letters, digits, underscores). `day`: only what was public at its end, in Hessen; the view has
    the columns `veroeffentlicht_am` and `veroeffentlicht_bis`. `links`: what a link of the relation `enclosure` says,
    and the fields that it says it with; a feature without `href` has none.
    Every method raises Unavailable when the database does not answer.
    """

    view: str
    key: FieldType
    fields: Mapping[str, FieldType]
    start: str | None = None
    end: str | None = None
    multi: bool = False
    dimension: int | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    day: date | None = None
    links: Sequence[tuple[str, str | None]] = ()

    @cached_property
    def queryables(self) -> Mapping[str, FieldType]:
        """What a filter may name, beside the geometry."""
        named = {name: kind for name, kind in self.fields.items() if kind is not FieldType.JSON}
        return {ID: self.key, **named}

    def page(self, engine: Engine, question: Question, *, ready: Ready = NOT_READY, known: int | None = None) -> Page:
        """Raises InvalidParameter for a condition that cannot be asked of this table.

        `ready`: what the view has as text. `known`: what a page of the same conditions has `matched`.
        """
        where = self._where(question.conditions)
        is_whole = where.sql == WHOLE
        if (question.hits and known in (None, MANY)) or (is_whole and known is None):
            known = self._scalar(engine, count_statement(self._source, where))
        if question.hits:
            return Page(b"", 0, MANY if known is None else known)
        spread = Spread.UNKNOWN if known is None else Spread.FEW if 0 <= known <= MOST_COUNTED else Spread.MANY
        spread = Spread.MANY if is_whole else spread
        statement = page_statement(
            self._source,
            [
                *(Key(f'"{field}"', SQL_NAMES[self.queryables[field]], down) for field, down in question.order),
                self._id,
            ],
            self._features(question, ready),
            self._own,
            where,
            spread,
            limit=question.limit,
            offset=question.offset,
            after=question.after,
        )
        features, returned, counted, last = read_row(engine, *statement) or _NOTHING
        matched = known if known is not None else counted if counted <= MOST_COUNTED else MANY
        return Page(features or b"", returned, matched, json.loads(last) if last else None)

    def chosen(self, conditions: Sequence[Condition]) -> str:
        """A statement that yields the ids of what fulfils the conditions, its values written in it: for programs that
        hand on statements as text. Raises InvalidParameter.
        """
        sql, values = self._demanded(conditions)
        return f'SELECT {self._source}."{ID}" FROM {self._source} WHERE {values.written(sql)}'  # noqa: S608

    def feature(self, engine: Engine, identifier: str, crs: Crs, *, ready: Ready = NOT_READY) -> bytes:
        """One GeoJSON feature, in UTF-8. Raises NotFound."""
        try:
            key = parse_value(ID, self.key, identifier)
        except InvalidParameter as error:
            raise NotFound(f"{identifier!r}: nicht gefunden / not found") from error
        features, where = self._features(Question(limit=1, crs=crs), ready), self._where(())
        found: bytes | None = self._scalar(engine, feature_statement(self._source, self._id, key, features, where))
        if found is None:
            raise NotFound(f"{identifier!r}: nicht gefunden / not found")
        return found

    def extents(self, engine: Engine, selections: Sequence[Self]) -> list[Extent]:
        """Its own, and with the same bounds and times those of selections from it, each with its number.

        Measured in one look at all rows; ask seldom.
        """
        view, geometry = self._view, self._columns[GEOMETRY]
        start, end = (self._columns[name] if name else None for name in (self.start, self.end or self.start))
        bounds = postgis(
            "ST_Transform", postgis("ST_SetSRID", postgis("ST_Extent", geometry), STORAGE_SRID), CRS84.srid
        )
        measured = (
            select(
                postgis("ST_XMin", bounds),
                postgis("ST_YMin", bounds),
                postgis("ST_XMax", bounds),
                postgis("ST_YMax", bounds),
                cast(func.min(start), Text()) if start is not None else literal_column("NULL"),
                # an open end anywhere leaves the whole open
                case((func.bool_and(end.is_not(None)), cast(func.max(end), Text())))
                if end is not None
                else literal_column("NULL"),
                func.count(),
                *(func.count().filter(text(each._own)) for each in selections),
            )
            .select_from(view)
            .where(text(self._own))
        )
        with connection_for_reading(engine) as connection:
            west, south, east, north, first, last, *numbers = connection.execute(measured).one()
        box = (west, south, east, north) if west is not None else None
        return [Extent(box, first, last, number) for number in numbers]

    @cached_property
    def _view(self) -> TableClause:
        kinds = {ID: self.key, **self.fields}
        return table(
            self.view, *(column(name, _SQL_TYPES[kind]) for name, kind in kinds.items()), column(GEOMETRY), schema="ogc"
        )

    @property
    def _columns(self) -> ReadOnlyColumnCollection[str, ColumnClause[Any]]:
        return self._view.c

    @property
    def _own(self) -> str:
        """What restricts the collection itself, in SQL."""
        parts = []
        if self.dimension is not None:
            parts.append(f"ST_Dimension({self._source}.geom) = {self.dimension}")
        parts += [f"{self._source}.\"{name}\" = '{value}'" for name, value in self.where.items()]
        if self.day is not None:
            parts.append(was_public(self.day, f"{self._source}."))
        return " AND ".join(parts) or WHOLE

    @property
    def _source(self) -> str:
        return f'ogc."{self.view}"'

    @property
    def _id(self) -> Key:
        return Key(f'{self._source}."{ID}"', SQL_NAMES[self.key])

    @staticmethod
    def _scalar(engine: Engine, statement: Statement) -> Any:
        row = read_row(engine, *statement)
        return row[0] if row else None

    def _demanded(self, conditions: Sequence[Condition]) -> tuple[str, Values]:
        """What conditions, and the collection itself, demand of a row, in SQL. Raises InvalidParameter."""
        values, columns = Values(), {name: f'{self._source}."{name}"' for name in self.queryables}
        geometry = f"{self._source}.{GEOMETRY}"
        asked = [
            condition(part.cql2, FilterScope(columns, self.queryables, geometry, part.crs, values))
            for part in conditions
        ]
        own = [] if asked and self._own == WHOLE else [self._own]
        return " AND ".join([*own, *asked]), values

    def _where(self, conditions: Sequence[Condition]) -> Where:
        sql, values = self._demanded(conditions)
        return Where(sql, values.bound)

    def _features(self, question: Question, ready: Ready) -> Features:
        return features_of(
            self._source,
            tuple(self.fields) if question.fields is None else question.fields,
            question.crs,
            geometry=question.geometry,
            multi=self.multi,
            ready=Ready(ready.geometry, ready.properties and question.fields is None),
            links=self.links,
        )
