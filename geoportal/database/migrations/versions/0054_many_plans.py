"""What is asked of very many plans is answered from indexes."""

from pathlib import Path

from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0054_many_plans.sql").read_text("utf-8"))
