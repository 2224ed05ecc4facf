"""One exchange: ops up first, in their own transaction; then a page of what is new, from one snapshot.

body ─► split ─► push (its own commit) ─► publish ─► pull ─► lines ─► packed, flushed at each mark
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import structlog

from server.exchange.budget import BYTES_UP, EXCHANGES, Budget
from server.exchange.live import Hub
from server.exchange.packing import packed, packer
from sync import protocol
from sync.asking import read_envelope
from sync.errors import Outage
from sync.ops import Envelope, split_request
from sync.page import Pace, write_page
from sync.ports import PushStore
from sync.postgres.pull_store import PostgresPullStore
from sync.pull import Again, Look, Page, Silent, pull
from sync.push import push
from sync.receipts import PushAnswer
from sync.reconcile import compare, read_compare, write_compared
from sync.registry import Registry

log = structlog.get_logger()


@dataclass(frozen=True)
class Reply:
    """`blocks` of None: 204. The packing says how the blocks are encoded."""

    blocks: Iterator[bytes] | None
    packing: str = "identity"


class Exchanges:
    """Answers exchanges. One in a process, shared by all requests."""

    def __init__(self, registry: Registry, pulls: PostgresPullStore, pushes: PushStore) -> None:
        self._registry = registry
        self._pulls = pulls
        self._pushes = pushes
        self._collections: dict[int, str] = {}
        self._exchanges = Budget(EXCHANGES, code="sync.too_often")
        self._bytes_up = Budget(BYTES_UP, code="sync.too_much")
        self.hub = Hub(pulls)

    async def answer(self, body: bytes, *, user_id: UUID, now_ms: int, packing: str) -> Reply:
        """Raises ExchangeError (409, 413, 422, 429) and Outage."""
        envelope, raw_ops = split_request(body)
        asked = read_envelope(envelope, user_id=user_id, has_ops=bool(raw_ops))
        self._bytes_up.take(envelope.device, len(body))
        if not raw_ops and (asked.cursor is None or asked.cursor.is_final):
            self._exchanges.take(envelope.device)

        pushed: PushAnswer | None = None
        if raw_ops:
            pushed = await self._push(envelope, raw_ops, user_id=user_id, now_ms=now_ms)
        if raw_ops or asked.cursor is None:  # Who signs up and asks at once finds himself.
            await self._publish()
        page = await pull(self._pulls, asked)
        if pushed is None and not _knows_device(page.look, envelope, user_id):
            pushed = await self._push(envelope, raw_ops, user_id=user_id, now_ms=now_ms)
            if isinstance(page, Silent):  # 204 only if the phone's idea of its own ops is ours.
                page = await pull(self._pulls, read_envelope(envelope, user_id=user_id, has_ops=True))
        if isinstance(page, Silent):
            return Reply(None)
        if asked.cursor is not None and asked.cursor.is_final and not raw_ops:
            self._exchanges.give_back(envelope.device)  # Its cursor moves on.
        return Reply(await self._write(page, envelope, pushed, packing), packing)

    async def compare(self, body: bytes, *, user_id: UUID, packing: str) -> Reply:
        """Where one set of a phone differs from the log. Raises ExchangeError (404, 409, 413, 422, 429) and Outage."""
        request = read_compare(body)
        self._bytes_up.take(request.device, len(body))
        self._exchanges.take(request.device)
        compared = await compare(self._pulls, request, user_id=user_id)
        rows = [row for below in compared.rows.values() for row in below]
        names = await self._collection_names({row.collection for row in rows})
        blocks = write_compared(compared, names, schema=self._registry.schema)
        return Reply(packed(blocks, packer(packing, raw_bytes=sum(len(row.line) for row in rows)), Pace()), packing)

    async def _push(self, envelope: Envelope, raw_ops: list[bytes], *, user_id: UUID, now_ms: int) -> PushAnswer:
        return await push(
            self._pushes,
            self._registry,
            user_id=user_id,
            device_id=envelope.device,
            raw_ops=raw_ops,
            confirmed=envelope.confirmed,
            now_ms=now_ms,
        )

    async def _publish(self) -> None:
        try:
            await self._pulls.publish()
        except Outage as error:
            log.info("exchange.unpublished", error=repr(error))  # The loop does it; the ops are committed.

    async def _write(
        self, page: Page | Again, envelope: Envelope, pushed: PushAnswer | None, packing: str
    ) -> Iterator[bytes]:
        pace = Pace()
        raw_bytes = sum(len(row.line) for row in (*page.increments, *page.fills)) if isinstance(page, Page) else 0
        return packed(await self._blocks(page, envelope, pushed, pace), packer(packing, raw_bytes=raw_bytes), pace)

    async def _blocks(
        self, page: Page | Again, envelope: Envelope, pushed: PushAnswer | None, pace: Pace
    ) -> Iterator[bytes]:
        look = page.look
        must_upgrade = 0 < envelope.schema < protocol.SCHEMA_FLOOR
        more: dict[str, object] = {"upgrade": "required"} if must_upgrade else {}
        if isinstance(page, Again):
            more["again"] = ["want.buckets"]
        first = protocol.first_line(
            pushed, schema=self._registry.schema, now_ms=look.now_ms, watermark=_watermark(look, pushed), **more
        )
        opening = [first, *(protocol.receipt_lines(pushed.receipts) if pushed else [])]
        if isinstance(page, Again) or must_upgrade:
            return iter([b"".join(opening)])
        numbers = {row.collection for row in (*page.increments, *page.fills)}
        return write_page(page, opening, await self._collection_names(numbers), pace)

    async def _collection_names(self, numbers: set[int]) -> dict[int, str]:
        """Read again when a number is new: another release may have declared a collection meanwhile."""
        if not numbers <= self._collections.keys():
            self._collections = await self._pulls.collections()
        return self._collections


def retry_after_s() -> float:
    """So that those who were turned away do not come back together."""
    return random.uniform(1, 5)  # noqa: S311 - spreads callers, keeps no secret


def _knows_device(look: Look, envelope: Envelope, user_id: UUID) -> bool:
    """Whether push would have nothing to do or to say about this device."""
    device = look.device
    if device is None or device.user_id != user_id or not device.is_live:
        return False
    if envelope.confirmed is None:
        return True
    n, hash_ = envelope.confirmed
    return n == device.confirmed and (
        n < device.watermark or (n == device.watermark and hash_ == device.watermark_hash)
    )


def _watermark(look: Look, pushed: PushAnswer | None) -> tuple[int, str]:
    if pushed is not None:
        return pushed.watermark
    return (look.device.watermark, look.device.watermark_hash) if look.device else (0, "")
