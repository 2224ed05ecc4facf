"""The library: reviewed materials, and the words by which everything is found."""

from alembic import op

revision = "20261121_0870_library"
down_revision = "20261121_0860_portable"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
