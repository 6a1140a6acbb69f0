"""Texts of a request as typed values."""

import math
import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from geoportal.catalogue import FieldType
from geoportal.ogc.problems import InvalidParameter

type Instant = date | datetime

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE = re.compile(f"({_DAY})T?")  # GDAL writes a bare date with the T
_DATETIME = re.compile(_DAY + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?")
_DURATION = re.compile(
    r"P(?=[0-9T])(([0-9]{1,4})Y)?(([0-9]{1,4})M)?(([0-9]{1,4})W)?(([0-9]{1,5})D)?"
    r"(T(?=[0-9])(([0-9]{1,5})H)?(([0-9]{1,5})M)?(([0-9]{1,5})S)?)?"
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}


def parse_value(name: str, kind: FieldType, raw: str) -> str | int | float | bool | date | datetime | UUID:
    """The value of a query parameter or literal that is compared with a field. Raises InvalidParameter."""
    try:
        match kind:
            case FieldType.TEXT if "\0" not in raw:
                return raw
            case FieldType.INTEGER if _INTEGER.fullmatch(raw) and -(2**63) <= int(raw) < 2**63:
                return int(raw)
            case FieldType.NUMBER if _NUMBER.fullmatch(raw) and math.isfinite(float(raw)):
                return float(raw)
            case FieldType.BOOLEAN if raw in _BOOLEANS:
                return _BOOLEANS[raw]
            case FieldType.DATE if day := _DATE.fullmatch(raw):
                return date.fromisoformat(day[1])
            case FieldType.DATETIME:
                return as_datetime(parse_instant(name, raw))
            case FieldType.UUID:
                return UUID(raw)
    except ValueError:
        pass
    raise InvalidParameter(f"{name}: {raw!r} ist kein Wert der Art / is no value of type {kind}")


def parse_instant(name: str, raw: str) -> Instant:
    """A date or a time of RFC 3339; a time without zone is UTC. Raises InvalidParameter."""
    try:
        if day := _DATE.fullmatch(raw):
            return date.fromisoformat(day[1])
        if _DATETIME.fullmatch(raw):
            moment = datetime.fromisoformat(raw.upper())
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        pass
    raise InvalidParameter(f"{name}: {raw!r} ist kein Zeitpunkt nach RFC 3339 / is no RFC 3339 date or time")


def parse_period(name: str, raw: str) -> tuple[str, str]:
    """`datetime` of OGC API - Features 1, 7.15.4, as an interval of CQL2: both ends, `..` for an open one.

    RFC 3339, appendix A: the end may be told by how long it lasts, too. Raises InvalidParameter.
    """
    parts = raw.split("/")
    if len(parts) > 2:
        raise InvalidParameter(f"{name}: {raw!r} ist kein Zeitraum / is no interval")
    if len(parts) == 2 and parts[0] and (lasts := _DURATION.fullmatch(parts[1])):
        parts[1] = _after(name, parse_instant(name, parts[0]), lasts).isoformat()
    ends = [parse_instant(name, part) for part in parts if part not in ("", "..") or len(parts) == 1]
    if len(ends) == 2 and as_datetime(ends[0]) > as_datetime(ends[1], last=True):
        raise InvalidParameter(f"{name}: der Zeitraum endet, bevor er beginnt / the interval ends before it begins")
    return parts[0] or "..", parts[-1] or ".."


def _after(name: str, start: Instant, lasts: re.Match[str]) -> Instant:
    """A day stays a day where hours are not told. Raises InvalidParameter."""
    years, months, weeks, days, hours, minutes, seconds = (int(lasts[each] or 0) for each in (2, 4, 6, 8, 11, 13, 15))
    year, month = divmod(start.year * 12 + start.month - 1 + years * 12 + months, 12)
    try:
        day = min(start.day, monthrange(year, month + 1)[1])
        moved = start.replace(year=year, month=month + 1, day=day) + timedelta(weeks=weeks, days=days)
        return as_datetime(moved) + timedelta(hours=hours, minutes=minutes, seconds=seconds) if lasts[9] else moved
    except (ValueError, OverflowError) as error:
        raise InvalidParameter(f"{name}: {lasts[0]!r} ist zu lang / is too long") from error


def as_datetime(instant: Instant, *, last: bool = False) -> datetime:
    """The first, or the last, moment of a day; a moment as it is."""
    if isinstance(instant, datetime):
        return instant
    first = datetime.combine(instant, time(), UTC)
    return first + timedelta(days=1, microseconds=-1) if last else first
