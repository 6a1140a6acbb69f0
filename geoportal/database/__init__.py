"""The database: connections for the roles, and the check that all that is needed stands."""

from geoportal.database.engine import (
    desk_engine,
    driver_cursor,
    owner_engine,
    participation_engine,
    reader_engine,
    reader_environment,
    sensors_engine,
)
from geoportal.database.readiness import is_migrated, once_migrated
from geoportal.database.schema import DatabaseAway, SchemaError, check_schema

__all__ = [
    "DatabaseAway",
    "SchemaError",
    "check_schema",
    "desk_engine",
    "driver_cursor",
    "is_migrated",
    "once_migrated",
    "owner_engine",
    "participation_engine",
    "reader_engine",
    "reader_environment",
    "sensors_engine",
]
