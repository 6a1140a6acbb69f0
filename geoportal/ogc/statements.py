"""The statements that yield features as finished GeoJSON text.

Written as text, and not put together by SQLAlchemy, because that would take longer than the database does. Names come
from manifests, which allow nothing but letters, digits and underscores; all values are bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from geoportal.ogc.crs import CRS84, Crs
from geoportal.settings import STORAGE_SRID

# So many are counted to the end; beyond, nobody learns the number of what a filter finds, but only of all (or by hits).
MOST_COUNTED: Final = 5_000
# Geometries of a page, as they or their texts are stored: of longer ones a page has fewer, and there is a next page.
MOST_BYTES: Final = 8 * 2**20
GEOJSON: Final = "geojson"
PROPERTIES: Final = "eigenschaften"
ANY_FILE: Final = "application/octet-stream"
WHOLE: Final = "TRUE"  # the condition of all rows


class Spread(Enum):
    """How many rows the conditions find."""

    UNKNOWN = "unknown"
    FEW = "few"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Key:
    """A column by which pages are ordered, with its SQL type; NULLs last, whatever the direction."""

    column: str
    type: str
    descending: bool = False


class Where(NamedTuple):
    """A condition over the view's columns, with the values bound in it."""

    sql: str
    values: Mapping[str, object]


class Features(NamedTuple):
    """How a row becomes text: the columns that it takes, the GeoJSON feature made of them, and its size in bytes."""

    columns: str
    text: str
    size: str


class Ready(NamedTuple):
    """Which parts of a feature a view holds as text, in the columns GEOJSON and PROPERTIES."""

    geometry: bool = False
    properties: bool = False


NOT_READY: Final = Ready()


class Statement(NamedTuple):
    sql: str
    values: dict[str, object]


def features_of(
    view: str,
    fields: Sequence[str],
    crs: Crs,
    *,
    geometry: bool = True,
    multi: bool = False,
    ready: Ready = NOT_READY,
    links: Sequence[tuple[str, str | None]] = (),
) -> Features:
    """`multi`: every geometry as a Multi geometry. `ready`: what the view has as text, geometries in CRS84.

    `links`: what the feature's link to its file says, and the columns that hold it.
    """
    quoted = [f'"{name}"' for name in fields]
    is_ready = ready.geometry and crs is CRS84
    # only for the rows that are sent a geometry is transformed
    shape = GEOJSON if is_ready else _geojson(crs, multi=multi)
    told = [PROPERTIES] if ready.properties else quoted
    said = {name: f'"{column}"' for name, column in links if column is not None}
    # what is ready does not have its row looked at once more
    held = GEOJSON if is_ready else "geom"
    columns = dict.fromkeys(["id", *told, *said.values(), held])
    record = (
        PROPERTIES
        if ready.properties
        else f"(SELECT row_to_json(p)::text FROM (SELECT {', '.join(quoted)}) AS p)"
        if fields
        else "'{}'"
    )
    return Features(
        columns=", ".join(f"{view}.{column}" for column in columns),
        text=f"""concat('{{"type":"Feature","id":', to_json(id)::text, ',"geometry":',
            {f"coalesce({shape}, 'null')" if geometry else "'null'"}, ',"properties":', {record},
            {f"{_enclosure(said)}, " if said else ""}'}}')""",
        size=f"coalesce(pg_column_size({held}), 0)" if geometry else "0",
    )


def _enclosure(said: Mapping[str, str]) -> str:
    # 17-069r4, /req/core/f-links: each link has its `type`
    kind = f"coalesce({said['type']}, '{ANY_FILE}')" if "type" in said else f"'{ANY_FILE}'"
    told = ", ".join(f"'{name}', {column}" for name, column in {**said, "type": kind}.items())
    link = f"json_strip_nulls(json_build_object('rel', 'enclosure', {told}))"
    return f"""CASE WHEN {said["href"]} IS NOT NULL THEN ',"links":[' || {link}::text || ']' END"""


def _geojson(crs: Crs, *, multi: bool) -> str:
    geometry = "ST_Multi(geom)" if multi else "geom"
    if crs.srid != STORAGE_SRID:
        geometry = f"ST_Transform({geometry}, {crs.srid})"
    if crs is CRS84:
        # RFC 7946, 3.1.6; PostGIS 3.3 would turn round the lines too, which have a side
        geometry = f"CASE ST_Dimension(geom) WHEN 2 THEN ST_ForcePolygonCCW({geometry}) ELSE {geometry} END"
    if crs.flipped:
        geometry = f"ST_FlipCoordinates({geometry})"
    # option 0: no `crs` member, which RFC 7946 has abolished
    return f"ST_AsGeoJSON({geometry}, {crs.digits}, 0)"


def count_statement(view: str, where: Where) -> Statement:
    return Statement(f"SELECT count(*) FROM {view} WHERE {where.sql}", dict(where.values))


def feature_statement(view: str, key: Key, value: object, features: Features, where: Where) -> Statement:
    """Yields one text, or no row."""
    found = f"SELECT {features.columns} FROM {view} WHERE {key.column} = %(id)s::{key.type} AND {where.sql}"
    return Statement(f"SELECT {features.text} FROM ({found}) AS item", {**where.values, "id": value})


def page_statement(
    view: str,
    keys: Sequence[Key],
    features: Features,
    own: str,
    where: Where,
    spread: Spread,
    *,
    limit: int,
    offset: int = 0,
    after: Sequence[object] | None = None,
) -> Statement:
    """Yields one row: `features` (joined by commas), `returned`, `last`, `counted`.

    `view`, the keys, the features and `own` are SQL. The last key is the id, which is unique where `own` holds; `where`
    contains it. `after` are the keys of the last
    row of the page before; `last` are those of this page as a JSON array, if there is a next one. `counted` is how many
    rows the condition finds, at most MOST_COUNTED + 1, or NULL unless the spread is unknown.

    Rows that are found seldom are best looked for with the indexes of the condition, and then sorted; rows that are
    found everywhere with the index of the order, until the page is full. The database guesses which, and a wrong guess
    reads the whole table. So the rows are counted first, as far as that is worth while: each of two branches has a gate
    that is opened or closed before the branch is run.
    """
    names = [f"key{number}" for number in range(len(keys))]
    columns = ", ".join(f"{key.column} AS {name}" for key, name in zip(keys, names, strict=True))
    values: dict[str, object] = {**where.values, "page_limit": limit, "page_offset": offset}
    beyond, passed = following(keys, [key.column for key in keys], after, values), "TRUE"
    dense = f"""(SELECT {columns} FROM {view} WHERE ({where.sql}) AND {beyond} AND {{gate}}
        ORDER BY {order_of(keys, [key.column for key in keys])} LIMIT %(page_limit)s + 1 OFFSET %(page_offset)s)"""
    sparse = f"""(SELECT * FROM hit WHERE {{passed}} AND {{gate}}
        ORDER BY {order_of(keys, names)} LIMIT %(page_limit)s + 1 OFFSET %(page_offset)s)"""
    match spread:
        case Spread.MANY:
            hit, counted, chosen = "", "NULL::bigint", dense.format(gate="TRUE")
        case Spread.FEW:
            hit = f"hit AS MATERIALIZED (SELECT {columns} FROM {view} WHERE ({where.sql}) AND {beyond}),"
            counted, chosen = "NULL::bigint", sparse.format(passed="TRUE", gate="TRUE")
        case Spread.UNKNOWN:
            limited = f"SELECT {columns} FROM {view} WHERE {where.sql} LIMIT {MOST_COUNTED + 1}"
            hit = f"hit AS MATERIALIZED ({limited}), number AS MATERIALIZED (SELECT count(*) AS n FROM hit),"
            counted, passed = "(SELECT n FROM number)", following(keys, names, after, values)
            gates = (f"{counted} <= {MOST_COUNTED}", f"{counted} > {MOST_COUNTED}")
            chosen = f"{sparse.format(passed=passed, gate=gates[0])} UNION ALL {dense.format(gate=gates[1])}"
    sql = f"""
        WITH {hit}
        page AS MATERIALIZED (
            SELECT *, row_number() OVER (ORDER BY {order_of(keys, names)}) AS place FROM ({chosen}) AS chosen
        ),
        got AS (
            SELECT string_agg({features.text}, ',') FILTER (WHERE fits) AS features,
                count(*) FILTER (WHERE fits) AS returned, count(*) AS found
            FROM (
                -- row by row: a view of many tables is more than the planner arranges together with the page, and it
                -- would put all of its rows together first
                SELECT whole.*, place <= %(page_limit)s
                    AND (place = 1 OR sum({features.size}) OVER (ORDER BY place) <= {MOST_BYTES}) AS fits
                FROM page CROSS JOIN LATERAL (
                    SELECT {features.columns} FROM {view} WHERE {keys[-1].column} = page.{names[-1]} AND {own} OFFSET 0
                ) AS whole
                ORDER BY place
            ) AS item
        )
        SELECT features, returned, {counted} AS counted, (
            -- one row more than the page has tells that there is a next one
            SELECT jsonb_build_array({", ".join(names)})::text FROM page WHERE place = returned AND found > returned
        ) AS last
        FROM got"""
    return Statement(sql, values)


def order_of(keys: Sequence[Key], names: Sequence[str]) -> str:
    """The keys under these names, as ORDER BY has them."""
    # of the id itself no NULLs are to be expected, and its index has no place for the words
    *sorting, unique = (
        f"{name} {'DESC' if key.descending else 'ASC'} NULLS LAST" for key, name in zip(keys, names, strict=True)
    )
    return ", ".join([*sorting, unique.removesuffix(" NULLS LAST")])


def following(
    keys: Sequence[Key], names: Sequence[str], after: Sequence[object] | None, values: dict[str, object]
) -> str:
    """The condition of the rows that come after the one with these keys."""
    if after is None:
        return "TRUE"
    values |= {f"after{number}": value for number, value in enumerate(after)}
    steps, same = [], ""
    for number, (key, name) in enumerate(zip(keys, names, strict=True)):
        bound = f"%(after{number})s::{key.type}"
        beyond = f"{name} {'<' if key.descending else '>'} {bound}"
        if key is not keys[-1]:
            beyond = "FALSE" if after[number] is None else f"({beyond} OR {name} IS NULL)"
        steps.append(f"{same}{beyond}")
        same += f"{name} IS NULL AND " if after[number] is None else f"{name} = {bound} AND "
    return f"({' OR '.join(steps)})"
