"""geoportal.database.tables says the same as the migrated database."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from geoportal.database import owner_engine
from geoportal.database.tables import metadata
from geoportal.settings import Settings


def test_every_column_stands_in_both(database: Settings) -> None:
    engine = owner_engine(database.require_database_url())
    with engine.connect() as connection:
        options = {
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name == "plans",
            "include_object": lambda _, name, kind, *__: kind in {"table", "column"} and name != "alembic_version",
            "compare_type": True,
        }
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    assert differences == []
