"""Accounts managed at the desk by the Kreis."""

from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0027_managing.sql").read_text("utf-8"))
