"""F rules of cutting: again, killed, one at a time; what is lost is made again, what nobody names goes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from sync.cutting import HOLDERS_MIN, cut_base
from sync.errors import Outage
from sync.files import ENCODINGS, blob_key, folder_of
from sync.memory_files import MemoryBlobs
from sync.postgres.base_store import LOCK_SPACE, connected, open_cut, read_standings, report_loss, sweep_files
from sync.postgres.pull_store import PostgresPullStore, open_pool
from tests.support.postgres import PostgresServer
from tests.sync.file_world import ROWS, Class
from tests.sync.log_world import School, open_school

TRIES_MAX = 6_000


@pytest.fixture(scope="module")
def school(postgres_server: PostgresServer) -> Iterator[School]:
    """One for the file: each test has a course of its own."""
    with postgres_server.new_database() as url, open_school(url) as school:
        yield school


@pytest.fixture
async def world(school: School) -> AsyncIterator[Class]:
    school.run("truncate sync_base, sync_chunk")
    school.run("update sync_state set floor = 0")
    async with open_pool(school.url, size_max=2) as pool:
        yield Class(school, PostgresPullStore(pool))


# --- cutting ----------------------------------------------------------------------------------------------------


async def test_F8_cut_again_without_a_change_nothing_is_packed_and_with_one_a_single_chunk(world: Class) -> None:
    first = await world.cut()
    assert world.packed == len(first.chunks) > 2

    again = await world.cut()
    assert again.chunks == first.chunks
    assert world.packed == len(first.chunks)

    world.school.run("update lessons set title = 'edited' where id = %s", world.lesson())
    world.school.advance()
    edited = await world.cut()
    assert edited.position > first.position
    assert len(set(edited.chunks) - set(first.chunks)) == 1
    assert world.packed == len(first.chunks) + 1


async def test_F8_killed_after_any_step_the_base_before_stands_and_the_next_cut_goes_on(world: Class) -> None:
    first = await world.cut()
    world.school.run("update lessons set title = title || '!' where course_id = %s", world.course)
    world.school.advance()
    for steps in range(1, 4):
        with pytest.raises(Outage):
            await killed_after(world, steps)
        [(position,)] = world.school.run("select position from sync_base")
        assert position == first.position
    packed = world.packed

    second = await world.cut()

    assert second.position > first.position
    assert world.packed - packed < len(second.chunks)  # What was stored is not packed again.


async def killed_after(world: Class, steps: int) -> None:
    left = iter(range(steps))

    class Dying(MemoryBlobs):
        async def put(self, key: str, body: bytes) -> None:
            if next(left, None) is None:
                raise Outage("killed")
            await super().put(key, body)

    async with connected(world.school.url) as connection, open_cut(connection, (world.number, 1)) as opened:
        assert opened is not None
        await cut_base(opened, Dying(world.blobs.bodies), world.pack)


async def test_F8_one_at_a_time_cuts_or_sweeps_a_bucket_and_a_dead_one_lets_go(world: Class) -> None:
    async with connected(world.school.url) as mine, connected(world.school.url) as theirs:
        async with open_cut(mine, (world.number, 1)) as first, open_cut(theirs, (world.number, 1)) as second:
            assert first is not None
            assert second is None
        async with open_cut(mine, (world.number, 1)):
            await mine.close()  # As if it were killed.
        for _ in range(TRIES_MAX):
            if not world.school.run("select 1 from pg_locks where locktype = 'advisory' and classid = %s", LOCK_SPACE):
                break
            await asyncio.sleep(0.01)
        async with open_cut(theirs, (world.number, 1)) as second:
            assert second is not None


async def test_F8_rows_that_move_while_a_base_is_cut_are_in_its_tail(world: Class) -> None:
    edited, student = world.lesson(), world.student()
    async with connected(world.school.url) as connection, open_cut(connection, (world.number, 1)) as opened:
        assert opened is not None
        world.school.run("update lessons set title = 'meanwhile' where id = %s", edited)
        world.add(2)
        await cut_base(opened, world.blobs, world.pack)

    await student.exchange()
    await student.fetch_all()
    await student.catch_up()

    assert student.holds_the_truth()


# --- loss, sweeping ---------------------------------------------------------------------------------------------


async def test_F9_a_lost_file_withdraws_its_base_and_only_what_is_missing_is_packed_again(world: Class) -> None:
    base = await world.cut()
    lost = base.chunks[1].sha256
    del world.blobs.bodies[blob_key(folder_of(world.bucket), lost, "br")]
    packed = world.packed

    async with connected(world.school.url) as connection:
        assert await report_loss(connection, folder_of(world.bucket), "00" * 32) == 0
        assert await report_loss(connection, folder_of("course:other"), lost) == 0
        assert await report_loss(connection, folder_of(world.bucket), lost) == 1
        assert await report_loss(connection, folder_of(world.bucket), lost) == 0
    student = world.student()
    await student.exchange()
    assert not student.phone.lists

    again = await world.cut()

    assert again.chunks == base.chunks
    assert world.packed == packed + 1
    assert len(world.blobs.bodies) == len(base.chunks) * len(ENCODINGS)


async def test_F9_everything_lost_is_made_again_and_a_store_that_is_away_changes_nothing(world: Class) -> None:
    base = await world.cut()
    world.blobs.bodies.clear()
    async with connected(world.school.url) as connection:
        await report_loss(connection, folder_of(world.bucket), base.chunks[0].sha256)
    world.blobs.is_away = True
    with pytest.raises(Outage):
        await world.cut()
    world.blobs.is_away = False

    await world.cut()

    student = world.student()
    await student.exchange()
    await student.fetch_all()
    await student.catch_up()
    assert student.holds_the_truth()


async def test_F10_a_file_is_removed_three_days_after_the_last_base_that_named_it(world: Class) -> None:
    """A running download has a path that is good for two days more; its files stay longer."""
    first = await world.cut()
    world.school.run("update lessons set title = 'edited' where id = %s", world.lesson())
    world.school.advance()
    second = await world.cut()
    old = {chunk.sha256 for chunk in first.chunks} - {chunk.sha256 for chunk in second.chunks}

    async with connected(world.school.url) as connection:
        assert await sweep_files(connection, world.blobs) == 0
        world.school.run("update sync_chunk set named_at = named_at - interval '71 hours'")
        assert await sweep_files(connection, world.blobs) == 0
        world.school.run("update sync_chunk set named_at = named_at - interval '2 hours'")
        assert await sweep_files(connection, world.blobs) == len(old) == 1

    kept = {blob_key(folder_of(world.bucket), chunk.sha256, name) for chunk in second.chunks for name in ENCODINGS}
    assert set(world.blobs.bodies) == kept


async def test_F10_a_sweep_killed_after_the_files_went_leaves_nothing_that_a_cut_would_trust(world: Class) -> None:
    base = await world.cut()
    world.school.run("delete from sync_base")
    world.school.run("update sync_chunk set named_at = '-infinity'")

    class Dying(MemoryBlobs):
        async def remove(self, key: str) -> None:
            await super().remove(key)
            raise Outage("killed")

    async with connected(world.school.url) as connection:
        with pytest.raises(Outage):
            await sweep_files(connection, Dying(world.blobs.bodies))
    await world.cut()

    assert len(world.blobs.bodies) == len(base.chunks) * len(ENCODINGS)


async def test_F10_bases_past_their_time_go_and_what_must_not_be_read_goes_at_once(world: Class) -> None:
    await world.cut()
    world.school.run("update sync_base set made_at = now() - interval '31 days'")
    async with connected(world.school.url) as connection:
        assert await sweep_files(connection, world.blobs) == 0
        assert world.school.run("select bucket from sync_base") == []

        world.school.run("select sync_forget_files(array[%s])", world.number)
        assert await sweep_files(connection, world.blobs) > 0

    assert world.blobs.bodies == {}


async def test_F4_who_holds_a_set_is_counted_from_members_and_grants(world: Class) -> None:
    async with connected(world.school.url) as connection:
        assert not any(standing.is_due for standing in (await read_standings(connection)).values())
        for _ in range(HOLDERS_MIN):
            world.school.enrol(uuid4(), world.class_id)
        world.school.advance()

        standing = (await read_standings(connection))[world.number, 1]

        assert (standing.rows, standing.holders, standing.base_rows) == (ROWS, HOLDERS_MIN, None)
        assert standing.is_due
        await world.cut()
        world.school.run("update lessons set title = title || '!' where rank <= 151 and course_id = %s", world.course)
        world.school.advance()
        world.school.run("update sync_base set made_at = now() - interval '1 hour'")
        standing = (await read_standings(connection))[world.number, 1]
        assert (standing.base_rows, standing.tail_rows, standing.is_due) == (ROWS, 151, True)
