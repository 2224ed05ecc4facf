"""Renditions: what was made of a file for phones, besides images by width; what came; texts for the search."""

from alembic import op

revision = "20261121_0810_renditions"
down_revision = "20261121_0800_uploads"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        """
        alter table media_files
            alter column width drop not null,
            alter column height drop not null,
            add column kind text not null default 'image' check
                (kind in ('image', 'video', 'audio', 'document', 'captions', 'package', 'attachment')),
            add column name varchar(255),
            add column duration_ms integer check (duration_ms >= 0),
            add column pages integer check (pages > 0),
            add column state text not null default 'ready' check (state in ('processing', 'ready', 'failed')),
            add column renditions json not null default '[]',  -- name, mime, bytes, sha256, and what else is known
            add column pending json not null default '[]',     -- names of renditions that are still to be made
            add column scan text not null default 'unscanned' check (scan in ('clean', 'unscanned'))
        """
    )
    op.execute(
        """
        alter table media_variants
            alter column width drop not null,
            alter column height drop not null,
            add column codecs text,
            add column duration_ms integer check (duration_ms >= 0),
            add column kbit_s integer check (kbit_s >= 0),
            add column is_original boolean not null default false  -- what came: kept, and never served to a learner
        """
    )
    op.execute(
        """
        create table media_texts (
            file_id uuid primary key references media_files,
            text text not null check (octet_length(text) <= 2100000)
        )
        """
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop table media_texts")
    op.execute("delete from media_variants where is_original or width is null or height is null")
    for column in ("codecs", "duration_ms", "kbit_s", "is_original"):
        op.execute(f"alter table media_variants drop column {column}")
    for column in ("kind", "name", "duration_ms", "pages", "state", "renditions", "pending", "scan"):
        op.execute(f"alter table media_files drop column {column}")
