"""Running the migrations: what only an operator's command loads."""

import logging
import re
import time
from typing import Final

from alembic import command
from alembic.config import Config
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from geoportal.database.locks import Lock
from geoportal.database.schema import MIGRATIONS, SchemaError, require_our_zone
from geoportal.settings import DESK_ROLE, PARTICIPATION_ROLE, READ_ROLE, SENSORS_ROLE, STORAGE_SRID

log = logging.getLogger(__name__)

_PAUSES: Final = (1, 2, 3, 5, 8, 13)  # seconds
_WRITTEN_FOR: Final = 25832


def migrate(engine: Engine, revision: str = "head") -> None:
    """Brings the schema to a revision, in one transaction; safe to run again and from several processes.

    A lock that it does not get at once it asks for again a little later: whoever waits for a table's lock makes all
    readers of that table wait behind it. Raises SchemaError when it never got it.
    """
    for pause in (*_PAUSES, None):
        try:
            with engine.begin() as connection:
                # with the time that the one before us may take
                connection.execute(text("SET LOCAL lock_timeout = '5min'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": Lock.MIGRATION})
                connection.execute(text("SET LOCAL lock_timeout = '1s'"))
                _migrate(connection, revision)
        except OperationalError as fault:
            if not isinstance(fault.orig, LockNotAvailable):
                raise
            if pause is None:
                raise SchemaError(
                    "Eine Tabelle war die ganze Zeit in Gebrauch; bitte später noch einmal. / A table was in use."
                ) from fault
            log.info("a table is in use, trying again in %s s", pause)
            time.sleep(pause)
        else:
            return


def _migrate(connection: Connection, revision: str) -> None:
    config = _config()
    if STORAGE_SRID != _WRITTEN_FOR:
        event.listen(connection, "before_cursor_execute", _in_our_zone, retval=True)
    require_our_zone(connection)
    _prepare(connection)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _in_our_zone(
    connection: Connection, cursor: object, statement: str, parameters: object, context: object, many: bool
) -> tuple[str, object]:
    """Migrations are written for zone 32: elsewhere they mean the zone in which the installation stores."""
    del connection, cursor, context, many
    return re.sub(rf"\b{_WRITTEN_FOR}\b", str(STORAGE_SRID), statement), parameters


def _prepare(connection: Connection) -> None:
    """What must stand before the first revision: extensions, the roles, the schemas."""
    for extension in ("postgis", "pg_trgm", "unaccent", "btree_gist"):
        if connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = :name"), {"name": extension}) is None:
            _as_owner(connection, f"CREATE EXTENSION {extension}")
    for role in (READ_ROLE, DESK_ROLE, SENSORS_ROLE, PARTICIPATION_ROLE):
        if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}) is None:
            _as_owner(connection, f"CREATE ROLE {role} NOLOGIN")
        # The owner may step down to a role that has no login of its own (Settings.require_read_url).
        if not connection.scalar(text("SELECT pg_has_role(current_user, :role, 'MEMBER')"), {"role": role}):
            _as_owner(connection, f"GRANT {role} TO {connection.scalar(text('SELECT quote_ident(current_user)'))}")
    for schema in ("plans", "layers", "ogc"):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))


def _as_owner(connection: Connection, statement: str) -> None:
    """A statement for which the owner's role may lack the right; then the operator learns what to run."""
    try:
        connection.execute(text(statement))
    except ProgrammingError as fault:
        raise SchemaError(
            f"Dazu fehlt das Recht; einmal als Verwalter der Datenbank ausführen / run once as superuser: {statement};"
        ) from fault


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
