"""Counts tries that may be guesses: how often for one account from one network, for one account, from one network."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, Engine, TextClause, text

from geoportal.clock import CLOCKS_DIFFER

WINDOW: Final = timedelta(minutes=15)
# Few for an account from one place; more over all places, so that a stranger cannot lock somebody out by guessing.
LIMITS: Final[Mapping[str, int]] = MappingProxyType({"pair": 10, "account": 50, "network": 100})

_COUNT = """
    INSERT INTO {table} AS known (key, failures, began_at) VALUES (:key, 1, :now)
    -- counted anew when the window is over, and when it began at a time that the clock has since taken back
    ON CONFLICT (key) DO UPDATE SET
        failures = CASE WHEN known.began_at BETWEEN :start AND :latest THEN known.failures + 1 ELSE 1 END,
        began_at = CASE WHEN known.began_at BETWEEN :start AND :latest THEN known.began_at ELSE :now END
    RETURNING failures, began_at"""
SIGN_INS: Final = text(_COUNT.format(table="desk.attempt"))
STATEMENTS: Final = text(_COUNT.format(table="participation.attempt"))
_FORGET = text("DELETE FROM desk.attempt WHERE key = ANY(:keys)")


class TooOften(Exception):
    """Too many tries; `seconds` later there may be more."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds


def count(
    engine: Engine,
    who: str,
    origin: str,
    now: datetime,
    limits: Mapping[str, int] = LIMITS,
    counting: TextClause = SIGN_INS,
) -> None:
    """Counts a try before it is made, so that many at once are many. Raises TooOften.

    `counting` says where: SIGN_INS with the desk's engine, STATEMENTS with that of citizens' statements.
    """
    waits = []
    with engine.begin() as connection:
        for kind, key in sorted(_keys(who, origin)):
            values = {"key": key, "now": now, "start": now - WINDOW, "latest": now + CLOCKS_DIFFER}
            row = connection.execute(counting, values).one()
            if row.failures > limits[kind]:
                waits.append((row.began_at + WINDOW - now).total_seconds())
    if waits:
        raise TooOften(max(1, round(max(waits))))


def forget(connection: Connection, who: str, origin: str) -> None:
    """After a success: the account's own count from there begins anew; the others' go on."""
    connection.execute(_FORGET, {"keys": [key for kind, key in _keys(who, origin) if kind == "pair"]})


def _keys(who: str, origin: str) -> Iterable[tuple[str, bytes]]:
    named = {"pair": f"{who}|{origin}", "account": who, "network": origin}
    return [
        (kind, hashlib.sha256(f"{kind}|{what}".encode("utf-8", "surrogatepass")).digest())
        for kind, what in named.items()
    ]
