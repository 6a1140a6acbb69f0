"""Who delivered is told what is to be changed, when a delivery is sent back."""

from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE plans.upload ADD COLUMN returned text;
        COMMENT ON COLUMN plans.upload.returned IS
            'what is to be changed before it is published; NULL: nobody sent it back, or it was submitted once more';
        GRANT UPDATE (returned) ON plans.upload TO geoportal_desk""")
