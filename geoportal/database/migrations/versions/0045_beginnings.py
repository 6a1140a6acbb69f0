"""Plans are found by how their number or name begins."""

from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    # `nummer LIKE '12%'` counts what fits. An index in the order of the language cannot find a beginning.
    op.execute(
        "CREATE INDEX publication_nummer_anfang ON plans.publication (nummer text_pattern_ops, planwerk, id);"
        "CREATE INDEX publication_name_anfang ON plans.publication (name text_pattern_ops, planwerk, id)"
    )
