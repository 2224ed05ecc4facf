"""Renditions: what was made of a file for phones, besides images by width."""

from alembic import op

revision = "20261121_0810_renditions"
down_revision = "20261121_0800_uploads"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        """
        alter table media_files
            add column kind text not null default 'image' check
                (kind in ('image', 'video', 'audio', 'document', 'captions', 'package', 'attachment')),
            add column name varchar(255),
            add column duration_ms integer check (duration_ms >= 0),
            add column pages integer check (pages > 0),
            add column state text not null default 'ready' check (state in ('processing', 'ready', 'failed')),
            add column renditions json not null default '[]'  -- name, mime, bytes, sha256, and what else is known
        """
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    for column in ("kind", "name", "duration_ms", "pages", "state", "renditions"):
        op.execute(f"alter table media_files drop column {column}")
