"""Vector tiles: a large layer is thinned in one go, and a sync computes only what it moved."""

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open SQLAlchemy connection has its driver's
    # past SQLAlchemy, which would take the colons and percent signs of its functions for parameters
    driver.execute(Path(__file__).with_name("0019_tiles_of_layers.sql").read_text("utf-8"))
