"""The stock of tiles anew in less time and room."""

from pathlib import Path

from alembic import op

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0050_lean_tiles.sql").read_text("utf-8"))
