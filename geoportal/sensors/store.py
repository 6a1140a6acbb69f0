"""Keeps readings, through the functions of schema `sensors`; shortens what is old; hands out tokens."""

import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from psycopg import sql
from sqlalchemy import Connection, text

from geoportal.catalogue import Layer
from geoportal.database import driver_cursor
from geoportal.sensors.readings import Reading, Rejected

_TAKE = text("""
    SELECT kept, unknown FROM sensors.take(:layer, CAST(:features AS text[]), CAST(:properties AS text[]),
        CAST(:ats AS timestamptz[]), CAST(:numbers AS double precision[]), CAST(:words AS text[]))""")
_REJECT = text("SELECT sensors.reject(CAST(:layers AS text[]), CAST(:reasons AS text[]), CAST(:raws AS text[]))")
_FORGET = (
    text("DELETE FROM sensors.reading WHERE layer = :layer"),
    text("DELETE FROM sensors.latest WHERE layer = :layer"),
    text("DELETE FROM sensors.daily WHERE layer = :layer"),
    text("DELETE FROM sensors.rejected WHERE layer = :layer"),
)
_STANDINGS = text("""
    SELECT layer, told.newest, told.features, apart.rejected, apart.reason
    FROM unnest(CAST(:layers AS text[])) AS layer
    LEFT JOIN LATERAL (
        SELECT max(at) AS newest, count(DISTINCT feature) AS features FROM sensors.latest
        WHERE latest.layer = layer.layer) AS told ON true
    LEFT JOIN LATERAL (
        SELECT count(*) AS rejected, mode() WITHIN GROUP (ORDER BY reason) AS reason FROM sensors.rejected
        WHERE rejected.layer = layer.layer AND received_at > now() - interval '1 day') AS apart ON true
    ORDER BY layer""")
_UNKNOWN = "dieses Objekt gibt es nicht / no such feature"


@dataclass(slots=True)
class Taken:
    """`kept` are new; `repeated` were known already, and nothing is wrong with that."""

    kept: int = 0
    repeated: int = 0
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the sensors of a layer stand: their newest reading, how many features have any, and what of a day was
    impossible, with the reason that was the commonest.
    """

    layer: str
    newest: datetime | None
    features: int
    rejected: int
    reason: str | None


def standings(connection: Connection, layers: Iterable[Layer]) -> list[Standing]:
    """Of every layer with sensors, in alphabetical order."""
    names = [layer.id for layer in layers if layer.sensors]
    return [Standing(**row) for row in connection.execute(_STANDINGS, {"layers": names}).mappings()]


def take(connection: Connection, told: Iterable[Reading | Rejected]) -> Taken:
    """Keeps all of them in the caller's transaction, the impossible ones apart."""
    taken = Taken()
    by_layer: dict[str, list[Reading]] = defaultdict(list)
    for each in told:
        if isinstance(each, Reading):
            by_layer[each.layer].append(each)
        else:
            taken.rejected.append(each)
    # in one order for all who take at once
    for layer, readings in sorted(by_layer.items()):
        row = connection.execute(
            _TAKE,
            {
                "layer": layer,
                "features": [each.feature for each in readings],
                "properties": [each.property for each in readings],
                "ats": [each.at for each in readings],
                "numbers": [None if each.number is None else float(each.number) for each in readings],
                "words": [each.word for each in readings],
            },
        ).one()
        unknown = set(row.unknown)
        stray = [each for each in readings if each.feature in unknown]
        taken.rejected += [Rejected(layer, _UNKNOWN, f"{each.feature}:{each.property}") for each in stray]
        taken.kept += row.kept
        taken.repeated += len(readings) - len(stray) - row.kept
    if taken.rejected:
        connection.execute(
            _REJECT,
            {
                "layers": [each.layer for each in taken.rejected],
                "reasons": [each.reason for each in taken.rejected],
                "raws": [each.raw for each in taken.rejected],
            },
        )
    return taken


def layers_of(connection: Connection, token: str) -> frozenset[str]:
    """The layers for which a token may bring readings; none for a token that is unknown or revoked."""
    found = connection.scalar(text("SELECT sensors.layers_of(:hash)"), {"hash": _hashed(token)})
    return frozenset(found or ())


def make_token(connection: Connection, name: str, layers: Iterable[str]) -> str:
    """A new token, which nobody can read again; one of the same name is replaced."""
    token = f"gps_{secrets.token_urlsafe(32)}"
    connection.execute(
        text("""
            INSERT INTO sensors.token (name, sha256, layers) VALUES (:name, :hash, :layers)
            ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, layers = excluded.layers, created_at = now(),
                used_on = NULL, revoked_at = NULL"""),
        {"name": name, "hash": _hashed(token), "layers": sorted(layers)},
    )
    return token


def revoke_token(connection: Connection, name: str) -> bool:
    """Whether there was such a token that was still good."""
    revoked = text("UPDATE sensors.token SET revoked_at = now() WHERE name = :name AND revoked_at IS NULL")
    return connection.execute(revoked, {"name": name}).rowcount > 0


def shorten(connection: Connection, layer: Layer) -> int:
    """Single readings older than the manifest's `history` become values of a day; how many those were."""
    if layer.sensors is None:
        return 0
    found = connection.execute(
        text("""
            -- whole days only, so that a day is never summed up twice
            WITH gone AS (
                DELETE FROM sensors.reading
                WHERE layer = :layer AND at < date_trunc('day', now() - :history, 'Europe/Berlin')
                RETURNING *),
            word AS (
                SELECT feature, property, (at AT TIME ZONE 'Europe/Berlin')::date AS day, word, count(*) AS times
                FROM gone WHERE word IS NOT NULL GROUP BY 1, 2, 3, 4),
            summed AS (
                INSERT INTO sensors.daily AS known
                    (layer, feature, property, day, readings, least, greatest, mean, words)
                SELECT :layer, feature, property, day, readings, least, greatest, mean,
                    (SELECT jsonb_object_agg(word, times) FROM word
                     WHERE (word.feature, word.property, word.day) = (own.feature, own.property, own.day))
                FROM (
                    SELECT feature, property, (at AT TIME ZONE 'Europe/Berlin')::date AS day, count(*) AS readings,
                        min(number) AS least, max(number) AS greatest, avg(number) AS mean
                    FROM gone GROUP BY 1, 2, 3) AS own
                ON CONFLICT (layer, feature, property, day) DO UPDATE SET
                    mean = (known.mean * known.readings + excluded.mean * excluded.readings)
                        / (known.readings + excluded.readings),
                    readings = known.readings + excluded.readings,
                    least = least(known.least, excluded.least), greatest = greatest(known.greatest, excluded.greatest))
            SELECT count(*) FROM gone"""),
        {"layer": layer.id, "history": layer.sensors.history},
    ).scalar_one()
    if layer.sensors.daily is not None:
        connection.execute(
            text("DELETE FROM sensors.daily WHERE layer = :layer AND day < (now() - :daily)::date"),
            {"layer": layer.id, "daily": layer.sensors.daily},
        )
    return int(found)


def forget(connection: Connection, layer: str) -> None:
    """All that was ever told of a layer."""
    for statement in _FORGET:
        connection.execute(statement, {"layer": layer})


def sweep(connection: Connection) -> None:
    """Rejected messages of more than a month ago, and months of which no reading is left."""
    connection.execute(text("DELETE FROM sensors.rejected WHERE received_at < now() - interval '30 days'"))
    parts = text("""
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'sensors.reading'::regclass
            AND relname < 'reading_' || to_char(now() - interval '1 month', 'YYYY_MM')""")
    with driver_cursor(connection) as cursor:
        for name in connection.scalars(parts).all():
            part = sql.Identifier("sensors", name)
            cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(part))
            if cursor.fetchone() == (False,):
                cursor.execute(sql.SQL("DROP TABLE {}").format(part))


def _hashed(token: str) -> bytes:
    return sha256(token.encode()).digest()
