"""Of impossible readings so many are kept as somebody can look at: a sensor gone mad fills no disk."""

from pathlib import Path

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0039_rejected.sql").read_text("utf-8"))
