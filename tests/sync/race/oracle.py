"""The judge of a race: inside each sequencing transaction the truth, from the live tables, is kept for its position.

Goal: at every cut a reader's whole store is a database snapshot that really existed, and its buckets are those it had
then. Method: `sync_step` is wrapped, so that the truth is read in the very snapshot that the batch publishes. It is a
hash for each (user, bucket) over the rows that the user may see there; any missing, extra, early or late row changes
it. What the engine materialised is never asked: who holds what follows from enrolments and class_courses themselves.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, Connection

from sync.cursor import Cursor
from tests.sync.phone import Phone

CHAIN_IDS = "00000000-0000-0000-0000-"
WRAP_SQL = """
create table race_readers (user_id uuid primary key);
create table race_truth (
    position bigint, user_id uuid, bucket text, hash text, primary key (position, user_id, bucket));

create view race_visible as
with classes as (
    select r.user_id, e.class_id from race_readers r join enrolments e on e.student_id = r.user_id
    where e.status = 'active' and e.deleted_at is null
), buckets as (
    select user_id, 'user:' || user_id as bucket from race_readers
    union select c.user_id, 'class:' || c.class_id from classes c
        join class_courses g on g.class_id = c.class_id and g.deleted_at is null
    union select c.user_id, 'course:' || g.course_id from classes c
        join class_courses g on g.class_id = c.class_id and g.deleted_at is null
), rows as (
    select 'course:' || course_id as bucket, id, version, title as words from lessons
    where deleted_at is null and published_at is not null
    union all select 'course:' || course_id, id, version, body from texts where deleted_at is null
    union all select 'user:' || user_id, id, version, body from notes where deleted_at is null
    union all select 'class:' || class_id, id, version, body from notes where deleted_at is null and class_id is not
    null union all select distinct 'class:' || u.class_id, l.id, l.version, l.title from lessons l
        join unlocks u on u.lesson_id = l.id where l.deleted_at is null
)
select b.user_id, b.bucket, r.id, r.version, r.words from buckets b left join rows r on r.bucket = b.bucket;

alter function sync_step() rename to race_step;
create table race_chain (position bigint, body text);
create function sync_step() returns integer language plpgsql as $$
declare done integer;
begin
    done := race_step();
    if done is not null then
        insert into race_truth
        select (select max(position) from sync_batch), user_id, bucket,
               md5(coalesce(string_agg(id || ' ' || version || ' ' || words, ',' order by id), ''))
        from race_visible group by user_id, bucket;
        insert into race_chain
        select (select max(position) from sync_batch), i.line::json -> 1 ->> 'body'
        from sync_item i join sync_bucket b on b.number = i.bucket
        where i.id <= '00000000-0000-0000-0000-0000000000ff' and b.name like 'user:%' and i.gone_at is null;
    end if;
    return done;
end $$;
"""


@dataclass
class Verdict:
    """All but `cuts` must stay empty."""

    cuts: int = 0
    lost: int = 0  # rows that a reader lacks when all is quiet
    gaps: int = 0  # cuts that show an effect without its cause
    inversions: int = 0  # batches that hold an effect without its cause
    bad: list[str] = field(default_factory=list)
    unjudged: int = 0  # a cut at a position from before the oracle was on


@dataclass
class Judge:
    """Collects what a reader showed at each cut, and compares it with the truth afterwards or on the way."""

    user_id: UUID
    seen: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # (position, bucket → hash) of full buckets
    scopes: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    gaps: int = 0

    def note_cut(self, phone: Phone) -> None:
        assert phone.cursor is not None
        cursor = Cursor.from_text(phone.cursor)
        filling = {name for name, tier in phone.held if not self._is_full(phone, cursor, name, tier)}
        held = {name for name, _ in phone.held}
        self.scopes.append((cursor.head, frozenset(held)))
        self.seen.append((cursor.head, {name: hash_of(phone, name) for name in held - filling}))
        if f"user:{self.user_id}" in held - filling:
            self._note_gaps(phone)

    def _is_full(self, phone: Phone, cursor: Cursor, name: str, tier: int) -> bool:
        number = phone.numbers.get(name)
        return number is not None and cursor.coverage.get((number, tier), "absent") is None

    def _note_gaps(self, phone: Phone) -> None:
        shown = [json.loads(line)[1]["body"] for key, line in phone.shown.items() if key[3].startswith(CHAIN_IDS)]
        self.gaps += effects_without_cause(shown)

    async def judge(self, connection: AsyncConnection[Any], verdict: Verdict) -> None:
        for (position, buckets), (_, scope) in zip(self.seen, self.scopes, strict=True):
            rows = await connection.execute(
                "select bucket, hash from race_truth where position = %s and user_id = %s", [position, self.user_id]
            )
            truth = dict(await rows.fetchall())
            if not truth:
                verdict.unjudged += 1
                continue
            verdict.cuts += 1
            wrong = [name for name, hash_ in buckets.items() if truth.get(name) != hash_]
            if wrong or scope != truth.keys():
                verdict.bad.append(f"at {position}: rows of {wrong}, held {scope ^ truth.keys()}")
        verdict.gaps += self.gaps
        self.gaps = 0
        self.seen.clear()
        self.scopes.clear()


def effects_without_cause(bodies: Iterable[str]) -> int:
    """`chain writer cause|effect number`: each writer raises the cause, commits, and then raises the effect."""
    numbers: dict[str, dict[str, int]] = {}
    for body in bodies:
        _, writer, what, number = body.split()
        numbers.setdefault(writer, {})[what] = int(number)
    return sum(found.get("effect", 0) > found.get("cause", 0) for found in numbers.values())


def find_inversions(connection: Connection[Any]) -> int:
    """Batches in which an effect stands without its cause."""
    rows = connection.execute("select position, array_agg(body) from race_chain group by position").fetchall()
    return sum(effects_without_cause(bodies) for _, bodies in rows)


async def rows_missing(connection: AsyncConnection[Any], user_id: UUID, phone: Phone) -> int:
    """Rows that the person may see and the phone does not show."""
    sql = "select bucket, id::text from race_visible where user_id = %s and id is not null"
    truth = set(await (await connection.execute(sql, [user_id])).fetchall())
    return len(truth - {(key[0], key[3]) for key in phone.shown})


def hash_of(phone: Phone, bucket: str) -> str:
    parts = []
    for key, line in phone.shown.items():
        if key[0] == bucket:
            version, row = json.loads(line)
            parts.append((row["id"], f"{row['id']} {version} {row.get('title', row.get('body'))}"))
    return hashlib.md5(",".join(text for _, text in sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def wrap(connection: Connection[Any], readers: list[UUID]) -> None:
    connection.execute(WRAP_SQL)
    for user_id in readers:
        connection.execute("insert into race_readers values (%s)", [user_id])
