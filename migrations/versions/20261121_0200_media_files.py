"""Media: files by their content, their variants, and which courses use them."""

from alembic import op

revision = "20261121_0200_media"
down_revision = "20261121_0150_notifications"

SYNCED = """
    id uuid primary key,
    version bigint not null default 1,
    created_at timestamptz(3) not null default clock_timestamp(),
    updated_at timestamptz(3) not null default clock_timestamp(),
    deleted_at timestamptz(3),
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        f"""
        create table media_files ({SYNCED}
            owner_id uuid not null,
            sha256 text not null check (sha256 ~ '^[0-9a-f]{{64}}$'),  -- of the original
            mime text not null,                                        -- as its bytes say, not its name
            width integer not null check (width > 0),
            height integer not null check (height > 0),
            bytes bigint not null check (bytes >= 0),                  -- of the original
            variants json not null,                                    -- name, width, height, mime, bytes, sha256
            licence text,
            attribution text
        )
        """
    )
    op.execute("create index ix_media_files_owner_id on media_files (owner_id)")
    op.execute(
        """
        create table media_variants (
            id uuid primary key,
            file_id uuid not null references media_files,
            sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
            name text not null,
            width integer not null check (width > 0),
            height integer not null check (height > 0),
            mime text not null,
            bytes bigint not null check (bytes >= 0),
            storage_key text not null,
            unique (file_id, name)
        )
        """
    )
    op.execute("create index ix_media_variants_sha256 on media_variants (sha256)")
    op.execute(
        f"""
        create table media_uses ({SYNCED}
            file_id uuid not null references media_files,
            course_id uuid not null,
            published_at timestamptz(3),  -- the course's; copied there when it is published
            unique (file_id, course_id)
        )
        """
    )
    op.execute("create index ix_media_uses_course_id on media_uses (course_id)")


def downgrade() -> None:
    for table in ("uses", "variants", "files"):
        op.execute(f"drop table media_{table}")
