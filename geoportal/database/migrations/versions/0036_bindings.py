"""Rights hold for what a row belongs to; simpler outlines keep their overlaps; what a sync left out is remembered."""

from pathlib import Path

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0036_bindings.sql").read_text("utf-8"))
