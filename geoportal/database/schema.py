"""The check at start that everything the services need of the database is really there."""

from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from geoportal.settings import DESK_ROLE, READ_ROLE, STORAGE_SRID

MIGRATIONS: Final = Path(__file__).with_name("migrations")

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


class DatabaseAway(SchemaError):
    """It does not answer, or not in time: how it stands, nobody knows yet."""


def require_our_zone(connection: Connection) -> None:
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


@cache
def _known_revisions() -> tuple[str, ...]:
    """Newest first. By the names of their files: to look is no reason to load the tool that runs them."""
    return tuple(sorted((file.name.partition("_")[0] for file in MIGRATIONS.glob("versions/*_*.py")), reverse=True))


def standing_of(revision: str) -> Standing:
    """A revision that these programs do not know is newer: during an upgrade, and after going back from one, they meet
    a schema that later programs have expanded, and only ever expanded (docs/operations/upgrade.md).
    """
    known = _known_revisions()
    if revision not in known:
        return Standing.NEWER
    return Standing.CURRENT if revision == known[0] else Standing.OLDER


def check_schema(engine: Engine) -> None:
    """Raises SchemaError when the schema is older than these programs, or an index or the read role is missing;
    DatabaseAway when it cannot be asked.
    """
    try:
        _check(engine)
    except OperationalError as fault:
        raise DatabaseAway(
            f"Die Datenbank antwortet nicht ({type(fault.orig).__name__}). / The database does not answer."
        ) from fault


def _check(engine: Engine) -> None:
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
        require_our_zone(connection)
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
