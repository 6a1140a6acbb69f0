"""A public version whole, to be written as a plan file."""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0024_whole_versions.sql").read_text("utf-8"))
