"""Names of subjects that nobody knew: kept by whoever wrote them, until an admin takes or merges them (CAT-17)."""

from alembic import op

revision = "20261121_0920_subject_names"
down_revision = "20261121_0910_packages"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        """
        alter table catalog_subjects
            add column proposed_by_id uuid,  -- who wrote a name that nobody knew; it waits while it is not active
            add column merged_into uuid references catalog_subjects,
            add check (merged_into is null or not is_active)
        """
    )
    op.execute("create index ix_catalog_subjects_name on catalog_subjects (search_fold(name))")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop index ix_catalog_subjects_name")
    op.execute("alter table catalog_subjects drop column merged_into, drop column proposed_by_id")
