"""Waiting for what other threads and processes do, with an end."""

import time
from collections.abc import Callable

from sqlalchemy import Engine, text

# Of this database alone: other tests run beside in theirs.
_WAITS = text(
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"
)


def wait_until(happened: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def somebody_waits(engine: Engine) -> bool:
    """Whether a statement waits for a lock in this database.

    It is asked in a transaction of its own: within one, PostgreSQL answers with what its first look at
    pg_stat_activity saw (stats_fetch_consistency).
    """
    with engine.connect() as connection:
        return bool(connection.scalar(_WAITS))
