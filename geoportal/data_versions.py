"""Which state of the data is public: a number per collection that changes with every publication.

Asked for before every answer, and therefore at most a second old instead of exact, and never waited for once known.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

LOGGER = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 1.0


class _Row(NamedTuple):
    collection: str
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class DataVersion:
    """`token` is equal exactly as long as the data are. `changed_at`: the last change, None before the first."""

    token: str
    changed_at: datetime | None


class DataVersions:
    """The versions as one process knows them; safe for threads. Reads through a view of schema `ogc`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: Mapping[str, _Row] | None = None
        self._asked = float("-inf")

    def of(self, *collections: str) -> DataVersion | None:
        """The version of all these together; of everything when none is named, or one has no number of its own.

        None while the database has never answered. When it is away later, the last version it told.
        """
        known = self._current()
        if known is None:
            return None
        named = collections and all(name in known for name in collections)
        rows = [known[name] for name in sorted(set(collections))] if named else list(known.values())
        # with the time: a restored database counts on from an old number
        token = ";".join(f"{row.collection}:{row.version}:{row.changed_at.timestamp():.6f}" for row in rows)
        return DataVersion(token, max((row.changed_at for row in rows), default=None))

    def numbers(self) -> Mapping[str, int] | None:
        """The number of each collection, None while the database has never answered."""
        known = self._current()
        return None if known is None else {name: row.version for name, row in known.items()}

    def _current(self) -> Mapping[str, _Row] | None:
        """One thread asks, and nobody waits for it but those who come before the first answer."""
        if time.monotonic() - self._asked < ASK_AGAIN_SECONDS:
            return self._known
        if self._lock.acquire(blocking=self._known is None):
            try:
                if time.monotonic() - self._asked >= ASK_AGAIN_SECONDS:
                    self._ask()
            finally:
                self._lock.release()
        return self._known

    def _ask(self) -> None:
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(
                    text("SELECT collection, version, changed_at FROM ogc.data_version ORDER BY collection")
                )
                self._known = {row.collection: _Row(*row) for row in rows}
        except (DBAPIError, PoolTimeout) as error:
            LOGGER.warning("data versions: the database does not answer, the last ones stay: %s", type(error).__name__)
        self._asked = time.monotonic()
