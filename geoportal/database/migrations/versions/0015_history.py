"""What was public on a day, and indexes that answer alone."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0015_history.sql").read_text("utf-8"))
