"""L16: a projection that breaks a rule of the database is no other leader at work."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from sync.postgres.sequencer import BUSY, Standstill, advance
from tests.sync.log_world import School, open_school

WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@pytest.fixture
def school(empty_database_url: str) -> Iterator[School]:
    with open_school(empty_database_url) as school:
        yield school


async def test_L16_a_unique_rule_that_a_projection_breaks_is_named_and_its_rows_come_once_it_is_mended(
    school: School,
) -> None:
    school.lesson(uuid4())  # It lies in two buckets, with the same line.
    school.run("create unique index one_line on sync_item (digest)")

    async with await AsyncConnection.connect(school.url, autocommit=True) as connection:
        with pytest.raises(Standstill) as stopped:
            await advance(connection)
        school.run("drop index one_line")
        published = await advance(connection)

    assert stopped.value.source == "school.lessons"
    assert "one_line" in str(stopped.value)
    assert published == 2


async def test_L16_the_key_of_the_chain_says_that_another_leader_was_first(school: School) -> None:
    school.lesson(uuid4())
    before = school.run("select max(position) from sync_batch")[0][0]

    async with await AsyncConnection.connect(school.url, autocommit=True) as connection:
        with psycopg.connect(school.url) as other:
            copied = "select position + 3, tag, items, scope_changes, snapshot from sync_batch where position = %s"
            other.execute(f"insert into sync_batch (position, tag, items, scope_changes, snapshot) {copied}", [before])
            advancing = asyncio.create_task(advance(connection))
            while not school.run(WAITING):
                assert not advancing.done()
                await asyncio.sleep(0.01)
            other.commit()
        assert await advancing == BUSY
