"""What the push half needs of a store: `memory.py` and `postgres/push_store.py` give it, `testing/` checks it."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sync.clock import ZERO, At
from sync.collection import Collection
from sync.receipts import HeldOp, StoredReceipt

Row = dict[str, Any]  # Column → value, as the store holds it.


@dataclass(frozen=True)
class Device:
    """One user's store on one phone."""

    id: UUID
    user_id: UUID
    seen_ms: int
    watermark: int = 0  # The highest number used.
    watermark_hash: str = ""
    confirmed: int = 0  # The highest number whose receipt the phone says it holds.
    last_at: At = ZERO
    retired_ms: int | None = None  # A tombstone: one of too many; its next exchange revives it.
    revoked_ms: int | None = None


@dataclass(frozen=True)
class Bugs:
    """How often one op met a bug."""

    count: int
    first_ms: int


class Raced(Exception):
    """Another transaction made a row of this id a moment ago: read again and merge."""


class PushUnit(Protocol):
    """One open transaction. Everything in it happens, or nothing does.

    Every method may raise Outage. A broken rule of the database (a missing reference, a value too large) is a Refusal.
    """

    tx: Any  # What guards and mutators are given.
    user_id: UUID
    is_staff: bool
    now_ms: int  # The instant of the whole unit.

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """What happens inside is undone when the block raises. Its own errors go on as Outage, Raced or Refusal."""

    async def gather(self) -> None:
        """Send to the store what a feature has written so far, so that the next query sees it."""

    async def lock_device(self, device_id: UUID) -> Device | None:
        """The device, locked until the end."""

    async def register_device(self, device: Device) -> Device:
        """Insert and lock it; the stored one when another exchange was first."""

    async def save_device(self, device: Device) -> None: ...

    async def retire_devices(self, *, keep: UUID, live_max: int, now_ms: int) -> None:
        """Make tombstones of this user's least recently seen devices above `live_max`, `keep` among the live ones."""

    async def receipts(self, device_id: UUID, numbers: Sequence[int]) -> dict[int, StoredReceipt]: ...

    async def add_receipts(self, device_id: UUID, receipts: Sequence[StoredReceipt]) -> None: ...

    async def known(self, identities: Iterable[UUID]) -> set[UUID]:
        """Which identities this user has used already."""

    async def remember(self, identities: Iterable[UUID], *, now_ms: int) -> None:
        """Keep identities of this user; those that are known stay as they are."""

    async def rows(self, collection: Collection, ids: Iterable[UUID]) -> dict[UUID, Row]:
        """The stored rows, every column, locked until the end; before them those that they lie in (`above`)."""

    async def insert_rows(self, collection: Collection, rows: Sequence[Row]) -> dict[UUID, int]:
        """Insert, and answer the version of each. Raises Raced when one of the ids is there."""

    async def update_rows(self, collection: Collection, rows: Sequence[Row]) -> dict[UUID, int]:
        """Set the given columns of the rows with these `id`s, and answer their versions."""

    async def held(self, *, identities: Iterable[UUID] = (), records: Iterable[UUID] = ()) -> list[HeldOp]:
        """This user's rows of `sync.ops` with one of these identities, or whose op would create one of the records."""

    async def lock_held(self, held_id: UUID) -> list[HeldOp]:
        """The row of `sync.ops` and the rest of its group in order of n, of any user, locked; [] when there is none."""

    async def put_held(self, ops: Sequence[HeldOp]) -> None:
        """Insert or replace rows of `sync.ops`."""

    async def wake(self, keys: Sequence[str], *, now_ms: int) -> int:
        """Have the open ops that wait for one of these keys looked at again; answers how many there are."""

    async def missing_blobs(self, hashes: Iterable[str]) -> set[str]:
        """Those of which this user has no accepted file. Raises BlobRefused for one that was not taken."""

    async def absent(self, ids: Iterable[UUID]) -> set[UUID]:
        """Those that are no row of any collection, not even a deleted one."""

    async def restored_ms(self) -> int | None:
        """When this store was last restored from a copy; None if never."""


class PushStore(Protocol):
    """Opens transactions for users; keeps what must outlive a failed one."""

    def unit(self, user_id: UUID, *, now_ms: int) -> AbstractAsyncContextManager[PushUnit]:
        """Committed when the block ends, rolled back when it raises."""

    async def count_bug(self, key: str, *, now_ms: int) -> Bugs:
        """Count one more, in a transaction of its own."""

    async def due(self, *, now_ms: int, limit: int) -> list[tuple[UUID, UUID]]:
        """(user, id) of rows of `sync.ops` that are to be looked at, the longest due first, one a group."""

    async def held_op(self, held_id: UUID) -> HeldOp | None:
        """A row of `sync.ops` that was not deleted, with the op's bytes, whoever's it is."""

    async def postpone(self, held_id: UUID, *, until_ms: int) -> None:
        """Look at this held op, if it is due, no sooner than that."""

    async def arrived(self, keys: Sequence[str], *, now_ms: int) -> None:
        """`PushUnit.wake` in a transaction of its own, for any user: a file came."""

    async def expire(self, *, now_ms: int) -> None:
        """Forget receipts 90 days after they were confirmed, identities after 400 days, counted bugs after 30.

        Rows of `sync.ops` that have neither waited nor been parked for 90 days are deleted (softly: phones drop them).
        """
