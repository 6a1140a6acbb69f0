"""Answers of the API by Idempotency-Key."""

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0017_answered.sql").read_text("utf-8"))
