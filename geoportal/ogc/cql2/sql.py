"""CQL2 JSON to a condition of SQL: names only from the collection's queryables, values always bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from geoportal.catalogue import FieldType
from geoportal.ogc.cql2.binding import Bound, Values
from geoportal.ogc.cql2.spatial import Shape, relate_shapes
from geoportal.ogc.cql2.temporal import End, Span, relate_spans
from geoportal.ogc.cql2.text import Json
from geoportal.ogc.crs import Crs
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.values import parse_instant, parse_value

# A filter is short, or it is an attack.
MAX_DEPTH: Final = 20
MAX_TERMS: Final = 1_000  # QGIS asks for all rules of a style at once

GEOMETRY: Final = "geometry"  # the queryable; the column may be called otherwise

SQL_NAMES: Final[Mapping[FieldType, str]] = {
    FieldType.TEXT: "text",
    FieldType.INTEGER: "bigint",
    FieldType.NUMBER: "double precision",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "date",
    FieldType.DATETIME: "timestamptz",
    FieldType.UUID: "uuid",
}
_NUMBERS: Final = frozenset({FieldType.INTEGER, FieldType.NUMBER})
_TIMES: Final = frozenset({FieldType.DATE, FieldType.DATETIME})
_READ_AS: Final = _TIMES | {FieldType.UUID}
_COMPARE: Final = frozenset({"=", "<>", "<", ">", "<=", ">="})


@dataclass(frozen=True, slots=True)
class Condition:
    sql: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value with its type. `raw` is the text of a literal, whose type its neighbour may decide; `is_given`: it is a
    value of the filter, and not of a feature.
    """

    sql: str
    kind: FieldType
    raw: str | None = None
    is_given: bool = False


type Term = Condition | Scalar | Shape | Span


@dataclass
class FilterScope:
    """What a filter may speak of: the queryables as SQL, with their types, and the CRS of the geometries that it names.
    What it says is bound in `values`.
    """

    columns: Mapping[str, str]
    kinds: Mapping[str, FieldType]
    geometry: str
    crs: Crs
    values: Values
    terms: int = field(default=0, init=False)

    def given(self, value: Bound, kind: FieldType, raw: str | None = None) -> Scalar:
        return Scalar(self.values.bind(value, SQL_NAMES[kind]), kind, raw, is_given=True)


def condition(filter_: Json, scope: FilterScope) -> str:
    """Raises InvalidParameter for everything that cannot be asked of this collection."""
    return _condition(filter_, scope, 0)


def _condition(node: Json, scope: FilterScope, depth: int) -> str:
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
            return Scalar("TRUE" if node else "FALSE", FieldType.BOOLEAN)
        case int() if -(2**63) <= node < 2**63:
            return scope.given(node, FieldType.INTEGER)
        case float() if abs(node) < float("inf"):
            return scope.given(node, FieldType.NUMBER)
        case str() if "\0" not in node:
            return scope.given(node, FieldType.TEXT, raw=node)
        case {"op": str(op), "args": list(args)}:
            return _operation(op, args, scope, depth + 1)
        case {"property": str(name)}:
            return Shape(sql=scope.geometry) if name == GEOMETRY else _property(name, scope)
        case {"date": str(raw)} | {"timestamp": str(raw)}:
            return _instant(raw, scope)
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
            return Condition(_joined(name, [_condition(part, scope, depth) for part in _chain(name, args)]))
        case "not", [part]:
            return Condition(f"(NOT {_condition(part, scope, depth)})")
        case "between", [value, low, high]:
            ends = ((">=", low), ("<=", high))
            return Condition(_joined("and", [_compare(sign, value, end, scope, depth) for sign, end in ends]))
        case "in", [value, list(choices)] if choices:
            return Condition(_joined("or", [_compare("=", value, choice, scope, depth) for choice in choices]))
        case "isnull", [value]:
            return Condition(f"({_sql(_term(value, scope, depth))} IS NULL)")
        case "like", [value, pattern]:
            return Condition(f"({_text(value, scope, depth)} LIKE {_pattern(pattern, scope, depth)})")
        case "casei", [value]:
            return Scalar(f"lower({_text(value, scope, depth)})", FieldType.TEXT)
        case _, [left, right] if name in _COMPARE:
            return Condition(_compare(name, left, right, scope, depth))
        case _, [left, right]:
            return Condition(_relation(op, _term(left, scope, depth), _term(right, scope, depth), scope.values))
    raise InvalidParameter(f"filter: {op} mit {len(args)} Werten nicht bekannt / not known with {len(args)} arguments")


def _joined(word: str, parts: Sequence[str]) -> str:
    return f"({f' {word.upper()} '.join(parts)})"


def _relation(op: str, left: Term, right: Term, values: Values) -> str:
    match _as_span(left), _as_span(right):
        case Shape() as one, Shape() as other:
            return relate_shapes(op.lower(), one, other, values)
        case Span() as earlier, Span() as later:
            return relate_spans(op.lower(), earlier, later)
    raise InvalidParameter(
        f"filter: {op} nicht bekannt, oder nicht mit diesen Werten / not known, or not for these values"
    )


def _as_span(term: Term) -> Term:
    match term:
        case Scalar(kind=FieldType.DATE | FieldType.DATETIME):
            return Span.of_instant(_as_end(term))
    return term


def _as_end(scalar: Scalar) -> End:
    return End(scalar.sql, is_day=scalar.kind is FieldType.DATE, is_given=scalar.is_given)


def _compare(op: str, left: Json, right: Json, scope: FilterScope, depth: int) -> str:
    first, second = _term(left, scope, depth), _term(right, scope, depth)
    if isinstance(first, Scalar) and isinstance(second, Scalar):
        first, second = _alike(first, second, scope), _alike(second, first, scope)
        kinds = {first.kind, second.kind}
        if FieldType.BOOLEAN in kinds and op not in {"=", "<>"}:
            raise InvalidParameter("filter: wahr und falsch haben keine Reihenfolge / booleans have no order")
        if (len(kinds) == 1 and FieldType.JSON not in kinds) or kinds <= _NUMBERS or kinds <= _TIMES:
            return f"({first.sql} {op} {second.sql})"
    raise InvalidParameter("filter: diese Werte lassen sich nicht vergleichen / these values cannot be compared")


def _alike(term: Scalar, neighbour: Scalar, scope: FilterScope) -> Scalar:
    """A bare text beside a date or uuid is read as one: clients write `datum > '2026-01-01'`."""
    if term.raw is None or neighbour.kind not in _READ_AS:
        return term
    return scope.given(parse_value("filter", neighbour.kind, term.raw), neighbour.kind)


def _chain(name: str, parts: Sequence[Json]) -> Sequence[Json]:
    """What is joined by one word, however it is put in brackets: QGIS writes `(((a OR b) OR c) OR d)`."""
    joined: list[Json] = []
    waiting = list(reversed(parts))
    while waiting:
        match waiting.pop():
            case {"op": str(op), "args": [_, _, *_] as args} if op.lower() == name:
                waiting += reversed(args)
            case part:
                joined.append(part)
    return joined


def _text(node: Json, scope: FilterScope, depth: int) -> str:
    match _term(node, scope, depth):
        case Scalar(sql, FieldType.TEXT):
            return sql
    raise InvalidParameter("filter: ein Text wird erwartet / a text is expected")


def _pattern(node: Json, scope: FilterScope, depth: int) -> str:
    sql = _text(node, scope, depth)
    if _ends_escaping(node):
        # PostgreSQL says so at the first row that it compares: of a map that is a painter's end, and nobody is told why
        raise InvalidParameter(
            "filter: nach dem letzten \\ fehlt ein Zeichen / a character is missing after the last \\"
        )
    return sql


def _ends_escaping(pattern: Json) -> bool:
    match pattern:
        case {"op": str(), "args": [inner]}:  # casei, as the only operation that yields a text
            return _ends_escaping(inner)
        case str():
            return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1
    return False


def _sql(term: Term) -> str:
    match term:
        case Scalar(sql) | Condition(sql) | Shape(sql=sql) if sql is not None:
            return sql
    raise InvalidParameter("filter: eine Eigenschaft wird erwartet / a property is expected")


def _instant(raw: str, scope: FilterScope) -> Scalar:
    instant = parse_instant("filter", raw)
    return scope.given(instant, FieldType.DATETIME if isinstance(instant, datetime) else FieldType.DATE)


def _end(node: Json, scope: FilterScope) -> End | None:
    match node:
        case "..":
            return None
        case str():
            return _as_end(_instant(node, scope))
        case {"property": str(name)} if (found := _property(name, scope)).kind in _TIMES:
            return _as_end(found)
    raise InvalidParameter("filter: Ende eines Zeitraums nicht verstanden / end of an interval not understood")
