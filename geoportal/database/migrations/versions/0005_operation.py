"""What the people who run the portal did last, and the few figures by which it is known to be well."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0005_operation.sql").read_text("utf-8"))
