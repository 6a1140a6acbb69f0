"""The query parameters of a request, read once and strictly: what is unknown or unusable is a 400, never ignored."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from geoportal.catalogue import FieldType
from geoportal.ogc import cursor
from geoportal.ogc.cql2 import parse_json, parse_text
from geoportal.ogc.crs import CRS84, crs_of
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.table import ID, Condition, FeatureTable, Order, Question
from geoportal.ogc.values import parse_period, parse_value

type Parameters = Mapping[str, str]

COMMON = frozenset({"f", "lang"})
ITEM = COMMON | {"crs"}
PROPERTIES = "properties"
ITEMS = ITEM | {"bbox", "bbox-crs", "datetime", "limit", "offset", PROPERTIES, "skipGeometry", "sortby", cursor.NAME}
FILTER = ("filter", "filter-lang", "filter-crs")
ITEMS |= {*FILTER, "resultType", "resulttype"}
STAND = "stand"
BERLIN = ZoneInfo("Europe/Berlin")
FORMATS = ("json", "html")
# the last is the first, as GDAL knows it
FILTER_LANGUAGES = ("cql2-text", "cql2-json", "cql-text")
_MAX_OFFSET = 2**31 - 1


class Limits(NamedTuple):
    """Features on a page: when nothing is said, and at most."""

    default: int
    maximum: int


def check_parameters(
    parameters: MultiDict[str, str], known: Set[str], languages: Set[str], formats: Sequence[str] = FORMATS
) -> None:
    """Raises InvalidParameter for a parameter that the operation does not know, or that is given twice."""
    for name, values in parameters.lists():
        if name not in known:
            known_names = ", ".join(sorted(known))
            raise InvalidParameter(f"{name[:80]}: unbekannter Parameter / unknown parameter; {known_names}")
        if len(values) > 1:
            raise InvalidParameter(f"{name}: mehrfach angegeben / given more than once")
        if "\0" in values[0]:
            raise InvalidParameter(f"{name}: Zeichen U+0000 / character U+0000")
    choice(parameters, "f", formats)
    choice(parameters, "lang", sorted(languages))


def read_question(collection: str, parameters: Parameters, table: FeatureTable, limits: Limits) -> Question:
    """What is asked of `/items`. Raises InvalidParameter."""
    _accompany(parameters, "bbox", "bbox-crs")
    order = tuple(_order(parameters, table))
    return Question(
        # OGC API - Features 1, 7.15.2: more than the maximum is answered with the maximum
        limit=min(natural(parameters, "limit", limits.default, least=1), limits.maximum),
        offset=natural(parameters, "offset", 0, least=0),
        after=_after(collection, parameters, table, order),
        conditions=tuple(_conditions(parameters, table)),
        order=order,
        fields=read_properties(parameters, table.fields),
        crs=crs_of("crs", parameters.get("crs", CRS84.uri)),
        geometry=choice(parameters, "skipGeometry", ("false", "true")) != "true",
        # GDAL and pygeoapi spell it differently
        day=read_day(parameters),
        hits="hits" in [choice(parameters, name, ("results", "hits")) for name in ("resultType", "resulttype")],
    )


def read_day(parameters: Parameters) -> date | None:
    """`stand`: the day of which is asked what was public. Raises InvalidParameter."""
    if (raw := parameters.get(STAND)) is None:
        return None
    day = parse_value(STAND, FieldType.DATE, raw)
    if not isinstance(day, date) or day > datetime.now(BERLIN).date():
        raise InvalidParameter(f"{STAND}: {raw!r} liegt in der Zukunft / lies in the future")
    return day


def read_properties(parameters: Parameters, known: Collection[str]) -> tuple[str, ...] | None:
    """Which of the known fields are wanted, each once; None where nothing is said. Raises InvalidParameter."""
    if (raw := parameters.get(PROPERTIES)) is None:
        return None
    wanted = dict.fromkeys(filter(None, raw.split(",")))
    if unknown := [name for name in wanted if name not in known and name not in (ID, "geometry")]:
        raise InvalidParameter(f"{PROPERTIES}: unbekannt / unknown: {', '.join(unknown)}; {', '.join(known)}")
    return tuple(name for name in wanted if name in known)


def field_condition(table: FeatureTable, name: str, raw: str) -> Condition:
    """A queryable as a parameter (OGC API - Features 1, 7.15.5). Raises InvalidParameter."""
    if (kind := table.queryables.get(name)) is None:
        raise InvalidParameter(f"{name}: unbekannter Parameter / unknown parameter")
    value = parse_value(name, kind, raw)
    plain = value if isinstance(value, str | int | float) else raw
    return Condition({"op": "=", "args": [{"property": name}, plain]})


def time_condition(table: FeatureTable, raw: str | None) -> list[Condition]:
    """`datetime`; what has no time is not restricted by it, neither collection nor feature (7.15.4, fc-time-response).

    Raises InvalidParameter.
    """
    if raw is None:
        return []
    start, end = parse_period("datetime", raw)
    if table.start is None:
        return []
    own: list[dict[str, object]] = [{"property": name} for name in (table.start, table.end) if name]
    span = {"interval": own} if table.end else own[0]
    holds = {"op": "t_intersects", "args": [span, {"interval": [start, end]}]}
    unknown = [{"op": "isNull", "args": [each]} for each in own]
    timeless = {"op": "and", "args": unknown} if table.end else unknown[0]
    return [Condition({"op": "or", "args": [holds, timeless]})]


def filter_condition(parameters: Parameters) -> list[Condition]:
    """`filter` with its language and CRS (OGC API - Features 3). Raises InvalidParameter."""
    _accompany(parameters, *FILTER)
    if (raw := parameters.get("filter")) is None:
        return []
    language = choice(parameters, "filter-lang", FILTER_LANGUAGES)
    crs = crs_of("filter-crs", parameters.get("filter-crs", CRS84.uri))
    return [Condition(parse_json(raw) if language == "cql2-json" else parse_text(raw), crs)]


def _accompany(parameters: Parameters, main: str, *others: str) -> None:
    for name in others:
        if name in parameters and main not in parameters:
            raise InvalidParameter(f"{name}: nur zusammen mit {main} / only together with {main}")


def _conditions(parameters: Parameters, table: FeatureTable) -> Iterator[Condition]:
    if (raw := parameters.get("bbox")) is not None:
        corners = [number("bbox", part.strip()) for part in raw.split(",")]
        crs = crs_of("bbox-crs", parameters.get("bbox-crs", CRS84.uri))
        crs.boxes(corners)  # a mistake is told here as one of `bbox`, and not later as one of a filter
        yield Condition({"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": corners}]}, crs)
    yield from time_condition(table, parameters.get("datetime"))
    for name in table.queryables:
        if (raw := parameters.get(name)) is not None:
            yield field_condition(table, name, raw)
    yield from filter_condition(parameters)


def _order(parameters: Parameters, table: FeatureTable) -> Iterator[Order]:
    for part in filter(None, parameters.get("sortby", "").split(",")):
        # a plus sign that was not escaped arrives as a blank
        field = part.lstrip("+- ")
        if field not in table.queryables:
            raise InvalidParameter(f"sortby: unbekanntes Feld / unknown field {field!r}; {', '.join(table.queryables)}")
        yield Order(field, descending=part.startswith("-"))


def _after(
    collection: str, parameters: Parameters, table: FeatureTable, order: Sequence[Order]
) -> tuple[object, ...] | None:
    if (raw := parameters.get(cursor.NAME)) is None:
        return None
    if "offset" in parameters:
        raise InvalidParameter(f"{cursor.NAME}: nicht zusammen mit offset / not together with offset")
    kinds = [table.queryables[part.field] for part in order]
    return cursor.read_cursor(raw, collection, list(parameters.items()), [*kinds, table.key])


def natural(parameters: Parameters, name: str, default: int, *, least: int) -> int:
    raw = parameters.get(name)
    if raw is None:
        return default
    value = parse_value(name, FieldType.INTEGER, raw)
    if not isinstance(value, int) or not least <= value <= _MAX_OFFSET:
        raise InvalidParameter(f"{name}: eine Zahl ab {least} erwartet / a number from {least} is expected")
    return value


def number(name: str, raw: str) -> float:
    value = parse_value(name, FieldType.NUMBER, raw)
    if not isinstance(value, float):
        raise TypeError(value)
    return value


def choice(parameters: Parameters, name: str, choices: Sequence[str]) -> str:
    raw = parameters.get(name, choices[0])
    if raw not in choices:
        raise InvalidParameter(f"{name}: {raw!r}; möglich / possible: {', '.join(choices)}")
    return raw
