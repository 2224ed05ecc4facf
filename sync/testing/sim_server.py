"""The server of a simulated world: the real push, pull, compare and waking over a store that can be brought back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

from sync import protocol
from sync.asking import knows_device, read_envelope
from sync.errors import ExchangeError, Outage
from sync.memory import MemoryStore, Tables
from sync.memory_log import MemoryLog
from sync.ops import Envelope, split_request
from sync.page import Pace, write_page
from sync.pull import Again, Page, Silent, pull
from sync.push import push
from sync.receipts import PushAnswer
from sync.reconcile import compare, read_compare, write_compared
from sync.registry import Registry
from sync.testing.sim_entry import Request
from sync.testing.sim_files import BaseFiles
from sync.testing.sim_school import world_registry
from sync.waking import wake_due

MARK_BYTES = 512


@dataclass(frozen=True)
class Reply:
    """`status` 204 and 200 as in HTTP; else the code of the error stands in `error`."""

    status: int
    body: bytes = b""
    error: str = ""


def _nobody() -> None:
    """Nobody looks."""


@dataclass
class SimServer:
    """One store, one log. `strike` is asked around each commit and may raise Outage.

    `publishes_at_once`: whether the loop gets to a push's changes before its answer is made. `published` is called
    after each batch, while what it published is still all there is.
    """

    strike: Callable[[str], None]
    publishes_at_once: Callable[[], bool]
    published: Callable[[], None] = _nobody
    registry: Registry = field(default_factory=world_registry)

    def __post_init__(self) -> None:
        self.store = MemoryStore(Tables(self.registry), fault=self.strike)
        self.log = MemoryLog(self.store, self.registry)
        self.files = BaseFiles()  # No restore brings them back: what a list names may be gone.

    async def serve(self, request: Request, *, user_id: UUID, now_ms: int) -> Reply:
        if request.fetches is not None:
            return self.fetch(request.body.decode())
        if request.compares is not None:
            return await self.compare(request.body, user_id=user_id)
        return await self.exchange(request.body, user_id=user_id, now_ms=now_ms)

    def fetch(self, path: str) -> Reply:
        """A file by its bucket and hash."""
        body = self.files.chunks.get(path)
        return Reply(404, error="file.unknown") if body is None else Reply(200, body)

    async def exchange(self, body: bytes, *, user_id: UUID, now_ms: int) -> Reply:
        try:
            return await self._answer(body, user_id=user_id, now_ms=now_ms)
        except Outage:
            return Reply(503, error="service.unavailable")
        except ExchangeError as error:
            return Reply(error.status, error=error.code)

    async def compare(self, body: bytes, *, user_id: UUID) -> Reply:
        try:
            compared = await compare(self.log, read_compare(body), user_id=user_id)
        except ExchangeError as error:
            return Reply(error.status, error=error.code)
        blocks = write_compared(compared, await self.log.collections(), schema=self.registry.schema)
        return Reply(200, b"".join(blocks))

    async def _answer(self, body: bytes, *, user_id: UUID, now_ms: int) -> Reply:
        """As `server/exchange` does it: what brings no op and is known writes nothing."""
        envelope, raw_ops = split_request(body)
        asked = read_envelope(envelope, user_id=user_id, has_ops=bool(raw_ops))
        pushed: PushAnswer | None = None
        if raw_ops:
            pushed = await self._push(envelope, raw_ops, user_id=user_id, now_ms=now_ms)
        if (raw_ops or asked.cursor is None) and self.publishes_at_once():
            self.publish(now_ms=now_ms)
        page = await pull(self.log, asked)
        if pushed is None and not knows_device(page.look, envelope, user_id=user_id):
            pushed = await self._push(envelope, raw_ops, user_id=user_id, now_ms=now_ms)
            if isinstance(page, Silent):
                page = await pull(self.log, replace(asked, must_answer=True))
        if isinstance(page, Silent):
            return Reply(204)
        return Reply(200, b"".join(await self._blocks(page, pushed, now_ms=now_ms)))

    async def _push(self, envelope: Envelope, raw_ops: list[bytes], *, user_id: UUID, now_ms: int) -> PushAnswer:
        return await push(
            self.store,
            self.registry,
            user_id=user_id,
            device_id=envelope.device,
            raw_ops=raw_ops,
            confirmed=envelope.confirmed,
            now_ms=now_ms,
        )

    async def _blocks(self, page: Page | Again, pushed: PushAnswer | None, *, now_ms: int) -> list[bytes]:
        device = page.look.device
        watermark = (device.watermark, device.watermark_hash) if device else (0, "")
        watermark = watermark if pushed is None else pushed.watermark
        more = {"again": ["want.buckets"]} if isinstance(page, Again) else {}
        first = protocol.first_line(pushed, schema=self.registry.schema, now_ms=now_ms, watermark=watermark, **more)
        opening = [first, *(protocol.receipt_lines(pushed.receipts) if pushed else ())]
        if isinstance(page, Again):
            return opening
        return list(write_page(page, opening, await self.log.collections(), Pace(MARK_BYTES)))

    def publish(self, *, now_ms: int) -> None:
        """One round of the loop; a leader that is struck before its commit leaves nothing, one after it a batch."""
        try:
            self.strike("before a batch")
            self.log.publish(now_ms=now_ms)
            self.published()
            self.strike("after a batch")
        except Outage:
            return  # The next round does it.

    async def wake(self, *, now_ms: int) -> None:
        try:
            await wake_due(self.store, self.registry, now_ms=now_ms, limit=50)
        except Outage:
            return  # The next round does it.

    def copied(self) -> tuple[MemoryStore, MemoryLog]:
        """A backup: committed state only."""
        return _copy(self.store, self.log)

    def forked(self) -> "SimServer":
        """The same server once more, from here on its own."""
        other = SimServer(self.strike, self.publishes_at_once, self.published, self.registry)
        other.store, other.log = self.copied()
        return other

    def bring_back(self, backup: tuple[MemoryStore, MemoryLog], *, now_ms: int) -> None:
        """Restore: another epoch, a floor; what the copy had not logged yet is sequenced before anybody is answered."""
        epoch = self.log.epoch + 1
        self.store, self.log = _copy(*backup)
        self.log.epoch = epoch
        self.store.tables.raise_floor(now_ms=now_ms)
        self.store.restored_at_ms = now_ms
        self.log.publish(now_ms=now_ms)
        self.published()


def _copy(store: MemoryStore, log: MemoryLog) -> tuple[MemoryStore, MemoryLog]:
    copied = store.copied()
    return copied, log.copied(copied)
