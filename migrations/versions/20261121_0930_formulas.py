"""Formulas of questions: what is drawn of them, beside the words that they stand in."""

from alembic import op

revision = "20261121_0930_formulas"
down_revision = "20261121_0920_subject_names"

TABLES = ("assessments_items", "assessments_drafts")


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    for table in TABLES:
        op.execute(f"alter table {table} add column formulas json")  # what was typed, marks and all: its MathML


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    for table in TABLES:
        op.execute(f"alter table {table} drop column formulas")
