"""Declarations: which rows phones hold, who may see them, and what a phone may write.

A declaration is data: tables and columns by name, conditions as values. Nothing here knows a database; the PostgreSQL
adapter compiles declarations to SQL, the memory store evaluates them. Conditions see columns of their own row only, and
no clock: what begins or ends by time has a state column that a job flips.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import msgspec

from sync.merge import DELETED, ByField, ByServer, Cas, Deletion, Lww, LwwField, Place, Policy, Text
from sync.refusals import FieldInvalid, RightsLost

NAMESPACE = UUID("6f1d1a52-4d8a-5e0b-9a55-2f6f1c1b7a10")  # Of every derived id, for ever.
TIER_MAX = 3
RIGHTS_GRACE_MS = 30 * 86_400_000


# --- conditions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class IsSet:
    """The column is not null."""

    column: str


@dataclass(frozen=True)
class IsNull:
    """The column is null."""

    column: str


@dataclass(frozen=True)
class Equals:
    """The column has this very value (and is not null)."""

    column: str
    value: str | int | bool


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """One part holds at least."""

    parts: tuple["Condition", ...]


Condition = IsSet | IsNull | Equals | AllOf | AnyOf


def is_set(column: str) -> IsSet:
    return IsSet(column)


def is_null(column: str) -> IsNull:
    return IsNull(column)


def equals(column: str, value: str | int | bool) -> Equals:  # noqa: FBT001 - the value itself, no flag
    return Equals(column, value)


def all_of(*parts: Condition) -> AllOf:
    return AllOf(parts)


def any_of(*parts: Condition) -> AnyOf:
    return AnyOf(parts)


def holds(condition: Condition | None, row: Mapping[str, Any]) -> bool:
    """Evaluate a condition on one row, as the database would."""
    match condition:
        case None:
            return True
        case IsSet(column):
            return row.get(column) is not None
        case IsNull(column):
            return row.get(column) is None
        case Equals(column, value):
            return bool(row.get(column) == value)
        case AllOf(parts):
            return all(holds(part, row) for part in parts)
        case AnyOf(parts):
            return any(holds(part, row) for part in parts)


# --- names: buckets and audiences -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Name:
    """`kind` alone ("public"), `kind:value` ("role:admin"), or `kind:` and a column's value ("course:{course_id}")."""

    kind: str
    column: str | None = None
    value: str | None = None

    def of(self, row: Mapping[str, Any]) -> str | None:
        """The name for this row; None where the column is null: then the row is in no such bucket."""
        if self.column is None:
            return self.kind if self.value is None else f"{self.kind}:{self.value}"
        key = row.get(self.column)
        return None if key is None else f"{self.kind}:{key}"


@dataclass(frozen=True)
class Link:
    """One link table between a record and the buckets it is in. Its rows are marked like any synced row's."""

    table: str
    to: str  # The link's column that holds the record's id.


@dataclass(frozen=True)
class BucketRule:
    """The record is in bucket `name` when `when` holds; with a link, both are read from the link's rows."""

    name: Name
    when: Condition | None = None
    link: Link | None = None


def bucket(
    kind: str,
    column: str | None = None,
    *,
    value: str | None = None,
    when: Condition | None = None,
    link: Link | None = None,
) -> BucketRule:
    return BucketRule(Name(kind, column, value), when, link)


def audience(kind: str, column: str | None = None, *, value: str | None = None) -> Name:
    return Name(kind, column, value)


EVERYONE = Name("everyone")
"""Every signed-in user is in `everyone` and in `user:{id}`; all hold `public`, each `user:{id}`. No rows needed."""


# --- what a phone writes ----------------------------------------------------------------------------------------


class Fields(dict[str, Any]):  # Any: values of the row type's field types
    """What a phone sent. Asking for a field that it left out refuses the op and names the field."""

    def __missing__(self, name: str) -> Any:  # Any: never returns
        raise FieldInvalid(f"`{name}` is missing.", fields={name: "missing"})


@dataclass
class Change:
    """One create, patch or delete that a phone asks for, as the collection's right and guard see it.

    The guard may refuse (raise a Refusal) and may add server-owned columns with `fill`. `before` is the stored row
    (every column, locked) or None. `fields` are the phone's, already decoded to the row type's field types; one that
    was left out refuses the op when it is asked for by `[…]`, and is None by `.get`. In a patch a TEXT field is a
    `TextEdit` and a SET field a `SetEdit`; a delete has no fields.
    """

    kind: str  # "create", "patch" or "delete"
    id: UUID
    fields: dict[str, Any]
    before: Mapping[str, Any] | None
    at_ms: int  # The device's claim, clamped to the server's clock + 5 min.
    filled: dict[str, Any] = field(default_factory=dict)
    flag: str | None = None  # Told in the receipt: "rights.lost".
    adopted_by: UUID | None = None  # Staff who had a parked op tried again.
    ahead: Any = None  # What the collection's `look_ahead` read for a run of changes, this one among them.
    revives: bool = False  # Told to `after_write`: the row had been deleted, and comes back by this edit.

    def fill(self, **columns: Any) -> None:
        self.filled.update(columns)

    def rights_ended(self, *, ended_ms: int, now_ms: int) -> None:
        """Say that the writer's right ended at `ended_ms`. Work made before and sent within 30 days is taken, flagged.

        For the guards of append-only work. Raises RightsLost otherwise.
        """
        in_time = self.kind == "create" and self.at_ms < ended_ms and now_ms - ended_ms <= RIGHTS_GRACE_MS
        if not in_time and self.adopted_by is None:
            raise RightsLost
        self.flag = RightsLost.code


Right = Callable[[Any, Change], Awaitable[None]]  # (tx, change): raises where the rights of now do not allow it
Guard = Callable[[Any, Change], Awaitable[None]]  # (tx, change): may refuse or fill; it writes nothing
LookAhead = Callable[
    [Any, Sequence[Change]], Awaitable[Any]
]  # (tx, changes that are asked about next): what their guards will look for, read at once; it raises no refusal
AfterRun = Callable[[Any, Sequence[Change]], Awaitable[None]]  # (tx, changes of a run), after their rows were written
AfterWrite = Callable[[Any, Change], Awaitable[None]]  # (tx, change), after the row was written, same transaction
Expand = Callable[
    [Any, list[dict[str, Any]]], Awaitable[list[dict[str, Any]]]
]  # (tx, rows of a batch): to fields of the row


@dataclass(frozen=True)
class Collection:
    """A declared set of rows that phones hold."""

    name: str  # "catalog.lessons": on every phone, so never renamed and never used again.
    table: str
    row: type[msgspec.Struct]  # The projection: exactly the columns that cross the wire, in order; first `id`.
    buckets: tuple[BucketRule, ...]
    tier: int = 1  # 0 boot · 1 structure · 2 text · 3 the rest
    above: tuple[str, str] | None = None  # (table, column) of the row that this one lies in: locked before it.
    order_by: tuple[str, ...] = ()  # Reading order within a first fill; `id` breaks ties.
    merge: Policy = field(default_factory=ByServer)
    may_create: frozenset[str] | None = None  # Fields a phone may send on create; None: it may not create.
    may_patch: frozenset[str] | None = None  # Fields a phone may patch; None: it may not patch.
    deletion: Deletion = "by_server"  # What a phone's `delete` does.
    right: Right | None = (
        None  # Who writes rows that are not only their own (drafts of a team); asked before the guard.
    )
    key: tuple[str, ...] = ()  # Natural key: ids are UUIDv5 of it, so twins from two phones meet.
    guard: Guard | None = None
    reads: frozenset[str] | None = None  # The tables that right and guard look into, beside `before`; None: any.
    look_ahead: LookAhead | None = None  # Given `reads`, so that what it read is dropped once one of them is written.
    after_write: AfterWrite | None = None
    after_run: AfterRun | None = None  # The same for many at once, perhaps after the guards of the next ones.
    touches: frozenset[str] = frozenset()  # The tables that `after_run` writes.
    expand: Expand | None = None  # Turns a batch's short columns ("item", a number) into fields ("item_id").

    @property
    def is_written_by_phones(self) -> bool:
        return self.may_create is not None or self.may_patch is not None or self.may_delete

    @property
    def may_delete(self) -> bool:
        return self.deletion != "by_server"

    @property
    def owner_columns(self) -> tuple[str, ...]:
        """The columns that name the users whose own bucket the record is in: a phone writes its own user's only."""
        names = (rule.name for rule in self.buckets if rule.link is None)
        return tuple(name.column for name in names if name.kind == "user" and name.column is not None)

    @property
    def stamped_columns(self) -> tuple[str, ...]:
        """The columns whose last writer `merge_state` names, whoever it is; a SET's are known by element."""
        match self.merge:
            case LwwField():
                names = self.may_patch or frozenset()
            case ByField() as fields:
                names = frozenset(name for kind in (Lww, Text, Place, Cas) for name in fields.of(kind))
            case _:
                return ()
        return tuple(sorted(names | {DELETED})) if self.deletion == "edit_wins" else tuple(sorted(names))

    def derived_id(self, values: Mapping[str, Any]) -> UUID:
        """The id of the row with this natural key: UUIDv5 of `collection:key:key`, lower case, in declared order."""
        return derived_id(self.name, *(values[column] for column in self.key))


def derived_id(collection: str, *keys: Any) -> UUID:
    return uuid5(NAMESPACE, ":".join([collection, *(str(key).lower() for key in keys)]))


# --- who holds what ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Membership:
    """Rows that put a user into an audience. The table is a synced table (id, version, deleted_at)."""

    table: str
    user: str  # The column with the user's id.
    audience: Name
    when: Condition | None = None


@dataclass(frozen=True)
class Grant:
    """Rows that give an audience a bucket. The table is a synced table (id, version, deleted_at)."""

    table: str
    audience: Name
    bucket: Name
    when: Condition | None = None


@dataclass(frozen=True)
class BucketKind:
    """How a kind of bucket comes to a phone: by itself, or when the person asks for it (a downloaded course)."""

    kind: str
    automatic: bool
