"""Holding ops: the rows of `sync.ops` for what waits or was refused, and the receipts that say so."""

from collections.abc import Sequence

from sync.collection import derived_id
from sync.effects import Waiting
from sync.errors import Refusal
from sync.meeting import Writer
from sync.receipts import HeldOp, Receipt, held_id
from sync.refusals import BlobRefused, Changed, GroupRefused
from sync.settling import Dependent
from sync.wishes import Wish

WAIT_MAX_MS = 30 * 86_400_000


def hold(wish: Wish, cause: Refusal | Waiting, *, writer: Writer, group_key: str | None, now_ms: int) -> HeldOp:
    """The row of `sync.ops` for an op that waits or is parked."""
    identity = wish.identity or derived_id("sync.op", writer.device_id, wish.sent.n, wish.sent.hash)
    held = HeldOp(
        id=held_id(writer.user_id, identity),
        user_id=writer.user_id,
        identity=identity,
        device_id=writer.device_id,
        n=wish.sent.n,
        hash=wish.sent.hash,
        raw=wish.sent.raw,
        kind=wish.kind,
        record_id=wish.creates,
        group_key=group_key,
        outcome="parked",
        code=None,
        message=None,
        fields={},
        waits_for=(),
        at=writer.at,
        received_ms=now_ms,
        wake_ms=None,
    )
    return held_because(held, cause)


def held_because(held: HeldOp, cause: Refusal | Waiting) -> HeldOp:
    """The same op, held for another reason."""
    if isinstance(cause, Waiting):
        deadline_ms = held.received_ms + WAIT_MAX_MS
        return held.moved(
            "waiting", code=_code_of(cause.keys), message=None, fields={}, waits_for=cause.keys, wake_ms=deadline_ms
        )
    keys = cause.keys if isinstance(cause, Dependent | BlobRefused) else ()
    return held.moved(
        "parked", code=cause.code, message=cause.message, fields=cause.fields, waits_for=keys, wake_ms=None
    )


def cause_for_member(cause: Refusal | Waiting, *, member: Wish, offender: Wish) -> Refusal | Waiting:
    """Why a member of a group is held when another one is the reason."""
    if member is offender or isinstance(cause, (Waiting, Dependent)):
        return cause
    return GroupRefused(f"Op {offender.sent.n} of its group was refused ({cause.code}); a group is applied as a whole.")


def receipt_of(held: HeldOp) -> Receipt:
    is_conflict = held.outcome == "parked" and held.code == Changed.code
    return Receipt(
        n=held.n,
        outcome="waiting" if held.outcome == "waiting" else "conflict" if is_conflict else "parked",
        copy=held.id if is_conflict else None,
        code=held.code,
        message=held.message,
        fields=held.fields,
        for_=list(held.waits_for),
    )


def _code_of(keys: Sequence[str]) -> str:
    """`waiting.blob`, `waiting.op` or `waiting.record`."""
    return f"waiting.{keys[0].partition(':')[0]}" if keys else "waiting"
