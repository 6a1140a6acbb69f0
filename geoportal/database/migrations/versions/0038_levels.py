"""The levels of a version stay its own whatever its plan is called; a planner says that two plans are one."""

from pathlib import Path

from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0038_levels.sql").read_text("utf-8"))
