"""Uploads, and the queue of background jobs.

The tables and functions of the queue are procrastinate's own, as its version gives them; they live in schema `jobs`,
which the owner's connections have in their search path. A later version of procrastinate that changes them brings
scripts for it, to be run by a revision of ours.
"""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(Path(__file__).with_name("0003_jobs.sql").read_text("utf-8"))
    op.execute("CREATE SCHEMA jobs")
    op.execute("SET LOCAL search_path TO jobs, public")
    # past SQLAlchemy, which would take the colons and percent signs of its functions for parameters
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open SQLAlchemy connection has its driver's
    driver.execute(SchemaManager.get_schema())
    op.execute("SET LOCAL search_path TO DEFAULT")
