"""Revisions: how often what is published has changed, by whom, and how much."""

from alembic import op

revision = "20261121_0840_revisions"
down_revision = "20261121_0830_packs"

SYNCED = """
    id uuid primary key,
    version bigint not null default 1,
    created_at timestamptz(3) not null default clock_timestamp(),
    updated_at timestamptz(3) not null default clock_timestamp(),
    deleted_at timestamptz(3),
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table catalog_courses add column revision integer not null default 0 check (revision >= 0)")
    op.execute(
        f"""
        create table catalog_revisions ({SYNCED}
            course_id uuid not null references catalog_courses,
            lesson_id uuid references catalog_lessons,
            number integer not null check (number >= 0),   -- the course's revision that it made
            by_id uuid,
            by_name text not null,
            kind text not null check (kind in ('publish', 'edit', 'unpublish', 'duplicate')),
            summary json not null default '{{}}',
            before_sha256 text                             -- of the lesson's blocks that it replaced
        )
        """
    )
    op.execute("create index ix_catalog_revisions_course_id on catalog_revisions (course_id, number)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop table catalog_revisions")
    op.execute("alter table catalog_courses drop column revision")
