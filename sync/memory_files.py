"""Base files over the memory store: blobs as a dict that may be lost, and cutting from the log in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.cursor import Pair
from sync.cutting import Line, Size
from sync.errors import Outage
from sync.files import Base, Chunk
from sync.memory_log import MemoryLog

ROWS_A_TURN = 100


@dataclass
class MemoryBlobs:
    """`is_away`: the store does not answer."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    is_away: bool = False

    async def put(self, key: str, body: bytes) -> None:
        self._ask()
        self.bodies[key] = body

    async def get(self, key: str) -> bytes | None:
        self._ask()
        return self.bodies.get(key)

    async def has(self, key: str) -> bool:
        self._ask()
        return key in self.bodies

    async def remove(self, key: str) -> None:
        self._ask()
        self.bodies.pop(key, None)

    def _ask(self) -> None:
        if self.is_away:
            raise Outage("the object store is away")


class MemoryCut:
    """`cutting.Cut` of one set as the log stands now."""

    def __init__(self, log: MemoryLog, pair: Pair) -> None:
        self._log = log
        self._pair = pair
        names = dict(enumerate(log.registry.collections, start=1))
        self._lines = sorted(
            Line(names[collection], id_.bytes, item.line)
            for (collection, id_, bucket), item in log.items.items()
            if (bucket, item.tier) == pair and not item.is_gone
        )
        self.bucket = next(name for name, number in log.buckets.items() if number == pair[0])
        self.position = log.batches[-1].position
        self._tag = log.batches[-1].tag
        self.windows: Mapping[str, int] = {}
        self.sizes: Mapping[str, Size] = {
            name: Size(len(sizes), sum(sizes))
            for name in {line.collection for line in self._lines}
            if (sizes := [len(line.line) for line in self._lines if line.collection == name])
        }

    async def rows(self) -> AsyncIterator[Sequence[Line]]:
        for place in range(0, len(self._lines), ROWS_A_TURN):
            yield self._lines[place : place + ROWS_A_TURN]

    async def has_chunk(self, sha256: str) -> bool:
        del sha256
        return False  # The blobs are asked each time.

    async def add_chunk(self, chunk: Chunk) -> None:
        """Nothing is kept beside the blobs."""

    async def publish(self, base: Base, windows: Mapping[str, int], *, packed_bytes: int) -> None:
        del windows, packed_bytes
        self._log.files[self._pair] = (self._tag, base)
