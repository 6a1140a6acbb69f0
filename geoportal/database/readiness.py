"""No answer from a schema that is older than these programs, or not there yet: a server that began while the database
was away has looked at nothing, and what it finds later may still wait for its migration.
"""

from typing import Any, Final

import psycopg
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import ProgrammingError

from geoportal.database.engine import probe_engine
from geoportal.database.schema import Standing, standing_of

_PATIENCE: Final = 8.0  # seconds, as long as the reader's statements have: a busy machine is no missing schema
_REVISION: Final = text("SELECT revision FROM ogc.operation")


class NotMigrated(psycopg.OperationalError):
    """The schema of the database is older than these programs, or is not there yet."""


def is_migrated(read_url: str) -> bool:
    """Whether the schema is what these programs need, or newer. Raises OperationalError when it cannot be asked."""
    try:
        with probe_engine(read_url, _PATIENCE).connect() as connection:
            revision = connection.scalar(_REVISION)
    except ProgrammingError:
        return False
    return standing_of(revision) is not Standing.OLDER


def once_migrated(engine: Engine, read_url: str) -> Engine:
    """From now on the engine connects to nothing before the schema is what these programs need; returns it.

    Until then it is as if the database did not answer, which every part knows how to say. Asked through the read role,
    as not each may see the revision; and not again once it is so, for schemas only grow (docs/operations/upgrade.md).
    """
    is_known = False

    def require(*_: Any) -> None:
        nonlocal is_known
        if not is_known and not is_migrated(read_url):
            raise NotMigrated
        is_known = True

    event.listen(engine, "do_connect", require)
    return engine
