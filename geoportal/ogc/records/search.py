"""What is asked of the catalogue, read from the parameters of an address."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from geoportal.catalogue import FieldType, Words
from geoportal.ogc import cursor
from geoportal.ogc.crs import CRS84
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.query import Parameters, choice, natural, number
from geoportal.ogc.records.stock import CATALOGUE
from geoportal.ogc.values import as_datetime, parse_instant, parse_period

PARAMETERS: Final = frozenset(
    {"q", "type", "ids", "externalIds", "bbox", "bbox-crs", "datetime", "sortby", "limit", "offset", "crs", cursor.NAME}
)
SORTABLE: Final[Mapping[str, Words]] = {
    "title": Words(de="Titel", en="Title"),
    "updated": Words(de="Geändert", en="Changed"),
    "type": Words(de="Art", en="Kind"),
}
DEFAULT_ORDER: Final = ("type", "title")  # and the id, where both are the same
_KINDS: Final = {"updated": FieldType.DATETIME}  # of what cursors hold; all else is text
_MOST_TERMS: Final = 20
_MOST_WORDS: Final = 20


@dataclass(frozen=True, slots=True)
class Search:
    """`words` is a tsquery; `boxes` are west, south, east, north; every list may be empty for "all".

    `order`: fields, each with whether it descends; the id is the last of them. `by_rank`: first by how near a record
    comes to the words, where few are found. `after`: the values of `order` in the record that the page follows.
    """

    limit: int
    offset: int = 0
    words: str = ""
    kinds: Sequence[str] = ()
    ids: Sequence[str] = ()
    external: Sequence[tuple[str, str]] = ()
    boxes: Sequence[tuple[float, float, float, float]] | None = None
    start: datetime | None = None
    end: datetime | None = None
    order: Sequence[tuple[str, bool]] = (("type", False), ("title", False), ("id", False))
    by_rank: bool = False
    after: Sequence[object] | None = None


def read_search(parameters: Parameters, default_limit: int, most: int) -> Search:
    """Raises InvalidParameter."""
    # /req/record-core-query-parameters/empty-value: a parameter without a value is as if it were not there
    parameters = {name: value for name, value in parameters.items() if value.strip()}
    # a catalogue is told in degrees; Features 2 still has each collection take the parameters of its one CRS
    for name in ("crs", "bbox-crs"):
        choice(parameters, name, (CRS84.uri,))
    start = end = None
    if (raw := parameters.get("datetime")) is not None:
        first, last = parse_period("datetime", raw)
        start = None if first == ".." else as_datetime(parse_instant("datetime", first))
        end = None if last == ".." else as_datetime(parse_instant("datetime", last), last=True)
    boxes = None
    if (raw := parameters.get("bbox")) is not None:
        boxes = [
            (b.west, b.south, b.east, b.north) for b in CRS84.boxes(number("bbox", p.strip()) for p in raw.split(","))
        ]
    sorting = dict(map(_order, _listed(parameters, "sortby")))
    order = [*sorting.items(), *((name, False) for name in (*DEFAULT_ORDER, "id") if name not in sorting)]
    after = None
    if (raw := parameters.get(cursor.NAME)) is not None:
        if "offset" in parameters:
            raise InvalidParameter(f"{cursor.NAME}: nicht zusammen mit offset / not together with offset")
        kinds = [_KINDS.get(name, FieldType.TEXT) for name, _ in order]
        after = cursor.read_cursor(raw, CATALOGUE, list(parameters.items()), kinds)
    return Search(
        limit=min(natural(parameters, "limit", default_limit, least=1), most),
        offset=natural(parameters, "offset", 0, least=0),
        words=_tsquery(parameters["q"]) if "q" in parameters else "",
        kinds=_listed(parameters, "type"),
        ids=_listed(parameters, "ids"),
        external=[_external(part) for part in _listed(parameters, "externalIds")],
        boxes=boxes,
        start=start,
        end=end,
        order=order,
        by_rank="q" in parameters and not sorting and after is None,
        after=after,
    )


def _tsquery(raw: str) -> str:
    """Terms are parted by commas, one of them has to occur; the words of a term follow each other. Beginnings will do.

    /req/record-core-query-parameters/q-response.
    """
    terms = []
    for term in raw.split(",")[:_MOST_TERMS]:
        # what is left are letters and digits only, so it can be nothing but words to PostgreSQL
        words = [word for word in re.split(r"[^\w]+|_", term) if word][:_MOST_WORDS]
        if words:
            terms.append(" <-> ".join(f"'{word[:60]}':*" for word in words))
    if not terms:
        raise InvalidParameter("q: kein Wort darin / no word in it")
    return " | ".join(f"({term})" for term in terms)


def _listed(parameters: Parameters, name: str) -> list[str]:
    raw = parameters.get(name)
    if raw is None:
        return []
    found = [part.strip() for part in raw.split(",") if part.strip()]
    if not found or len(found) > 100:
        raise InvalidParameter(f"{name}: 1 bis 100 Werte, durch Komma getrennt / 1 to 100 values parted by commas")
    return found


def _external(raw: str) -> tuple[str, str]:
    """`scheme:value`, `scheme:` for all of a scheme, or the value alone; a URI is a value."""
    scheme, colon, value = raw.partition(":")
    return (scheme, value) if colon and not value.startswith("//") else ("", raw)


def _order(part: str) -> tuple[str, bool]:
    field = part.lstrip("+- ")  # a plus sign that was not escaped arrives as a blank
    if field not in SORTABLE:
        raise InvalidParameter(f"sortby: unbekanntes Feld / unknown field {field[:80]!r}; {', '.join(SORTABLE)}")
    return field, part.startswith("-")
