"""The link to a report ends with what it shows, and with who has given it away."""

from pathlib import Path

from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0047_ended_links.sql").read_text("utf-8"))
