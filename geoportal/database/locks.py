"""Locks by which programs that share a database agree who does what. No row and no table is held by them."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum, unique

from sqlalchemy import Engine, text


@unique
class Lock(IntEnum):
    """PostgreSQL knows numbers only, and one name space for all of them: two jobs under one number would wait for
    each other.
    """

    MIGRATION = 0x67656F70
    BACKUP = 0x67656F62
    DOWNLOADS = 0x67656F64
    PACKAGES = 0x67656F6B


@contextmanager
def alone(engine: Engine, lock: Lock) -> Iterator[bool]:
    """Whether nobody else who asks this database holds the lock; then it is ours for the while."""
    # outside of a transaction: one that only waits for files to be written would be ended
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_ours = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": lock}))
        try:
            yield is_ours
        finally:
            if is_ours:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": lock})
