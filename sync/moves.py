"""What people do with parked ops: withdraw one, or have it tried again. Commands like any other, run by the engine itself.

A third move, correcting it, is a new op with `"replaces"` (`holding.py`).
"""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from sync.mutator import Mutator
from sync.receipts import HeldOp
from sync.refusals import RecordAbsent

if TYPE_CHECKING:  # The port names collections, which the registry of these commands holds.
    from sync.ports import PushUnit


class MoveOp(msgspec.Struct, frozen=True):
    id: UUID  # Of the row of `sync.ops`


class AlreadyMoved(Exception):  # noqa: N818 - the engine answers `duplicate`
    """Somebody else moved it first, and this move has no content that could be lost."""


async def withdraw(unit: "PushUnit", args: MoveOp) -> None:
    """Give up a parked op, and with it its group. What depends on it is told."""
    group = await _parked(unit, args.id)
    await unit.put_held([replace(op, outcome="withdrawn", wake_ms=None) for op in group])
    await unit.wake([f"op:{op.identity}" for op in group], now_ms=unit.now_ms)


async def retry(unit: "PushUnit", args: MoveOp) -> None:
    """Have a parked op tried again, with its group, as its author and with the author's rights of then."""
    group = await _parked(unit, args.id)
    await unit.put_held([replace(op, outcome="waiting", code="retry", wake_ms=unit.now_ms) for op in group])


async def _parked(unit: "PushUnit", held_id: UUID) -> list[HeldOp]:
    """The group of a parked op that the caller may move. Raises RecordAbsent, AlreadyMoved."""
    group = await unit.lock_held(held_id)
    if not group or not (unit.is_staff or group[0].user_id == unit.user_id):
        raise RecordAbsent("There is no such parked op, or not for you.")
    if any(op.outcome != "parked" for op in group):
        raise AlreadyMoved
    return group


MOVES = (
    Mutator(name="sync.op.withdraw", args=MoveOp, run=withdraw, is_engine=True),
    Mutator(name="sync.op.retry", args=MoveOp, run=retry, is_engine=True),
)
