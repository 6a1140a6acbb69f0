"""In vector tiles, the number of what has a UUID is the beginning of it: who knows the one knows the other."""

from pathlib import Path

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0042_numbers_of_plans.sql").read_text("utf-8"))
