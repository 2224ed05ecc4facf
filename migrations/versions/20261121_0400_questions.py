"""Help questions, their answers, and reports of either."""

from alembic import op

revision = "20261121_0400_questions"
down_revision = "20261121_0300_catalog"

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
        create table questions_questions ({SYNCED}
            subject_id uuid not null references catalog_subjects,
            lesson_id uuid references catalog_lessons,
            author_id uuid not null references identity_users,
            author_name varchar(255) not null,    -- the public name: never the full one
            title varchar(255) not null,
            body text not null,
            visibility text not null check (visibility in ('public','private')),
            state text not null default 'open' check (state in ('open','answered','closed')),
            answers_count int not null default 0 check (answers_count >= 0),
            asked_at timestamptz(3) not null,
            closed_at timestamptz(3),
            closed_by_id uuid references identity_users,
            withdrawn_at timestamptz(3),          -- by its author, after it was answered
            hidden_at timestamptz(3)              -- reported by several: not public until somebody has looked
        )
        """
    )
    op.execute("create index ix_questions_questions_author_id on questions_questions (author_id, asked_at)")
    op.execute("create index ix_questions_questions_subject_id on questions_questions (subject_id, state)")
    op.execute(
        f"""
        create table questions_answers ({SYNCED}
            question_id uuid not null references questions_questions,
            subject_id uuid not null,             -- this, asker_id and visibility are copied: they name the buckets
            asker_id uuid not null,
            visibility text not null check (visibility in ('public','private')),
            author_id uuid not null references identity_users,
            author_name varchar(255) not null,
            body text not null,
            is_accepted boolean not null default false,
            posted_at timestamptz(3) not null,
            late_at timestamptz(3),               -- written for a question that had been closed meanwhile
            withheld_at timestamptz(3),           -- its question is withdrawn or hidden
            hidden_at timestamptz(3)
        )
        """
    )
    op.execute("create index ix_questions_answers_question_id on questions_answers (question_id)")
    op.execute("create index ix_questions_answers_author_id on questions_answers (author_id)")
    op.execute(
        "create unique index uq_questions_answers_accepted on questions_answers (question_id)"
        " where is_accepted and deleted_at is null"
    )
    op.execute(
        f"""
        create table questions_reports ({SYNCED}
            target text not null check (target in ('question','answer')),
            target_id uuid not null,
            reporter_id uuid not null references identity_users,
            reason varchar(500) not null,
            state text not null default 'open' check (state in ('open','kept','removed')),
            reviewed_at timestamptz(3),
            reviewed_by_id uuid references identity_users,
            unique (target_id, reporter_id)
        )
        """
    )
    op.execute("create index ix_questions_reports_open on questions_reports (created_at) where state = 'open'")


def downgrade() -> None:
    for table in ("reports", "answers", "questions"):
        op.execute(f"drop table questions_{table}")
