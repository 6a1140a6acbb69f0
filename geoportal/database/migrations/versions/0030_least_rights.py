"""Who may call what: the functions of the Kreis are the desk's alone, citizens' role leaves the desk."""

from pathlib import Path

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0030_least_rights.sql").read_text("utf-8"))
