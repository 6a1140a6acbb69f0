"""What somebody may see is asked of the thing itself."""

from pathlib import Path

from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0049_sights.sql").read_text("utf-8"))
