"""Shared drafts: places in a list as texts that sort, and the merge state of what educators write together."""

from alembic import op

revision = "20261121_0700_drafts"
down_revision = "20261121_0650_erasing"

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _digit(number: str) -> str:
    return f"substr('{DIGITS}', ({number}) % 62 + 1, 1)"


# As `sync/merge/place.py` writes the place of the row with this index; a lesson and its text have one id.
PLACE = f"""
    case
        when rank < 62 then 'a' || {_digit("rank")}
        when rank < 3906 then 'b' || {_digit("(rank - 62) / 62")} || {_digit("rank - 62")}
        else 'c' || {_digit("(rank - 3906) / 3844")} || {_digit("(rank - 3906) / 62")} || {_digit("rank - 3906")}
    end
    || translate(right(replace(id::text, '-', ''), 8), '0123456789abcdef', 'abcdefghijklmnop')
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    for table in ("catalog_sections", "catalog_lessons"):
        op.execute(f"alter table {table} drop constraint {table}_rank_check")
    op.execute("alter table catalog_lesson_texts alter column rank drop default")
    for table in ("catalog_sections", "catalog_lessons", "catalog_lesson_texts"):
        op.execute(f'alter table {table} alter column rank type text collate "C" using {PLACE}')
    for table in ("catalog_courses", "catalog_sections", "catalog_lessons", "catalog_lesson_texts"):
        op.execute(f"alter table {table} add column merge_state json")
