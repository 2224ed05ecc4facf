"""What an op does to the rows: create, merge, or run a command. Inside somebody's transaction; nothing here commits.

Refusal    it may not be: the op is parked
Waiting    not yet: something it needs is not here
anything else is an outage or a bug, and not ours to judge
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sync.clock import AHEAD_MAX_MS, At
from sync.collection import Change, Collection, Fields
from sync.errors import Refusal
from sync.fields import read_values
from sync.merge import (
    Append,
    ByServer,
    Fsm,
    Join,
    LwwField,
    Merged,
    merge_join,
    merge_lww,
    same_value,
    stamps,
)
from sync.moves import AlreadyMoved
from sync.ports import PushUnit, Row
from sync.receipts import Outcome
from sync.refusals import (
    FieldInvalid,
    FieldNotWritable,
    IdNotDerived,
    IdTaken,
    Malformed,
    RecordAbsent,
    RecordDeleted,
    RecordNotYours,
)
from sync.row_cache import RowCache
from sync.wishes import (
    Action,
    CreateRow,
    DoNothing,
    PatchRow,
    RunCommand,
    Wish,
    WriteRows,
)

MERGE_STATE = "merge_state"
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


@dataclass(frozen=True)
class Writer:
    """Who writes, on which device, and when it says it was."""

    user_id: UUID
    device_id: UUID
    at: At
    adopted_by: UUID | None = None


class Effects:
    """Applies wishes within one transaction."""

    def __init__(self, unit: PushUnit) -> None:
        self.unit = unit
        self.rows = RowCache(unit)

    async def preload(self, wishes: Iterable[Wish]) -> None:
        """Read in bulk the rows that the wishes up to the next command will touch."""
        wanted: dict[str, tuple[Collection, list[UUID]]] = {}
        for wish in wishes:
            match wish.action:
                case CreateRow(collection, id_) | PatchRow(collection, id_):
                    wanted.setdefault(collection.name, (collection, []))[1].append(id_)
                case RunCommand():
                    break
        for collection, ids in wanted.values():
            await self.rows.load(collection, ids)

    async def apply(self, action: Action, writer: Writer) -> Effect:
        """Do it. Raises Refusal or Waiting before anything was written, LateRefusal afterwards."""
        match action:
            case CreateRow(collection, id_, fields):
                return await self._create(collection, id_, fields, writer)
            case PatchRow():
                return await self._patch(action, writer)
            case WriteRows():
                return await self._write_rows(action, writer)
            case RunCommand():
                return await self._run(action)
            case DoNothing():
                return Effect("applied")

    # --- create ---

    async def _create(self, collection: Collection, id_: UUID, fields: dict[str, Any], writer: Writer) -> Effect:
        before = await self._before(collection, id_)
        change = await self._ask(collection, "create", id_, fields, before, writer)
        effect = self._put(collection, change, before, writer)
        await self._tell(collection, [change])
        return effect

    def _put(self, collection: Collection, change: Change, before: Row | None, writer: Writer) -> Effect:
        _check_derived_id(collection, change, before)
        if before is not None:
            return self._meet(collection, change, before, base=None, writer=writer)
        columns = {**change.fields, **change.filled}
        match collection.merge:
            case LwwField():
                columns[MERGE_STATE] = stamps(change.fields, at=writer.at, device=str(writer.device_id))
            case Join(keeps_state=True, rules=rules):
                sums = {name: value or 0 for name, value in change.fields.items() if rules.get(name) == "sum"}
                columns[MERGE_STATE] = {name: {str(writer.device_id): value} for name, value in sums.items()}
            case Fsm(field=state, initial=initial):
                if columns.setdefault(state, initial) != initial:
                    raise FieldInvalid(f"`{state}` begins as {initial}.", fields={state: f"begins as {initial}"})
        self.rows.insert(collection, {"id": change.id, **columns})
        return Effect("applied", (collection.name, change.id), change.flag)

    def _meet(self, collection: Collection, change: Change, before: Row, *, base: int | None, writer: Writer) -> Effect:
        """A write that meets a stored row: merge it by the policy."""
        if before.get("deleted_at") is not None:
            raise RecordDeleted
        match collection.merge:
            case Append() | ByServer():
                return _compare(collection, change, before)
            case Fsm():
                if change.kind == "create":
                    return _compare(collection, change, before)
                is_as_offered = True
                columns = {
                    name: value for name, value in change.fields.items() if not same_value(value, before.get(name))
                }
            case Join() | LwwField():
                merged = _merge(collection, change, before, base=base, writer=writer)
                is_as_offered = merged.is_as_offered
                columns = merged.columns if merged.state is None else {**merged.columns, MERGE_STATE: merged.state}
        columns |= {name: value for name, value in change.filled.items() if not same_value(value, before.get(name))}
        if columns:
            self.rows.update(collection, before, columns)
        return Effect("applied" if is_as_offered else "merged", (collection.name, change.id), change.flag)

    # --- patch and batch ---

    async def _patch(self, patch: PatchRow, writer: Writer) -> Effect:
        collection = patch.collection
        before = await self._before(collection, patch.id)
        if before is None:
            restored_ms = await self.unit.restored_ms()
            if restored_ms is not None and self.unit.now_ms - restored_ms < RESTORE_PATIENCE_MS:
                raise Waiting([f"record:{patch.id}"])
            raise RecordAbsent(f"There is no record {patch.id} in {collection.name}.")
        if before.get("deleted_at") is not None:
            raise RecordDeleted
        change = await self._ask(collection, "patch", patch.id, patch.fields, before, writer)
        effect = self._meet(collection, change, before, base=patch.base, writer=writer)
        await self._tell(collection, [change])
        return effect

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
            changes.append((await self._ask(collection, "create", id_, row, before, row_writer), row_writer))
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
        return Effect("applied")

    # --- the feature's say ---

    async def _ask(
        self, collection: Collection, kind: str, id_: UUID, fields: dict[str, Any], before: Row | None, writer: Writer
    ) -> Change:
        """Whether it may be, and with which of the server's columns. Raises what the guard raises."""
        change = Change(kind, id_, Fields(fields), before, writer.at[0], adopted_by=writer.adopted_by)
        _check_owner(collection, change, writer.user_id)
        if collection.guard is not None:
            await collection.guard(self.unit.tx, change)
        return change

    async def _before(self, collection: Collection, id_: UUID) -> Row | None:
        """The stored row; for a guard, which looks at the store itself, what waits in memory is written first."""
        if collection.guard is not None:
            await self.rows.flush()
        return await self.rows.get(collection, id_)

    async def _tell(self, collection: Collection, changes: list[Change]) -> None:
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


def _check_owner(collection: Collection, change: Change, user_id: UUID) -> None:
    """A phone writes only what lies in its own user's bucket; a new row is put there."""
    owners = collection.owner_columns
    if not owners:
        return
    stored: Any = {"id": change.id, **change.fields} if change.before is None else change.before
    if change.before is None:
        change.fill(**{column: user_id for column in owners if column not in stored})
    if user_id not in {stored.get(column, user_id) for column in owners}:
        raise RecordNotYours


def _check_derived_id(collection: Collection, change: Change, before: Row | None) -> None:
    if not collection.key:
        return
    values = {**change.fields, **change.filled} if before is None else before
    missing = [column for column in collection.key if values.get(column) is None]
    if missing:
        raise FieldInvalid(f"`{missing[0]}` is part of the key and is missing.", fields={missing[0]: "missing"})
    if collection.derived_id(values) != change.id:
        raise IdNotDerived(f"The id of a row of {collection.name} is made of {', '.join(collection.key)}.")


def _compare(collection: Collection, change: Change, before: Row) -> Effect:
    if change.kind == "patch":
        raise FieldNotWritable(f"Rows of {collection.name} never change.")
    offered = {name: value for name, value in change.fields.items() if name not in change.filled}
    if not all(same_value(value, before.get(name)) for name, value in offered.items()):
        raise IdTaken(f"Another row of {collection.name} has the id {change.id}.")
    return Effect("duplicate", (collection.name, change.id))


def _merge(collection: Collection, change: Change, before: Row, *, base: int | None, writer: Writer) -> Merged:
    """Only what may be patched can change a row that is there; what else a twin's create says stands as it is."""
    may_patch = collection.may_patch or frozenset()
    offered = {name: value for name, value in change.fields.items() if name in may_patch}
    rest = {name: value for name, value in change.fields.items() if name not in may_patch}
    state = before.get(MERGE_STATE) or {}
    device = str(writer.device_id)
    if isinstance(collection.merge, Join):
        merged = merge_join(collection.merge, stored=before, state=state, offered=offered, device=device)
    else:
        merged = merge_lww(
            stored=before,
            state=state,
            offered=offered,
            base=base,
            at=writer.at,
            device=device,
            version=before["version"],
        )
    stands = all(same_value(value, before.get(name)) for name, value in rest.items())
    return Merged(merged.columns, merged.state, merged.is_as_offered and stands)


def _shifted(writer: Writer, offset_ms: int, *, now_ms: int) -> Writer:
    wall_ms, counter = writer.at
    at = (max(0, min(wall_ms + offset_ms, now_ms + AHEAD_MAX_MS)), counter)
    return Writer(writer.user_id, writer.device_id, at, writer.adopted_by)
