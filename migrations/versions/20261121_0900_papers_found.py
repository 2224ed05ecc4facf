"""Papers found: courses and items by the words of their PDFs.

Of each text its first 300,000 letters, which is the whole of all but thick books: a tsvector holds a megabyte. Their
words are not gathered into the vocabulary: what a scanner misread is nothing to correct slips by.
"""

from alembic import op

revision = "20261121_0900_papers_found"
down_revision = "20261121_0890_raw_originals"


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute(
        "alter table media_texts add column words tsvector"
        " generated always as (search_vector(left(text, 300000))) stored"
    )
    op.execute("create index ix_media_texts_words on media_texts using gin (words)")
    op.execute("create index ix_media_uses_item_id on media_uses (item_id) where item_id is not null")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    op.execute("drop index ix_media_uses_item_id")
    op.execute("alter table media_texts drop column words")
