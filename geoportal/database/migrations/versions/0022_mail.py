"""Letters by e-mail, queued in the transaction of their cause."""

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0022_mail.sql").read_text("utf-8"))
