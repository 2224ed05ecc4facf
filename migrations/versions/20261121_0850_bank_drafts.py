"""Bank drafts: questions and tests that a course's educators write together."""

from alembic import op

revision = "20261121_0850_bank_drafts"
down_revision = "20261121_0840_revisions"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
