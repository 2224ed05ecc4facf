"""Bank drafts: questions and tests that a course's educators write together."""

from alembic import op

revision = "20261121_0850_bank_drafts"
down_revision = "20261121_0840_revisions"

SYNCED = """
    id uuid primary key,
    version bigint not null default 1,
    created_at timestamptz(3) not null default clock_timestamp(),
    updated_at timestamptz(3) not null default clock_timestamp(),
    deleted_at timestamptz(3),
"""
GRADED = "'mcq','multi','true_false','numeric','short','match','order','cloze'"
OPEN = "'essay','code','speaking','writing'"
BEFORE = "'mcq','multi','true_false','numeric','short','match','order'"
PINNED = (("assessments_bank_items", f"{GRADED},{OPEN}"), ("assessments_items", f"{GRADED},{OPEN}"))


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    # A question with its key, and half-finished perhaps: for the course's staff alone, in no learner's bucket.
    op.execute(
        f"""
        create table assessments_drafts ({SYNCED}
            course_id uuid not null references catalog_courses,
            owner_id uuid not null references identity_users,
            title varchar(255) not null default '',
            question json not null,
            kind text not null check (kind in ({GRADED},{OPEN})),
            points int not null default 1 check (points between 1 and 100),
            difficulty text not null default 'medium' check (difficulty in ('easy','medium','hard')),
            topic_tags text[] not null default '{{}}',
            language varchar(10) not null default 'en',
            status text not null default 'draft' check (status in ('draft','active','retired')),
            merge_state json
        )
        """
    )
    op.execute("create index ix_assessments_drafts_course_id on assessments_drafts (course_id)")
    op.execute(
        f"""
        create table assessments_tests ({SYNCED}
            course_id uuid not null references catalog_courses,
            lesson_id uuid references catalog_lessons,
            owner_id uuid not null references identity_users,
            title varchar(255) not null default '',
            kind text not null default 'lesson_test' check (kind in ('quiz','lesson_test','practice_test')),
            draft_ids json not null default '[]',
            pass_ppm int not null default 600000 check (pass_ppm between 0 and 1000000),
            attempts_max int check (attempts_max > 0),
            duration_s int check (duration_s > 0),
            assessment_id uuid references assessments_assessments,  -- once published; then it is this row's own id
            merge_state json
        )
        """
    )
    op.execute("create index ix_assessments_tests_course_id on assessments_tests (course_id)")
    for table, kinds in PINNED:
        op.execute(f"alter table {table} drop constraint {table}_kind_check")
        op.execute(f"alter table {table} add constraint {table}_kind_check check (kind in ({kinds}))")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    for table, _ in PINNED:
        op.execute(f"alter table {table} drop constraint {table}_kind_check")
        op.execute(f"alter table {table} add constraint {table}_kind_check check (kind in ({BEFORE}))")
    for table in ("tests", "drafts"):
        op.execute(f"drop table assessments_{table}")
