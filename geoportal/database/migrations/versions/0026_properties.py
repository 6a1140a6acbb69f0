"""The properties of a plan stand ready as text, as its outline does."""

from pathlib import Path

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0026_properties.sql").read_text("utf-8"))
