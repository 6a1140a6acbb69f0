"""Scanned sheets as a collection, with their pictures."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open SQLAlchemy connection has its driver's
    # past SQLAlchemy, which would take the colons and percent signs of its functions for parameters
    driver.execute(Path(__file__).with_name("0016_rasterplaene.sql").read_text("utf-8"))
