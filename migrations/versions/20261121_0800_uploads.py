"""Uploads: files on their way in, part by part; and files that are used by people, library items and questions."""

from alembic import op

revision = "20261121_0800_uploads"
down_revision = "20261121_0700_drafts"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        """
        create table media_uploads (
            id uuid primary key,                -- the phone's own
            version bigint not null default 1,
            created_at timestamptz(3) not null default clock_timestamp(),
            updated_at timestamptz(3) not null default clock_timestamp(),
            deleted_at timestamptz(3),
            owner_id uuid not null,
            name varchar(255) not null,         -- shown; never in a key
            mime varchar(100) not null,         -- as the sender says
            bytes bigint not null check (bytes between 1 and 2147483648),
            sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),  -- of the whole, as the sender says
            part_bytes integer not null check (part_bytes in (1048576, 2097152, 4194304)),
            purpose text not null check (purpose in ('course', 'library', 'question', 'import')),
            purpose_id uuid,
            licence varchar(255) not null default '',
            attribution varchar(1000) not null default '',
            state text not null default 'receiving' check (state in ('receiving', 'received', 'checking', 'ready',
                'refused', 'failed', 'cancelled', 'expired')),
            reason_code varchar(100),
            reason varchar(500),
            progress_ppm integer not null default 0 check (progress_ppm between 0 and 1000000),
            step varchar(50) not null default '',
            file_id uuid,
            touched_at timestamptz(3) not null default clock_timestamp(),  -- when bytes came, to the hour
            expires_at timestamptz(3) not null,
            swept_at timestamptz(3)             -- when its parts were taken away
        )
        """
    )
    op.execute("create index ix_media_uploads_owner_id on media_uploads (owner_id, created_at)")
    op.execute("create index ix_media_uploads_owner_id_sha256 on media_uploads (owner_id, sha256)")
    op.execute("create index ix_media_uploads_expires_at on media_uploads (expires_at) where state = 'receiving'")
    op.execute("create index ix_media_uploads_unswept on media_uploads (updated_at) where swept_at is null")
    op.execute(
        """
        create table media_upload_parts (
            upload_id uuid not null references media_uploads,
            number integer not null check (number >= 0),  -- from 0
            received_bytes integer not null check (received_bytes >= 0),
            pieces text[] not null,             -- ends of the keys of its objects, in order
            sha256 text,                        -- of the whole part, once it is whole
            completed_at timestamptz(3),
            primary key (upload_id, number)
        )
        """
    )
    op.execute(
        """
        alter table media_uses
            alter column course_id drop not null,
            add column user_id uuid,            -- whose own file it is, whatever shows it
            add column item_id uuid,
            add column question_id uuid,
            add constraint ck_media_uses_one check (num_nonnulls(course_id, user_id, item_id, question_id) = 1)
        """
    )
    for column in ("user_id", "item_id", "question_id"):
        op.execute(
            f"create unique index uq_media_uses_file_id_{column} on media_uses (file_id, {column})"
            f" where {column} is not null"
        )


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop table media_upload_parts")
    op.execute("drop table media_uploads")
    op.execute("delete from media_uses where course_id is null")
    op.execute("alter table media_uses drop column user_id, drop column item_id, drop column question_id")
    op.execute("alter table media_uses alter column course_id set not null")
