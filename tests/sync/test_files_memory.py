"""The memory store offers files by the same rules, so that the simulator can have them."""

import random
from collections.abc import Mapping
from uuid import UUID

from sync import protocol
from sync.cutting import cut_base
from sync.files import Base, blob_key, folder_of
from sync.memory import MemoryStore, Tables
from sync.memory_files import MemoryBlobs, MemoryCut
from sync.memory_log import MemoryLog
from sync.page import Pace, write_page
from sync.pull import Asked, Page, Silent, pull
from sync.testing.sample import NOTES, sample_registry
from tests.sync.file_phone import FilePhone
from tests.sync.pulling import read_cursor

ROWS = 2_500
USER, DEVICE = UUID(int=1), UUID(int=2)
BUCKET = f"user:{USER}"


async def pack(raw: bytes) -> Mapping[str, bytes]:
    return {"br": raw, "zstd": raw}


class World:
    """One person's notes: enough for several chunks."""

    def __init__(self) -> None:
        self.registry = sample_registry()
        self.tables = Tables(self.registry)
        self.log = MemoryLog(MemoryStore(self.tables), self.registry)
        self.blobs = MemoryBlobs()
        self.phone = FilePhone({name: collection.tier for name, collection in self.registry.collections.items()})
        rng = random.Random(5)
        self.ids = sorted(UUID(int=rng.getrandbits(128)) for _ in range(ROWS))
        for id_ in self.ids:
            self.note(id_, "".join(rng.choices("abcdef ", k=150)))
        self.log.publish(now_ms=1)

    def note(self, id_: UUID, text: str) -> None:
        self.tables.put(NOTES.table, {"id": id_, "user_id": USER, "text": text, "about_id": None})

    async def cut(self) -> Base:
        return await cut_base(MemoryCut(self.log, (self.log.buckets[BUCKET], NOTES.tier)), self.blobs, pack)

    async def exchange(self) -> bool:
        cursor, _ = read_cursor(self.phone.cursor)
        check = tuple(self.phone.check)
        asked = Asked(USER, DEVICE, cursor, names=(), bytes_wanted=1_048_576, check=check, files=())
        page = await pull(self.log, asked)
        if isinstance(page, Silent):
            return False
        assert isinstance(page, Page)
        opening = [protocol.first_line(None, schema=1, now_ms=1, watermark=(0, ""))]
        blocks = write_page(page, opening, await self.log.collections(), Pace())
        return self.phone.read(line + b"\n" for block in blocks for line in block.split(b"\n")[:-1])

    async def catch_up(self) -> None:
        while await self.exchange():
            continue


async def test_F5_a_phone_of_the_memory_store_is_filled_from_files_and_a_tail_with_gone_lines() -> None:
    world = World()
    base = await world.cut()
    edited, removed, *_ = world.ids
    world.note(edited, "edited")
    world.tables.put(NOTES.table, {"id": removed, "deleted_at": "now"})
    world.log.publish(now_ms=2)

    await world.catch_up()
    assert len(base.chunks) > 2
    for chunk in base.chunks:
        body = await world.blobs.get(blob_key(folder_of(BUCKET), chunk.sha256, "identity"))
        assert body is not None
        assert world.phone.use_chunk((BUCKET, NOTES.tier), chunk.sha256, body)
    await world.catch_up()

    shown = world.phone.bucket(BUCKET)
    assert len(shown) == ROWS - 1
    assert '"text":"edited"' in shown[str(edited)]
    assert str(removed) not in shown
    assert not world.phone.mismatches
    assert not world.phone.check


async def test_F6_the_memory_store_offers_no_base_of_another_chain() -> None:
    world = World()
    await world.cut()
    [(pair, (_, base))] = world.log.files.items()
    world.log.files[pair] = (b"another", base)

    await world.catch_up()

    assert not world.phone.lists
    assert len(world.phone.bucket(BUCKET)) == ROWS
