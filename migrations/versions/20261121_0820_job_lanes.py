"""Job lanes: how heavy a job is, so that the lighter goes first; each kind's due rows are found without the others'."""

from alembic import op

revision = "20261121_0820_job_lanes"
down_revision = "20261121_0810_renditions"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table base_outbox add column weight bigint not null default 0 check (weight >= 0)")
    op.execute("create index ix_base_outbox_kind on base_outbox (kind, weight, id) where failed_at is null")
    op.execute("create index ix_base_outbox_failed_at on base_outbox (failed_at, id) where failed_at is not null")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop index ix_base_outbox_failed_at")
    op.execute("drop index ix_base_outbox_kind")
    op.execute("alter table base_outbox drop column weight")
