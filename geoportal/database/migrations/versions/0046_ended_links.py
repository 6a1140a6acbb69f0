"""The link to a report ends with what it shows, and with who has given it away."""

from pathlib import Path

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0046_ended_links.sql").read_text("utf-8"))
