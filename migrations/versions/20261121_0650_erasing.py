"""Erasure: an erased account cannot be reached; the audit log keeps what was done, without the person's words."""

from alembic import op

revision = "20261121_0650_erasing"
down_revision = "20261121_0600_imports"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("alter table identity_users drop constraint ck_identity_users_reachable")
    op.execute(
        "alter table identity_users add constraint ck_identity_users_reachable"
        " check (deleted_at is not null or coalesce(email_normal, phone, telegram_id::text) is not null)"
    )
    op.execute(
        """
        create or replace function base_refuse_change() returns trigger language plpgsql as $$
        begin
            if tg_op = 'UPDATE' and current_setting('sync.erasing', true) = 'on' and new.details = '{}'
                and (new.id, new.at, new.actor_id, new.action, new.object_kind)
                    = (old.id, old.at, old.actor_id, old.action, old.object_kind) then
                return new;
            end if;
            raise exception 'base_audit is append-only';
        end $$
        """
    )


def downgrade() -> None:
    op.execute(
        """
        create or replace function base_refuse_change() returns trigger language plpgsql as
        $$ begin raise exception 'base_audit is append-only'; end $$
        """
    )
    op.execute("alter table identity_users drop constraint ck_identity_users_reachable")
    op.execute(
        "alter table identity_users add constraint ck_identity_users_reachable"
        " check (coalesce(email_normal, phone, telegram_id::text) is not null)"
    )
