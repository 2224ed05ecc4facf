"""What stood in a lesson before a change of what learners see: for its course's staff, who may bring it back."""

from alembic import op

revision = "20261121_0905_revision_texts"
down_revision = "20261121_0900_papers_found"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        """
        create table catalog_revision_texts (
            revision_id uuid primary key references catalog_revisions,
            lesson_id uuid not null,
            number integer not null,           -- the revision's
            blocks json not null               -- before it
        )
        """
    )
    op.execute("create index ix_catalog_revision_texts_lesson_id on catalog_revision_texts (lesson_id, number desc)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop table catalog_revision_texts")
