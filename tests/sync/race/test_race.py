"""The race: writers, leaders that are killed, and readers that page while everything moves. See `oracle.py`.

The same race must go red when the head of a page is read in a statement of its own, and when the scope comes from
the live tables: that is the test of the test.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from sync.postgres.pull_store import PostgresPullStore, open_pool
from sync.pull import Asked, Bucket, Look, Snapshot
from tests.sync.log_world import School, open_school
from tests.sync.phone import Phone
from tests.sync.pulling import answer
from tests.sync.race.oracle import Judge, Verdict, wrap
from tests.sync.race.writers import Cast, write

SEED = 20261121
GOOD_S = 8.0
RED_S = 15.0  # within which a mutation has to be found
READERS = 4
WRITERS = 4
LEADERS = 2
KILL_EVERY_S = 0.5
TIERS = {"school.lessons": 1, "school.texts": 2, "school.notes": 0}

pytestmark = pytest.mark.timeout(90)


class HeadReadApart(PostgresPullStore):
    """The mutation: rows from one statement, the head from the next."""

    async def look(self, asked: Asked) -> Look:
        look = await super().look(asked)
        async with self.connection() as connection:
            return await _with_later_head(connection, look)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        async with super().snapshot() as snapshot, self.connection() as connection:
            real_look = snapshot.look

            async def look(asked: Asked, *, with_all_totals: bool = False) -> Look:
                return await _with_later_head(connection, await real_look(asked, with_all_totals=with_all_totals))

            snapshot.look = look  # type: ignore[method-assign]
            yield snapshot


class ScopeFromLiveTables(PostgresPullStore):
    """The mutation: who holds what is asked of enrolments and class_courses, not of what the log knows."""

    async def look(self, asked: Asked) -> Look:
        look = await super().look(asked)
        async with self.connection() as connection:
            return await _with_live_scope(connection, asked, look)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        async with super().snapshot() as snapshot, self.connection() as connection:
            real_look = snapshot.look

            async def look(asked: Asked, *, with_all_totals: bool = False) -> Look:
                return await _with_live_scope(
                    connection, asked, await real_look(asked, with_all_totals=with_all_totals)
                )

            snapshot.look = look  # type: ignore[method-assign]
            yield snapshot


async def _with_later_head(connection: AsyncConnection[Any], look: Look) -> Look:
    sql = "select position, tag from sync_batch order by position desc limit 1"
    row = await (await connection.execute(sql)).fetchone()
    assert row is not None
    return replace(look, head=row[0], tag=bytes(row[1]))


async def _with_live_scope(connection: AsyncConnection[Any], asked: Asked, look: Look) -> Look:
    sql = (
        "select number, convert_to(name, 'UTF8'), automatic from sync_bucket"
        " where name in (select bucket from race_visible where user_id = %s)"
    )
    rows = await (await connection.execute(sql, [asked.user_id])).fetchall()
    granted = tuple(Bucket(number, bytes(name).decode(), automatic) for number, name, automatic in rows)
    return replace(look, granted=granted, covered=(*look.covered, *look.granted))


@pytest.fixture
def school(empty_database_url: str) -> Iterator[School]:
    with open_school(empty_database_url) as school:
        yield school


class Race:
    def __init__(self, school: School) -> None:
        self.school = school
        self.stop = asyncio.Event()
        self.verdict = Verdict()
        self.chance = random.Random(SEED)
        self.cast = Cast([uuid4() for _ in range(READERS)], [uuid4() for _ in range(3)], [uuid4() for _ in range(5)])
        self.kills = 0
        self._prepare()

    def _prepare(self) -> None:
        school, cast = self.school, self.cast
        for user in cast.users:
            school.enrol(user, self.chance.choice(cast.classes))
            school.note(user)
        for course in cast.courses:
            school.give_course(self.chance.choice(cast.classes), course)
            for _ in range(5):
                school.lesson(course)
        school.advance()
        wrap(school.connection, list(cast.users))
        school.note(cast.users[0])
        school.advance()  # The first position whose truth is known.

    async def run(self, store: PostgresPullStore, seconds: float, *, until_red: bool = False) -> int:
        """Everybody at once for so long; how many transactions were committed."""
        url = self.school.url
        async with asyncio.TaskGroup() as group:
            writers = [group.create_task(write(url, self.cast, SEED + number, self.stop)) for number in range(WRITERS)]
            for _ in range(LEADERS):
                group.create_task(self._lead())
            group.create_task(self._kill_leaders())
            readers = [group.create_task(self._read(store, user)) for user in self.cast.users]
            ends_at = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < ends_at and not (until_red and self.verdict.bad):  # noqa: ASYNC110 - what is waited for is the database's
                await asyncio.sleep(0.1)
            self.stop.set()
        while self.school.advance():
            pass
        for phone in [await reader for reader in readers]:
            await self._finish(store, phone)
        return sum([await writer for writer in writers])

    async def _lead(self) -> None:
        while not self.stop.is_set():
            with suppress(psycopg.OperationalError):
                async with await AsyncConnection.connect(
                    self.school.url, autocommit=True, application_name="race-leader"
                ) as connection:
                    while not self.stop.is_set():
                        with suppress(psycopg.errors.UniqueViolation, psycopg.errors.SerializationFailure):
                            await connection.execute("call sync_advance()")
                        await asyncio.sleep(0.004)

    async def _kill_leaders(self) -> None:
        sql = (
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'race-leader'"
            " and datname = current_database() order by random() limit 1"
        )
        async with await AsyncConnection.connect(self.school.url, autocommit=True) as connection:
            while not self.stop.is_set():
                await asyncio.sleep(KILL_EVERY_S)
                await connection.execute(sql)
                self.kills += 1

    async def _read(self, store: PostgresPullStore, user: UUID) -> "Reader":
        reader = Reader(user, [f"course:{course}" for course in self.cast.courses], random.Random(str(user)))
        async with await AsyncConnection.connect(self.school.url, autocommit=True) as connection:
            while not self.stop.is_set():
                await reader.numbers(connection)
                await reader.exchange(store)
                await reader.judge.judge(connection, self.verdict)
                self.verdict.bad += reader.phone.mismatches
                reader.phone.mismatches.clear()
        return reader

    async def _finish(self, store: PostgresPullStore, reader: "Reader") -> None:
        """Quiet now: the phone catches up, takes all of what it may have, and its last cut is the truth."""
        reader.phone.want = reader.courses
        async with await AsyncConnection.connect(self.school.url, autocommit=True) as connection:
            for _ in range(200):
                await reader.numbers(connection)
                if not await reader.exchange(store, is_calm=True):
                    break
            await reader.judge.judge(connection, self.verdict)
            self.verdict.bad += reader.phone.mismatches
            sql = "select distinct bucket from race_visible where user_id = %s"
            truth = {name for (name,) in await (await connection.execute(sql, [reader.user])).fetchall()}
        held = {name for name, _ in reader.phone.held}
        if held != truth:
            self.verdict.bad.append(f"at the end: held {held ^ truth}")


class Reader:
    """A phone with small pages, whose answers are cut now and then, and which at times drops everything."""

    def __init__(self, user: UUID, courses: list[str], chance: random.Random) -> None:
        self.user, self.courses, self.chance = user, courses, chance
        self.device = uuid4()
        self.judge = Judge(user)
        self.phone = Phone(TIERS, want=courses, on_cut=self.judge.note_cut)

    async def numbers(self, connection: AsyncConnection[Any]) -> None:
        rows = await (await connection.execute("select name, number from sync_bucket")).fetchall()
        self.phone.numbers = dict(rows)

    async def exchange(self, store: PostgresPullStore, *, is_calm: bool = False) -> bool:
        if not is_calm and self.chance.random() < 0.01:
            self.phone = Phone(TIERS, want=self.courses, on_cut=self.judge.note_cut, numbers=self.phone.numbers)
        bytes_wanted = self.chance.choice([1_024, 4_096, 65_536])
        lines = await answer(
            store,
            self.phone,
            user_id=self.user,
            device_id=self.device,
            bytes_wanted=bytes_wanted,
            pace=self.chance.choice([300, 2_000]),
        )
        if lines is None:
            await asyncio.sleep(0.002)
            return False
        if not is_calm and self.chance.random() < 0.1:
            lines = lines[: self.chance.randrange(len(lines))]
        return self.phone.read(lines)


async def test_P13_every_cut_in_a_race_is_a_snapshot_that_existed(school: School) -> None:
    race = Race(school)

    async with open_pool(school.url, size_max=8) as pool:
        committed = await race.run(PostgresPullStore(pool), GOOD_S)

    assert race.verdict.bad == []
    assert race.verdict.unjudged == 0
    assert committed > 100
    assert race.verdict.cuts > 100
    assert race.kills > 5


@pytest.mark.parametrize("mutation", [HeadReadApart, ScopeFromLiveTables])
async def test_P13_the_race_finds_a_page_made_of_two_snapshots(
    school: School, mutation: type[PostgresPullStore]
) -> None:
    race = Race(school)

    async with open_pool(school.url, size_max=12) as pool:
        await race.run(mutation(pool), RED_S, until_red=True)

    assert race.verdict.bad != []
