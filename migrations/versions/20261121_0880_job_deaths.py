"""Deaths of workers: how often a job began without an end, so that one that ends its worker is given up."""

from alembic import op

revision = "20261121_0880_job_deaths"
down_revision = "20261121_0870_library"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table base_outbox add column begun integer not null default 0 check (begun >= 0)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table base_outbox drop column begun")
