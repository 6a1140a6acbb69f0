"""How complete the stock of a Gemeinde is, in figures."""

from pathlib import Path

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0035_stock.sql").read_text("utf-8"))
