"""Accounts, sessions and tokens of those who sign in, and the log of what they do."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0008_accounts.sql").read_text("utf-8"))
