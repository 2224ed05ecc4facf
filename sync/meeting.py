"""What becomes of a write that meets a stored row, by the collection's policy. Pure: nothing here looks at a store."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sync.clock import At
from sync.collection import Change, Collection
from sync.merge import (
    DELETED,
    SERVER,
    Append,
    ByField,
    ByServer,
    Fsm,
    Join,
    LwwField,
    Merged,
    Offer,
    edited_by_others,
    make_fields,
    merge_fields,
    merge_join,
    merge_lww,
    same_value,
    stamp_of,
    stamps,
)
from sync.ports import Row
from sync.receipts import Outcome
from sync.refusals import FieldInvalid, FieldNotWritable, IdNotDerived, IdTaken, RecordDeleted, RecordNotYours

MERGE_STATE = "merge_state"


@dataclass(frozen=True)
class Writer:
    """Who writes, on which device, and when it says it was."""

    user_id: UUID
    device_id: UUID
    at: At
    adopted_by: UUID | None = None


@dataclass(frozen=True)
class Met:
    """The columns to write, if any, and what the receipt says."""

    columns: Row
    outcome: Outcome


def check_owner(collection: Collection, change: Change, user_id: UUID) -> None:
    """A phone writes only what lies in its own user's bucket; a new row is put there. Raises RecordNotYours."""
    owners = collection.owner_columns
    if not owners:
        return
    stored: Any = {"id": change.id, **change.fields} if change.before is None else change.before
    if change.before is None:
        change.fill(**{column: user_id for column in owners if column not in stored})
    if user_id not in {stored.get(column, user_id) for column in owners}:
        raise RecordNotYours


def check_derived_id(collection: Collection, change: Change, before: Row | None) -> None:
    """Raises FieldInvalid where a part of the key is missing, IdNotDerived for another id than the key's."""
    if not collection.key:
        return
    values = {**change.fields, **change.filled} if before is None else before
    missing = [column for column in collection.key if values.get(column) is None]
    if missing:
        raise FieldInvalid(f"`{missing[0]}` is part of the key and is missing.", fields={missing[0]: "missing"})
    if collection.derived_id(values) != change.id:
        raise IdNotDerived(f"The id of a row of {collection.name} is made of {', '.join(collection.key)}.")


def made(collection: Collection, change: Change, writer: Writer) -> Row:
    """The columns of a new row. Raises FieldInvalid."""
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
        case ByField() as policy:
            fields = make_fields(policy, row_id=change.id, offered=change.fields, offer=_offer(None, writer))
            columns = {**fields.columns, **change.filled, MERGE_STATE: fields.state or {}}
    return columns


def meet(collection: Collection, change: Change, before: Row, *, base: int | None, writer: Writer) -> Met:
    """Merge a create or patch into the row that is there. Raises RecordDeleted, Changed, FieldInvalid, IdTaken."""
    if change.revives:
        change.filled["deleted_at"] = None
    elif before.get("deleted_at") is not None:
        raise RecordDeleted  # The batch deleted it itself, or it went since it was asked about.
    match collection.merge:
        case Append() | ByServer():
            return _compare(collection, change, before)
        case Fsm():
            if change.kind == "create":
                return _compare(collection, change, before)
            is_as_offered = True
            columns = {name: value for name, value in change.fields.items() if not same_value(value, before.get(name))}
        case Join() | LwwField() | ByField():
            merged = _merge(collection, change, before, offer=_offer(base, writer))
            is_as_offered = merged.is_as_offered
            columns = merged.columns if merged.state is None else {**merged.columns, MERGE_STATE: merged.state}
    columns |= {name: value for name, value in change.filled.items() if not same_value(value, before.get(name))}
    return Met(columns, "applied" if is_as_offered and not change.revives else "merged")


def meet_deletion(collection: Collection, before: Row, *, base: int | None, writer: Writer, now_ms: int) -> Met:
    """The row goes; where an edit wins, only if nobody else edited it after the version that the person saw."""
    if before.get("deleted_at") is not None:
        return Met({}, "duplicate")
    offer = _offer(base, writer)
    state = before.get(MERGE_STATE) or {}
    if collection.deletion == "edit_wins":
        if edited_by_others(state, offer):
            return Met({}, "merged")
        own = stamps({DELETED: None}, at=writer.at, device=offer.device, version=before["version"] + 1)
        return Met({"deleted_at": instant(now_ms), MERGE_STATE: {**state, **own}}, "applied")
    return Met({"deleted_at": instant(now_ms)}, "applied")


def check_not_deleted(collection: Collection, change: Change, *, base: int | None, writer: Writer) -> None:
    """Raises RecordDeleted for a write to a deleted row, unless it is one that brings the row back.

    It does where an edit wins, and another phone deleted the row, and this one had not seen that when it wrote.
    """
    before = change.before
    if change.kind == "delete" or before is None or before.get("deleted_at") is None:
        return
    version, _, device = stamp_of(before.get(MERGE_STATE) or {}, DELETED)
    is_by_another_phone = device not in ("", SERVER, str(writer.device_id))
    if collection.deletion != "edit_wins" or not is_by_another_phone or (base is not None and base >= version):
        raise RecordDeleted
    change.revives = True


def instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _compare(collection: Collection, change: Change, before: Row) -> Met:
    if change.kind == "patch":
        raise FieldNotWritable(f"Rows of {collection.name} never change.")
    offered = {name: value for name, value in change.fields.items() if name not in change.filled}
    if not all(same_value(value, before.get(name)) for name, value in offered.items()):
        raise IdTaken(f"Another row of {collection.name} has the id {change.id}.")
    return Met({}, "duplicate")


def _merge(collection: Collection, change: Change, before: Row, *, offer: Offer) -> Merged:
    """Only what may be patched can change a row that is there; what else a twin's create says stands as it is."""
    may_patch = collection.may_patch or frozenset()
    offered = {name: value for name, value in change.fields.items() if name in may_patch}
    rest = {name: value for name, value in change.fields.items() if name not in may_patch}
    state = before.get(MERGE_STATE) or {}
    match collection.merge:
        case Join() as join:
            merged = merge_join(join, stored=before, state=state, offered=offered, device=offer.device)
        case ByField() as fields:
            merged = merge_fields(fields, stored=before, state=state, offered=offered, offer=offer)
        case _:
            merged = merge_lww(
                stored=before,
                state=state,
                offered=offered,
                base=offer.base,
                at=offer.at,
                device=offer.device,
                version=before["version"],
            )
    stands = all(same_value(value, before.get(name)) for name, value in rest.items())
    return Merged(merged.columns, merged.state, merged.is_as_offered and stands)


def _offer(base: int | None, writer: Writer) -> Offer:
    return Offer(base=base, at=writer.at, device=str(writer.device_id))
