"""CQL2 JSON to a condition of SQL: names only from the collection's queryables, values always bound."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Text,
    Uuid,
    and_,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    true,
)

from geoportal.catalogue import FieldType
from geoportal.ogc.cql2.spatial import Shape, relate_shapes
from geoportal.ogc.cql2.temporal import Span, relate_spans
from geoportal.ogc.cql2.text import Json
from geoportal.ogc.crs import Crs
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.values import parse_instant, parse_value

# A filter is short, or it is an attack.
MAX_DEPTH = 20
MAX_TERMS = 200

GEOMETRY = "geometry"  # the queryable; the column may be called otherwise

_NUMBERS = frozenset({FieldType.INTEGER, FieldType.NUMBER})
_TIMES = frozenset({FieldType.DATE, FieldType.DATETIME})
_SQL_TYPES: Mapping[FieldType, Any] = {
    FieldType.DATE: Date(),
    FieldType.DATETIME: DateTime(timezone=True),
    FieldType.UUID: Uuid(),
}
_COMPARE: dict[str, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


@dataclass(frozen=True, slots=True)
class Condition:
    sql: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value with its type. `raw` is the text of a literal, whose type its neighbour may decide."""

    sql: ColumnElement[Any]
    kind: FieldType
    raw: str | None = None


type Term = Condition | Scalar | Shape | Span


@dataclass
class FilterScope:
    """What a filter may speak of: the queryables with their types, and the CRS of the geometries that it names."""

    columns: Mapping[str, ColumnElement[Any]]
    kinds: Mapping[str, FieldType]
    geometry: ColumnElement[Any]
    crs: Crs
    terms: int = field(default=0, init=False)


def condition(filter_: Json, scope: FilterScope) -> ColumnElement[bool]:
    """Raises InvalidParameter for everything that cannot be asked of this collection."""
    return _condition(filter_, scope, 0)


def _condition(node: Json, scope: FilterScope, depth: int) -> ColumnElement[bool]:
    match _term(node, scope, depth):
        case Condition(sql) | Scalar(sql, FieldType.BOOLEAN):
            return sql
    raise InvalidParameter("filter: eine Bedingung fehlt / a condition is missing")


def _term(node: Json, scope: FilterScope, depth: int) -> Term:
    scope.terms += 1
    if depth > MAX_DEPTH or scope.terms > MAX_TERMS:
        raise InvalidParameter("filter: zu verschachtelt oder zu lang / too deep or too long")
    match node:
        case bool():
            return Scalar(true() if node else false(), FieldType.BOOLEAN)
        case int() if -(2**63) <= node < 2**63:
            return Scalar(literal(node, BigInteger()), FieldType.INTEGER)
        case float() if abs(node) < float("inf"):
            return Scalar(literal(node, Double()), FieldType.NUMBER)
        case str() if "\0" not in node:
            return Scalar(literal(node, Text()), FieldType.TEXT, raw=node)
        case {"op": str(op), "args": list(args)}:
            return _operation(op, args, scope, depth + 1)
        case {"property": str(name)}:
            return Shape(sql=scope.geometry) if name == GEOMETRY else _property(name, scope)
        case {"date": str(raw)} | {"timestamp": str(raw)}:
            return _instant(raw)
        case {"interval": [start, end]}:
            return Span(_end(start, scope), _end(end, scope))
        case {"bbox": list(numbers)} if all(isinstance(number, int | float) for number in numbers):
            return Shape.of_box(numbers, scope.crs)
        case {"type": str(), "coordinates": _} | {"type": "GeometryCollection", "geometries": _}:
            return Shape.of_geojson(node, scope.crs)
    raise InvalidParameter("filter: Ausdruck nicht verstanden / expression not understood")


def _property(name: str, scope: FilterScope) -> Scalar:
    if name not in scope.columns:
        known = ", ".join([*scope.columns, GEOMETRY])
        raise InvalidParameter(f"filter: {name!r} kann nicht abgefragt werden / is no queryable; {known}")
    return Scalar(scope.columns[name], scope.kinds[name])


def _operation(op: str, args: Sequence[Json], scope: FilterScope, depth: int) -> Term:
    name = op.lower()
    match name, args:
        case "and" | "or", [_, _, *_]:
            parts = [_condition(part, scope, depth) for part in args]
            return Condition(and_(*parts) if name == "and" else or_(*parts))
        case "not", [part]:
            return Condition(not_(_condition(part, scope, depth)))
        case "between", [value, low, high]:
            return Condition(and_(*(_compare(o, value, end, scope, depth) for o, end in ((">=", low), ("<=", high)))))
        case "in", [value, list(choices)] if choices:
            return Condition(or_(*(_compare("=", value, choice, scope, depth) for choice in choices)))
        case "isnull", [value]:
            return Condition(_sql(_term(value, scope, depth)).is_(null()))
        case "like", [value, pattern]:
            return Condition(_text(value, scope, depth).like(_text(pattern, scope, depth)))
        case "casei", [value]:
            return Scalar(func.lower(_text(value, scope, depth)), FieldType.TEXT)
        case _, [left, right] if name in _COMPARE:
            return Condition(_compare(name, left, right, scope, depth))
        case _, [left, right]:
            return Condition(_relation(op, _term(left, scope, depth), _term(right, scope, depth)))
    raise InvalidParameter(f"filter: {op} mit {len(args)} Werten nicht bekannt / not known with {len(args)} arguments")


def _relation(op: str, left: Term, right: Term) -> ColumnElement[bool]:
    match _as_span(left), _as_span(right):
        case Shape() as one, Shape() as other:
            return relate_shapes(op.lower(), one, other)
        case Span() as earlier, Span() as later:
            return relate_spans(op.lower(), earlier, later)
    raise InvalidParameter(
        f"filter: {op} nicht bekannt, oder nicht mit diesen Werten / not known, or not for these values"
    )


def _as_span(term: Term) -> Term:
    match term:
        case Scalar(sql, FieldType.DATE | FieldType.DATETIME):
            return Span.of_instant(sql)
    return term


def _compare(op: str, left: Json, right: Json, scope: FilterScope, depth: int) -> ColumnElement[bool]:
    first, second = _term(left, scope, depth), _term(right, scope, depth)
    if isinstance(first, Scalar) and isinstance(second, Scalar):
        first, second = _alike(first, second), _alike(second, first)
        kinds = {first.kind, second.kind}
        if FieldType.BOOLEAN in kinds and op not in {"=", "<>"}:
            raise InvalidParameter("filter: wahr und falsch haben keine Reihenfolge / booleans have no order")
        if (len(kinds) == 1 and FieldType.JSON not in kinds) or kinds <= _NUMBERS or kinds <= _TIMES:
            return _COMPARE[op](first.sql, second.sql)
    raise InvalidParameter("filter: diese Werte lassen sich nicht vergleichen / these values cannot be compared")


def _alike(term: Scalar, neighbour: Scalar) -> Scalar:
    """A bare text beside a date or uuid is read as one: clients write `datum > '2026-01-01'`."""
    if term.raw is None or neighbour.kind not in _SQL_TYPES:
        return term
    value = parse_value("filter", neighbour.kind, term.raw)
    return Scalar(literal(value, _SQL_TYPES[neighbour.kind]), neighbour.kind)


def _text(node: Json, scope: FilterScope, depth: int) -> ColumnElement[str]:
    match _term(node, scope, depth):
        case Scalar(sql, FieldType.TEXT):
            return sql
    raise InvalidParameter("filter: ein Text wird erwartet / a text is expected")


def _sql(term: Term) -> ColumnElement[Any]:
    match term:
        case Scalar(sql) | Condition(sql) | Shape(sql=sql) if sql is not None:
            return sql
    raise InvalidParameter("filter: eine Eigenschaft wird erwartet / a property is expected")


def _instant(raw: str) -> Scalar:
    instant = parse_instant("filter", raw)
    kind = FieldType.DATETIME if isinstance(instant, datetime) else FieldType.DATE
    return Scalar(literal(instant, _SQL_TYPES[kind]), kind)


def _end(node: Json, scope: FilterScope) -> ColumnElement[Any] | None:
    match node:
        case "..":
            return None
        case str():
            return _instant(node).sql
        case {"property": str(name)} if (found := _property(name, scope)).kind in _TIMES:
            return found.sql
    raise InvalidParameter("filter: Ende eines Zeitraums nicht verstanden / end of an interval not understood")
