"""An index of the features of tiles for each zoom at which many begin to be shown."""

from pathlib import Path

from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0033_tile_indexes.sql").read_text("utf-8"))
