"""Whether an op may happen now: what it waits for, what it follows, what it corrects. Then it happens.

    blobs        a file that is not here          → waiting
    after        an op that waits / was refused   → waiting / parked, and tried again when that is applied
    a record     whose creation waits / is parked → the same
    replaces     a parked op                      → moves it; parked `op.moved` when somebody moved it before

Shared by push and by waking.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from sync.effects import Effect, Effects, LateRefusal, Waiting, is_restoring
from sync.errors import Refusal
from sync.meeting import Writer
from sync.ports import PushUnit
from sync.receipts import HeldOp
from sync.refusals import DependsOn, DependsOnGone, Moved, RecordAbsent
from sync.wishes import CreateRow, DeleteRow, PatchRow, RunCommand, Wish


class Dependent(DependsOn):
    """`DependsOn` that knows on what."""

    def __init__(self, held: HeldOp) -> None:
        self.keys = (f"op:{held.identity}",)
        super().__init__(
            f"What must come before this, op {held.n}, was refused ({held.code}); this is tried again then."
        )


class Settler:
    """Tries wishes within one transaction, and knows which ops of the user are held."""

    def __init__(self, unit: PushUnit) -> None:
        self.unit = unit
        self.effects = Effects(unit)
        self._looked_up: dict[UUID, HeldOp | None] = {}
        self._new: dict[UUID, HeldOp] = {}
        self._together: frozenset[UUID | None] = frozenset()

    async def prepare(self, wishes: Sequence[Wish]) -> None:
        """Look up in bulk what the wishes name."""
        named: set[UUID] = set()
        for wish in wishes:
            if wish.sent.op is not None:
                named.update(wish.sent.op.after)
                named.update([wish.sent.op.replaces] if wish.sent.op.replaces else [])
        await self._look_up(named)
        await self.effects.preload(wishes)

    def is_trying(self, wishes: Iterable[Wish]) -> None:
        """Say which ops are tried as one: none of them waits for another."""
        self._together = frozenset(wish.identity for wish in wishes)

    async def attempt(self, wish: Wish, writer: Writer) -> Effect:
        """Make one wish come true. Raises Refusal, Waiting; anything else is an outage or a bug."""
        if wish.refusal is not None:
            raise wish.refusal
        if wish.waits_for:
            raise Waiting(wish.waits_for)
        assert wish.action is not None
        op = wish.sent.op
        corrected = await self._corrected(wish)
        if op is not None:
            await self._await_blobs(op.blobs)
            await self._follow(op.after)
        if isinstance(wish.action, RunCommand) and wish.action.mutator.is_engine:
            await self.write_held()
            self._looked_up.clear()
        try:
            effect = await self.effects.apply(wish.action, writer)
        except Refusal as refusal:
            await self._blame_held_creation(wish, is_absent=isinstance(refusal, RecordAbsent))
            await self._await_lost(wish, refusal)
            raise
        except LateRefusal as late:
            try:
                await self._blame_held_creation(wish, is_absent=False)
                await self._await_lost(wish, late.cause)
            except (Refusal, Waiting) as cause:
                raise LateRefusal(cause) from late
            raise
        if corrected is not None:
            is_itself = corrected.identity == wish.identity
            self.hold(corrected.moved("applied" if is_itself else "replaced"))
        elif op is not None and op.replaces is not None:
            # Restored from a copy: it may still come. Not before the effect, or who waits would find it moved.
            await self.unit.remember([op.replaces], now_ms=self.unit.now_ms)
        return effect

    # --- held ops ---

    def hold(self, held: HeldOp) -> None:
        """Keep a row of `sync.ops`; written with the rest."""
        self._new[held.identity] = held

    async def held(self, identity: UUID) -> HeldOp | None:
        if identity in self._new:
            return self._new[identity]
        for held in self._new.values():
            if held.record_id == identity:
                return held
        await self._look_up([identity])
        return self._looked_up[identity]

    async def write_held(self) -> None:
        new, self._new = self._new, {}
        if new:
            await self.unit.put_held(list(new.values()))
            self._looked_up.update(new)

    def held_mark(self) -> dict[UUID, HeldOp]:
        return dict(self._new)

    def back_to(self, mark: dict[UUID, HeldOp]) -> None:
        """What was done since was undone in the store: forget it here too."""
        self._new = dict(mark)
        self._looked_up.clear()
        self.effects.forget()

    async def _look_up(self, identities: Iterable[UUID]) -> None:
        """By identity, or by the record that the op would create: so a phone may know a singleton's creation."""
        wanted = [identity for identity in identities if identity not in self._looked_up]
        if not wanted:
            return
        found = await self.unit.held(identities=wanted, records=wanted)
        by_record = {held.record_id: held for held in sorted(found, key=lambda held: held.is_open)}
        by_identity = {held.identity: held for held in found}
        for identity in wanted:
            self._looked_up[identity] = by_identity.get(identity) or by_record.get(identity)

    # --- conditions ---

    async def _corrected(self, wish: Wish) -> HeldOp | None:
        """The parked op that this one corrects. Raises Moved when it is parked no more."""
        identity = None if wish.sent.op is None else wish.sent.op.replaces
        if identity is None:
            return None
        held = await self.held(identity)
        if identity == wish.identity:
            return held if held is not None and held.outcome == "parked" else None
        if held is None:
            if await self.unit.known([identity]):
                raise Moved
            return None
        if held.outcome != "parked":
            raise Moved
        return held

    async def _await_blobs(self, hashes: list[str]) -> None:
        missing = await self.unit.missing_blobs(hashes) if hashes else set()
        if missing:
            raise Waiting(f"blob:{hash_}" for hash_ in sorted(missing))

    async def _follow(self, identities: list[UUID]) -> None:
        for identity in identities:
            held = await self.held(identity)
            if held is not None:
                _depend_on(held)

    async def _blame_held_creation(self, wish: Wish, *, is_absent: bool) -> None:
        """A refusal over a record whose creation is held itself is no refusal yet. Raises Waiting or Dependent then."""
        ids = _ids_referred_to(wish)
        if is_absent and isinstance(wish.action, (PatchRow, DeleteRow)):
            ids.add(wish.action.id)
        if not ids:
            return
        creations = [
            *await self.unit.held(records=ids),
            *(held for held in self._new.values() if held.record_id in ids),
        ]
        for held in creations:
            current = self._new.get(held.identity, held)
            if current.is_open and current.identity not in self._together:
                _depend_on(current)

    async def _await_lost(self, wish: Wish, cause: Refusal | Waiting) -> None:
        """After a restore what is not there, and never was, may be given back by another phone. Raises Waiting."""
        if isinstance(cause, Waiting) or not cause.is_absence or not await is_restoring(self.unit):
            return
        absent = await self.unit.absent(_ids_referred_to(wish))
        if absent:
            raise Waiting(f"record:{id_}" for id_ in sorted(absent))


def _depend_on(held: HeldOp) -> None:
    match held.outcome:
        case "waiting":
            raise Waiting([f"op:{held.identity}"])
        case "parked":
            raise Dependent(held)
        case "replaced" | "withdrawn":
            raise DependsOnGone


def _ids_referred_to(wish: Wish) -> set[UUID]:
    """The records that an op names, but not the one that it creates or changes itself."""
    match wish.action:
        case CreateRow(_, id_, fields) | PatchRow(_, id_, fields):
            return _uuids(fields.values()) - {id_}
        case RunCommand(_, args):
            return _uuids(msgspec.structs.asdict(args).values()) - _uuids([wish.creates])
        case _:
            return set()


def _uuids(values: Iterable[Any]) -> set[UUID]:
    return {value for value in values if isinstance(value, UUID)}
