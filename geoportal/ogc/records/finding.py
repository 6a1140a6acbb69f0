"""The records that a question finds: those that are handed in, and those of the public plans, in one order.

The former are few and are all compared. Plans may be a million: what is asked of them becomes conditions that the
database answers from indexes. How many there are decides how, as for pages of features (geoportal.ogc.statements): few
are sorted; of many, the order is read from its index until the page is full, and nobody learns their number.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy
from sqlalchemy import Connection, Engine

from geoportal.ogc.crs import CRS84, transformer
from geoportal.ogc.memory import Counts
from geoportal.ogc.reading import connection_for_reading
from geoportal.ogc.records.model import Kind, Record
from geoportal.ogc.records.search import Search
from geoportal.ogc.statements import MOST_COUNTED, WHOLE, Key, Where, following, order_of
from geoportal.ogc.table import MANY
from geoportal.settings import STORAGE_SRID


class Found(NamedTuple):
    """`plans` are the rows of the plans among `ids`, which are in order. `matched` is MANY where nobody counted to the
    end. `last`: the values of the order in the last of them if there is a next page that can follow it by these.
    """

    ids: list[str]
    plans: Mapping[str, Mapping[str, Any]]
    matched: int
    has_next: bool
    last: list[Any] | None


def search(engine: Engine, wanted: Search, fixed: Sequence[Record], pages: str, counts: Counts, state: str) -> Found:
    """`pages` stands before the id in the address of a plan's page; `counts` are remembered for a state of the data.

    Raises Unavailable.
    """
    where = _of_plans(wanted, pages)
    with connection_for_reading(engine) as connection:
        number = _number(connection, where, counts, state)
        is_ranked = wanted.by_rank and number != MANY
        is_few = number != MANY and where.sql != WHOLE
        if not is_few:
            where = _of_plans(wanted, pages, is_few=False)
        sql, values = _page_statement(wanted, fixed, where, is_few=is_few)
        rows = connection.exec_driver_sql(sql, values).all()
        found = rows[: wanted.limit]
        ids, has_next = [row.id for row in found], len(rows) > wanted.limit
        plans = plan_rows(connection, [row.id for row in found if row.type == Kind.PLAN])
        matched = MANY if number == MANY else number + _matching(connection, wanted, fixed)
    last = json.loads(found[-1].keys) if has_next and not is_ranked else None
    return Found(ids, plans, matched, has_next, last)


def plan_rows(connection: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What records say of these public plans, with their boxes in degrees."""
    found = connection.exec_driver_sql(_PLANS, {"ids": list(ids)}).mappings() if ids else ()
    return {str(row["id"]): dict(row) for row in found}


def _number(connection: Connection, where: Where, counts: Counts, state: str) -> int:
    """How many plans fulfil the condition; MANY beyond what is worth counting. All of them are counted to the end."""
    asked = f"{state} {where!r}"
    if (known := counts.get(asked)) is None:
        bound = "" if where.sql == WHOLE else f"LIMIT {MOST_COUNTED + 1}"
        sql = f"SELECT count(*) FROM (SELECT FROM ogc.plaene WHERE {where.sql} {bound}) AS plan"  # noqa: S608 - ours
        number = int(connection.exec_driver_sql(sql, dict(where.values)).scalar_one())
        known = MANY if bound and number > MOST_COUNTED else number
        counts.put(asked, known)
    return known


def _matching(connection: Connection, wanted: Search, fixed: Sequence[Record]) -> int:
    sql = f"WITH {_FIXED} SELECT count(*) FROM fixed"  # noqa: S608 - ours
    return int(connection.exec_driver_sql(sql, _of_fixed(wanted, fixed)).scalar_one())


def _of_plans(wanted: Search, pages: str, *, is_few: bool = True) -> Where:
    """What is asked, of the rows of `ogc.plaene`; of many in a box the index of places would have all to be sorted."""
    parts: list[str] = []
    values: dict[str, object] = {}
    if wanted.kinds and Kind.PLAN.value not in wanted.kinds:
        return Where(_NOTHING, {})
    if wanted.words:
        parts.append("woerter @@ to_tsquery('german', %(words)s::text)")
        values["words"] = wanted.words
    if wanted.ids:
        parts.append("id = ANY (%(ids)s::uuid[])")
        values["ids"] = [each for each in wanted.ids if _is_id(each)]
    if wanted.external:
        parts.append(_by_external(wanted.external, pages, values))
    if wanted.boxes is not None:
        parts.append(f"(geom IS NULL{''.join(_in_box(box, values, is_few=is_few) for box in wanted.boxes)})")
    # what has no time is not restricted by it (OGC API - Features 1, 7.15.4)
    if wanted.start is not None:
        parts.append(
            "(gueltig_bis IS NULL OR (gueltig_bis + 1)::timestamp AT TIME ZONE 'UTC' > %(start)s::timestamptz)"
        )
        values["start"] = wanted.start
    if wanted.end is not None:
        parts.append("(gueltig_von IS NULL OR gueltig_von::timestamp AT TIME ZONE 'UTC' <= %(end)s::timestamptz)")
        values["end"] = wanted.end
    return Where(" AND ".join(parts) or WHOLE, values)


def _is_id(raw: str) -> bool:
    """Spelt as we spell it."""
    try:
        return str(UUID(raw)) == raw
    except ValueError:
        return False


def _by_external(asked: Sequence[tuple[str, str]], pages: str, values: dict[str, object]) -> str:
    """A plan has its number, its id, and the address of its page: each by scheme and value, by its scheme, or alone."""
    numbers, ids, parts = [], [], []
    for scheme, value in asked:
        written = f"{scheme}:{value}" if scheme else value
        numbers += [written, written.removeprefix("nummer:")]
        ids += [written, written.removeprefix("id:")]
        if (address := written.removeprefix("uri:")).startswith(pages):
            ids.append(address.removeprefix(pages))
        if written == "nummer:":
            parts.append("nummer IS NOT NULL")
        elif written in ("id:", "uri:"):
            parts.append(WHOLE)
    values["numbers"] = list(dict.fromkeys(numbers))
    values["named"] = [each for each in dict.fromkeys(ids) if _is_id(each)]
    return f"({' OR '.join(['nummer = ANY (%(numbers)s::text[])', 'id = ANY (%(named)s::uuid[])', *parts])})"


def _in_box(box: tuple[float, float, float, float], values: dict[str, object], *, is_few: bool) -> str:
    """The box around the plan and this one have something in common; few are looked for in the storage CRS, with its
    index.
    """
    number = len(values)
    values[f"box{number}"] = list(map(float, box))  # one end may be a whole number
    shares = f"ST_Intersects(ST_Transform(ST_Envelope(geom), 4326), {_envelope(f'box{number}', 4326)})"
    if not is_few:
        return f" OR {shares}"
    west, south, east, north = box
    along, up = numpy.linspace(west, east, _PIECES), numpy.linspace(south, north, _PIECES)
    edges_x = numpy.concatenate([along, along, numpy.full(_PIECES, west), numpy.full(_PIECES, east)])
    edges_y = numpy.concatenate([numpy.full(_PIECES, south), numpy.full(_PIECES, north), up, up])
    x, y = transformer(CRS84.srid, STORAGE_SRID).transform(edges_x, edges_y)
    around = (x.min() - _BENT, y.min() - _BENT, x.max() + _BENT, y.max() + _BENT)
    values[f"around{number}"] = list(map(float, around))
    return f" OR (geom && {_envelope(f'around{number}', STORAGE_SRID)} AND {shares})"


def _envelope(name: str, srid: int) -> str:
    return f"ST_MakeEnvelope({', '.join(f'(%({name})s::float8[])[{corner}]' for corner in range(1, 5))}, {srid})"


def _page_statement(
    wanted: Search, fixed: Sequence[Record], where: Where, *, is_few: bool
) -> tuple[str, dict[str, object]]:
    """Yields the records of a page and one more, if there is one, with `id`, `type` and `keys` (JSON)."""
    order = [*([("rank", True)] if wanted.by_rank and is_few else []), *wanted.order]
    # of plans, the first of these many come before the page, whatever lies between them
    passed = 0 if is_few else max(0, wanted.offset - len(fixed))
    values: dict[str, object] = {**_of_fixed(wanted, fixed), **where.values}
    values |= {"page_limit": wanted.limit + 1, "page_offset": wanted.offset - passed}
    keys = [Key(column, kind, down) for (column, kind), down in ((_MERGED[name], down) for name, down in order)]
    names = [key.column for key in keys]
    after = following(keys, names, wanted.after, values)
    if is_few:
        rank = "ts_rank(woerter, to_tsquery('german', %(words)s::text))" if wanted.by_rank else "NULL::real"
        plans = f"""SELECT id::text, 'plan' AS type, name AS title, veroeffentlicht_am AS updated, {rank} AS rank
            FROM ogc.plaene WHERE {where.sql} OFFSET 0"""  # noqa: S608 - ours
    else:
        values |= {"plan_limit": wanted.limit + 1 + wanted.offset - passed, "plan_offset": passed}
        plans = _in_order(wanted, where, values)
    sql = f"""
        WITH {_FIXED}
        SELECT id, type, jsonb_build_array({", ".join(names)})::text AS keys
        FROM (SELECT * FROM fixed UNION ALL SELECT * FROM ({plans}) AS plan) AS record
        WHERE {after} ORDER BY {order_of(keys, names)} LIMIT %(page_limit)s OFFSET %(page_offset)s"""  # noqa: S608 - ours
    return sql, values


def _in_order(wanted: Search, where: Where, values: dict[str, object]) -> str:
    """Plans as an index has them. What has a value and what has none in the first key are read apart: so an index holds
    for either direction.
    """
    keys = [Key(*_OF_PLANS[name], down) for name, down in wanted.order]
    # the id as text: the page may follow a record that is no plan
    after = following(
        keys, [f"{key.column}::text" if key is keys[-1] else key.column for key in keys], wanted.after, values
    )
    ordered = [key for key, (name, _) in zip(keys, wanted.order, strict=True) if name != "type"]
    first, *others = ordered
    rest = order_of(others, [key.column for key in others])
    bound = WHOLE if wanted.after is None else _bound(wanted, first.column, wanted.after)
    told = {name: _OF_PLANS[name][0] for name, _ in wanted.order}
    columns = f"id, name AS title, {'veroeffentlicht_am' if 'updated' in told else 'NULL::timestamptz'} AS updated"
    direction = "DESC" if first.descending else "ASC"
    part = f"SELECT {columns} FROM ogc.plaene WHERE {where.sql} AND {after}"  # noqa: S608 - ours
    reach = "LIMIT %(plan_limit)s::bigint + %(plan_offset)s::bigint"
    merged = [Key(_MERGED[name][0], "", down) for name, down in wanted.order if name != "type"]
    return f"""SELECT id::text, 'plan' AS type, title, updated, NULL::real AS rank FROM (
            (SELECT * FROM ({part} AND {first.column} IS NOT NULL AND {bound}
                ORDER BY {first.column} {direction}, {rest} {reach}) AS told)
            UNION ALL
            (SELECT * FROM ({part} AND {first.column} IS NULL ORDER BY {rest} {reach}) AS untold)
        ) AS plan ORDER BY {order_of(merged, [key.column for key in merged])}
        LIMIT %(plan_limit)s OFFSET %(plan_offset)s"""  # noqa: S608 - ours


def _bound(wanted: Search, column: str, after: Sequence[object]) -> str:
    """Where in its index the first key begins: the condition of the rows that follow is too involved to say it."""
    place = next(number for number, (name, _) in enumerate(wanted.order) if name != "type")
    if any(value != Kind.PLAN.value for value in after[:place]):
        return WHOLE  # the page began before the plans, or after them
    if after[place] is None:
        return "FALSE"
    name, down = wanted.order[place]
    return f"{column} {'<=' if down else '>='} %(after{place})s::{_OF_PLANS[name][1]}"


def _of_fixed(wanted: Search, fixed: Sequence[Record]) -> dict[str, object]:
    return {
        "fixed": json.dumps([_described(record) for record in fixed]),
        "words": wanted.words,
        "kinds": list(wanted.kinds),
        "fixed_ids": list(wanted.ids),
        "external": [f"{scheme}:{value}" if scheme else value for scheme, value in wanted.external],
        "boxes": None if wanted.boxes is None else json.dumps(wanted.boxes),
    }


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


_NOTHING: Final = "FALSE"
_PIECES: Final = 33  # places on an edge that is straight in degrees, and is not in the storage CRS
_BENT: Final = 1000.0  # metres by which the edge of a plan's box is bent in degrees at most, as long as 200 km
_GERMAN: Final = 'COLLATE "de-x-icu"'
# The columns to order by, with their types: of records, and of the rows of plans.
_MERGED: Final = {
    "rank": ("rank", "real"), "title": (f"title {_GERMAN}", "text"), "updated": ("updated", "timestamptz"),
    "type": ("type", "text"), "id": ("id", "text"),
}  # fmt: skip
_OF_PLANS: Final = {
    "title": (f"name {_GERMAN}", "text"), "updated": ("veroeffentlicht_am", "timestamptz"),
    "type": ("'plan'::text", "text"), "id": ("id", "text"),
}  # fmt: skip

_FIXED: Final = """
    -- the records of data sets and services, which are handed in; they have no time, which would restrict them
    fixed AS MATERIALIZED (
        SELECT id, type, title, updated, ts_rank(words, to_tsquery('german', %(words)s::text)) AS rank
        FROM (
            SELECT id, type, title, CASE WHEN %(words)s::text <> '' THEN to_tsvector('german', body) END AS words,
                updated::timestamptz AS updated,
                ST_MakeEnvelope(west, south, east, north, 4326) AS box, external || values AS external
            FROM jsonb_to_recordset(%(fixed)s::jsonb) AS each (id text, type text, title text, body text,
                updated text, west float8, south float8, east float8, north float8, external text[], values text[])
        ) AS record
        WHERE (%(words)s::text = '' OR words @@ to_tsquery('german', %(words)s::text))
            AND (cardinality(%(kinds)s::text[]) = 0 OR type = ANY (%(kinds)s::text[]))
            AND (cardinality(%(fixed_ids)s::text[]) = 0 OR id = ANY (%(fixed_ids)s::text[]))
            AND (cardinality(%(external)s::text[]) = 0 OR external && %(external)s::text[])
            AND (%(boxes)s::jsonb IS NULL OR box IS NULL OR EXISTS (
                SELECT FROM jsonb_array_elements(%(boxes)s::jsonb) AS each
                WHERE ST_Intersects(box, ST_MakeEnvelope((each ->> 0)::float8, (each ->> 1)::float8,
                    (each ->> 2)::float8, (each ->> 3)::float8, 4326))))
    )"""

_PLANS: Final = """
    SELECT id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart_text, rechtsstand_text,
        gueltig_von, gueltig_bis, veroeffentlicht_am, ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east,
        ST_YMax(box) AS north
    FROM (SELECT *, ST_Transform(ST_Envelope(geom), 4326) AS box FROM ogc.plaene) AS plaene
    WHERE id = ANY (%(ids)s::uuid[])"""
