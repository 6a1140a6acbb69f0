"""Values of a source as values of a field's type, and as PostgreSQL's COPY reads them."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import numpy
import pandas

from geoportal.catalogue.manifest import Field, FieldType
from geoportal.opening_hours import BERLIN, OpeningHoursError, parse
from plans_ingest.formats.vector.fields import parse_date

_MILLISECONDS: Final = 10_000_000_000  # 1970-04-26; days of a workbook stay far below
_GARBLED: Final = re.compile("Ã[\x80-\xbf„–œŸ]|\ufffd")  # UTF-8 taken for cp1252 or Latin-1, and the reverse
SHOWN: Final = 5  # faults of one kind that are spelt out


class BadValue(Exception):
    """Values that do not fit; the text names the rows."""


def values(field: Field, column: Iterable[object], decimal: str, rows: Iterable[object]) -> list[Any]:
    """The column as Python values, None where it is empty. Raises BadValue, which calls the rows as `rows` does."""
    read = _READERS[field.type]
    found: list[object] = []
    faults: list[str] = []
    codes = {str(code) for code in field.codes}
    for row, raw in zip(rows, column, strict=True):
        if empty(raw):
            found.append(None)
            continue
        try:
            value = read(raw, decimal)
            if codes and str(value) not in codes:
                raise ValueError(f"{raw!r} (erlaubt / allowed: {', '.join(sorted(codes))})")
            if field.format == "opening_hours":
                parse(str(value))
        except OpeningHoursError as error:
            faults.append(f"Zeile / row {row}: {error}")
        except (ValueError, TypeError, KeyError, OverflowError):
            faults.append(f"Zeile / row {row}: {raw!r}")
        else:
            found.append(value)
    if faults:
        more = f" … ({len(faults)})" if len(faults) > SHOWN else ""
        kind = f"{field.type}{f' ({", ".join(sorted(codes))})' if codes else ''}"
        has_comma = field.type is FieldType.NUMBER and decimal == "." and all("," in each for each in faults)
        hint = '; wohl / probably `decimal: ","`' if has_comma else ""
        raise BadValue(f"kein Wert der Art / no {kind}: {'; '.join(faults[:SHOWN])}{more}{hint}")
    return found


def empty(raw: object) -> bool:
    if raw is None or raw is pandas.NaT or raw is pandas.NA or (isinstance(raw, float) and math.isnan(raw)):
        return True
    return isinstance(raw, str) and not raw.strip()


def garbled(column: Iterable[object]) -> str | None:
    """A text whose umlauts were read in a wrong encoding, if there is one."""
    return next((each for each in column if isinstance(each, str) and _GARBLED.search(each)), None)


def text(raw: object, _: str = ".") -> str:
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)  # an integer column with gaps arrives as floats
    return str(raw).strip().replace("\0", "")


def _integer(raw: Any, _: str) -> int:
    value = int(raw)
    if (not isinstance(raw, str) and value != raw) or not -(2**63) <= value < 2**63:
        raise ValueError
    return value


def _number(raw: Any, decimal: str) -> float:
    value = float(raw.replace(decimal, ".")) if isinstance(raw, str) else float(raw)
    if not math.isfinite(value):
        raise ValueError
    return value


def _boolean(raw: object, _: str) -> bool:
    if isinstance(raw, bool | numpy.bool_):
        return bool(raw)
    return _WORDS[str(raw).strip().lower()]


_WORDS: Final = {
    **dict.fromkeys(("true", "t", "ja", "j", "yes", "1", "1.0", "wahr"), True),
    **dict.fromkeys(("false", "f", "nein", "n", "no", "0", "0.0", "falsch"), False),
}


def _date(raw: object, _: str) -> date:
    if isinstance(raw, date):
        return date(raw.year, raw.month, raw.day)
    if isinstance(raw, int | float):
        return _counted(raw).astimezone(BERLIN).date()
    text = str(raw).strip()
    if german := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        return date(int(german[3]), int(german[2]), int(german[1]))
    return date.fromisoformat(text[:10] if re.fullmatch(r"\d{4}-\d{2}-\d{2}T00:00:00(Z|\+00:00)?", text) else text)


def _datetime(raw: object, _: str) -> datetime:
    if isinstance(raw, int | float):
        return _counted(raw)
    text = str(raw).strip()
    if german := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4}),?(?: +(\d{1,2}):(\d{2})(?::(\d{2}))?)?", text):
        day, month, year, hour, minute, second = (int(each or 0) for each in german.groups())
        value = datetime(year, month, day, hour, minute, second, tzinfo=BERLIN)
    else:
        value = raw if isinstance(raw, datetime) else datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=BERLIN)  # an office writes the time of its clock


def _counted(raw: float) -> datetime:
    """A moment as a number: milliseconds since 1970, as ArcGIS gives them, or days of a workbook."""
    if abs(raw) >= _MILLISECONDS:
        return datetime.fromtimestamp(raw / 1000, UTC)
    day = parse_date(raw)
    if day is None:
        raise ValueError
    return datetime.combine(day, time(), BERLIN) + timedelta(seconds=round(raw % 1 * 86_400))


def _json(raw: object, _: str) -> Any:
    return json.loads(raw) if isinstance(raw, str) else raw


_READERS: Mapping[FieldType, Callable[[Any, str], object]] = {
    FieldType.TEXT: text,
    FieldType.INTEGER: _integer,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.UUID: lambda raw, _: UUID(str(raw).strip()),
    FieldType.JSON: _json,
}


def copy_lines(columns: Iterable[tuple[FieldType, list[Any]]], shapes: Iterable[str | None]) -> Iterator[str]:
    """The rows in the text format of COPY: tabs between the columns, `\\N` for nothing, geometries last as hex EWKB."""
    spelt = [[_NOTHING if value is None else _SPELLERS[kind](value) for value in each] for kind, each in columns]
    for row in zip(*spelt, (shape or _NOTHING for shape in shapes), strict=True):
        yield "\t".join(row) + "\n"


_NOTHING: Final = "\\N"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escaped(value: object) -> str:
    return str(value).translate(_ESCAPES)


_SPELLERS: Final[Mapping[FieldType, Callable[[Any], str]]] = {
    FieldType.TEXT: _escaped,
    FieldType.INTEGER: str,
    FieldType.NUMBER: repr,
    FieldType.BOOLEAN: lambda value: "t" if value else "f",
    FieldType.DATE: date.isoformat,
    FieldType.DATETIME: datetime.isoformat,
    FieldType.UUID: str,
    FieldType.JSON: lambda value: _escaped(json.dumps(value, ensure_ascii=False).replace("\\u0000", "")),
}
