"""Deliveries of people: who sent what, who may see and publish it, and the rows that say so."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0013_desk.sql").read_text("utf-8"))
