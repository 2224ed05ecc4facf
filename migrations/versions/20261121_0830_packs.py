"""Packs: what a course weighs on a phone, by quality."""

from alembic import op

revision = "20261121_0830_packs"
down_revision = "20261121_0820_job_lanes"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table catalog_courses add column pack_bytes json")  # text, audio, low, normal: bytes


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table catalog_courses drop column pack_bytes")
