"""Portable: courses, questions and packages from elsewhere, and courses taken elsewhere."""

from alembic import op

revision = "20261121_0860_portable"
down_revision = "20261121_0850_bank_drafts"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
