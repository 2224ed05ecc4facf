"""Random transactions against the school: what people, jobs and a hand in psql might do, all at once."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, IsolationLevel

ROLLED_BACK = 0.04
REPEATABLE = 0.04
KEPT_OPEN = 0.03
STATEMENTS_MAX = 5
NO_WAIT = "-c synchronous_commit=off"  # What the disk does is the crash tests' business.
ROWS_MAX = 60
SAVEPOINT_UNDONE = 0.15


@dataclass(frozen=True)
class Cast:
    users: Sequence[UUID]
    classes: Sequence[UUID]
    courses: Sequence[UUID]


@dataclass
class Count:
    committed: int = 0


def chain_rows(cast: Cast, writers: int) -> list[tuple[UUID, UUID, str]]:
    """(id, user, words) of each writer's cause and effect. Their ids are too small to be picked by anybody else."""
    return [
        (UUID(int=2 * writer + number + 1), cast.users[writer % len(cast.users)], f"chain {writer} {what} 0")
        for writer in range(writers)
        for number, what in enumerate(("cause", "effect"))
    ]


async def write(url: str, cast: Cast, writer: int, seed: int, stop: asyncio.Event, count: Count) -> None:
    """Transactions one after the other until `stop`; every second one carries a link of this writer's chain."""
    chance = random.Random(seed)
    links = 0
    async with await AsyncConnection.connect(url, autocommit=True, options=NO_WAIT) as connection:
        while not stop.is_set():
            level = IsolationLevel.REPEATABLE_READ if chance.random() < REPEATABLE else IsolationLevel.READ_COMMITTED
            await connection.set_isolation_level(level)
            is_kept = False
            try:
                async with connection.transaction():
                    await _transaction(connection, cast, chance)
                    await _link(connection, writer, links)
                    if chance.random() < KEPT_OPEN:
                        await asyncio.sleep(chance.uniform(0.02, 0.2))
                    if chance.random() < ROLLED_BACK:
                        raise psycopg.Rollback
                    is_kept = True
                links, count.committed = links + is_kept, count.committed + is_kept
            except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected):
                continue
            await asyncio.sleep(0)


async def _link(connection: AsyncConnection[Any], writer: int, links: int) -> None:
    """The cause is raised and committed; then, in the next transaction, the effect."""
    number, what = links // 2 + 1, ("cause", "effect")[links % 2]
    id_ = UUID(int=2 * writer + links % 2 + 1)
    await connection.execute("update notes set body = %s where id = %s", [f"chain {writer} {what} {number}", id_])


async def _transaction(connection: AsyncConnection[Any], cast: Cast, chance: random.Random) -> None:
    for _ in range(chance.randint(1, STATEMENTS_MAX)):
        sql, values = chance.choice(_STEPS)(cast, chance)
        if chance.random() < SAVEPOINT_UNDONE:
            async with connection.transaction():
                await connection.execute(sql, values)
                raise psycopg.Rollback
        else:
            await connection.execute(sql, values)


def _new_lesson(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    sql = (
        "insert into lessons (id, course_id, title, published_at) select gen_random_uuid(), %s::uuid, %s, now()"
        f" {_new_or_none('lessons')}"
    )
    return sql, [chance.choice(cast.courses), f"lesson {chance.random()}"]


def _edit_lesson(_: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    return f"update lessons set title = %s where {_any('lessons')}", [f"edited {chance.random()}", _place(chance)]


def _edit_course(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    return "update lessons set title = left(title, 40) || '.', rank = rank + 1 where course_id = %s", [
        chance.choice(cast.courses)
    ]


def _move_lesson(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    return f"update lessons set course_id = %s where {_any('lessons')}", [chance.choice(cast.courses), _place(chance)]


def _publish(_: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    sql = f"update lessons set published_at = case when published_at is null then now() end where {_any('lessons')}"
    return sql, [_place(chance)]


def _remove(_: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    table = chance.choice(["lessons", "notes", "texts"])
    sql = f"update {table} set deleted_at = case when deleted_at is null then now() end where {_any(table)}"
    return sql, [_place(chance)]


def _new_note(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    sql = (
        "insert into notes (id, user_id, class_id, body) select gen_random_uuid(), %s::uuid, %s::uuid, %s"
        f" {_new_or_none('notes')}"
    )
    return sql, [chance.choice(cast.users), chance.choice([None, *cast.classes]), f"note {chance.random()}"]


def _move_note(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    sql = f"update notes set user_id = %s, class_id = %s where {_any('notes')}"
    return sql, [chance.choice(cast.users), chance.choice([None, *cast.classes]), _place(chance)]


def _text(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    if chance.random() < 0.5:
        sql = f"insert into texts (id, course_id, body) select gen_random_uuid(), %s, %s {_new_or_none('texts')}"
        return sql, [chance.choice(cast.courses), f"text {chance.random()}"]
    return f"update texts set body = %s where {_any('texts')}", [f"text {chance.random()}", _place(chance)]


def _unlock(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    if chance.random() < 0.5:
        sql = f"insert into unlocks (lesson_id, class_id) select id, %s from lessons where {_any('lessons')}"
        return sql, [chance.choice(cast.classes), _place(chance)]
    return "delete from unlocks where id in (select id from unlocks limit 1)", []


def _enrol(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    if chance.random() < 0.4:
        sql = f"insert into enrolments (class_id, student_id) select %s, %s {_new_or_none('enrolments')}"
        return sql, [chance.choice(cast.classes), chance.choice(cast.users)]
    status = "case when status = 'active' then 'left' else 'active' end"
    sql = f"update enrolments set status = {status} where {_any('enrolments')}"
    return sql, [_place(chance)]


def _grant(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    if chance.random() < 0.3:
        sql = f"insert into class_courses (class_id, course_id) select %s, %s {_new_or_none('class_courses')}"
        return sql, [chance.choice(cast.classes), chance.choice(cast.courses)]
    deleted_at = "case when deleted_at is null then now() end"
    sql = f"update class_courses set deleted_at = {deleted_at} where {_any('class_courses')}"
    return sql, [_place(chance)]


def _any(table: str) -> str:
    """One row or none, anywhere in the table; the value bound is a random id."""
    return f"id = (select id from {table} where id >= %s order by id limit 1)"


def _place(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128) | 1 << 64)


def _new_or_none(table: str) -> str:
    """A condition on a new row: tables stay small, so that the judge, who reads them with each batch, keeps up."""
    return f"where (select count(*) from {table}) < {ROWS_MAX}"


_STEPS = [
    _new_lesson,
    _edit_lesson,
    _edit_lesson,
    _edit_course,
    _move_lesson,
    _publish,
    _remove,
    _new_note,
    _new_note,
    _move_note,
    _text,
    _unlock,
    _enrol,
    _grant,
]
