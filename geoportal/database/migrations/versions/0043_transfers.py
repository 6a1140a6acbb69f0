"""A transfer knows its file again: who sends the same one goes on where it broke off, from any browser."""

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE desk.transfer ADD COLUMN modified bigint;
        COMMENT ON COLUMN desk.transfer.modified IS
            'milliseconds since 1970 at which the file was last changed where it comes from; NULL: nobody said'""")
