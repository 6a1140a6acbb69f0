"""The state of each thematic layer: how fresh it is, and why not fresher."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0010_layer_state.sql").read_text("utf-8"))
