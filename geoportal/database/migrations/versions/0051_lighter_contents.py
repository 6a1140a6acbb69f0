"""The contents of plans in fewer joins."""

from pathlib import Path

from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0051_lighter_contents.sql").read_text("utf-8"))
