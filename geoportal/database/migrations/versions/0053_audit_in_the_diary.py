"""Whether the chain of the audit log was found whole stands in the diary of maintenance."""

from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE plans.maintenance DROP CONSTRAINT maintenance_task_check;
        ALTER TABLE plans.maintenance ADD CONSTRAINT maintenance_task_check
            CHECK (task IN ('backup', 'drill', 'restore', 'upgrade', 'audit'));
    """)
