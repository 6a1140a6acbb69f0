"""Alembic's way in. Only geoportal.database.migrating runs migrations; it hands in the open connection."""

from alembic import context

from geoportal.database.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, version_table_schema="plans", include_schemas=True)
with context.begin_transaction():
    context.run_migrations()
