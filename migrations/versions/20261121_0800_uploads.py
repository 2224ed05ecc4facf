"""Uploads: files on their way in, part by part."""

from alembic import op

revision = "20261121_0800_uploads"
down_revision = "20261121_0700_drafts"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
