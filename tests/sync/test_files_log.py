"""F rules on the log: who is offered files, what the tail brings, how a base is cut, lost, cut again and swept."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from sync.cutting import cut_base
from sync.errors import Outage
from sync.files import ENCODINGS, Base, FileWish, blob_key, folder_of
from sync.memory_files import MemoryBlobs
from sync.postgres.base_store import (
    LOCK_SPACE,
    connected,
    open_cut,
    read_standings,
    report_loss,
    sweep_files,
)
from sync.postgres.pull_store import PostgresPullStore, open_pool
from sync.protocol import LINE_BYTES_MAX
from tests.support.postgres import PostgresServer
from tests.sync.file_phone import FilePhone, Pair
from tests.sync.log_world import School, open_school
from tests.sync.pulling import answer

TIERS = {"school.lessons": 1, "school.texts": 2, "school.notes": 0}
ROWS = 300
EXCHANGES_MAX = 100


async def pack(raw: bytes) -> Mapping[str, bytes]:
    """Quickly; what the server does takes a second for half a megabyte."""
    return {"br": zlib.compress(raw, 1), "zstd": zlib.compress(raw, 2)}


class Class:
    """A course with enough rows for several chunks, blobs, and students with phones."""

    def __init__(self, school: School, store: PostgresPullStore) -> None:
        self.school, self.store, self.blobs = school, store, MemoryBlobs()
        self.class_id, self.course = uuid4(), uuid4()
        self.bucket = f"course:{self.course}"
        self.pair: Pair = (self.bucket, 1)
        self.packed = 0
        school.give_course(self.class_id, self.course)
        self.add(ROWS)

    @property
    def number(self) -> int:
        return int(self.school.run("select number from sync_bucket where name = %s", self.bucket)[0][0])

    def add(self, count: int) -> None:
        self.school.run(
            "insert into lessons (id, course_id, title, rank, published_at)"
            " select gen_random_uuid(), %s, repeat(md5(n::text), 20), n, now() from generate_series(1, %s) n",
            self.course,
            count,
        )
        self.school.advance()

    def lesson(self) -> UUID:
        """Some lesson of the base."""
        rows = self.school.run("select id from lessons where course_id = %s order by id limit 1", self.course)
        return UUID(str(rows[0][0]))

    def truth(self) -> dict[str, str]:
        rows = self.school.run(
            "select i.id, i.line from sync_item i join sync_bucket b on b.number = i.bucket"
            " where b.name = %s and i.tier = 1 and i.gone_at is null",
            self.bucket,
        )
        return {str(id_): line for id_, line in rows}

    async def cut(self) -> Base:
        async with connected(self.school.url) as connection, open_cut(connection, (self.number, 1)) as opened:
            assert opened is not None
            return await cut_base(opened, self.blobs, self.pack)

    async def pack(self, raw: bytes) -> Mapping[str, bytes]:
        self.packed += 1
        return await pack(raw)

    def student(self) -> "Student":
        return Student(self)


class Student:
    def __init__(self, world: Class) -> None:
        self.world = world
        self.id, self.device = uuid4(), uuid4()
        world.school.enrol(self.id, world.class_id)
        self.phone = FilePhone(TIERS, want=[world.bucket])

    async def ask(
        self, *wishes: FileWish, bytes_wanted: int = 16_384, reads_files: bool = True, pace: int = 2_048
    ) -> list[bytes]:
        """One exchange's lines; none for 204."""
        self.world.school.advance()
        lines = await answer(
            self.world.store,
            self.phone,
            user_id=self.id,
            device_id=self.device,
            bytes_wanted=bytes_wanted,
            check=tuple(sorted(self.phone.check)),
            files=wishes if reads_files else None,
            pace=pace,
        )
        return lines or []

    async def exchange(self, *wishes: FileWish, bytes_wanted: int = 16_384, reads_files: bool = True) -> bool:
        """True: there is more."""
        lines = await self.ask(*wishes, bytes_wanted=bytes_wanted, reads_files=reads_files)
        return self.phone.read(lines) if lines else False

    async def catch_up(self, *, reads_files: bool = True) -> None:
        for _ in range(EXCHANGES_MAX):
            if not await self.exchange(reads_files=reads_files) and not self.phone.check:
                return
        raise AssertionError("the phone never comes to rest")

    async def fetch(self, sha256: str) -> bool:
        """Fetch a chunk into the phone; False when it is not there."""
        body = await self.world.blobs.get(blob_key(folder_of(self.world.bucket), sha256, "identity"))
        return body is not None and self.phone.use_chunk(self.world.pair, sha256, body)

    async def fetch_all(self) -> None:
        for sha256 in self.phone.outstanding(self.world.pair):
            assert await self.fetch(sha256)

    @property
    def shown(self) -> dict[str, str]:
        return {key[3]: line for key, line in self.phone.shown.items() if key[:2] == self.world.pair}

    def holds_the_truth(self) -> bool:
        return self.shown == self.world.truth() and not self.phone.mismatches


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


@asynccontextmanager
async def begun(world: Class) -> AsyncIterator[Student]:
    """A student who was given the list, and fetched nothing yet."""
    student = world.student()
    await world.cut()
    await student.exchange()
    assert len(student.phone.outstanding(world.pair)) > 2
    yield student


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
    world.add(5_000)
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
        for _ in range(EXCHANGES_MAX):
            if not world.school.run("select from pg_locks where locktype = 'advisory' and classid = %s", LOCK_SPACE):
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
        assert world.school.run("select from sync_base") == []

        world.school.run("select sync_forget_files(array[%s])", world.number)
        assert await sweep_files(connection, world.blobs) > 0

    assert world.blobs.bodies == {}


async def test_F4_who_holds_a_set_is_counted_from_members_and_grants(world: Class) -> None:
    async with connected(world.school.url) as connection:
        assert not any(standing.is_due for standing in (await read_standings(connection)).values())
        for _ in range(8):
            world.school.enrol(uuid4(), world.class_id)
        world.school.advance()

        standing = (await read_standings(connection))[world.number, 1]

        assert (standing.rows, standing.holders, standing.base_rows) == (ROWS, 8, None)
        assert standing.is_due
        await world.cut()
        world.school.run("update lessons set title = title || '!' where rank <= 61 and course_id = %s", world.course)
        world.school.advance()
        world.school.run("update sync_base set made_at = now() - interval '1 hour'")
        standing = (await read_standings(connection))[world.number, 1]
        assert (standing.base_rows, standing.tail_rows, standing.is_due) == (ROWS, 61, True)
