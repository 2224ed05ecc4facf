"""Base files: the rows of a shared set as files that a class downloads from one address, and any cache may keep.

    rows by (collection, id) ──Chunker──► chunks of about 96 KiB ──► list of (sha256, bytes, rows), at a position B
    capability: which bucket, which day, a seal; the same for all who hold the bucket

Pure. What cuts a base is in `cutting.py`; what offers it to a phone, in `filling.py`.
"""

import base64
import binascii
import hashlib
import hmac
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, NamedTuple

import msgspec

from sync.protocol import LINE_BYTES_MAX, line

CHUNK_BYTES = 98_304  # about; most lie between half and twice of it
CHUNK_BYTES_MAX = 262_144  # but for a row that is longer: it travels alone
WINDOW_BYTES = CHUNK_BYTES // 2
WINDOW_ROWS_MAX = 2_048

DAY_MS = 86_400_000
CAPABILITY_DAYS = 2  # It is good on its day and two days more.
FOLDER_BYTES = 16
DAY_BYTES = 3
SEAL_BYTES = 16

BASE_DAYS_MAX = 30
CHUNK_KEPT_DAYS = 3  # after the last base that named it: longer than any path to it is good

ENCODINGS = ("identity", "br", "zstd")
_SUFFIX = {"identity": "", "br": ".br", "zstd": ".zst"}

_encode = msgspec.json.Encoder().encode


class FileWish(NamedTuple):
    """An entry of `want.files`: send this set's list (again).

    A phone that has the list of `base` up to `first` says so, and gets the rest (or all of a newer one).
    """

    bucket: Annotated[str, msgspec.Meta(max_length=100)]
    tier: Annotated[int, msgspec.Meta(ge=0, le=3)]
    base: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = 0
    first: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = 0


@dataclass(frozen=True)
class Chunk:
    """One entry of a list."""

    sha256: str  # of the raw bytes, 64 hexadecimal digits
    bytes: int
    rows: int


@dataclass(frozen=True)
class Base:
    """The rows of one set that stood in the log at `position` and had not moved when they were read."""

    position: int
    chunks: tuple[Chunk, ...]

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)


@dataclass(frozen=True)
class Offer:
    """A list to be sent, from its chunk `first` on."""

    base: Base
    first: int = 0


# --- chunks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RawChunk:
    body: bytes
    rows: int

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def named(self) -> Chunk:
        return Chunk(self.sha256, len(self.body), self.rows)


def window_rows(count: int, size: int, *, before: int | None = None) -> int:
    """How many rows each way a boundary must outdo, for rows of this collection: a power of two.

    `before`, the one of the last base, stays while it still fits: a growing set is not cut anew all at once.
    """
    average = max(1, size // max(1, count))
    if before is not None and WINDOW_BYTES // 2 <= before * average <= WINDOW_BYTES * 2:
        return before
    window = 1
    while window * 3 * average < WINDOW_BYTES * 2 and window < WINDOW_ROWS_MAX:  # the nearest power of two
        window *= 2
    return window


class Chunker:
    """Cuts rows, given by (collection, id), where the id of a row outdoes those of its neighbours.

    A row begins a chunk when the hash of its id is the greatest among the `window` rows before and after it. So a
    boundary hangs on the ids around it and on nothing else: an edited row changes the chunk that it lies in, an
    inserted one that chunk or its neighbours. (Counting bytes from the last boundary, as is usual, an edit may move
    all boundaries behind it.) Holds one chunk and one window at a time.
    """

    def __init__(self, windows: Mapping[str, int]) -> None:
        self._windows = windows
        self._collection = ""
        self._window = 1
        self._seen = 0  # rows of this collection
        self._undecided: deque[bytes] = deque()  # the last `window` rows: what follows them is not known yet
        self._greatest: deque[tuple[int, bytes]] = deque()  # (row, hash), falling, of the last 2 × window + 1 rows
        self._chunk = _Open()

    def feed(self, collection: str, id_: bytes, line_: bytes) -> Iterator[RawChunk]:
        """One row: `line_` without its line end. Gives the chunks that are complete with it."""
        if collection != self._collection:
            yield from self._decide_all()
            self._collection, self._window, self._seen = collection, self._windows[collection], 0
            self._greatest.clear()
        self._note(id_)
        self._undecided.append(line_)
        if len(self._undecided) > self._window:
            yield from self._decide(is_boundary=self._outdoes(self._seen - 1 - self._window))

    def end(self) -> Iterator[RawChunk]:
        yield from self._decide_all()
        yield from self._chunk.close()

    def _note(self, id_: bytes) -> None:
        place = self._seen
        self._seen += 1
        hash_ = hashlib.md5(id_, usedforsecurity=False).digest()
        while self._greatest and self._greatest[-1][1] < hash_:
            self._greatest.pop()
        self._greatest.append((place, hash_))
        while self._greatest[0][0] < place - 2 * self._window:
            self._greatest.popleft()

    def _outdoes(self, place: int) -> bool:
        """Whether the row has a whole window before it, and none in reach is greater."""
        return place >= self._window and self._greatest[0][0] == place

    def _decide(self, *, is_boundary: bool) -> Iterator[RawChunk]:
        line_ = self._undecided.popleft()
        if is_boundary or not self._chunk.has_room(line_):
            yield from self._chunk.close()
        self._chunk.add(self._collection, line_)

    def _decide_all(self) -> Iterator[RawChunk]:
        while self._undecided:
            yield from self._decide(is_boundary=False)


@dataclass
class _Open:
    """The chunk under way."""

    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    rows: int = 0
    collection: str = ""

    def has_room(self, line_: bytes) -> bool:
        return self.rows == 0 or self.size + len(line_) < CHUNK_BYTES_MAX - 256  # room for a heading

    def add(self, collection: str, line_: bytes) -> None:
        if collection != self.collection:
            self._put(b'{"collection":"' + collection.encode() + b'"}')
            self.collection = collection
        self._put(line_)
        self.rows += 1

    def close(self) -> Iterator[RawChunk]:
        if self.rows:
            yield RawChunk(b"\n".join([*self.pieces, b""]), self.rows)
        self.pieces, self.size, self.rows, self.collection = [], 0, 0, ""

    def _put(self, line_: bytes) -> None:
        self.pieces.append(line_)
        self.size += len(line_) + 1


# --- where they lie, and who may read them ----------------------------------------------------------------------


def folder_of(bucket: str) -> str:
    """Where the files of a bucket lie: by its name, for its number may mean another after a restore."""
    return hashlib.sha256(b"bucket:" + bucket.encode()).digest()[:FOLDER_BYTES].hex()


def blob_key(folder: str, sha256: str, encoding: str) -> str:
    return f"bases/{folder}/{sha256[:2]}/{sha256}{_SUFFIX[encoding]}"


def day_of(now_ms: int) -> int:
    return now_ms // DAY_MS


def make_capability(key: bytes, bucket: str, *, day: int) -> str:
    """For the path of a bucket's files: the same for everybody on that day, and none can be made without the key."""
    raw = bytes.fromhex(folder_of(bucket)) + day.to_bytes(DAY_BYTES, "big")
    return base64.urlsafe_b64encode(raw + _seal(key, raw)).rstrip(b"=").decode()


def read_capability(key: bytes, text: str, *, day: int) -> str | None:
    """The folder that it opens; None for one that is not ours, or is past its days."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != FOLDER_BYTES + DAY_BYTES + SEAL_BYTES:
        return None
    claim, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(key, claim)):
        return None
    made = int.from_bytes(claim[FOLDER_BYTES:], "big")
    is_good = made - 1 <= day <= made + CAPABILITY_DAYS  # A day ahead: another process's clock.
    return claim[:FOLDER_BYTES].hex() if is_good else None


def _seal(key: bytes, claim: bytes) -> bytes:
    return hmac.new(key, claim, hashlib.sha256).digest()[:SEAL_BYTES]


# --- the list on the wire ---------------------------------------------------------------------------------------


def list_lines(bucket: str, tier: int, base: Base, path: str, *, first: int = 0) -> list[bytes]:
    """`{"files":[…]}` as often as needed, each within LINE_BYTES_MAX, from the chunk `first` on; one line at least."""
    lines: list[bytes] = []
    part: list[tuple[str, int, int]] = []
    room = LINE_BYTES_MAX - 160 - len(bucket) - len(path)
    size = 0
    for place, chunk in enumerate(base.chunks[first:], start=first):
        entry = (chunk.sha256, chunk.bytes, chunk.rows)
        size += len(_encode(entry)) + 1
        if part and size > room:
            lines.append(_list_line(bucket, tier, base, path, first, part))
            first, part, size = place, [], len(_encode(entry)) + 1
        part.append(entry)
    return [*lines, _list_line(bucket, tier, base, path, first, part)]


def _list_line(
    bucket: str, tier: int, base: Base, path: str, first: int, chunks: Sequence[tuple[str, int, int]]
) -> bytes:
    entry = {"bucket": bucket, "tier": tier, "base": base.position, "path": path, "count": len(base.chunks)}
    return line({"files": [entry | {"first": first, "chunks": chunks}]})
