"""The properties of a plan stand ready as text, as its outline does."""

from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0025_properties.sql").read_text("utf-8"))
