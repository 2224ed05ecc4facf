"""Everybody at once against one log: writers, leaders that are killed, readers that page while everything moves.

Run for a while (the tests) or for so many transactions (the bench). `oracle.py` judges.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection

from sync.postgres.pull_store import PostgresPullStore
from tests.sync.log_world import School
from tests.sync.phone import Phone
from tests.sync.pulling import answer
from tests.sync.race.oracle import Judge, Verdict, find_inversions, rows_missing, wrap
from tests.sync.race.writers import Cast, Count, chain_rows, write

SEED = 20261121
READERS = 4
WRITERS = 4
LEADERS = 2
KILL_EVERY_S = 0.5
CALM_EXCHANGES_MAX = 2_000
TIERS = {"school.lessons": 1, "school.texts": 2, "school.notes": 0}
Finished = Callable[[], bool]


class Race:
    def __init__(self, school: School) -> None:
        self.school = school
        self.stop = asyncio.Event()
        self.verdict = Verdict()
        self.chance = random.Random(SEED)
        self.cast = Cast([uuid4() for _ in range(READERS)], [uuid4() for _ in range(3)], [uuid4() for _ in range(5)])
        self.count = Count()
        self.kills = 0
        self._prepare()

    def _prepare(self) -> None:
        school, cast = self.school, self.cast
        for user in cast.users:
            school.enrol(user, self.chance.choice(cast.classes))
            school.note(user)
        for id_, user, words in chain_rows(cast, WRITERS):
            school.run("insert into notes (id, user_id, body) values (%s, %s, %s)", id_, user, words)
        for course in cast.courses:
            school.give_course(self.chance.choice(cast.classes), course)
            for _ in range(5):
                school.lesson(course)
        school.advance()
        wrap(school.connection, list(cast.users))
        school.note(cast.users[0])
        school.advance()  # The first position whose truth is known.

    async def run(self, store: PostgresPullStore, is_over: Finished) -> int:
        """Everybody at once until it is over; how many transactions were committed."""
        url = self.school.url
        async with asyncio.TaskGroup() as group:
            for number in range(WRITERS):
                group.create_task(write(url, self.cast, number, SEED + number, self.stop, self.count))
            for _ in range(LEADERS):
                group.create_task(self._lead())
            group.create_task(self._kill_leaders())
            readers = [group.create_task(self._read(store, user)) for user in self.cast.users]
            while not is_over():  # noqa: ASYNC110 - what is waited for is the database's
                await asyncio.sleep(0.1)
            self.stop.set()
        while self.school.advance():
            pass
        for phone in [await reader for reader in readers]:
            await self._finish(store, phone)
        self.verdict.inversions += find_inversions(self.school.connection)
        return self.count.committed

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
            for _ in range(CALM_EXCHANGES_MAX):
                await reader.numbers(connection)
                if not await reader.exchange(store, is_calm=True):
                    break
            await reader.judge.judge(connection, self.verdict)
            self.verdict.bad += reader.phone.mismatches
            sql = "select distinct bucket from race_visible where user_id = %s"
            truth = {name for (name,) in await (await connection.execute(sql, [reader.user])).fetchall()}
            self.verdict.lost += await rows_missing(connection, reader.user, reader.phone)
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
