"""Migrations and the check at start that everything the services need is really there."""

import logging
import re
import time
from enum import Enum, auto
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from geoportal.database.locks import Lock
from geoportal.settings import DESK_ROLE, PARTICIPATION_ROLE, READ_ROLE, SENSORS_ROLE, STORAGE_SRID

_MIGRATIONS = Path(__file__).with_name("migrations")
log = logging.getLogger(__name__)

_PAUSES = (1, 2, 3, 5, 8, 13)  # seconds
_WRITTEN_FOR = 25832

REQUIRED_INDEXES = frozenset(
    {
        "version_published",
        "version_geom",
        "version_status",
        "planobjekt_version",
        "planobjekt_geom",
        "dokument_sha256",
        "rasterplan_version",
    }
)


class Standing(Enum):
    """How the schema of a database stands to these programs."""

    OLDER = auto()
    CURRENT = auto()
    NEWER = auto()


class SchemaError(Exception):
    """The database is not as the programs need it."""


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
    _require_our_zone(connection)
    _prepare(connection)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _require_our_zone(connection: Connection) -> None:
    """Asks the columns, which hold what is stored: before 0028 nothing else says in which zone a database stores.

    Raises SchemaError; a database without the tables has no zone yet.
    """
    if connection.scalar(text("SELECT to_regclass('plans.version')")) is None:
        return
    stored = connection.scalar(
        text("""
            SELECT postgis_typmod_srid(atttypmod) FROM pg_attribute
            WHERE attrelid = 'plans.version'::regclass AND attname = 'geom'""")
    )
    if stored != STORAGE_SRID:
        raise SchemaError(
            f"Die Datenbank speichert in EPSG:{stored}, dieses Programm in EPSG:{STORAGE_SRID}: GEOPORTAL_CRS "
            "berichtigen. / The database stores in another zone: correct GEOPORTAL_CRS."
        )


def _in_our_zone(
    connection: Connection, cursor: object, statement: str, parameters: object, context: object, many: bool
) -> tuple[str, object]:
    """Migrations are written for zone 32: elsewhere they mean the zone in which the installation stores."""
    del connection, cursor, context, many
    return re.sub(rf"\b{_WRITTEN_FOR}\b", str(STORAGE_SRID), statement), parameters


@cache
def _known_revisions() -> tuple[str, ...]:
    """Newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def standing_of(revision: str) -> Standing:
    """A revision that these programs do not know is newer: during an upgrade, and after going back from one, they meet
    a schema that later programs have expanded, and only ever expanded (docs/operations/upgrade.md).
    """
    known = _known_revisions()
    if revision not in known:
        return Standing.NEWER
    return Standing.CURRENT if revision == known[0] else Standing.OLDER


def check_schema(engine: Engine) -> None:
    """Raises SchemaError when the schema is older than these programs, or an index or the read role is missing."""
    with engine.connect() as connection:
        if connection.scalar(text("SELECT to_regclass('plans.alembic_version')")) is None:
            raise SchemaError(
                "Die Datenbank ist leer: `geoportal migrate` ausführen. / Empty database: run the migrations."
            )
        revision = connection.scalar(text("SELECT version_num FROM plans.alembic_version"))
        if standing_of(revision) is Standing.OLDER:
            newest = _known_revisions()[0]
            raise SchemaError(
                f"Schemastand {revision} statt {newest}: `geoportal migrate` ausführen. / Run the migrations."
            )
        _require_our_zone(connection)
        if (told := connection.scalar(text("SELECT ogc.storage_srid()"))) != STORAGE_SRID:
            raise SchemaError(
                f"ogc.storage_srid() sagt {told}, die Tabellen speichern in EPSG:{STORAGE_SRID}. "
                "/ The function says another zone than that of the tables."
            )
        existing = set(connection.scalars(text("SELECT indexname FROM pg_indexes WHERE schemaname = 'plans'")))
        if missing := REQUIRED_INDEXES - existing:
            raise SchemaError(f"Index fehlt / index missing: {', '.join(sorted(missing))}")
        if not connection.scalar(text("SELECT has_schema_privilege(:role, 'ogc', 'USAGE')"), {"role": READ_ROLE}):
            raise SchemaError(f"Der Rolle {READ_ROLE} fehlt das Leserecht. / The read role lacks its grant.")
        if not connection.scalar(text("SELECT has_schema_privilege(:role, 'desk', 'USAGE')"), {"role": DESK_ROLE}):
            raise SchemaError(f"Der Rolle {DESK_ROLE} fehlt das Recht. / The desk's role lacks its grant.")


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
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
