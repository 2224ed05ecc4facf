"""Cutting a base: rows become chunks, chunks become files in three encodings, and then the list is named.

    rows of one set, sorted ─► Chunker ─► not stored yet? pack, put ─► a row for the chunk … ─► the base, in one step

May be killed anywhere: chunks that were stored are found again by their hash, and no list names one that was not. Cut
again, only chunks that changed are packed and put. Holds one chunk at a time, however long the set is.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sync.files import (
    BASE_DAYS_MAX,
    CHUNK_BYTES,
    ENCODINGS,
    Base,
    Chunk,
    Chunker,
    RawChunk,
    blob_key,
    folder_of,
    window_rows,
)

BYTES_MIN = 2 * CHUNK_BYTES  # Below, one page of the log brings it: files would cost more requests than they save.
HOLDERS_MIN = 30  # a class; see docs/decisions/0009-base-files.md
TAIL_PERCENT_MAX = 20  # A phone fetches its tail on top of the files: above, the base is cut again.
RENEWED_DAYS = BASE_DAYS_MAX - 10
REST_S = 600  # at least between two cuts of one set, however fast it changes

Pack = Callable[[bytes], Awaitable[Mapping[str, bytes]]]  # raw → body by encoding, `identity` left out


class Line(NamedTuple):
    """One row of the log."""

    collection: str
    id: bytes
    line: bytes


@dataclass(frozen=True)
class Size:
    count: int
    bytes: int


class Blobs(Protocol):
    """Objects by key. Every method raises Outage when the store does not answer."""

    async def put(self, key: str, body: bytes) -> None:
        """Keep it; the same again is nothing new."""

    async def get(self, key: str) -> bytes | None: ...

    async def has(self, key: str) -> bool: ...

    async def remove(self, key: str) -> None:
        """Nothing when it is not there."""


class Cut(Protocol):
    """One set, open for cutting by nobody else. `position` is a head at which all its rows stood as they are read."""

    bucket: str
    position: int
    sizes: Mapping[str, Size]  # of each collection in it
    windows: Mapping[str, int]  # of the last base

    def rows(self) -> AsyncIterator[Sequence[Line]]:
        """All live rows by (collection, id), some at a time."""

    async def has_chunk(self, sha256: str) -> bool:
        """Whether its files were stored, and none of them was missed since. It will be kept for some days more."""

    async def add_chunk(self, chunk: Chunk) -> None:
        """Its files are stored."""

    async def publish(self, base: Base, windows: Mapping[str, int], *, packed_bytes: int) -> None:
        """From now on this is the base of the set."""


async def cut_base(cut: Cut, blobs: Blobs, pack: Pack) -> Base:
    """Cut it from the rows of now. Raises Outage; then the base before, if there is one, stays."""
    windows = {
        name: window_rows(size.count, size.bytes, before=cut.windows.get(name)) for name, size in cut.sizes.items()
    }
    chunker = Chunker(windows)
    folder = folder_of(cut.bucket)
    chunks: list[Chunk] = []
    packed_bytes = 0
    async for rows in cut.rows():
        for row in rows:
            for raw in chunker.feed(*row):
                packed_bytes += await _store(cut, blobs, pack, folder, raw)
                chunks.append(raw.named)
    for raw in chunker.end():
        packed_bytes += await _store(cut, blobs, pack, folder, raw)
        chunks.append(raw.named)
    base = Base(cut.position, tuple(chunks))
    await cut.publish(base, windows, packed_bytes=packed_bytes)
    return base


async def _store(cut: Cut, blobs: Blobs, pack: Pack, folder: str, raw: RawChunk) -> int:
    """Pack and put what is not there. Answers the bytes that were put."""
    if await cut.has_chunk(raw.sha256):
        return 0
    keys = {encoding: blob_key(folder, raw.sha256, encoding) for encoding in ENCODINGS}
    missing = [encoding for encoding, key in keys.items() if not await blobs.has(key)]
    put = 0
    if missing:
        bodies = {"identity": raw.body, **await pack(raw.body)}
        for encoding in missing:
            await blobs.put(keys[encoding], bodies[encoding])
            put += len(bodies[encoding])
    await cut.add_chunk(raw.named)
    return put


# --- where it pays ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """What is known of one set and its base, if it has one."""

    rows: int
    bytes: int
    holders: int  # who may hold it; as many as there are people when it is everyone's
    base_rows: int | None = None
    tail_rows: int = 0  # what moved since
    age_s: int = 0
    is_lost: bool = False  # A file of the base was not to be had.

    @property
    def is_due(self) -> bool:
        """Whether it is to be cut now. In doubt no: the log brings everything."""
        if self.bytes < BYTES_MIN or self.holders < HOLDERS_MIN:
            return False
        if self.base_rows is None or self.is_lost:
            return True
        if self.age_s < REST_S:
            return False
        return self.tail_rows * 100 > self.rows * TAIL_PERCENT_MAX or self.age_s > RENEWED_DAYS * 86_400
