r"""The library: materials that educators share and review; and the words by which everything is found.

Words are found in any alphabet: `search_fold` makes of oʻquv, o'quv, ўқув and OQUV the same. `words` are generated
columns; what is written is noted in `search_seen` (appended to, so that nobody waits for anybody) and gathered from
there into the vocabulary.
"""

from alembic import op

revision = "20261121_0870_library"
down_revision = "20261121_0860_portable"

SYNCED = """
    id uuid primary key,
    version bigint not null default 1,
    created_at timestamptz(3) not null default clock_timestamp(),
    updated_at timestamptz(3) not null default clock_timestamp(),
    deleted_at timestamptz(3),
"""

TWO_LETTERS = {"ш": "sh", "щ": "sh", "ч": "ch", "ц": "ts", "ю": "yu", "я": "ya", "ё": "yo"}
LETTERS = {
    **dict(zip("абвгғдежзийкқлмнопрстуўфхҳыэіїє", "abvggdejziykqlmnoprstuofxhieiie", strict=True)),
    "ı": "i",
    "ø": "o",
}
DROPPED = "ъьʻʼʹʽʿʾ‘’‛′`´'\u00ad"  # Uzbek's oʻ and gʻ are typed in all these ways.
BETWEEN = r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u303f]+"
MARKS = r"[\u0300-\u036f]+"

ITEM = """
    educator_id uuid not null,
    educator_name text not null,
    title varchar(255) not null,
    description text not null default '',
    kind text not null check (kind in ('plan', 'worksheet', 'slides', 'book', 'film', 'sound', 'test', 'other')),
    language varchar(10) not null,
    level varchar(50),
    subject_id uuid not null references catalog_subjects,
    topic varchar(200) not null default '',
    licence varchar(200) not null,
    attribution varchar(500) not null default '',
    revision integer not null default 1,
    files json not null,                    -- ids of media_files, in order
    bytes bigint not null default 0,        -- of all files, in normal quality
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    _create_orders()
    _create_functions()
    _create_vocabulary()
    _create_library()
    for table, words in (
        ("catalog_courses", "title || ' ' || description"),
        ("catalog_lessons", "title"),
        ("library_shelf", "title || ' ' || topic || ' ' || description || ' ' || educator_name"),
    ):
        _add_words(table, words)


def _create_orders() -> None:
    for name, columns in (("newest", "published_at desc nulls last, id"), ("title", "title, id")):
        op.execute(f"create index ix_catalog_courses_{name} on catalog_courses ({columns}) where deleted_at is null")


def _create_functions() -> None:
    latin = 'lower(normalize(asked, NFC) collate "pg_c_utf8")'
    latin = f"translate({latin}, '{DROPPED.replace(chr(39), chr(39) * 2)}', '')"
    for cyrillic, two in TWO_LETTERS.items():
        latin = f"replace({latin}, '{cyrillic}', '{two}')"
    latin = f"translate({latin}, '{''.join(LETTERS)}', '{''.join(LETTERS.values())}')"
    plain = f"regexp_replace(normalize({latin}, NFD), '{MARKS}', '', 'g')"
    spaced = f"regexp_replace({plain}, '{BETWEEN}', ' ', 'g')"
    op.execute(
        f"""
        create function search_fold(asked text) returns text immutable strict parallel safe language sql as $$
            select btrim(regexp_replace(regexp_replace({spaced}, '[^ ]{{41,}}', ' ', 'g'), ' +', ' ', 'g'))
        $$
        """
    )
    op.execute(
        """
        create function search_vector(asked text) returns tsvector immutable strict parallel safe language sql as $$
            select array_to_tsvector(array_remove(string_to_array(search_fold(asked), ' '), ''))
        $$
        """
    )
    op.execute(
        """
        create function search_trigrams_of(word text) returns text[] immutable strict parallel safe language sql as $$
            select array_agg(distinct substr('  ' || word || ' ', place, 3))
            from generate_series(1, length(word) + 1) place
        $$
        """
    )


def _create_vocabulary() -> None:
    op.execute("create table search_seen (words text[] not null)")
    op.execute('create table search_words (word text collate "C" primary key)')
    op.execute(
        'create table search_trigrams (trigram text collate "C", word text collate "C", primary key (trigram, word))'
    )
    op.execute(
        """
        create function search_note_new() returns trigger language plpgsql as $$
        begin
            insert into search_seen (words) select tsvector_to_array(words) from written where words <> '';
            return null;
        end $$
        """
    )
    op.execute(
        """
        create function search_note_changed() returns trigger language plpgsql as $$
        begin
            insert into search_seen (words)
            select tsvector_to_array(w.words) from written w join before b on b.id = w.id
            where w.words <> '' and w.words is distinct from b.words;
            return null;
        end $$
        """
    )


def _add_words(table: str, words: str) -> None:
    op.execute(f"alter table {table} add column words tsvector generated always as (search_vector({words})) stored")
    op.execute(f"create index ix_{table}_words on {table} using gin (words)")
    op.execute(f"insert into search_seen (words) select tsvector_to_array(words) from {table} where words <> ''")  # noqa: S608 - names of this file
    op.execute(
        f"create trigger search_note_new after insert on {table} referencing new table as written"
        " for each statement execute function search_note_new()"
    )
    op.execute(
        f"create trigger search_note_changed after update on {table} referencing new table as written"
        " old table as before for each statement execute function search_note_changed()"
    )


def _create_library() -> None:
    op.execute(
        f"""
        create table library_items ({SYNCED} {ITEM}  -- as their educators write them
            status text not null default 'draft' check (status in ('draft', 'pending', 'peer_approved', 'published')),
            reason varchar(1000),                    -- why it was rejected
            submitted_at timestamptz(3),
            published_at timestamptz(3)              -- of what is on the shelf
        )
        """
    )
    op.execute("create index ix_library_items_educator_id on library_items (educator_id)")
    op.execute(
        "create index ix_library_items_review on library_items (subject_id, submitted_at)"
        " where status in ('pending', 'peer_approved') and deleted_at is null"
    )
    op.execute(
        f"""
        create table library_shelf ({SYNCED} {ITEM}  -- what everybody sees: the newest approved revision of an item
            published_at timestamptz(3) not null,
            downloads_count integer not null default 0 check (downloads_count >= 0),
            ratings_count integer not null default 0 check (ratings_count >= 0),
            stars_sum integer not null default 0 check (stars_sum >= 0),
            constraint fk_library_shelf_id foreign key (id) references library_items
        )
        """
    )
    op.execute(
        "create index ix_library_shelf_published_at on library_shelf (published_at desc, id) where deleted_at is null"
    )
    op.execute("create index ix_library_shelf_subject_id on library_shelf (subject_id, published_at desc)")
    op.execute(
        f"""
        create table library_reviews ({SYNCED}
            item_id uuid not null references library_items,
            reviewer_id uuid not null,
            reviewer_name text not null,
            revision integer not null,
            is_final boolean not null,               -- an admin's
            verdict text not null check (verdict in ('approve', 'reject')),
            comment varchar(1000) not null default '',
            unique (item_id, reviewer_id, revision, is_final)
        )
        """
    )
    op.execute(
        f"""
        create table library_ratings ({SYNCED}
            item_id uuid not null references library_items,
            user_id uuid not null,
            stars integer not null check (stars between 1 and 5),
            unique (user_id, item_id)
        )
        """
    )
    op.execute("create index ix_library_ratings_item_id on library_ratings (item_id)")
    op.execute(
        """
        create table library_downloads (
            item_id uuid not null references library_items,
            user_id uuid not null,
            day date not null,
            primary key (item_id, user_id, day)
        )
        """
    )
    op.execute("create index ix_library_downloads_user_id on library_downloads (user_id)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '3s'")
    for table in ("downloads", "ratings", "reviews", "shelf", "items"):
        op.execute(f"drop table library_{table}")
    for name in ("newest", "title"):
        op.execute(f"drop index ix_catalog_courses_{name}")
    for table in ("catalog_courses", "catalog_lessons"):
        op.execute(f"drop trigger search_note_new on {table}")
        op.execute(f"drop trigger search_note_changed on {table}")
        op.execute(f"alter table {table} drop column words")
    for table in ("trigrams", "words", "seen"):
        op.execute(f"drop table search_{table}")
    for function in ("note_changed()", "note_new()", "trigrams_of(text)", "vector(text)", "fold(text)"):
        op.execute(f"drop function search_{function}")
