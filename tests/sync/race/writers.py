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
KEPT_OPEN = 0.05
SAVEPOINT_UNDONE = 0.15


@dataclass(frozen=True)
class Cast:
    users: Sequence[UUID]
    classes: Sequence[UUID]
    courses: Sequence[UUID]


async def write(url: str, cast: Cast, seed: int, stop: asyncio.Event) -> int:
    """Transactions one after the other until `stop`; how many were committed."""
    chance = random.Random(seed)
    committed = 0
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        while not stop.is_set():
            level = IsolationLevel.REPEATABLE_READ if chance.random() < REPEATABLE else IsolationLevel.READ_COMMITTED
            await connection.set_isolation_level(level)
            try:
                async with connection.transaction():
                    await _transaction(connection, cast, chance)
                    if chance.random() < KEPT_OPEN:
                        await asyncio.sleep(chance.uniform(0.02, 0.2))
                    if chance.random() < ROLLED_BACK:
                        raise psycopg.Rollback
                committed += 1
            except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected):
                continue
            await asyncio.sleep(0)
    return committed


async def _transaction(connection: AsyncConnection[Any], cast: Cast, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 8)):
        sql, values = chance.choice(_STEPS)(cast, chance)
        if chance.random() < SAVEPOINT_UNDONE:
            async with connection.transaction():
                await connection.execute(sql, values)
                raise psycopg.Rollback
        else:
            await connection.execute(sql, values)


def _new_lesson(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    sql = "insert into lessons (id, course_id, title, published_at) values (gen_random_uuid(), %s, %s, now())"
    return sql, [chance.choice(cast.courses), f"lesson {chance.random()}"]


def _edit_lesson(_: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    return f"update lessons set title = %s where {_any('lessons')}", [f"edited {chance.random()}", chance.random()]


def _edit_course(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    return "update lessons set title = title || '.', rank = rank + 1 where course_id = %s", [
        chance.choice(cast.courses)
    ]


def _move_lesson(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    return f"update lessons set course_id = %s where {_any('lessons')}", [chance.choice(cast.courses), chance.random()]


def _publish(_: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    sql = f"update lessons set published_at = case when published_at is null then now() end where {_any('lessons')}"
    return sql, [chance.random()]


def _remove(_: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    table = chance.choice(["lessons", "notes", "texts"])
    sql = f"update {table} set deleted_at = case when deleted_at is null then now() end where {_any(table)}"
    return sql, [chance.random()]


def _new_note(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    sql = "insert into notes (id, user_id, class_id, body) values (gen_random_uuid(), %s, %s, %s)"
    return sql, [chance.choice(cast.users), chance.choice([None, *cast.classes]), f"note {chance.random()}"]


def _move_note(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    sql = f"update notes set user_id = %s, class_id = %s where {_any('notes')}"
    return sql, [chance.choice(cast.users), chance.choice([None, *cast.classes]), chance.random()]


def _text(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    if chance.random() < 0.5:
        sql = "insert into texts (id, course_id, body) values (gen_random_uuid(), %s, %s)"
        return sql, [chance.choice(cast.courses), f"text {chance.random()}"]
    return f"update texts set body = %s where {_any('texts')}", [f"text {chance.random()}", chance.random()]


def _unlock(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    if chance.random() < 0.5:
        sql = f"insert into unlocks (lesson_id, class_id) select id, %s from lessons where {_any('lessons')}"
        return sql, [chance.choice(cast.classes), chance.random()]
    return "delete from unlocks where id in (select id from unlocks limit 1)", []


def _enrol(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    if chance.random() < 0.4:
        sql = "insert into enrolments (class_id, student_id) values (%s, %s)"
        return sql, [chance.choice(cast.classes), chance.choice(cast.users)]
    status = "case when status = 'active' then 'left' else 'active' end"
    sql = f"update enrolments set status = {status} where {_any('enrolments')}"
    return sql, [chance.random()]


def _grant(cast: Cast, chance: random.Random) -> tuple[str, list[Any]]:
    if chance.random() < 0.3:
        sql = "insert into class_courses (class_id, course_id) values (%s, %s)"
        return sql, [chance.choice(cast.classes), chance.choice(cast.courses)]
    deleted_at = "case when deleted_at is null then now() end"
    sql = f"update class_courses set deleted_at = {deleted_at} where {_any('class_courses')}"
    return sql, [chance.random()]


def _any(table: str) -> str:
    """One row or none, anywhere in the table; the value bound is a chance."""
    return f"id = (select id from {table} offset floor(%s * greatest(1, (select count(*) from {table}))) limit 1)"


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
