"""Imports: files that people sent, how far each has come, and its report."""

from alembic import op

revision = "20261121_0600_imports"
down_revision = "20261121_0500_assessments"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        """
        create table imports_imports (
            id uuid primary key,
            created_at timestamptz(3) not null default clock_timestamp(),
            owner_id uuid not null,
            kind text not null check (kind in ('cartridge', 'gift')),
            name text not null,                -- of the file, as the person calls it; shown only
            bytes bigint not null,
            publish boolean not null default false,
            access text not null default 'free',
            course_slug text,                  -- of a question bank: where it goes; of a cartridge: what came of it
            practice_title text,
            state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
            progress_ppm integer not null default 0 check (progress_ppm between 0 and 1000000),
            step text not null default 'queued',
            report text,                       -- JSON
            error_code text,
            error text,
            ended_at timestamptz(3)
        )
        """
    )
    op.execute("create index ix_imports_imports_owner_id on imports_imports (owner_id, created_at)")


def downgrade() -> None:
    op.execute("drop table imports_imports")
