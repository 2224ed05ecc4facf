"""People: users, roles, profiles, sessions, devices, sign-in events."""

from alembic import op

revision = "20261121_0100_identity"
down_revision = "20261121_0000_base"

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
        create table identity_users ({SYNCED}
            email varchar(254),              -- as the person writes it
            email_normal varchar(254) unique, -- lower case, NFKC: what is looked up
            phone varchar(20) unique,        -- E.164
            telegram_id bigint unique,
            password_hash varchar(255),
            full_name varchar(255) not null,
            first_name varchar(100),
            last_name varchar(100),
            display_name varchar(60),        -- shown to others; null: first name and initial
            avatar_url text,
            bio text,
            role text not null check (role in ('student','educator','mentor','staff','admin','super_admin')),
            roles text[] not null default '{{}}',  -- copied from identity_user_roles: the person's own row shows them
            status text not null default 'active' check (status in ('active','inactive','suspended')),
            email_verified_at timestamptz(3),
            phone_verified_at timestamptz(3),
            onboarding_completed boolean not null default false,
            locale varchar(10) not null default 'en',
            timezone text not null default 'Asia/Tashkent',
            date_of_birth date,
            token_version int not null default 0,
            last_login_at timestamptz(3),
            merge_state json,
            constraint ck_identity_users_reachable check (coalesce(email_normal, phone, telegram_id::text) is not null)
        )
        """
    )
    op.execute("create index ix_identity_users_role on identity_users (role)")
    op.execute(
        f"""
        create table identity_user_roles ({SYNCED}
            user_id uuid not null references identity_users,
            role text not null check (role in ('student','educator','mentor','staff','admin','super_admin')),
            unique (user_id, role)
        )
        """
    )
    # Whoever changes a role (a route, a job, a hand in psql), the person's own row shows it.
    op.execute(
        """
        create function identity_copy_roles() returns trigger language plpgsql as $$
        declare person uuid := coalesce(new.user_id, old.user_id);
        begin
            update identity_users set roles = coalesce(
                (select array_agg(role order by role) from identity_user_roles
                 where user_id = person and deleted_at is null), '{}')
            where id = person;
            return null;
        end $$
        """
    )
    op.execute(
        "create trigger identity_copy_roles after insert or update or delete on identity_user_roles"
        " for each row execute function identity_copy_roles()"
    )
    op.execute(
        f"""
        create table identity_student_profiles ({SYNCED}
            user_id uuid not null unique references identity_users,
            grade_level varchar(50), district varchar(100), school varchar(255)
        )
        """
    )
    op.execute(
        f"""
        create table identity_educator_profiles ({SYNCED}
            user_id uuid not null unique references identity_users,
            qualification varchar(100), subjects text[] not null default '{{}}', teaching_experience int,
            institution varchar(255), verified_at timestamptz(3),
            rating_avg numeric(3,2) not null default 0, rating_count int not null default 0
        )
        """
    )
    op.execute("create index ix_identity_educator_profiles_subjects on identity_educator_profiles using gin (subjects)")
    op.execute(
        f"""
        create table identity_mentor_profiles ({SYNCED}
            user_id uuid not null unique references identity_users,
            expertise_areas text[] not null default '{{}}', availability varchar(20), background text,
            verified_at timestamptz(3),
            helpful_rating_avg numeric(3,2) not null default 0, helpful_rating_count int not null default 0,
            total_answers int not null default 0
        )
        """
    )
    op.execute("create index ix_identity_mentor_profiles_areas on identity_mentor_profiles using gin (expertise_areas)")
    op.execute(
        f"""
        create table identity_mentor_subjects ({SYNCED}
            user_id uuid not null references identity_users,
            subject_id uuid not null,
            verified_at timestamptz(3),      -- null: says so, nobody has checked
            unique (user_id, subject_id)
        )
        """
    )
    op.execute("create index ix_identity_mentor_subjects_subject_id on identity_mentor_subjects (subject_id)")
    op.execute(
        """
        create table identity_sessions (
            id uuid primary key,
            user_id uuid not null references identity_users,
            device_name varchar(100), address text,
            created_at timestamptz(3) not null, last_seen_at timestamptz(3) not null,
            expires_at timestamptz(3) not null,
            revoked_at timestamptz(3), revoked_because text,
            rotation int not null default 0,             -- the number inside the refresh token in force
            rotated_at timestamptz(3) not null,
            device_id uuid
        )
        """
    )
    op.execute("create index ix_identity_sessions_user_id on identity_sessions (user_id) where revoked_at is null")
    op.execute(
        """
        create table identity_login_events (
            id uuid primary key, at timestamptz(3) not null,
            user_id uuid references identity_users, email_normal text, address text,
            outcome text not null
        )
        """
    )
    op.execute("create index ix_identity_login_events_email on identity_login_events (email_normal, at)")
    op.execute("create index ix_identity_login_events_address on identity_login_events (address, at)")


def downgrade() -> None:
    for table in (
        "login_events",
        "sessions",
        "mentor_subjects",
        "mentor_profiles",
        "educator_profiles",
        "student_profiles",
        "user_roles",
        "users",
    ):
        op.execute(f"drop table identity_{table}")
    op.execute("drop function identity_copy_roles()")
