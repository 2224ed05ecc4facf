"""One exchange: ops up first, in their own transaction; then a page of what is new, from one snapshot.

body ─► split ─► push (its own commit) ─► publish ─► pull ─► lines ─► packed, flushed at each mark
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

import structlog

from server.base.errors import NotFound
from server.exchange.admission import Admission, Lane, Who
from server.exchange.budget import BYTES_UP, EXCHANGES, Budget, SharedBuckets
from server.exchange.files import Files
from server.exchange.live import Hub
from server.exchange.loop import Halt
from server.exchange.packing import packed, packer
from server.exchange.reading import Reading
from sync import protocol
from sync.asking import knows_device, read_envelope
from sync.errors import Outage
from sync.ops import Envelope, split_request
from sync.page import Pace, write_page
from sync.ports import PushStore
from sync.pull import Again, Asked, Look, Page, Silent
from sync.push import push
from sync.receipts import PushAnswer
from sync.reconcile import compare, read_compare, write_compared
from sync.registry import Registry

SHARED_PAGE_BYTES = 262_144  # how long a page may be while others are here, whatever its phone would take

log = structlog.get_logger()


class Caller(Protocol):
    """Who says, by a token that is good in itself, to be signed in."""

    @property
    def user_id(self) -> UUID: ...

    @property
    def session_id(self) -> UUID: ...


class Gatekeeper(Protocol):
    """Whether they are, now. Both ways raise a refusal of status 401 or 403."""

    async def load(self, caller: Any) -> object:
        """Ask the database."""

    def admit(self, caller: Any, found: Any) -> None:
        """Judge by what the log's own statement found beside the page (`Look.gate`)."""


@dataclass(frozen=True)
class Reply:
    """`blocks` of None: 204. The packing says how the blocks are encoded."""

    blocks: Iterator[bytes] | None
    packing: str = "identity"


class Exchanges:
    """Answers exchanges. One in a process, shared by all requests."""

    def __init__(
        self,
        registry: Registry,
        reading: Reading,
        pushes: PushStore,
        gatekeeper: Gatekeeper,
        files: Files,
        shared: SharedBuckets | None = None,
    ) -> None:
        self._registry = registry
        self.reading = reading
        self._pulls = reading.primary
        self._pushes = pushes
        self._gatekeeper = gatekeeper
        self.files = files
        self._collections: dict[int, str] = {}
        self._exchanges = Budget(EXCHANGES, code="sync.too_often", shared=shared)
        self._bytes_up = Budget(BYTES_UP, code="sync.too_much", shared=shared)
        self.admission = Admission()
        self.hub = Hub(reading.primary)
        self.halt = Halt()

    async def answer(self, body: bytes, *, caller: Caller, now_ms: int, packing: str) -> Reply:
        """Raises ExchangeError (409, 413, 422, 429, 503), Outage, and what the gatekeeper raises."""
        envelope, raw_ops = split_request(body)
        asked = read_envelope(envelope, user_id=caller.user_id, has_ops=bool(raw_ops))
        if asked.files is not None and self.files.is_away:
            asked = replace(asked, files=None, must_answer=bool(raw_ops or asked.files))
        who = Who(caller.user_id, envelope.device)
        await self._bytes_up.take(who, len(body))
        if not raw_ops and (asked.cursor is None or asked.cursor.is_final):
            await self._exchanges.take(who)
        if self.admission.has_company(who):
            asked = replace(asked, bytes_wanted=min(asked.bytes_wanted, SHARED_PAGE_BYTES))
        async with self._lane(asked, raw_ops).enter(who):
            if self._is_too_old(envelope):
                await self._gatekeeper.load(caller)
                return await self._send_to_upgrade(envelope, raw_ops, user_id=caller.user_id, now_ms=now_ms)
            if raw_ops or asked.cursor is None or self.reading.standby is not None:
                await self._gatekeeper.load(caller)
            else:  # The usual one: the statement that reads the page says who asks, too.
                asked = replace(asked, gate=caller.session_id)
            return await self._answer(asked, envelope, raw_ops, caller=caller, now_ms=now_ms, packing=packing)

    def _lane(self, asked: Asked, raw_ops: list[bytes]) -> Lane:
        if raw_ops:
            return self.admission.pushes
        if not asked.is_quiet:
            return self.admission.fills
        self.admission.news.count(asked.user_id)
        return self.admission.increments

    def _is_too_old(self, envelope: Envelope) -> bool:
        return 0 < envelope.schema < self._registry.schema_floor

    async def _send_to_upgrade(self, envelope: Envelope, raw_ops: list[bytes], *, user_id: UUID, now_ms: int) -> Reply:
        """What the phone made is taken; it gets no rows that it could not read, and keeps its cursor."""
        pushed = await self._push(envelope, raw_ops, user_id=user_id, now_ms=now_ms)
        first = protocol.first_line(
            pushed, schema=self._registry.schema, now_ms=now_ms, watermark=pushed.watermark, upgrade="required"
        )
        return Reply(iter([first, *protocol.receipt_lines(pushed.receipts)]))

    async def _answer(
        self, asked: Asked, envelope: Envelope, raw_ops: list[bytes], *, caller: Caller, now_ms: int, packing: str
    ) -> Reply:
        user_id = caller.user_id
        pushed: PushAnswer | None = None
        if raw_ops:
            pushed = await self._push(envelope, raw_ops, user_id=user_id, now_ms=now_ms)
        if raw_ops or asked.cursor is None:  # Who signs up and asks at once finds himself.
            await self._publish()
        page = await self.reading.pull(asked)
        if asked.gate is not None:
            self._gatekeeper.admit(caller, page.look.gate)
        if pushed is None and not knows_device(page.look, envelope, user_id=user_id):
            pushed = await self._push(envelope, raw_ops, user_id=user_id, now_ms=now_ms)
            if isinstance(page, Silent):  # 204 only if the phone's idea of its own ops is ours.
                page = await self.reading.pull(replace(asked, must_answer=True))
        if isinstance(page, Silent):
            return Reply(None)
        if asked.cursor is not None and asked.cursor.is_final and not raw_ops:
            self._exchanges.give_back(Who(user_id, envelope.device))  # Its cursor moves on.
        return Reply(await self._write(page, pushed, packing), packing)

    async def compare(self, body: bytes, *, user_id: UUID, packing: str) -> Reply:
        """Where one set of a phone differs from the log. Raises ExchangeError (404, 409, 413, 422, 429) and Outage."""
        request = read_compare(body)
        who = Who(user_id, request.device)
        await self._bytes_up.take(who, len(body))
        await self._exchanges.take(who)
        async with self.admission.fills.enter(who):
            compared = await compare(self._pulls, request, user_id=user_id)
        rows = [row for below in compared.rows.values() for row in below]
        names = await self._collection_names({row.collection for row in rows})
        blocks = write_compared(compared, names, schema=self._registry.schema)
        return Reply(packed(blocks, packer(packing, raw_bytes=sum(len(row.line) for row in rows)), Pace()), packing)

    async def whole_op(self, op_id: UUID, *, user_id: UUID, is_staff: bool) -> bytes:
        """An op that waits or was refused, as it was sent. Raises NotFound, Outage."""
        held = await self._pushes.held_op(op_id)
        if held is None or not (held.user_id == user_id or (is_staff and held.outcome == "parked")):
            raise NotFound("There is no such op, or not for you.")
        return held.raw

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

    async def _write(self, page: Page | Again, pushed: PushAnswer | None, packing: str) -> Iterator[bytes]:
        pace = Pace()
        raw_bytes = sum(len(row.line) for row in (*page.increments, *page.fills)) if isinstance(page, Page) else 0
        return packed(await self._blocks(page, pushed, pace), packer(packing, raw_bytes=raw_bytes), pace)

    async def _blocks(self, page: Page | Again, pushed: PushAnswer | None, pace: Pace) -> Iterator[bytes]:
        look = page.look
        more = {"again": ["want.buckets"]} if isinstance(page, Again) else {}
        first = protocol.first_line(
            pushed, schema=self._registry.schema, now_ms=look.now_ms, watermark=_watermark(look, pushed), **more
        )
        opening = [first, *(protocol.receipt_lines(pushed.receipts) if pushed else [])]
        if isinstance(page, Again):
            return iter([b"".join(opening)])
        numbers = {row.collection for row in (*page.increments, *page.fills)}
        return write_page(page, opening, await self._collection_names(numbers), pace, self.files.path_of)

    async def _collection_names(self, numbers: set[int]) -> dict[int, str]:
        """Read again when a number is new: another release may have declared a collection meanwhile."""
        if not numbers <= self._collections.keys():
            self._collections = await self._pulls.collections()
        return self._collections


def retry_after_s() -> float:
    """So that those who were turned away do not come back together."""
    return random.uniform(1, 5)  # noqa: S311 - spreads callers, keeps no secret


def _watermark(look: Look, pushed: PushAnswer | None) -> tuple[int, str]:
    if pushed is not None:
        return pushed.watermark
    return (look.device.watermark, look.device.watermark_hash) if look.device else (0, "")
