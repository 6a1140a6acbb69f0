"""The words by which plans are looked for, kept as they are compared."""

from pathlib import Path

from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0044_words_of_plans.sql").read_text("utf-8"))
