"""How complete the stock of a Gemeinde is, in figures."""

from pathlib import Path

from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0033_stock.sql").read_text("utf-8"))
