"""Plans with their versions, and the views of what is published."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    for part in ("0001_plans.sql", "0001_ogc.sql"):
        op.execute(Path(__file__).with_name(part).read_text("utf-8"))
