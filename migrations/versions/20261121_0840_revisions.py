"""Revisions: how often what is published has changed."""

from alembic import op

revision = "20261121_0840_revisions"
down_revision = "20261121_0830_packs"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table catalog_courses add column revision integer not null default 0 check (revision >= 0)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table catalog_courses drop column revision")
