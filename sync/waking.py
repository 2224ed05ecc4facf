"""Waking: held ops are tried again when what they wait for is there, when somebody says so, and when time is up.

One transaction an op (or group), so that one that fails holds up no other. Bugs are counted as in push.
"""

import logging
from collections.abc import Sequence
from uuid import UUID, uuid4

from sync.effects import LateRefusal, Waiting
from sync.errors import ExchangeError, Outage, Refusal
from sync.holding import WAIT_MAX_MS, held_because
from sync.meeting import Writer
from sync.ops import read_op
from sync.ports import PushStore, PushUnit, Raced
from sync.receipts import HeldOp
from sync.refusals import BlobMissing, DependsOnLate, Internal, SchemaNewer
from sync.registry import Registry
from sync.round import RACES_MAX
from sync.settling import Settler
from sync.wishes import Wish, read_wish

BUGS_MAX = 5
BUG_PATIENCE_MS = 120_000
BUG_PAUSE_MS = 30_000
CLOSED_PAUSE_MS = 86_400_000
RACE_PAUSE_MS = 1_000

_LATE: dict[str, type[Refusal]] = {"blob": BlobMissing, "schema": SchemaNewer}  # By what was waited for.

_log = logging.getLogger(__name__)


class _BugMet(Exception):
    def __init__(self, error: Exception) -> None:
        self.error = error


async def wake_due(store: PushStore, registry: Registry, *, now_ms: int, limit: int) -> int:
    """Look at up to `limit` held ops that are due; answers how many. To be called every few seconds."""
    looked_at = 0
    while looked_at < limit:
        due = await store.due(now_ms=now_ms, limit=limit - looked_at)
        if not due:
            break
        for user_id, held_id in due:
            await _wake(store, registry, user_id, held_id, now_ms=now_ms)
            looked_at += 1
    return looked_at


async def announce_schema(store: PushStore, registry: Registry, *, now_ms: int) -> None:
    """Have the ops that wait for this release, or one before it, looked at again. To be called every minute or so.

    While an older release runs beside this one it may take one up and lay it down again.
    """
    await store.arrived([f"schema:{number}" for number in range(1, registry.schema + 1)], now_ms=now_ms)


async def _wake(store: PushStore, registry: Registry, user_id: UUID, held_id: UUID, *, now_ms: int) -> None:
    try:
        async with store.unit(user_id, now_ms=now_ms) as unit:
            group = await _due_group(unit, held_id)
            if group:
                await _try_again(unit, registry, group)
    except _BugMet as bug:
        await _count_bug(store, user_id, held_id, bug.error, now_ms=now_ms)
    except Raced:  # Whoever made those rows was first each time: that is nobody's fault.
        await store.postpone(held_id, until_ms=now_ms + RACE_PAUSE_MS)
    except ExchangeError:  # The author's account is closed: what it made stays, and is tried when it opens again.
        await store.postpone(held_id, until_ms=now_ms + CLOSED_PAUSE_MS)


async def _due_group(unit: PushUnit, held_id: UUID) -> list[HeldOp]:
    """The op and its group, locked, if there is still something to do."""
    group = [held for held in await unit.lock_held(held_id) if held.is_open]  # One that was corrected has left it.
    is_due = any(held.wake_ms is not None and held.wake_ms <= unit.now_ms for held in group)
    return group if is_due else []


async def _try_again(unit: PushUnit, registry: Registry, group: Sequence[HeldOp]) -> None:
    """Try the ops of a group under one savepoint, and write what became of them. Raises Outage, Raced, _BugMet."""
    wishes = [read_wish(read_op(held.raw, op_index=0), registry, device_id=held.device_id) for held in group]
    # A release that could not read an op may have known it by less than what it names itself.
    named = {wish.identity for wish in wishes if wish.identity is not None} - {held.identity for held in group}
    known = await unit.known(named) if named else set()
    fresh = [(wish, held) for held, wish in zip(group, wishes, strict=True) if wish.identity not in known]
    try:
        await _settle(unit, wishes, fresh)
    except LateRefusal as late:
        await _hold_on(unit, group, late.cause)
    except (Refusal, Waiting) as cause:
        await _hold_on(unit, group, cause)
    except (Outage, Raced):
        raise
    except Exception as error:
        raise _BugMet(error) from error
    else:
        await unit.put_held([held.moved("applied", code=None, message=None, fields={}, waits_for=()) for held in group])
        await unit.remember(named, now_ms=unit.now_ms)
        await unit.wake(_keys(group, wishes), now_ms=unit.now_ms)


async def _settle(unit: PushUnit, wishes: Sequence[Wish], fresh: Sequence[tuple[Wish, HeldOp]]) -> None:
    """Make those that are not known come true, all or nothing. Raises what an attempt raises, or Raced in the end."""
    for tries_left in reversed(range(RACES_MAX)):
        settler = Settler(unit)  # What the one before had read is no longer so.
        settler.is_trying(wishes)
        try:
            async with unit.savepoint():
                for wish, held in fresh:
                    await settler.attempt(wish, Writer(held.user_id, held.device_id, held.at, held.adopted_by))
                await settler.effects.finish()
                await settler.write_held()
        except Raced:
            if not tries_left:
                raise
        else:
            return


async def _hold_on(unit: PushUnit, group: Sequence[HeldOp], cause: Refusal | Waiting) -> None:
    if isinstance(cause, Waiting) and unit.now_ms >= group[0].received_ms + WAIT_MAX_MS:
        late = _LATE.get(cause.keys[0].partition(":")[0], DependsOnLate)()
        parked = [held_because(held, late) for held in group]  # What comes too late still wakes it.
        await unit.put_held([held.moved("parked", waits_for=cause.keys) for held in parked])
        return
    await unit.put_held([held_because(held, cause) for held in group])


def _keys(group: Sequence[HeldOp], wishes: Sequence[Wish]) -> list[str]:
    records = [f"record:{wish.creates}" for wish in wishes if wish.creates is not None]
    return [f"op:{held.identity}" for held in group] + records


async def _count_bug(store: PushStore, user_id: UUID, held_id: UUID, error: Exception, *, now_ms: int) -> None:
    """Pause the op; park it when it met bugs too often."""
    trace_id = uuid4().hex
    _log.error("held op %s met a bug, trace %s", held_id, trace_id, exc_info=error)
    bugs = await store.count_bug(f"wake:{held_id}", now_ms=now_ms)
    is_enough = bugs.count >= BUGS_MAX and now_ms - bugs.first_ms >= BUG_PATIENCE_MS
    async with store.unit(user_id, now_ms=now_ms) as unit:
        group = [held for held in await unit.lock_held(held_id) if held.is_open]
        if is_enough:
            internal = Internal(f"The server failed over this op again and again; trace {trace_id}.")
            await unit.put_held([held_because(held, internal) for held in group])
        else:
            await unit.put_held([held.moved(held.outcome, wake_ms=now_ms + BUG_PAUSE_MS) for held in group])
