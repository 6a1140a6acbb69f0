"""The database: connections for the two roles, migrations, and the check that all that is needed stands."""

from geoportal.database.engine import owner_engine, reader_engine
from geoportal.database.schema import SchemaError, check_schema, migrate

__all__ = ["SchemaError", "check_schema", "migrate", "owner_engine", "reader_engine"]
