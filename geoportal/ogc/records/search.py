"""The catalogue's questions: the fixed records and the plans, searched together by one statement."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, text

from geoportal.catalogue import Words
from geoportal.ogc.crs import CRS84
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.query import Parameters, choice, natural, number
from geoportal.ogc.reading import connection_for_reading
from geoportal.ogc.records.model import Kind, Record
from geoportal.ogc.values import as_datetime, parse_instant, parse_period

PARAMETERS: Final = frozenset(
    {"q", "type", "ids", "externalIds", "bbox", "bbox-crs", "datetime", "sortby", "limit", "offset", "crs"}
)
SORTABLE: Final[Mapping[str, Words]] = {
    "title": Words(de="Titel", en="Title"),
    "updated": Words(de="Geändert", en="Changed"),
    "type": Words(de="Art", en="Kind"),
}
DEFAULT_ORDER: Final = ("type", "title")  # and the id, where both are the same
_MOST_TERMS: Final = 20
_MOST_WORDS: Final = 20


@dataclass(frozen=True, slots=True)
class Search:
    """`words` is a tsquery; `boxes` are west, south, east, north; every list may be empty for "all"."""

    limit: int
    offset: int = 0
    words: str = ""
    kinds: Sequence[str] = ()
    ids: Sequence[str] = ()
    external: Sequence[tuple[str, str]] = ()
    boxes: Sequence[tuple[float, float, float, float]] | None = None
    start: datetime | None = None
    end: datetime | None = None
    order: Sequence[tuple[str, bool]] = ()


class Found(NamedTuple):
    """`plans` are the rows of the plans among `ids`, which are in order."""

    ids: list[str]
    plans: Mapping[str, Mapping[str, Any]]
    matched: int


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
        order=[_order(part) for part in _listed(parameters, "sortby")],
    )


def search(engine: Engine, wanted: Search, fixed: Sequence[Record], pages: str) -> Found:
    """`pages` stands before the id in the address of a plan's page. Raises Unavailable."""
    described = [_described(record) for record in fixed]
    order = ", ".join(
        [f"{field} {'DESC' if down else 'ASC'} NULLS LAST" for field, down in wanted.order]
        or (["ts_rank(words, query) DESC"] if wanted.words else [])
    )
    statement = text(_SEARCH.replace("/*order*/", f"{order}, " if order else ""))
    with connection_for_reading(engine) as connection:
        rows = connection.execute(
            statement,
            {
                "fixed": json.dumps(described),
                "words": wanted.words,
                "kinds": list(wanted.kinds),
                "ids": list(wanted.ids),
                "external": [f"{scheme}:{value}" if scheme else value for scheme, value in wanted.external],
                "pages": pages,
                "boxes": None if wanted.boxes is None else json.dumps(wanted.boxes),
                "start": wanted.start,
                "end": wanted.end,
                "limit": wanted.limit,
                "offset": wanted.offset,
            },
        ).all()
        ids = [row.id for row in rows if row.id is not None]
        plans = [row.id for row in rows if row.type == Kind.PLAN]
        found = connection.execute(text(_PLANS), {"ids": plans}).mappings() if plans else ()
        return Found(ids, {str(row["id"]): dict(row) for row in found}, rows[0].matched if rows else 0)


def _described(record: Record) -> dict[str, Any]:
    box = record.box
    return {
        "id": record.id,
        "type": record.kind.value,
        "title": record.title,
        "body": " ".join([record.title, record.description, record.publisher, record.id, *record.keywords]),
        "updated": _iso(record.updated),
        "west": box and box.west,
        "south": box and box.south,
        "east": box and box.east,
        "north": box and box.north,
        "external": [each for scheme, value in record.external_ids for each in (f"{scheme}:{value}", f"{scheme}:")],
        "values": [value for _, value in record.external_ids],
    }


def _iso(moment: date | datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


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


_SEARCH: Final = """
    -- the catalogue: records of data sets and services, which are handed in, and those of the public plans
    WITH asked AS (
        SELECT CASE WHEN :words <> '' THEN to_tsquery('german', :words) END AS query
    ), record AS (
        SELECT id, type, title, to_tsvector('german', body) AS words, updated::timestamptz AS updated,
            ST_MakeEnvelope(west, south, east, north, 4326) AS box, NULL::date AS start, NULL::date AS ended,
            false AS timed, external || values AS external
        FROM jsonb_to_recordset(CAST(:fixed AS jsonb)) AS each (id text, type text, title text, body text,
            updated text, west float8, south float8, east float8, north float8, external text[], values text[])
        UNION ALL
        SELECT id::text, 'plan', name,
            to_tsvector('german', concat_ws(' ', name, nummer, gemeinde, ortsteil, ags, planart_text, rechtsstand_text,
                beschreibung)),
            veroeffentlicht_am, ST_Transform(ST_Envelope(geom), 4326), gueltig_von, gueltig_bis,
            gueltig_von IS NOT NULL OR gueltig_bis IS NOT NULL,
            ARRAY['nummer:' || nummer, CASE WHEN nummer <> '' THEN 'nummer:' END, nummer, 'id:' || id, 'id:', id::text,
                'uri:' || :pages || id, 'uri:', :pages || id]
        FROM ogc.plaene
    ), matching AS (
        SELECT record.*, query FROM record, asked
        WHERE (query IS NULL OR words @@ query)
            AND (cardinality(CAST(:kinds AS text[])) = 0 OR type = ANY (:kinds))
            AND (cardinality(CAST(:ids AS text[])) = 0 OR id = ANY (:ids))
            AND (cardinality(CAST(:external AS text[])) = 0 OR external && CAST(:external AS text[]))
            AND (CAST(:boxes AS jsonb) IS NULL OR box IS NULL OR EXISTS (
                SELECT FROM jsonb_array_elements(CAST(:boxes AS jsonb)) AS each
                WHERE ST_Intersects(box, ST_MakeEnvelope((each ->> 0)::float8, (each ->> 1)::float8,
                    (each ->> 2)::float8, (each ->> 3)::float8, 4326))))
            -- what has no time is not restricted by it (OGC API - Features 1, 7.15.4)
            AND (NOT timed OR (
                (CAST(:start AS timestamptz) IS NULL OR ended IS NULL
                    OR (ended + 1)::timestamp AT TIME ZONE 'UTC' > CAST(:start AS timestamptz))
                AND (CAST(:end AS timestamptz) IS NULL OR start IS NULL
                    OR start::timestamp AT TIME ZONE 'UTC' <= CAST(:end AS timestamptz))))
    ), page AS (
        SELECT id, type, row_number() OVER (ORDER BY /*order*/ type, title, id) AS place FROM matching
        ORDER BY place LIMIT :limit OFFSET :offset
    )
    -- one row at least, so that the number is told even of an empty page
    SELECT page.id, page.type, counted.matched
    FROM (SELECT count(*) AS matched FROM matching) AS counted LEFT JOIN page ON true ORDER BY page.place"""

_PLANS: Final = """
    -- the plans of a page, with their boxes in degrees
    SELECT id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart_text, rechtsstand_text,
        gueltig_von, gueltig_bis, veroeffentlicht_am, ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east,
        ST_YMax(box) AS north
    FROM (SELECT *, ST_Transform(ST_Envelope(geom), 4326) AS box FROM ogc.plaene) AS plaene
    WHERE id = ANY (CAST(:ids AS uuid[]))"""
