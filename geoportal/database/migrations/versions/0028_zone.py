"""Statements learn from the database in which zone of UTM it stores."""

from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0028_zone.sql").read_text("utf-8"))
