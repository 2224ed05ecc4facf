"""F rules on the log: who is offered files, what the tail brings, how a list goes on."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import pytest

from sync.files import FileWish, blob_key, folder_of
from sync.postgres.pull_store import PostgresPullStore, open_pool
from sync.protocol import LINE_BYTES_MAX
from tests.support.postgres import PostgresServer
from tests.sync.file_world import EXCHANGES_MAX, ROWS, Class, begun
from tests.sync.log_world import School, open_school


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


# --- offering ---------------------------------------------------------------------------------------------------


async def test_F5_a_cold_phone_is_filled_from_files_and_equals_the_truth(world: Class) -> None:
    async with begun(world) as student:
        await student.catch_up()
        assert student.shown == {}  # Hidden until the last chunk.
        rows_read = student.phone.lines_read

        await student.fetch_all()
        await student.catch_up()

        assert student.holds_the_truth()
        assert rows_read < ROWS / 2
        assert world.pair not in student.phone.check


async def test_F5_a_client_that_does_not_read_files_is_filled_from_the_log(world: Class) -> None:
    await world.cut()
    student = world.student()

    await student.catch_up(reads_files=False)

    assert student.holds_the_truth()
    assert not student.phone.lists


async def test_F5_what_changed_since_comes_as_the_tail_and_a_chunk_never_overwrites_it(world: Class) -> None:
    edited = world.lesson()
    await world.cut()
    world.school.run("update lessons set title = 'since' where id = %s", edited)
    world.add(3)
    student = world.student()

    await student.exchange(bytes_wanted=1_024)  # The tail needs more than one page.
    await student.fetch_all()
    await student.catch_up()

    assert student.holds_the_truth()
    assert '"title":"since"' in student.shown[str(edited)]


async def test_F5_a_row_removed_before_the_phone_came_does_not_come_back_with_its_chunk(world: Class) -> None:
    removed = world.lesson()
    await world.cut()
    world.school.run("update lessons set deleted_at = now() where id = %s", removed)
    student = world.student()

    await student.catch_up()
    await student.fetch_all()
    await student.catch_up()

    assert str(removed) not in student.shown
    assert student.holds_the_truth()


async def test_F5_a_row_removed_while_chunks_are_outstanding_stays_away(world: Class) -> None:
    removed = world.lesson()
    async with begun(world) as student:
        first, *_ = student.phone.outstanding(world.pair)
        await student.fetch(first)
        world.school.run("update lessons set deleted_at = now() where id = %s", removed)
        await student.exchange()
        await student.fetch_all()
        await student.catch_up()

        assert str(removed) not in student.shown
        assert student.holds_the_truth()


async def test_F5_all_rows_removed_since_are_gone_lines_of_the_tail(world: Class) -> None:
    student = world.student()
    await world.cut()
    lines = await student.ask(bytes_wanted=1_024)
    marks = [place for place, line in enumerate(lines) if line.startswith(b'{"mark"')]
    student.phone.read(lines[: marks[0] + 1])  # The list and `joined`; then the link died.
    assert world.pair in student.phone.lists
    world.school.run("update lessons set deleted_at = now() where course_id = %s", world.course)

    await student.catch_up()
    await student.fetch_all()
    await student.catch_up()

    assert student.shown == {}
    assert student.holds_the_truth()


async def test_F5_others_are_shown_while_a_set_is_hidden(world: Class) -> None:
    async with begun(world) as student:
        note = world.school.note(student.id)

        await student.exchange()

        assert str(note) in student.phone.bucket(f"user:{student.id}")
        assert student.shown == {}


async def test_F5_a_phone_behind_the_base_is_brought_up_by_its_increments(world: Class) -> None:
    """The base is newer than the position the set joins at: its tail is empty."""
    student = world.student()
    student.phone.want = []
    await student.catch_up()
    world.add(5)
    edited = world.lesson()
    world.school.run("update lessons set title = 'between' where id = %s", edited)
    world.school.advance()
    await world.cut()
    student.phone.want = [world.bucket]

    await student.exchange()
    await student.fetch_all()
    await student.catch_up()

    assert student.holds_the_truth()


@pytest.mark.parametrize(
    "spoil",
    [
        "update sync_base set tag = sha256('another chain')",
        "update sync_base set lost_at = now()",
        "update sync_base set made_at = now() - interval '31 days'",
        "update sync_state set floor = (select position + 1 from sync_base)",
        "update lessons set title = title || '!' where course_id = '{course}'",
    ],
    ids=["its tag left the chain", "a file is lost", "it is old", "it lies below the floor", "its tail is long"],
)
async def test_F6_a_base_that_cannot_be_trusted_or_does_not_pay_is_not_offered(world: Class, spoil: str) -> None:
    await world.cut()
    world.school.run(spoil.format(course=world.course))
    student = world.student()

    await student.catch_up()

    assert not student.phone.lists
    assert student.holds_the_truth()


async def test_F6_the_tag_of_a_base_is_kept_as_long_as_the_base(world: Class) -> None:
    await world.cut()
    world.school.run(
        "insert into sync_batch (position, tag, items, scope_changes, snapshot)"
        " select h.position + n, sha256(int4send(n)), 0, 0, h.snapshot"
        " from (select * from sync_batch order by position desc limit 1) h, generate_series(1, 10100) n"
    )
    world.school.run("update sync_batch set at = now() - interval '8 days'")

    world.school.run("select sync_sweep()")

    oldest, base = world.school.run("select min(position), (select position from sync_base) from sync_batch")[0]
    assert oldest == base
    assert world.school.run("select count(*) from sync_batch")[0][0] <= 10_001


# --- the list ---------------------------------------------------------------------------------------------------


async def test_F7_a_list_cut_after_any_line_goes_on_where_it_stopped(world: Class) -> None:
    """Nothing of it that stands above a mark is needed again."""
    world.add(8_000)
    await world.cut()
    student = world.student()
    lines = await student.ask()
    for _ in range(EXCHANGES_MAX):
        place = next(place for place, line in enumerate(lines) if line.startswith(b'{"mark"'))
        student.phone.read(lines[: place + 1])
        known = student.phone.lists[world.pair]
        assert sorted(known.chunks) == list(range(len(known.chunks)))
        if len(known.chunks) == known.count:
            break
        lines = await student.ask(FileWish(*world.pair, known.base, len(known.chunks)))

    assert known.count > 47  # More than one line holds.
    assert len(known.chunks) == known.count
    await student.fetch_all()
    await student.catch_up()
    assert student.holds_the_truth()


async def test_F7_a_phone_that_has_the_list_gets_a_new_path_and_no_chunks(world: Class) -> None:
    async with begun(world) as student:
        known = student.phone.lists[world.pair]

        lines = await student.ask(FileWish(*world.pair, known.base, known.count))

        [line] = [line for line in lines if line.startswith(b'{"files"')]
        assert b'"chunks":[]' in line
        assert len(line) <= LINE_BYTES_MAX


async def test_F7_nothing_is_said_of_sets_that_are_not_held_or_have_no_base(world: Class) -> None:
    student = world.student()
    other = f"course:{uuid4()}"
    world.school.lesson(UUID(other.removeprefix("course:")))
    await student.catch_up()

    lines = await student.ask(FileWish(*world.pair), FileWish(other, 1), FileWish("course:none", 3))

    assert lines  # Never silence: that would say nothing of the wish.
    assert not any(line.startswith(b'{"files"') for line in lines)


async def test_F7_a_base_replaced_during_a_download_is_asked_for_again_and_what_was_fetched_counts(
    world: Class,
) -> None:
    edited = world.lesson()
    async with begun(world) as student:
        first, *rest = student.phone.outstanding(world.pair)
        await student.fetch(rest[0])
        world.school.run("update lessons set title = 'newer' where id = %s", edited)
        world.school.advance()
        await world.cut()
        del world.blobs.bodies[blob_key(folder_of(world.bucket), first, "identity")]
        assert not await student.fetch(first)

        await student.exchange(FileWish(*world.pair))

        assert rest[0] not in student.phone.outstanding(world.pair)
        await student.fetch_all()
        await student.catch_up()
        assert student.holds_the_truth()
