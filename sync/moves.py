"""What people do with parked ops: withdraw one, or have it tried again. Commands, run by the engine itself.

A third move, correcting it, is a new op with `"replaces"` (`holding.py`).
"""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from sync.mutator import Mutator
from sync.receipts import HeldOp
from sync.refusals import RecordAbsent

if TYPE_CHECKING:  # The port names collections, which the registry of these commands holds.
    from sync.ports import PushUnit


class MoveOp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: UUID  # Of the row of `sync.ops`


class AlreadyMoved(Exception):
    """Somebody else moved it first, and this move has no content that could be lost."""


async def withdraw(unit: "PushUnit", args: MoveOp) -> None:
    """Give up a parked op, and with it its group. What depends on it is told."""
    group = await _parked(unit, args.id)
    await unit.put_held([op.moved("withdrawn") for op in group])
    await unit.wake([f"op:{op.identity}" for op in group], now_ms=unit.now_ms)


async def retry(unit: "PushUnit", args: MoveOp) -> None:
    """Have a parked op tried again, with its group, as its author. Staff adopt it: rights that ended do not count."""
    group = await _parked(unit, args.id)
    adopter = unit.user_id if unit.is_staff else None
    again = [op.moved("waiting", code="retry", wake_ms=unit.now_ms, adopted_by=adopter) for op in group]
    await unit.put_held(again)


async def _parked(unit: "PushUnit", held_id: UUID) -> list[HeldOp]:
    """The group of a parked op that the caller may move. Raises RecordAbsent, AlreadyMoved."""
    group = await unit.lock_held(held_id)
    if not group or not (unit.is_staff or group[0].user_id == unit.user_id):
        raise RecordAbsent("There is no such parked op, or not for you.")
    if any(op.id == held_id and op.outcome != "parked" for op in group):
        raise AlreadyMoved
    return [op for op in group if op.outcome == "parked"]  # One that was corrected has left its group.


MOVES = (
    Mutator(name="sync.op.withdraw", args=MoveOp, run=withdraw, is_engine=True),
    Mutator(name="sync.op.retry", args=MoveOp, run=retry, is_engine=True),
)
