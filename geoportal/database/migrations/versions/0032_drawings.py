"""Versions that are not public are drawn too, for those who may see them."""

from pathlib import Path

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0032_drawings.sql").read_text("utf-8"))
