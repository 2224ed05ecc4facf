"""Tests: the bank, the keys apart, assessments and the items they pin, attempts, answers with their history, marks."""

from alembic import op

revision = "20261121_0500_assessments"
down_revision = "20261121_0400_questions"

SYNCED = """
    id uuid primary key,
    version bigint not null default 1,
    created_at timestamptz(3) not null default clock_timestamp(),
    updated_at timestamptz(3) not null default clock_timestamp(),
    deleted_at timestamptz(3),
"""
ASSESSMENT_KINDS = "('quiz','lesson_test','practice_test','mock_exam','olympiad_paper','requirement')"
KINDS = "('mcq','multi','true_false','numeric','short','match','order')"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    _create_bank()
    _create_assessments()
    _create_attempts()


def _create_bank() -> None:
    op.execute(
        f"""
        create table assessments_bank_items ({SYNCED}
            owner_id uuid not null references identity_users,
            course_id uuid references catalog_courses,
            title varchar(255) not null,
            kind text not null check (kind in {KINDS}),
            prompt text not null,
            options json not null,
            points int not null default 1 check (points > 0),
            difficulty text not null default 'medium' check (difficulty in ('easy','medium','hard')),
            topic_tags text[] not null default '{{}}',
            category varchar(500),
            language varchar(10) not null default 'en',
            status text not null default 'active' check (status in ('draft','active','retired')),
            revision int not null default 1 check (revision > 0)
        )
        """
    )
    op.execute("create index ix_assessments_bank_items_course_id on assessments_bank_items (course_id)")
    # Keys and explanations lie apart, so that no projection, however careless, can take one along.
    op.execute(
        f"""
        create table assessments_item_keys ({SYNCED}
            bank_item_id uuid not null references assessments_bank_items,
            revision int not null,
            key text not null,
            explanation text,
            unique (bank_item_id, revision)
        )
        """
    )


def _create_assessments() -> None:
    op.execute(
        f"""
        create table assessments_assessments ({SYNCED}
            course_id uuid not null references catalog_courses,
            lesson_id uuid references catalog_lessons,
            created_by_id uuid not null references identity_users,
            kind text not null check (kind in {ASSESSMENT_KINDS}),
            title varchar(255) not null,
            description text,
            revision int not null default 1 check (revision > 0),
            items_count int not null check (items_count > 0),
            points int not null check (points > 0),
            pass_ppm int not null check (pass_ppm between 0 and 1000000),
            attempts_max int check (attempts_max > 0),       -- null: as often as one likes
            duration_s int check (duration_s > 0),           -- null: no time limit
            grace_s int not null default 60 check (grace_s >= 0),
            opens_at timestamptz(3),
            closes_at timestamptz(3),
            answer_release text not null default 'after_submit'
                check (answer_release in ('never','after_submit')),
            content_sha256 text not null,                    -- of the drafts: the same file again makes no new revision
            published_at timestamptz(3)
        )
        """
    )
    op.execute(
        "create unique index uq_assessments_assessments_title on assessments_assessments (course_id, title)"
        " where deleted_at is null"
    )
    op.execute(
        f"""
        create table assessments_items ({SYNCED}
            assessment_id uuid not null references assessments_assessments,
            course_id uuid not null,                         -- the assessment's, copied: it names the bucket
            revision int not null,                           -- of the assessment
            bank_item_id uuid not null references assessments_bank_items,
            bank_revision int not null,
            kind text not null check (kind in {KINDS}),
            prompt text not null,
            options json not null,
            points int not null check (points > 0),
            rank int not null,                               -- 0 …
            published_at timestamptz(3),                     -- the assessment's, copied
            retired_at timestamptz(3),                       -- an older revision that no open attempt pins
            foreign key (bank_item_id, bank_revision) references assessments_item_keys (bank_item_id, revision),
            unique (assessment_id, revision, rank)
        )
        """
    )


def _create_attempts() -> None:
    op.execute(
        f"""
        create table assessments_attempts ({SYNCED}
            user_id uuid not null references identity_users,
            learner_name varchar(255) not null,
            assessment_id uuid not null references assessments_assessments,
            course_id uuid not null,                         -- the assessment's, copied: it names the staff's bucket
            revision int not null,
            number int not null check (number > 0),          -- the learner's first, second … at this assessment
            state text not null default 'in_progress' check (state in ('in_progress','submitted','graded','void')),
            started_at timestamptz(3) not null,              -- the device's claim, never later than received_at
            received_at timestamptz(3) not null,             -- ours
            deadline_at timestamptz(3),
            submitted_at timestamptz(3),
            graded_at timestamptz(3),
            score_ppm int check (score_ppm between 0 and 1000000),
            result json,
            unique (user_id, assessment_id, number)
        )
        """
    )
    op.execute(
        "create index ix_assessments_attempts_open on assessments_attempts (assessment_id, revision)"
        " where state = 'in_progress'"
    )
    op.execute(
        "create index ix_assessments_attempts_deadline on assessments_attempts (deadline_at)"
        " where state = 'in_progress'"
    )
    op.execute(
        f"""
        create table assessments_answers ({SYNCED}
            attempt_id uuid not null references assessments_attempts,
            item_id uuid not null references assessments_items,
            user_id uuid not null,                           -- the attempt's, copied: it names the bucket
            value json,
            merge_state json,
            unique (attempt_id, item_id)
        )
        """
    )
    op.execute(
        """
        create table assessments_answer_history (
            id bigint generated always as identity primary key,
            answer_id uuid not null,
            attempt_id uuid not null references assessments_attempts,
            item_id uuid not null,
            value json,                                      -- as it was sent; whether it won is another matter
            claimed_at timestamptz(3) not null,              -- by the device's clock
            received_at timestamptz(3) not null              -- by ours
        )
        """
    )
    op.execute(
        "create index ix_assessments_answer_history_attempt_id on assessments_answer_history (attempt_id, item_id)"
    )
    op.execute(
        """
        create table assessments_gradings (
            attempt_id uuid not null references assessments_attempts,
            number int not null,                             -- 1, 2 … a new one only when the marks differ
            score_ppm int not null,
            result json not null,
            graded_at timestamptz(3) not null,
            primary key (attempt_id, number)
        )
        """
    )
    op.execute(
        """
        create function assessments_refuse_change() returns trigger language plpgsql as
        $$ begin raise exception '% is append-only', tg_table_name; end $$
        """
    )
    for table in ("answer_history", "gradings"):
        op.execute(
            f"create trigger assessments_{table}_append_only before update or delete on assessments_{table}"
            " for each row execute function assessments_refuse_change()"
        )


def downgrade() -> None:
    for table in (
        "gradings",
        "answer_history",
        "answers",
        "attempts",
        "items",
        "assessments",
        "item_keys",
        "bank_items",
    ):
        op.execute(f"drop table assessments_{table}")
    op.execute("drop function assessments_refuse_change()")
