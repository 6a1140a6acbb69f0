"""Every kind of participation of BauGB §§ 3 and 4: early ones, repeated ones, and those of authorities."""

from pathlib import Path

from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0037_arten.sql").read_text("utf-8"))
