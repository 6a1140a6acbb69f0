"""Readings of sensors."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0014_sensors.sql").read_text("utf-8"))
