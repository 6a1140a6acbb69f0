"""What people fill in about a plan beside its file, and the documents that they add."""

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0023_editing.sql").read_text("utf-8"))
