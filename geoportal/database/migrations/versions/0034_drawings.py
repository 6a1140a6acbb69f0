"""Versions that are not public are drawn too, for those who may see them."""

from pathlib import Path

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0034_drawings.sql").read_text("utf-8"))
