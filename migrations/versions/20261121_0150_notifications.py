"""Notifications: what a person is told inside the product."""

from alembic import op

revision = "20261121_0150_notifications"
down_revision = "20261121_0100_identity"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        """
        create table notifications_notifications (
            id uuid primary key,   -- derived from the person and the key of the event: telling twice is telling once
            version bigint not null default 1,
            created_at timestamptz(3) not null default clock_timestamp(),
            updated_at timestamptz(3) not null default clock_timestamp(),
            deleted_at timestamptz(3),
            user_id uuid not null references identity_users,
            kind varchar(100) not null,
            title varchar(255) not null,
            message text not null,
            reference_type varchar(60),
            reference_id uuid,
            priority text not null default 'medium' check (priority in ('low','medium','high')),
            data json,                       -- what a phone needs to say it in its own language
            read_at timestamptz(3)
        )
        """
    )
    op.execute(
        "create index ix_notifications_user_id on notifications_notifications (user_id, read_at)"
        " where deleted_at is null"
    )
    op.execute(
        "create index ix_notifications_created_at on notifications_notifications (created_at) where deleted_at is null"
    )


def downgrade() -> None:
    op.execute("drop table notifications_notifications")
