"""The temporal relations of CQL2, on time spans."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    DateTime,
    Interval,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
)

from geoportal.ogc.problems import InvalidParameter

_MOMENT = DateTime(timezone=True)

type Sql = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`, both included, each a date or a moment; None is an open end, NULL an unknown one."""

    start: Sql | None
    end: Sql | None

    @classmethod
    def of_instant(cls, sql: Sql) -> Self:
        return cls(sql, sql)

    @property
    def guards(self) -> list[ColumnElement[bool]]:
        """A feature of which neither start nor end is known holds at no time at all."""
        ends = [end for end in (self.start, self.end) if end is not None]
        if self.start is self.end or any(isinstance(end, BindParameter) for end in ends):
            return []
        return [or_(*(end.is_not(null()) for end in ends))] if ends else []

    @property
    def of_days(self) -> bool:
        return all(isinstance(end.type, Date) for end in (self.start, self.end) if end is not None)

    def first(self, *, days: bool) -> Sql:
        if self.start is None:
            return _infinite("-infinity", days=days)
        start = self.start if days else cast(self.start, _MOMENT)
        return start if self._certain(self.start) else func.coalesce(start, _infinite("-infinity", days=days))

    def last(self, *, days: bool) -> Sql:
        if self.end is None:
            return _infinite("infinity", days=days)
        end = self.end
        if not days and isinstance(end.type, Date):  # the last moment of the day
            end = cast(end + 1, _MOMENT) - cast(literal("1 microsecond", Text()), Interval())
        return end if self._certain(self.end) else func.coalesce(end, _infinite("infinity", days=days))

    def _certain(self, end: Sql) -> bool:
        """An instant that is unknown stays NULL; the unknown end of an interval is an open one."""
        return self.start is self.end or isinstance(end, BindParameter)


def _infinite(word: str, *, days: bool) -> Sql:
    return cast(literal(word, Text()), Date() if days else _MOMENT)


# OGC 21-065r2, 7.9.2 (after Allen): a is (a, b), the other is (c, d)
_RELATIONS: dict[str, Callable[[Sql, Sql, Sql, Sql], ColumnElement[bool]]] = {
    "t_after": lambda a, _b, _c, d: a > d,
    "t_before": lambda _a, b, c, _d: b < c,
    "t_contains": lambda a, b, c, d: and_(a < c, b > d),
    "t_disjoint": lambda a, b, c, d: or_(a > d, b < c),
    "t_during": lambda a, b, c, d: and_(a > c, b < d),
    "t_equals": lambda a, b, c, d: and_(a == c, b == d),
    "t_finishedby": lambda a, b, c, d: and_(a < c, b == d),
    "t_finishes": lambda a, b, c, d: and_(a > c, b == d),
    "t_intersects": lambda a, b, c, d: and_(a <= d, b >= c),
    "t_meets": lambda _a, b, c, _d: b == c,
    "t_metby": lambda a, _b, _c, d: a == d,
    "t_overlappedby": lambda a, b, c, d: and_(a > c, a < d, b > d),
    "t_overlaps": lambda a, b, c, d: and_(a < c, b > c, b < d),
    "t_startedby": lambda a, b, c, d: and_(a == c, b > d),
    "t_starts": lambda a, b, c, d: and_(a == c, b < d),
}


def relate_spans(op: str, left: Span, right: Span) -> ColumnElement[bool]:
    """Compared in days when both are given in days, else in moments. Raises InvalidParameter."""
    if (relation := _RELATIONS.get(op)) is None:
        raise InvalidParameter(f"filter: {op} nicht bekannt / not known; {', '.join(_RELATIONS)}")
    days = left.of_days and right.of_days
    holds = relation(left.first(days=days), left.last(days=days), right.first(days=days), right.last(days=days))
    guards = left.guards + right.guards
    return case((and_(*guards), holds)) if guards else holds
