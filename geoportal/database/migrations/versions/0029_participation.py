"""Participation of the public: periods, statements, what the Gemeinde makes of them."""

from pathlib import Path

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0029_participation.sql").read_text("utf-8"))
