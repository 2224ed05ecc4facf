"""Packages: what their items keep for learners, and what came of them."""

from alembic import op

revision = "20261121_0910_packages"
down_revision = "20261121_0905_revision_texts"

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
        create table packages_states ({SYNCED}
            user_id uuid not null,
            package_id uuid not null references media_files,
            item text not null check (item <> ''),  -- as the package's manifest names it
            data text not null,                     -- JSON of the package's own words
            merge_state json,
            unique (user_id, package_id, item)
        )
        """
    )
    op.execute("create index ix_packages_states_package_id on packages_states (package_id)")
    op.execute(
        f"""
        create table packages_results ({SYNCED}
            user_id uuid not null,
            course_id uuid not null references catalog_courses,
            package_id uuid not null references media_files,
            title text not null,
            learner_name text not null,
            score_ppm integer check (score_ppm between 0 and 1000000),
            seconds integer not null default 0 check (seconds >= 0),
            opened_at timestamptz(3),
            completed_at timestamptz(3),
            passed_at timestamptz(3),
            unique (user_id, course_id, package_id)
        )
        """
    )
    op.execute("create index ix_packages_results_course_id on packages_results (course_id)")
    op.execute("create index ix_packages_results_package_id on packages_results (package_id)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop table packages_results")
    op.execute("drop table packages_states")
