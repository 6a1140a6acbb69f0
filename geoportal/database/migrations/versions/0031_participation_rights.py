"""Dropped drafts stay unseen; what waits for its letter stays; with what is withdrawn goes what was said of it."""

from pathlib import Path

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0031_participation_rights.sql").read_text("utf-8"))
