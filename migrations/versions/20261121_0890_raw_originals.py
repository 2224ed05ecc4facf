"""Originals of before: they say of themselves what their camera wrote, so that they stay out of course files."""

from alembic import op

revision = "20261121_0890_raw_originals"
down_revision = "20261121_0880_job_deaths"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("update media_variants set name = 'raw' where is_original and name = 'original'")


def downgrade() -> None:
    op.execute("update media_variants set name = 'original' where is_original and name = 'raw'")
