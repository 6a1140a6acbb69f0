"""What a collection reads: a view of schema `ogc`, asked by one statement that yields finished GeoJSON."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnClause,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Double,
    Engine,
    Select,
    TableClause,
    Text,
    Uuid,
    and_,
    case,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from geoportal.catalogue import FieldType
from geoportal.ogc.cql2 import FilterScope, condition
from geoportal.ogc.cql2.text import Json
from geoportal.ogc.crs import CRS84, STORAGE_SRID, Crs
from geoportal.ogc.postgis import postgis
from geoportal.ogc.problems import InvalidParameter, NotFound, Unavailable
from geoportal.ogc.values import parse_value

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
_SQLSTATE_DATA = "22"  # class 22, data exception: a value of the request did not fit after all


class Condition(NamedTuple):
    """A condition in CQL2 JSON, and the CRS of the coordinates in it."""

    cql2: Json
    crs: Crs = CRS84


class Order(NamedTuple):
    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a collection. `fields` None means all; `hits` asks for the number only."""

    limit: int
    offset: int = 0
    conditions: Sequence[Condition] = ()
    order: Sequence[Order] = ()
    fields: Sequence[str] | None = None
    crs: Crs = CRS84
    geometry: bool = True
    hits: bool = False


class Page(NamedTuple):
    """`features` is GeoJSON features joined by commas; `matched` counts all, whatever the page."""

    features: str
    returned: int
    matched: int


class Extent(NamedTuple):
    """Bounds in CRS84 (west, south, east, north; None without any geometry), first and last time, and the number."""

    bounds: tuple[float, float, float, float] | None
    start: str | None
    end: str | None
    features: int


@dataclass(frozen=True)
class FeatureTable:
    """A view of schema `ogc` with the columns `id`, the fields and `geom` (EPSG:25832).

    `start`, `end`: the fields of its time, without `end` an instant. `multi`: every geometry is answered as a Multi
    geometry. `dimension`: only features that are points (0), lines (1) or areas (2).
    Every method raises Unavailable when the database does not answer.
    """

    view: str
    key: FieldType
    fields: Mapping[str, FieldType]
    start: str | None = None
    end: str | None = None
    multi: bool = False
    dimension: int | None = None

    @cached_property
    def queryables(self) -> Mapping[str, FieldType]:
        """What a filter may name, beside the geometry."""
        named = {name: kind for name, kind in self.fields.items() if kind is not FieldType.JSON}
        return {ID: self.key, **named}

    def page(self, engine: Engine, question: Question) -> Page:
        """Raises InvalidParameter for a condition that cannot be asked of this table."""
        with connection_for_reading(engine) as connection:
            row = connection.execute(self._page(question)).one()
        return Page(row.features or "", row.returned, row.matched)

    def feature(self, engine: Engine, identifier: str, crs: Crs) -> str:
        """One GeoJSON feature. Raises NotFound."""
        try:
            key = parse_value(ID, self.key, identifier)
        except InvalidParameter as error:
            raise NotFound(f"{identifier!r}: nicht gefunden / not found") from error
        wanted = Question(limit=1, crs=crs)
        found = self._rows(wanted).where(self._columns[ID] == key, *self._own).limit(1).cte("page")
        with connection_for_reading(engine) as connection:
            text: str | None = connection.scalar(self._features(found, wanted, lambda feature: feature))
        if text is None:
            raise NotFound(f"{identifier!r}: nicht gefunden / not found")
        return text

    def extent(self, engine: Engine) -> Extent:
        """Measured on all rows; ask seldom."""
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
            )
            .select_from(view)
            .where(*self._own)
        )
        with connection_for_reading(engine) as connection:
            west, south, east, north, first, last, count = connection.execute(measured).one()
        return Extent((west, south, east, north) if west is not None else None, first, last, count)

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
    def _own(self) -> list[ColumnElement[bool]]:
        """What restricts the collection itself."""
        if self.dimension is None:
            return []
        dimension: ColumnElement[int] = postgis("ST_Dimension", self._columns[GEOMETRY])
        return [dimension == self.dimension]

    def _page(self, question: Question) -> Select[Any]:
        where = [*self._own, *(self._where(part) for part in question.conditions)]
        total = select(func.count()).select_from(self._view).where(*where).scalar_subquery()
        if question.hits:
            nothing, none = literal_column("''", Text()), literal_column("0", BigInteger())
            return select(nothing.label("features"), none.label("returned"), total.label("matched"))
        rows = self._rows(question).where(*where).order_by(*self._order(question)).limit(question.limit)
        found = rows.offset(question.offset).cte("page")
        returned = func.count()
        # A page that is not full is the last one: then all are known without counting them again.
        known = returned < question.limit
        if question.offset > 0:
            known = and_(known, returned > 0)
        return self._features(found, question, lambda feature: func.string_agg(feature, ",")).add_columns(
            returned.label("returned"), case((known, question.offset + returned), else_=total).label("matched")
        )

    def _where(self, part: Condition) -> ColumnElement[bool]:
        columns = {name: self._columns[name] for name in self.queryables}
        return condition(part.cql2, FilterScope(columns, self.queryables, self._columns[GEOMETRY], part.crs))

    def _order(self, question: Question) -> Iterator[ColumnElement[Any]]:
        """Always ends with the id, so that pages neither overlap nor leave gaps."""
        for field, descending in question.order:
            yield self._columns[field].desc().nulls_last() if descending else self._columns[field].asc().nulls_last()
        yield self._columns[ID]

    def _rows(self, question: Question) -> Select[Any]:
        names = [ID, *(self.fields if question.fields is None else question.fields)]
        return select(*(self._columns[name] for name in names), self._columns[GEOMETRY])

    def _features(self, found: Any, question: Question, gather: Any) -> Select[Any]:
        """The serialised features of a page. Only now is a geometry transformed, for the rows that are sent."""
        names = [item.name for item in found.c if item.name not in (ID, GEOMETRY)]
        record = select(*(found.c[name] for name in names)).correlate(found).lateral("properties") if names else None
        feature = func.concat(
            '{"type":"Feature","id":',
            cast(func.to_json(found.c[ID]), Text()),
            ',"geometry":',
            func.coalesce(self._geojson(found.c[GEOMETRY], question), "null"),
            ',"properties":',
            cast(func.row_to_json(literal_column("properties")), Text()) if record is not None else "{}",
            "}",
        )
        statement = select(gather(feature).label("features")).select_from(found)
        return statement.join(record, true()) if record is not None else statement

    def _geojson(self, geometry: ColumnElement[Any], question: Question) -> ColumnElement[Any]:
        if not question.geometry:
            return cast(null(), Text())
        if self.multi:
            geometry = postgis("ST_Multi", geometry)
        if question.crs.srid != STORAGE_SRID:
            geometry = postgis("ST_Transform", geometry, question.crs.srid)
        if question.crs is CRS84:
            geometry = postgis("ST_ForcePolygonCCW", geometry)  # RFC 7946, 3.1.6
        if question.crs.flipped:
            geometry = postgis("ST_FlipCoordinates", geometry)
        # option 0: no `crs` member, which RFC 7946 has abolished
        return postgis("ST_AsGeoJSON", geometry, question.crs.digits, 0)


@contextmanager
def connection_for_reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reading; what the database says is told without its words."""
    try:
        with engine.connect() as connection:
            yield connection
    except (OperationalError, PoolTimeout) as error:
        raise Unavailable(
            "Die Datenbank antwortet gerade nicht oder nicht rechtzeitig. / The database does not answer in time."
        ) from error
    except ProgrammingError as error:
        # the view is not there, or not yet: a new layer is published as soon as its rows are loaded
        raise Unavailable("Diese Sammlung ist noch nicht geladen. / This collection is not loaded yet.") from error
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", "")).startswith(_SQLSTATE_DATA):
            raise InvalidParameter(
                "Ein Wert passt nicht zur Sammlung. / A value does not fit the collection."
            ) from error
        raise
