"""The kernel's tables: the outbox of jobs and the audit log."""

from alembic import op

revision = "20261121_0000_base"
down_revision = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        """
        create table base_outbox (
            id bigint generated always as identity primary key,
            kind text not null,
            payload text not null,
            created_at timestamptz(3) not null default clock_timestamp(),
            next_at timestamptz(3) not null default clock_timestamp(),  -- not before this instant
            attempts int not null default 0,
            failed_at timestamptz(3),                                   -- given up: staff may retry
            error text
        )
        """
    )
    op.execute("create index ix_base_outbox_next_at on base_outbox (next_at) where failed_at is null")
    op.execute(
        """
        create table base_audit (
            id uuid primary key,
            at timestamptz(3) not null,
            actor_id uuid not null,
            action text not null,
            object_kind text not null,
            object_id uuid,
            details text not null
        )
        """
    )
    op.execute("create index ix_base_audit_object_id on base_audit (object_id, at)")
    op.execute(
        """
        create function base_refuse_change() returns trigger language plpgsql as
        $$ begin raise exception 'base_audit is append-only'; end $$
        """
    )
    op.execute(
        "create trigger base_audit_append_only before update or delete on base_audit"
        " for each row execute function base_refuse_change()"
    )


def downgrade() -> None:
    op.execute("drop table base_audit")
    op.execute("drop function base_refuse_change()")
    op.execute("drop table base_outbox")
