"""Base files in a simulated world: the server cuts and loses them, a phone fetches them chunk by chunk.

The sets of a world are small, so they are cut into chunks of a few rows; rules and lists are those of the engine.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import msgspec

from sync.cursor import Pair as NumberedPair
from sync.files import Base, Chunker, RawChunk
from sync.memory_log import MemoryLog

Pair = tuple[str, int]
Key = tuple[str, int, str, str]  # bucket, tier, collection, id

WINDOW = 1  # Row: a chunk has about three.

_decode = msgspec.json.decode


class BaseFiles:
    """The object store of a world: chunks by path, which is bucket and hash. A restore changes nothing in it."""

    def __init__(self) -> None:
        self.chunks: dict[str, bytes] = {}

    def cut(self, log: MemoryLog, random: Random) -> int:
        """Cut a base of most sets of courses, as the log stands; how many."""
        pairs = sorted({(key[2], item.tier) for key, item in log.items.items() if not item.is_gone})
        names = {number: name for name, number in log.buckets.items()}
        courses = [pair for pair in pairs if names[pair[0]].startswith("course:") and random.random() < 0.8]
        head = log.batches[-1]
        for pair in courses:
            chunks = list(_chunks(log, pair))
            self.chunks |= {f"{names[pair[0]]} {chunk.sha256}": chunk.body for chunk in chunks}
            log.files[pair] = (head.tag, Base(head.position, tuple(chunk.named for chunk in chunks)))
        return len(courses)

    def lose(self, log: MemoryLog, random: Random) -> None:
        """One or some; the server may notice, and withdraws the lists that name them."""
        for path in random.sample(sorted(self.chunks), k=min(len(self.chunks), random.choice((1, 1, 8)))):
            del self.chunks[path]
        if random.random() < 0.5:
            self._withdraw_lost(log)

    def _withdraw_lost(self, log: MemoryLog) -> None:
        names = {number: name for name, number in log.buckets.items()}
        for pair, (_, base) in list(log.files.items()):
            if any(f"{names[pair[0]]} {chunk.sha256}" not in self.chunks for chunk in base.chunks):
                del log.files[pair]


def _chunks(log: MemoryLog, pair: NumberedPair) -> Iterator[RawChunk]:
    names = dict(enumerate(log.registry.collections, start=1))
    rows = sorted(
        (names[key[0]], key[1].bytes, item.line)
        for key, item in log.items.items()
        if (key[2], item.tier) == pair and not item.is_gone
    )
    chunker = Chunker(dict.fromkeys(log.registry.collections, WINDOW))
    for row in rows:
        yield from chunker.feed(*row)
    yield from chunker.end()


# --- the phone's half -------------------------------------------------------------------------------------------


@dataclass
class Download:
    """What a set consists of, as far as its list came, and which chunks are in. Durable."""

    base: int
    count: int
    named: dict[int, str] = field(default_factory=dict)  # place → hash
    used: frozenset[str] = frozenset()
    misses: int = 0  # How often a file of it was not to be had.
    is_due: bool = False  # Its list is to be asked for (again).

    @property
    def wanted(self) -> list[str]:
        return [self.named[place] for place in sorted(self.named) if self.named[place] not in self.used]

    @property
    def is_whole(self) -> bool:
        return len(self.named) == self.count and not self.wanted

    @property
    def wish(self) -> tuple[int, int]:
        """What is known of the list: its base, and how many chunks from the first. All anew after a miss."""
        return (0, 0) if self.misses else (self.base, len(self.named))

    def copied(self) -> "Download":
        return replace(self, named=dict(self.named))


@dataclass
class Downloads:
    """Sets that come as files. Each is hidden until its last chunk is in; then its digest must agree."""

    open: dict[Pair, Download] = field(default_factory=dict)
    removed: set[Key] = field(default_factory=set)  # Gone lines of hidden sets: a file brings none of these back.

    def copied(self) -> "Downloads":
        return Downloads({pair: found.copied() for pair, found in self.open.items()}, set(self.removed))

    def list(self, entry: dict[str, Any]) -> None:
        """A line of a list. One of another base takes the place of what was known; nothing that came is lost by it."""
        pair = entry["bucket"], entry["tier"]
        found = self.open.get(pair)
        if found is None or found.base != entry["base"]:
            found = self.open[pair] = Download(entry["base"], entry["count"])
        found.named |= {place: chunk[0] for place, chunk in enumerate(entry["chunks"], start=entry["first"])}
        found.is_due = len(found.named) < found.count

    def use(self, pair: Pair, sha256: str, body: bytes, held: dict[Key, bytes]) -> None:
        """A line of a file counts only where nothing is held, removals included."""
        collection = ""
        for raw in body.splitlines():
            match _decode(raw):
                case {"collection": collection}:
                    pass
                case [_, row]:
                    key = (*pair, collection, row["id"])
                    if key not in self.removed:
                        held.setdefault(key, raw)
        self.open[pair].used |= {sha256}

    def drop(self, pairs: set[Pair]) -> None:
        if pairs & self.open.keys():
            self.open = {pair: found for pair, found in self.open.items() if pair not in pairs}
            self.removed = {key for key in self.removed if key[:2] not in pairs}


def is_its(sha256: str, body: bytes) -> bool:
    """Whether these are the bytes that the name says."""
    return hashlib.sha256(body).hexdigest() == sha256
