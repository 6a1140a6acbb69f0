"""What belonged to a plan's former versions."""

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0020_fassungen.sql").read_text("utf-8"))
