"""How each Gemeinde names its columns and words, as said at the desk."""

from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0025_profiles.sql").read_text("utf-8"))
