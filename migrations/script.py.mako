"""${message}

Expand → backfill → contract: the code before this change must live with the tables after it. One feature a file; no lock
on a busy table longer than lock_timeout; read the SQL by eye.
"""

from alembic import op

revision = "${up_revision}"
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
