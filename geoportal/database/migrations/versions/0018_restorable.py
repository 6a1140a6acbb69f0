"""What the outlines' text is made by names its schemas, so that a backup can be restored."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0018_restorable.sql").read_text("utf-8"))
