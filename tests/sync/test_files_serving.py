"""F11 and F9 at the reader of files: packings, memory, misses, a store that is away."""

import asyncio
import hashlib

import pytest

from server.exchange.files import Files, FileUnavailable, FileUnknown
from sync.files import blob_key, folder_of
from sync.memory_files import MemoryBlobs

FOLDER = folder_of("course:1")
BODY = b"[1,{}]\n" * 100
NAME = hashlib.sha256(BODY).hexdigest()


class Counted(MemoryBlobs):
    """Counts what is read, and lets others run meanwhile."""

    reads = 0

    async def get(self, key: str) -> bytes | None:
        self.reads += 1
        await asyncio.sleep(0)
        return await super().get(key)


class Reader:
    def __init__(self) -> None:
        self.blobs = Counted()
        self.lost: list[tuple[str, str]] = []
        self.files = Files(self.blobs, b"k" * 32, on_loss=self.note)
        for encoding, body in (("identity", BODY), ("br", b"br"), ("zstd", b"zst")):
            self.blobs.bodies[blob_key(FOLDER, NAME, encoding)] = body

    async def note(self, folder: str, sha256: str) -> None:
        self.lost.append((folder, sha256))


async def test_F11_the_smallest_packing_that_the_caller_can_read_is_sent() -> None:
    reader = Reader()

    sent = [(await reader.files.read(FOLDER, NAME, names)).encoding for names in ({"br", "zstd"}, {"zstd"}, {"gzip"})]

    assert sent == ["br", "zstd", "identity"]


async def test_F11_thirty_who_begin_together_read_the_store_once() -> None:
    reader = Reader()

    await asyncio.gather(*(reader.files.read(FOLDER, NAME, {"br"}) for _ in range(30)))
    await reader.files.read(FOLDER, NAME, {"br"})

    assert reader.blobs.reads == 1


async def test_F11_a_path_made_here_opens_its_own_folder_and_nothing_else_opens_one() -> None:
    reader = Reader()
    _, _, capability, _ = reader.files.path_of("course:1").split("/")

    assert reader.files.folder(capability) == FOLDER
    with pytest.raises(FileUnknown):
        reader.files.folder(capability[:-2] + "AA")


async def test_F9_a_missing_packing_is_reported_and_the_raw_bytes_are_sent() -> None:
    reader = Reader()
    del reader.blobs.bodies[blob_key(FOLDER, NAME, "br")]

    file = await reader.files.read(FOLDER, NAME, {"br"})

    assert (file.body, file.encoding) == (BODY, "identity")
    assert reader.lost == [(FOLDER, NAME)]


async def test_F9_a_missing_file_is_unknown_and_a_store_that_is_away_is_an_outage() -> None:
    reader = Reader()
    with pytest.raises(FileUnknown):
        await reader.files.read(FOLDER, "00" * 32, set())
    assert not reader.files.is_away

    reader.blobs.is_away = True
    with pytest.raises(FileUnavailable):
        await reader.files.read(FOLDER, "11" * 32, set())
    assert reader.files.is_away


async def test_F9_however_many_ask_for_what_never_was_the_database_is_asked_by_one_of_them_at_a_time() -> None:
    """Whoever has a path needs no bearer: made-up names must not take the connections that exchanges need."""
    reader = Reader()
    asking = most = 0

    async def slow(_folder: str, _sha256: str) -> None:
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        await asyncio.sleep(0)
        asking -= 1

    files = Files(reader.blobs, b"k" * 32, on_loss=slow)
    made_up = [files.read(FOLDER, f"{number:064x}", {"br", "zstd"}) for number in range(30)]
    answers = await asyncio.gather(*made_up, return_exceptions=True)

    assert all(isinstance(answer, FileUnknown) for answer in answers)
    assert most == 1
