"""Packs: what each lesson and the course weigh on a phone, by quality; and how far each phone of a class has them."""

from alembic import op

revision = "20261121_0830_packs"
down_revision = "20261121_0820_job_lanes"

SYNCED = """
    id uuid primary key,
    version bigint not null default 1,
    created_at timestamptz(3) not null default clock_timestamp(),
    updated_at timestamptz(3) not null default clock_timestamp(),
    deleted_at timestamptz(3),
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table catalog_courses add column pack_bytes json")  # text, audio, low, normal: bytes
    op.execute(
        f"""
        create table catalog_packs ({SYNCED}  -- id is the lesson's
            course_id uuid not null references catalog_courses,
            bytes json not null,              -- text, audio, low, normal: all that the lesson needs
            files json not null,              -- file_id, priority: in reading order, each once
            weights json not null,            -- file id → [audio, low, normal], for the course's sum
            published_at timestamptz(3),      -- the lesson's text's
            constraint fk_catalog_packs_id foreign key (id) references catalog_lessons
        )
        """
    )
    op.execute("create index ix_catalog_packs_course_id on catalog_packs (course_id)")
    op.execute(
        f"""
        create table catalog_readiness ({SYNCED}
            user_id uuid not null,
            course_id uuid not null references catalog_courses,
            device_id uuid not null,
            learner_name text not null,
            quality text not null check (quality in ('text', 'audio', 'low', 'normal')),
            rows_ready boolean not null,
            files_ready integer not null check (files_ready >= 0),
            files_wanted integer not null check (files_wanted >= 0),
            bytes bigint not null check (bytes >= 0),
            checked_at timestamptz(3) not null,
            merge_state json,
            unique (user_id, course_id, device_id)
        )
        """
    )
    op.execute("create index ix_catalog_readiness_course_id on catalog_readiness (course_id)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop table catalog_readiness")
    op.execute("drop table catalog_packs")
    op.execute("alter table catalog_courses drop column pack_bytes")
