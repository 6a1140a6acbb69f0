"""The temporal relations of CQL2, on time spans."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from geoportal.ogc.problems import InvalidParameter

_MOMENT: Final = "timestamptz"
_LAST_MICROSECOND: Final = "interval '1 microsecond'"


@dataclass(frozen=True, slots=True)
class End:
    """A date or a moment in SQL; `is_given`: by the filter, so that it is known."""

    sql: str
    is_day: bool
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`, both included; None is an open end, NULL an unknown one."""

    start: End | None
    end: End | None

    @classmethod
    def of_instant(cls, instant: End) -> Self:
        return cls(instant, instant)

    @property
    def guards(self) -> list[str]:
        """A feature of which neither start nor end is known holds at no time at all."""
        ends = [end for end in (self.start, self.end) if end is not None]
        if not ends or self.start is self.end or any(end.is_given for end in ends):
            return []
        return [f"({' OR '.join(f'{end.sql} IS NOT NULL' for end in ends)})"]

    @property
    def of_days(self) -> bool:
        return all(end.is_day for end in (self.start, self.end) if end is not None)

    def first(self, *, days: bool) -> str:
        if self.start is None:
            return _infinite("-infinity", days=days)
        start = self.start.sql if days else f"{self.start.sql}::{_MOMENT}"
        return start if self._certain(self.start) else f"coalesce({start}, {_infinite('-infinity', days=days)})"

    def last(self, *, days: bool) -> str:
        if self.end is None:
            return _infinite("infinity", days=days)
        end = self.end.sql
        if not days and self.end.is_day:  # the last moment of the day
            end = f"(({end} + 1)::{_MOMENT} - {_LAST_MICROSECOND})"
        return end if self._certain(self.end) else f"coalesce({end}, {_infinite('infinity', days=days)})"

    def _certain(self, end: End) -> bool:
        """An instant that is unknown stays NULL; the unknown end of an interval is an open one."""
        return self.start is self.end or end.is_given


def _infinite(word: str, *, days: bool) -> str:
    return f"'{word}'::{'date' if days else _MOMENT}"


# OGC 21-065r2, 7.9.2 (after Allen): a is (a, b), the other is (c, d)
_RELATIONS: Final[dict[str, Callable[[str, str, str, str], str]]] = {
    "t_after": lambda a, _b, _c, d: f"{a} > {d}",
    "t_before": lambda _a, b, c, _d: f"{b} < {c}",
    "t_contains": lambda a, b, c, d: f"{a} < {c} AND {b} > {d}",
    "t_disjoint": lambda a, b, c, d: f"{a} > {d} OR {b} < {c}",
    "t_during": lambda a, b, c, d: f"{a} > {c} AND {b} < {d}",
    "t_equals": lambda a, b, c, d: f"{a} = {c} AND {b} = {d}",
    "t_finishedby": lambda a, b, c, d: f"{a} < {c} AND {b} = {d}",
    "t_finishes": lambda a, b, c, d: f"{a} > {c} AND {b} = {d}",
    "t_intersects": lambda a, b, c, d: f"{a} <= {d} AND {b} >= {c}",
    "t_meets": lambda _a, b, c, _d: f"{b} = {c}",
    "t_metby": lambda a, _b, _c, d: f"{a} = {d}",
    "t_overlappedby": lambda a, b, c, d: f"{a} > {c} AND {a} < {d} AND {b} > {d}",
    "t_overlaps": lambda a, b, c, d: f"{a} < {c} AND {b} > {c} AND {b} < {d}",
    "t_startedby": lambda a, b, c, d: f"{a} = {c} AND {b} > {d}",
    "t_starts": lambda a, b, c, d: f"{a} = {c} AND {b} < {d}",
}


def relate_spans(op: str, left: Span, right: Span) -> str:
    """Compared in days when both are given in days, else in moments. Raises InvalidParameter."""
    if (relation := _RELATIONS.get(op)) is None:
        raise InvalidParameter(f"filter: {op} nicht bekannt / not known; {', '.join(_RELATIONS)}")
    days = left.of_days and right.of_days
    holds = relation(left.first(days=days), left.last(days=days), right.first(days=days), right.last(days=days))
    guards = left.guards + right.guards
    return f"(CASE WHEN {' AND '.join(guards)} THEN {holds} END)" if guards else f"({holds})"
