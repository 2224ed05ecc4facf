"""A course with enough rows for several chunks, and students whose phones read base files; blobs are a dict."""

import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from sync.cutting import cut_base
from sync.files import Base, FileWish, blob_key, folder_of
from sync.memory_files import MemoryBlobs
from sync.postgres.base_store import connected, open_cut
from sync.postgres.pull_store import PostgresPullStore
from tests.sync.file_phone import FilePhone, Pair
from tests.sync.log_world import School
from tests.sync.pulling import answer

TIERS = {"school.lessons": 1, "school.texts": 2, "school.notes": 0}
ROWS = 750  # More than two of the largest chunks hold.
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


@asynccontextmanager
async def begun(world: Class) -> AsyncIterator[Student]:
    """A student who was given the list, and fetched nothing yet."""
    student = world.student()
    await world.cut()
    await student.exchange()
    assert len(student.phone.outstanding(world.pair)) > 2
    yield student
