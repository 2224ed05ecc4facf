"""Job lanes: how heavy a job is, so that the lighter goes first."""

from alembic import op

revision = "20261121_0820_job_lanes"
down_revision = "20261121_0810_renditions"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table base_outbox add column weight bigint not null default 0 check (weight >= 0)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table base_outbox drop column weight")
