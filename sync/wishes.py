"""What an op asks for, read against the registry. Pure: nothing here looks at a store.

A Wish that cannot come true for a reason that is plain from its own words carries that refusal.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from sync.collection import Collection, derived_id
from sync.errors import Refusal
from sync.fields import read_create, read_patch
from sync.mutator import Mutator
from sync.ops import Batch, Command, Create, Delete, Patch, Sent, Void
from sync.refusals import (
    ArgsInvalid,
    CollectionNotWritable,
    CollectionUnknown,
    CommandUnknown,
    Malformed,
)
from sync.registry import Registry
from sync.upcast import Path


@dataclass(frozen=True)
class CreateRow:
    collection: Collection
    id: UUID
    fields: dict[str, Any]


@dataclass(frozen=True)
class PatchRow:
    collection: Collection
    id: UUID
    fields: dict[str, Any]
    base: int | None


@dataclass(frozen=True)
class DeleteRow:
    collection: Collection
    id: UUID
    base: int | None


@dataclass(frozen=True)
class WriteRows:
    """A batch: each row is created, or merged into the one that is there."""

    collection: Collection
    rows: list[dict[str, Any]]
    offsets_ms: list[int]  # Of each row's `at`, from the op's own.


@dataclass(frozen=True)
class RunCommand:
    mutator: Mutator
    args: Any  # An instance of `mutator.args`


@dataclass(frozen=True)
class DoNothing:
    pass


Action = CreateRow | PatchRow | DeleteRow | WriteRows | RunCommand | DoNothing


@dataclass(frozen=True)
class Wish:
    """One op, understood."""

    sent: Sent
    identity: UUID | None  # None: using it twice does no harm (a void).
    action: Action | None  # None with `refusal` or `waits_for`.
    refusal: Refusal | None = None
    waits_for: tuple[str, ...] = ()  # `schema:N`: a release that knows what it says.
    creates: UUID | None = None  # The id of the record that comes to be.

    @property
    def kind(self) -> str:
        return "malformed" if self.sent.op is None else str(self.sent.op.__struct_config__.tag)


def read_wish(sent: Sent, registry: Registry, *, device_id: UUID) -> Wish:
    """Understand an op that was read. Never raises: what is wrong becomes the wish's refusal."""
    op = sent.op
    identity = _identity_of(sent, device_id)
    schema = sent.schema_claimed if op is None else op.schema
    if schema > registry.schema and not isinstance(op, Void):
        creates = op.id if isinstance(op, Create) else None
        return Wish(sent, identity, None, waits_for=(f"schema:{schema}",), creates=creates)
    if op is None:
        return Wish(sent, identity, None, Malformed(f"The op cannot be read: {sent.fault}"))
    if isinstance(op, Void):
        return Wish(sent, None, DoNothing())
    try:
        return _understand(sent, registry, identity)
    except Refusal as refusal:
        return Wish(sent, identity, None, refusal, creates=op.id if isinstance(op, Create) else None)


def _identity_of(sent: Sent, device_id: UUID) -> UUID:
    """What the op is known by however often it is renumbered; for one that says nothing, its place and bytes."""
    op = sent.op
    claimed = sent.identity_claimed if op is None else op.op
    if claimed is None and isinstance(op, Create):
        claimed = op.id
    return claimed or derived_id("sync.op", device_id, sent.n, sent.hash)


def _understand(sent: Sent, registry: Registry, identity: UUID) -> Wish:
    op = sent.op
    match op:
        case Create():
            collection = _collection(registry, op.collection)
            raw = _path(registry, op.collection, op.schema).raw("create", bytes(op.fields))
            create = CreateRow(collection, op.id, read_create(collection, raw))
            if not collection.key:
                identity = op.id
            elif op.op is None:
                # Twins of a singleton share its id, and both must come in: what they say tells them apart.
                identity = derived_id("sync.op", op.id, op.at, bytes(op.fields).hex())
            return Wish(sent, identity, create, creates=op.id)
        case Patch():
            _require_identity(op.op)
            collection = _collection(registry, op.collection)
            raw = _path(registry, op.collection, op.schema).raw("patch", bytes(op.fields))
            return Wish(sent, identity, PatchRow(collection, op.id, read_patch(collection, raw), op.base))
        case Delete():
            _require_identity(op.op)
            collection = _collection(registry, op.collection)
            if not collection.may_delete:
                raise CollectionNotWritable(f"Phones do not delete rows of {collection.name}.")
            return Wish(sent, identity, DeleteRow(collection, op.id, op.base))
        case Batch():
            _require_identity(op.op)
            path = _path(registry, op.collection, op.schema)
            return Wish(sent, identity, _read_batch(_collection(registry, op.collection), op, path))
        case Command():
            return _understand_command(sent, op, registry, identity)
        case _:
            raise Malformed(f"There is no op of this kind: {op!r}")


def _require_identity(op: UUID | None) -> None:
    if op is None:
        raise Malformed("The op has no `op`, the identity that it keeps when it is renumbered.")


def _collection(registry: Registry, name: str) -> Collection:
    collection = registry.collections.get(name)
    if collection is None:
        raise CollectionUnknown(f"There is no collection {name}.")
    return collection


def _path(registry: Registry, name: str, schema: int) -> Path:
    """How what an op of this schema says is read today."""
    return registry.upcasts.path(name, schema)


def _read_batch(collection: Collection, op: Batch, path: Path) -> WriteRows:
    if not collection.key or collection.may_create is None:
        raise CollectionNotWritable(f"{collection.name} takes no batches: its ids do not follow from a key.")
    rows: list[dict[str, Any]] = []
    offsets_ms: list[int] = []
    for values in op.rows:
        if len(values) != len(op.columns):
            raise Malformed(f"Row {len(rows)} of the batch has {len(values)} values for {len(op.columns)} columns.")
        row = {**op.same, **dict(zip(op.columns, values, strict=True))}
        offset_ms = row.pop("at", 0)
        if not isinstance(offset_ms, int) or isinstance(offset_ms, bool) or abs(offset_ms) > 10**12:
            raise Malformed(f"Row {len(rows)} of the batch has an `at` that is no number of milliseconds.")
        rows.append(path.values("batch", row))
        offsets_ms.append(offset_ms)
    return WriteRows(collection, rows, offsets_ms)


def _understand_command(sent: Sent, op: Command, registry: Registry, identity: UUID) -> Wish:
    path = _path(registry, op.command, op.schema)
    mutator = registry.mutators.get(path.name)
    if mutator is None:
        raise CommandUnknown(f"There is no command {path.name}.")
    raw = path.raw("command", bytes(op.args))
    try:
        args = msgspec.json.decode(raw, type=mutator.args)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ArgsInvalid(f"The arguments of {path.name} are wrong: {error}") from None
    _refuse_unknown_args(mutator, raw)
    creates = getattr(args, mutator.creates) if mutator.creates else None
    if creates is None:
        _require_identity(op.op)
    return Wish(sent, creates or identity, RunCommand(mutator, args), creates=creates)


def _refuse_unknown_args(mutator: Mutator, raw: bytes) -> None:
    unknown = [name for name in msgspec.json.decode(raw) if name not in mutator.args.__struct_encode_fields__]
    if unknown:
        shown = ", ".join(f"`{name[:60]}`" for name in unknown[:10])
        raise ArgsInvalid(
            f"{mutator.name} does not know {shown}.", fields={name[:60]: "unknown" for name in unknown[:10]}
        )
