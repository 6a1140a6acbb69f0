"""The symbol of each object of a plan, and what a map draws."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0006_planzeichen.sql").read_text("utf-8"))
