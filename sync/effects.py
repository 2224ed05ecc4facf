"""What an op does to the rows: create, merge, or run a command. Inside somebody's transaction; nothing here commits.

Refusal    it may not be: the op is parked
Waiting    not yet: something it needs is not here
anything else is an outage or a bug, and not ours to judge
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sync.ahead import Ahead
from sync.clock import AHEAD_MAX_MS
from sync.collection import Change, Collection, Fields
from sync.errors import Refusal
from sync.fields import read_values
from sync.meeting import Met, Writer, check_derived_id, check_not_deleted, check_owner, made, meet, meet_deletion
from sync.moves import AlreadyMoved
from sync.ports import PushUnit, Row
from sync.receipts import Outcome
from sync.refusals import Malformed, RecordAbsent
from sync.row_cache import RowCache
from sync.wishes import (
    Action,
    CreateRow,
    DeleteRow,
    DoNothing,
    PatchRow,
    RunCommand,
    Wish,
    WriteRows,
)

RESTORE_PATIENCE_MS = 14 * 86_400_000


class Waiting(Exception):
    """Something the op needs is not here: `keys` says what (blob:…, op:…, record:…)."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = tuple(keys)
        super().__init__(", ".join(self.keys))


class LateRefusal(Exception):
    """A refusal (or a wait) found by somebody who may have written before: what was done must be undone first."""

    def __init__(self, cause: "Refusal | Waiting") -> None:
        self.cause = cause
        super().__init__(str(cause))


@dataclass(frozen=True)
class Effect:
    outcome: Outcome
    row: tuple[str, UUID] | None = None  # Whose version the receipt tells.
    flag: str | None = None


class Effects:
    """Applies wishes within one transaction."""

    def __init__(self, unit: PushUnit) -> None:
        self.unit = unit
        self.rows = RowCache(unit)
        self._ahead = Ahead(unit)
        self._untold: list[Change] = []  # Written, and not told to `_untold_of.after_run` yet.
        self._untold_of: Collection | None = None

    async def preload(self, wishes: Sequence[Wish]) -> None:
        """Read in bulk the rows that the wishes up to the next command will touch."""
        self._ahead.expect([wish.action for wish in wishes])
        wanted: dict[str, tuple[Collection, list[UUID]]] = {}
        for wish in wishes:
            match wish.action:
                case CreateRow(collection, id_) | PatchRow(collection, id_) | DeleteRow(collection, id_):
                    wanted.setdefault(collection.name, (collection, []))[1].append(id_)
                case RunCommand():
                    break
        for collection, ids in wanted.values():
            await self.rows.load(collection, ids)

    async def apply(self, action: Action, writer: Writer) -> Effect:
        """Do it. Raises Refusal or Waiting before anything was written, LateRefusal afterwards."""
        if self._untold_of is not None and getattr(action, "collection", None) is not self._untold_of:
            try:
                await self._end_run()
            except Refusal as refusal:  # Of an op before this one.
                raise LateRefusal(refusal) from refusal
        self._ahead.now_at(action)
        match action:
            case CreateRow(collection, id_, fields):
                return await self._create(collection, id_, fields, writer)
            case PatchRow():
                return await self._patch(action, writer)
            case DeleteRow():
                return await self._delete(action, writer)
            case WriteRows():
                return await self._write_rows(action, writer)
            case RunCommand():
                return await self._run(action)
            case DoNothing():
                return Effect("applied")

    async def finish(self) -> None:
        """Write what waits, and tell what was not told. Raises Refusal, Raced."""
        await self.rows.flush()
        await self._end_run()

    def forget(self) -> None:
        """What was done since a savepoint was undone: read anew."""
        self.rows.forget()
        self._ahead.forget()
        self._untold, self._untold_of = [], None

    # --- create ---

    async def _create(self, collection: Collection, id_: UUID, fields: dict[str, Any], writer: Writer) -> Effect:
        before = await self._before(collection, id_)
        change = await self._ask(collection, Change("create", id_, Fields(fields), before, writer.at[0]), writer)
        effect = self._put(collection, change, before, writer)
        await self._tell(collection, [change])
        return effect

    def _put(self, collection: Collection, change: Change, before: Row | None, writer: Writer) -> Effect:
        check_derived_id(collection, change, before)
        if before is not None:
            met = meet(collection, change, before, base=None, writer=writer)
            return self._write(collection, change, before, met)
        self.rows.insert(collection, {"id": change.id, **made(collection, change, writer)})
        self._ahead.forget({collection.table})
        return Effect("applied", (collection.name, change.id), change.flag)

    def _write(self, collection: Collection, change: Change, before: Row, met: Met) -> Effect:
        if met.columns:
            self.rows.update(collection, before, met.columns)
            self._ahead.forget({collection.table})
        return Effect(met.outcome, (collection.name, change.id), change.flag)

    # --- patch and batch ---

    async def _patch(self, patch: PatchRow, writer: Writer) -> Effect:
        collection = patch.collection
        before = await self._stored(collection, patch.id)
        change = Change("patch", patch.id, Fields(patch.fields), before, writer.at[0])
        await self._ask(collection, change, writer, base=patch.base)
        met = meet(collection, change, before, base=patch.base, writer=writer)
        effect = self._write(collection, change, before, met)
        await self._tell(collection, [change])
        return effect

    async def _delete(self, delete: DeleteRow, writer: Writer) -> Effect:
        collection = delete.collection
        before = await self._stored(collection, delete.id)
        change = await self._ask(collection, Change("delete", delete.id, Fields(), before, writer.at[0]), writer)
        met = meet_deletion(collection, before, base=delete.base, writer=writer, now_ms=self.unit.now_ms)
        effect = self._write(collection, change, before, met)
        if met.columns:
            await self._tell(collection, [change])
        return effect

    async def _stored(self, collection: Collection, id_: UUID) -> Row:
        """The row that is to be changed. Raises RecordAbsent; Waiting for a while after a restore."""
        before = await self._before(collection, id_)
        if before is not None:
            return before
        if await is_restoring(self.unit):
            raise Waiting([f"record:{id_}"])
        raise RecordAbsent(f"There is no record {id_} in {collection.name}.")

    async def _write_rows(self, batch: WriteRows, writer: Writer) -> Effect:
        """All rows of a batch, each created or merged. The guard sees all of them before the first is written."""
        collection = batch.collection
        values = batch.rows
        await self.rows.flush()
        if collection.expand is not None:
            values = await collection.expand(self.unit.tx, values)
        fields = [read_values(collection, row) for row in values]
        ids = [self._id_of(collection, row, writer) for row in fields]
        await self.rows.load(collection, ids)
        changes: list[tuple[Change, Writer]] = []
        for id_, row, offset_ms in zip(ids, fields, batch.offsets_ms, strict=True):
            row_writer = _shifted(writer, offset_ms, now_ms=self.unit.now_ms)
            before = await self.rows.get(collection, id_)
            changes.append((Change("create", id_, Fields(row), before, row_writer.at[0]), row_writer))
        await self._ahead.look_for(collection, [change for change, _ in changes])
        for change, row_writer in changes:
            await self._ask(collection, change, row_writer)
        outcomes = set()
        try:
            for change, row_writer in changes:
                before = await self.rows.get(collection, change.id)  # The batch may write a row twice.
                outcomes.add(self._put(collection, change, before, row_writer).outcome)
        except Refusal as refusal:
            raise LateRefusal(refusal) from refusal
        await self._tell(collection, [change for change, _ in changes])
        return Effect("merged" if "merged" in outcomes else "applied" if "applied" in outcomes else "duplicate")

    def _id_of(self, collection: Collection, row: dict[str, Any], writer: Writer) -> UUID:
        owned = dict.fromkeys(collection.owner_columns, writer.user_id)
        try:
            return collection.derived_id({**owned, **row})
        except KeyError as missing:
            raise Malformed(f"A row of the batch lacks {missing}, of which its id is made.") from None

    # --- commands ---

    async def _run(self, command: RunCommand) -> Effect:
        await self.rows.flush()
        try:
            if command.mutator.is_engine:
                await command.mutator.run(self.unit, command.args)
            else:
                await command.mutator.run(self.unit.tx, command.args)
                await self.unit.gather()
        except AlreadyMoved:
            return Effect("duplicate")
        except Refusal as refusal:
            raise LateRefusal(refusal) from refusal
        finally:
            self.rows.forget()  # A mutator writes what it likes.
            self._ahead.forget()
        return Effect("applied")

    # --- the feature's say ---

    async def _ask(self, collection: Collection, change: Change, writer: Writer, *, base: int | None = None) -> Change:
        """Whether it may be, and with which of the server's columns. Raises what right and guard raise."""
        change.adopted_by = writer.adopted_by
        check_owner(collection, change, writer.user_id)
        await self._ahead.look(collection, change, self.rows)
        if collection.right is not None:
            await collection.right(self.unit.tx, change)
        check_not_deleted(collection, change, base=base, writer=writer)
        if collection.guard is not None:
            await collection.guard(self.unit.tx, change)
        return change

    async def _before(self, collection: Collection, id_: UUID) -> Row | None:
        """The stored row; what waits in memory and a guard would look for in the store is written first."""
        is_guarded = collection.guard is not None or collection.right is not None
        if is_guarded and self.rows.must_be_seen(collection, id_):
            await self.rows.flush()
        return await self.rows.get(collection, id_)

    async def _tell(self, collection: Collection, changes: list[Change]) -> None:
        if collection.after_run is not None:
            self._untold_of = collection
            self._untold += changes
        if collection.after_write is None:
            return
        await self.rows.flush()
        try:
            for change in changes:
                await collection.after_write(self.unit.tx, change)
            await self.unit.gather()
        except Refusal as refusal:
            raise LateRefusal(refusal) from refusal
        self.rows.forget()
        self._ahead.forget()

    async def _end_run(self) -> None:
        """Tell of the changes of a run at once. Raises Refusal: then nobody knows which of them it is about."""
        collection, changes = self._untold_of, self._untold
        self._untold, self._untold_of = [], None
        if collection is None or collection.after_run is None:
            return
        await self.rows.flush()
        await collection.after_run(self.unit.tx, changes)
        await self.unit.gather()
        self._ahead.forget(collection.touches)


def _shifted(writer: Writer, offset_ms: int, *, now_ms: int) -> Writer:
    wall_ms, counter = writer.at
    at = (max(0, min(wall_ms + offset_ms, now_ms + AHEAD_MAX_MS)), counter)
    return Writer(writer.user_id, writer.device_id, at, writer.adopted_by)


async def is_restoring(unit: PushUnit) -> bool:
    """Whether phones may still be giving back what a restore lost."""
    restored_ms = await unit.restored_ms()
    return restored_ms is not None and unit.now_ms - restored_ms < RESTORE_PATIENCE_MS
