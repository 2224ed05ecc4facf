"""Receipts: what became of an op; and the rows of `sync.ops`, which say it for ops that wait or were refused."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

import msgspec

from sync.collection import Collection, bucket, derived_id, equals
from sync.merge import ByServer
from sync.summary import WHOLE_BYTES_MAX, summary_of

Outcome = Literal["applied", "merged", "duplicate", "conflict", "waiting", "parked"]
Standing = Literal["waiting", "parked", "applied", "replaced", "withdrawn"]


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of one op. Stored in the op's own transaction; given again, word for word, when it comes again."""

    n: int
    outcome: Outcome
    version: int | None = None  # Of the row it touched; information only.
    code: str | None = None
    message: str | None = None
    fields: dict[str, str] = {}  # Field → what is wrong with it.
    for_: list[str] = msgspec.field(default_factory=list, name="for")  # What it waits for: blob:…, op:…, record:…
    copy: UUID | None = None  # Of a conflict: the row of `sync.ops` that keeps what the person made.
    flag: str | None = None  # "rights.lost": accepted although the right ended meanwhile.


class Notice(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something a person, or whoever helps them, should be able to read."""

    code: str
    message: str
    n: int | None = None
    trace_id: str | None = None


@dataclass(frozen=True)
class StoredReceipt:
    receipt: Receipt
    hash: str  # Of the op's bytes.


@dataclass(frozen=True)
class PushAnswer:
    """What the exchange tells about its ops. `expected` and `error` go into the first line."""

    watermark: tuple[int, str]  # The highest number used, and the hash of its op.
    receipts: list[Receipt] = field(default_factory=list)
    expected: int | None = None  # A gap: nothing from here on was used.
    error: str | None = None  # "device_forked"
    notices: list[Notice] = field(default_factory=list)


# --- the engine's own collection --------------------------------------------------------------------------------


class SyncOpRow(msgspec.Struct, frozen=True):
    """A waiting or parked op, and what became of it, as phones see it."""

    id: UUID  # UUIDv5 of the author and the op's identity.
    user_id: UUID
    identity: UUID
    device_id: UUID
    n: int
    kind: str
    record_id: UUID | None
    outcome: str  # waiting | parked | applied | replaced | withdrawn
    code: str | None
    message: str | None
    fields: Any  # Field → what is wrong with it
    waits_for: list[str]
    op: str  # Its text; what is no UTF-8 in it stands as backslash escapes. With `bytes`, a summary.
    bytes: int | None  # How long it is, where `op` is not all of it.
    received_at: datetime


OPS = Collection(
    name="sync.ops",
    table="sync_op",
    row=SyncOpRow,
    buckets=(bucket("user", "user_id"), bucket("parked-staff", when=equals("outcome", "parked"))),
    tier=0,
    order_by=("received_at",),
    merge=ByServer(),
    deletion="by_server",
)


@dataclass(frozen=True)
class HeldOp:
    """A row of `sync.ops` with what the server keeps beside it."""

    id: UUID
    user_id: UUID
    identity: UUID
    device_id: UUID
    n: int
    hash: str
    raw: bytes
    kind: str
    record_id: UUID | None  # The record it would create.
    group_key: str | None  # Equal for the members of one group; they wait, park and are retried together.
    outcome: Standing
    code: str | None
    message: str | None
    fields: dict[str, str]
    waits_for: tuple[str, ...]
    at: tuple[int, int]
    received_ms: int
    wake_ms: int | None  # When to look at it again: a deadline, or now.
    adopted_by: UUID | None = None  # Staff who had it tried again: rights that ended meanwhile do not count.

    def moved(self, outcome: Standing, *, wake_ms: int | None = None, **changes: Any) -> Self:
        """The same op, standing otherwise; by default nobody looks at it again."""
        return replace(self, outcome=outcome, wake_ms=wake_ms, **changes)

    @property
    def is_open(self) -> bool:
        return self.outcome in ("waiting", "parked")

    @property
    def shown(self) -> tuple[str, int | None]:
        """`op` and `bytes` of the row. One that waits is replayed by its author's other phones: all of it."""
        if self.outcome != "waiting" and len(self.raw) > WHOLE_BYTES_MAX:
            return summary_of(self.raw), len(self.raw)
        return self.raw.decode("utf-8", "backslashreplace").replace("\x00", "\\u0000"), None


def held_id(user_id: UUID, identity: UUID) -> UUID:
    return derived_id(OPS.name, user_id, identity)
