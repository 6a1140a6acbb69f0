"""Curves and bands of readings as numbers for an SVG that a template draws. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from geoportal.published import Abschnitt, Wechsel

WIDTH: Final = 600
HEIGHT: Final = 120
_GAP: Final = 8  # pieces without a reading after which a line would tell what nobody knows


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: where, and what stands there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """`lines`: points of polylines, `x,y x,y …`, broken where nothing was told."""

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    days: tuple[Tick, ...]
    values: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time with one state."""

    x: float
    width: float
    word: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a drawing shows."""

    start: datetime
    end: datetime

    def x(self, moment: datetime) -> float:
        share = (moment - self.start) / (self.end - self.start)
        return round(WIDTH * min(max(share, 0.0), 1.0), 1)


def curve(
    pieces: Sequence[Abschnitt],
    span: Span,
    limits: tuple[float | None, float | None],
    zone: ZoneInfo,
    spell: Callable[[float], str],
) -> Curve:
    """`limits` are the least and greatest that the manifest allows; without them the readings decide."""
    least, greatest = limits
    values = [each.mean for each in pieces] or [0.0]
    low = min(values) if least is None else least
    high = max(values) if greatest is None else greatest
    if high <= low:
        low, high = low - 1, high + 1

    def y(value: float) -> float:
        return round(HEIGHT - HEIGHT * (value - low) / (high - low), 1)

    longest = _GAP * (span.end - span.start) / 240
    lines: list[list[tuple[float, float]]] = []
    last: datetime | None = None
    for each in pieces:
        if last is None or each.start - last > max(longest, timedelta(hours=6)):
            lines.append([])
        lines[-1].append((span.x(each.start), y(each.mean)))
        last = each.start
    return Curve(
        lines=tuple(" ".join(f"{x},{height}" for x, height in line) for line in lines if len(line) > 1),
        dots=tuple(line[0] for line in lines if len(line) == 1),
        days=days(span, zone),
        values=tuple(Tick(y(value), spell(value)) for value in (low, (low + high) / 2, high)),
    )


def bands(changes: Sequence[Wechsel], span: Span) -> tuple[Band, ...]:
    ends = [*(each.at for each in changes[1:]), span.end]
    return tuple(
        Band(span.x(each.at), max(span.x(end) - span.x(each.at), 0.5), each.word, each.at, end)
        for each, end in zip(changes, ends, strict=False)
        if each.word is not None
    )


def days(span: Span, zone: ZoneInfo) -> tuple[Tick, ...]:
    """At most seven midnights."""
    first = span.start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    number = max((span.end - span.start).days, 1)
    step = max(1, -(-number // 7))
    marks = (first + timedelta(days=each) for each in range(1, number + 1, step))
    return tuple(Tick(span.x(each), f"{each.day}.{each.month}.") for each in marks if span.start < each < span.end)
