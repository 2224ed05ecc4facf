"""Push: the ops of one exchange, each exactly once. SPEC.md U and D.

    read ──► what was answered before (receipts by number and hash) ──► what is new, in order, without a gap
                                                                            │
    one transaction: together; when one breaks it, the ones before it together and that one in a savepoint of its own
                                                                            │
    receipts, identities, held ops, watermark: written with the effects ◄───┘

A refusal uses its number and is kept. An outage uses nothing. A bug is counted, and after the fifth time parked.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from sync import devices
from sync.errors import Outage
from sync.ops import Sent, read_op
from sync.ports import Device, PushStore, PushUnit
from sync.receipts import Notice, PushAnswer, Receipt, StoredReceipt
from sync.registry import Registry
from sync.round import Bug, Round
from sync.waking import wake_due
from sync.wishes import read_wish

BUGS_MAX = 5
BUG_PATIENCE_MS = 120_000
WAKE_LIMIT = 20

_log = logging.getLogger(__name__)


async def push(
    store: PushStore,
    registry: Registry,
    *,
    user_id: UUID,
    device_id: UUID,
    raw_ops: Sequence[bytes],
    confirmed: tuple[int, str] | None,
    now_ms: int,
) -> PushAnswer:
    """Take the ops of one exchange. Also registers the device, so an exchange without ops may call it, too.

    Raises ExchangeError (401 `device.revoked`, 409 `device.not_yours`, 422 for an op without a number) and Outage:
    nothing was used then.
    """
    sent = [read_op(raw, op_index=index) for index, raw in enumerate(raw_ops)]
    exchange = _Exchange(store, registry, user_id, device_id, sent, confirmed, now_ms)
    doomed: dict[int, str] = {}
    while True:
        answer, bug, woken = await exchange.take(doomed)
        if woken:
            await _wake_some(store, registry, now_ms=now_ms)
        if bug is None:
            return answer
        trace_id = uuid4().hex
        _log.error("op %d of device %s met a bug, trace %s", bug.sent.n, device_id, trace_id, exc_info=bug.error)
        bugs = await store.count_bug(f"{device_id}:{bug.sent.n}:{bug.sent.hash}", now_ms=now_ms)
        if bugs.count < BUGS_MAX or now_ms - bugs.first_ms < BUG_PATIENCE_MS:
            notice = Notice(
                code="op.failed",
                message="The server failed over this op; send it again.",
                n=bug.sent.n,
                trace_id=trace_id,
            )
            return replace(answer, notices=[notice])
        doomed[bug.sent.n] = trace_id


async def _wake_some(store: PushStore, registry: Registry, *, now_ms: int) -> None:
    """What waited for these ops is tried at once; if the store fails now, the next round of waking does it."""
    try:
        await wake_due(store, registry, now_ms=now_ms, limit=WAKE_LIMIT)
    except Outage as outage:
        _log.warning("held ops are woken later: %s", outage)


@dataclass(frozen=True)
class _Sorted:
    """What of a request was answered before, what is new, and why the rest is not looked at."""

    answered: list[Receipt]
    fresh: list[Sent]
    expected: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class _Exchange:
    store: PushStore
    registry: Registry
    user_id: UUID
    device_id: UUID
    sent: list[Sent]
    confirmed: tuple[int, str] | None
    now_ms: int

    async def take(self, doomed: dict[int, str]) -> tuple[PushAnswer, Bug | None, bool]:
        """One transaction over all ops; ops in `doomed` (number → trace id) are parked as bugs."""
        async with self.store.unit(self.user_id, now_ms=self.now_ms) as unit:
            stored, device = await devices.open_device(unit, self.device_id)
            if not await devices.agrees(unit, device, self.confirmed):
                return PushAnswer(_watermark(device), error="device_forked"), None, False
            device = devices.confirm(device, self.confirmed)
            found = await self._sort(unit, device)
            round_ = Round(unit, device, stored=stored, doomed=doomed)
            wishes = [read_wish(sent, self.registry, device_id=device.id) for sent in found.fresh]
            bug = await round_.settle(wishes)
            device, receipts, woken = await round_.finish()
            answer = PushAnswer(_watermark(device), found.answered + receipts, found.expected, found.error)
            return answer, bug, woken

    async def _sort(self, unit: PushUnit, device: Device) -> _Sorted:
        old = [sent.n for sent in self.sent if sent.n <= device.watermark]
        stored = await unit.receipts(device.id, old) if old else {}
        answered: list[Receipt] = []
        fresh: list[Sent] = []
        for sent in self.sent:
            following = device.watermark + len(fresh) + 1
            if sent.n <= device.watermark:
                receipt = _receipt_again(stored.get(sent.n), sent)
                if receipt is None:
                    return _Sorted(answered, fresh, error="device_forked")
                answered.append(receipt)
            elif sent.n == following:
                fresh.append(sent)
            elif sent.n > following:
                return _Sorted(answered, fresh, expected=following)
            elif fresh[sent.n - device.watermark - 1].hash != sent.hash:
                return _Sorted(answered, fresh, error="device_forked")
        return _Sorted(answered, fresh)


def _receipt_again(stored: StoredReceipt | None, sent: Sent) -> Receipt | None:
    """The receipt of an op that comes again; None where another op, or none any more, is known by its number."""
    return None if stored is None or stored.hash != sent.hash else stored.receipt


def _watermark(device: Device) -> tuple[int, str]:
    return device.watermark, device.watermark_hash
