"""The server of a simulated world: the real push, pull and waking over a memory store that can be brought back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from sync import protocol
from sync.asking import read_envelope
from sync.errors import ExchangeError, Outage
from sync.memory import MemoryStore, Tables
from sync.memory_log import MemoryLog
from sync.ops import split_request
from sync.page import Pace, write_page
from sync.pull import Again, Silent, pull
from sync.push import push
from sync.registry import Registry
from sync.testing.sample import sample_registry
from sync.waking import wake_due


@dataclass(frozen=True)
class Reply:
    """`status` 204 and 200 as in HTTP; else the code of the error stands in `error`."""

    status: int
    body: bytes = b""
    error: str = ""


@dataclass
class SimServer:
    """One store, one log. `strike` is asked around each commit and may raise Outage."""

    strike: Callable[[str], None]
    publishes_at_once: Callable[[], bool]
    registry: Registry = field(default_factory=sample_registry)

    def __post_init__(self) -> None:
        self.store = MemoryStore(Tables(self.registry), fault=self.strike)
        self.log = MemoryLog(self.store, self.registry)

    async def exchange(self, body: bytes, *, user_id: UUID, now_ms: int) -> Reply:
        try:
            return await self._answer(body, user_id=user_id, now_ms=now_ms)
        except Outage:
            return Reply(503, error="service.unavailable")
        except ExchangeError as error:
            return Reply(error.status, error=error.code)

    async def _answer(self, body: bytes, *, user_id: UUID, now_ms: int) -> Reply:
        envelope, raw_ops = split_request(body)
        pushed = await push(
            self.store,
            self.registry,
            user_id=user_id,
            device_id=envelope.device,
            raw_ops=raw_ops,
            confirmed=envelope.confirmed,
            now_ms=now_ms,
        )
        if self.publishes_at_once():
            self.log.publish(now_ms=now_ms)
        page = await pull(self.log, read_envelope(envelope, user_id=user_id, has_ops=bool(raw_ops)))
        if isinstance(page, Silent):
            return Reply(204)
        more = {"again": ["want.buckets"]} if isinstance(page, Again) else {}
        first = protocol.first_line(
            pushed, schema=self.registry.schema, now_ms=now_ms, watermark=pushed.watermark, **more
        )
        opening = [first, *protocol.receipt_lines(pushed.receipts)]
        if isinstance(page, Again):
            return Reply(200, b"".join(opening))
        return Reply(200, b"".join(write_page(page, opening, await self.log.collections(), Pace(raw_bytes=512))))

    async def wake(self, *, now_ms: int) -> None:
        try:
            await wake_due(self.store, self.registry, now_ms=now_ms, limit=50)
        except Outage:
            return  # The next round does it.

    def copied(self) -> tuple[MemoryStore, MemoryLog]:
        """A backup: committed state only."""
        return _copy(self.store, self.log)

    def bring_back(self, backup: tuple[MemoryStore, MemoryLog], *, now_ms: int) -> None:
        """Restore: a new epoch; what the copy had committed but not logged is sequenced before anybody is answered."""
        epoch = self.log.epoch + 1
        self.store, self.log = _copy(*backup)
        self.log.epoch = epoch
        self.store.restored_at_ms = now_ms
        self.log.publish(now_ms=now_ms)


def _copy(store: MemoryStore, log: MemoryLog) -> tuple[MemoryStore, MemoryLog]:
    copied = store.copied()
    return copied, log.copied(copied)
