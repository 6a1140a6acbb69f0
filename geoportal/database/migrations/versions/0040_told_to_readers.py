"""Readers of former versions are told of their participations without a right in schema participation."""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    # Its body names another function of the schema, in which a reader has no business: it is read as its owner.
    op.execute(
        "ALTER FUNCTION participation.told(jsonb, jsonb, jsonb) SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
    )
