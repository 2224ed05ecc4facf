"""Portable: courses, questions and packages from elsewhere, and courses taken elsewhere."""

from alembic import op

revision = "20261121_0860_portable"
down_revision = "20261121_0850_bank_drafts"


KINDS = "'cartridge', 'course', 'gift', 'aiken', 'csv', 'moodle_xml', 'qti', 'scorm'"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        f"""
        alter table imports_imports
            add column upload_id uuid,                          -- of media_uploads; null: the body of the request
            add column dry_run boolean not null default false,  -- says what would come of it, until it is applied
            add column sums text,                               -- JSON: how much came of it, or would
            drop constraint imports_imports_kind_check,
            add constraint imports_imports_kind_check check (kind in ({KINDS}))
        """
    )
    op.execute("create index ix_imports_imports_upload_id on imports_imports (upload_id) where upload_id is not null")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("delete from imports_imports where kind not in ('cartridge', 'gift')")
    op.execute(
        """
        alter table imports_imports
            drop column upload_id,
            drop column dry_run,
            drop column sums,
            drop constraint imports_imports_kind_check,
            add constraint imports_imports_kind_check check (kind in ('cartridge', 'gift'))
        """
    )
