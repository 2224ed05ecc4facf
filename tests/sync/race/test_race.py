"""The race: writers, leaders that are killed, and readers that page while everything moves. See `oracle.py`.

The same race must go red when the head of a page is read in a statement of its own, and when the scope comes from
the live tables: that is the test of the test.
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from psycopg import AsyncConnection

from sync.postgres.pull_store import PostgresPullStore, open_pool
from sync.pull import Asked, Bucket, Look, Snapshot
from tests.sync.log_world import School, open_school
from tests.sync.race.race import Finished, Race

TRANSACTIONS = 400
CUTS = 200
KILLS = 6
RED_S = 120.0  # within which a mutation has to be found

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


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


async def test_P13_every_cut_in_a_race_is_a_snapshot_that_existed(school: School) -> None:
    race = Race(school)

    def is_enough() -> bool:
        return race.count.committed >= TRANSACTIONS and race.verdict.cuts >= CUTS and race.kills >= KILLS

    async with open_pool(school.url, size_max=8) as pool:
        await race.run(PostgresPullStore(pool), is_enough)

    assert race.verdict.bad == []
    assert (race.verdict.lost, race.verdict.gaps, race.verdict.inversions) == (0, 0, 0)
    assert race.verdict.unjudged == 0


@pytest.mark.parametrize("mutation", [HeadReadApart, ScopeFromLiveTables])
async def test_P13_the_race_finds_a_page_made_of_two_snapshots(
    school: School, mutation: type[PostgresPullStore]
) -> None:
    race = Race(school)

    async with open_pool(school.url, size_max=12) as pool:
        is_late = after(RED_S)
        await race.run(mutation(pool), lambda: bool(race.verdict.bad) or is_late())

    assert race.verdict.bad != []


def after(seconds: float) -> Finished:
    """Whether so long has passed from now on."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until
