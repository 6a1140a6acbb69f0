"""Participations go with a plan that is merged; who wrote a statement reaches it while its plan is not public."""

from pathlib import Path

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0032_statements_of_merged_plans.sql").read_text("utf-8"))
