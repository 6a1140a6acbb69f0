"""Outlines at a glance, documents, texts and planned land use become collections."""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0021_collections.sql").read_text("utf-8"))
