"""The store as dicts, for tests and the simulator. It passes the contract suite as PostgreSQL does.

Transactions run one after the other. Each change notes how to undo it, so that a transaction or savepoint rolls back by
walking the notes backwards. `faults` may break a transaction before or after its commit.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sync.collection import Collection
from sync.merge import SERVER, stamps
from sync.ports import Bugs, Device, Raced, Row
from sync.receipts import OPS, HeldOp, StoredReceipt
from sync.refusals import BlobRefused
from sync.registry import Registry

RECEIPT_DAYS = 90
IDENTITY_DAYS = 400
MOVED_DAYS = 90
BUG_DAYS = 30
DAY_MS = 86_400_000
FLOOR_SHIFT = 20  # as in postgres/restoring.py

_ABSENT = object()


@dataclass(frozen=True)
class MemoryActor:
    id: UUID
    is_staff: bool = False


class Tables:
    """Rows by table and id, with what a database does by itself: it raises versions, stamps, and can undo."""

    def __init__(self, registry: Registry | None = None) -> None:
        collections = registry.collections.values() if registry else ()
        self._stamped = {collection.table: collection.stamped_columns for collection in collections}
        self._tables: dict[str, dict[UUID, Row]] = {}
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self._floor = 1  # The first version of a new row, and the least next one of any.
        self.changes = 0  # Entries ever set; whoever reads everything may see that nothing has moved.

    def copied(self) -> "Tables":
        """What is committed, as it stands. Stored rows are never changed in place, so both may hold them."""
        other = Tables()
        other._stamped, other._floor, other.changes = self._stamped, self._floor, self.changes
        other._tables = {name: dict(rows) for name, rows in self._tables.items()}
        return other

    def of(self, table: str) -> dict[UUID, Row]:
        return self._tables.setdefault(table, {})

    def has(self, id_: UUID) -> bool:
        """Whether it is a row of any table."""
        return any(id_ in rows for rows in self._tables.values())

    def put(self, table: str, row: Row) -> int:
        """Insert or change a row; answers its version."""
        before = self.of(table).get(row["id"])
        if before is None:
            after = {"version": self._floor, "deleted_at": None, **row}
        else:
            after = {**before, **row}
            shown = {name for name in after if name not in ("version", "merge_state")}
            if any(after[name] != before.get(name) for name in shown):
                after["version"] = max(before["version"] + 1, self._floor)
        least = 0 if before is None else before["version"]
        if after["version"] > least + 1 and after.get("merge_state"):
            after["merge_state"] = _leapt(after["merge_state"], above=least, to=after["version"])
        self.set(self.of(table), row["id"], after)
        return int(after["version"])

    def raise_floor(self, *, now_ms: int) -> None:
        """After a restore: no version that the lost log may have used is used again."""
        self._floor = max(self._floor + 1, now_ms // 1000 << FLOOR_SHIFT)

    def stamped(self, table: str, row: Row, *, now_ms: int) -> Row:
        """The row with the server's stamps on the columns that it changes."""
        before = self.of(table).get(row["id"])
        if before is None:
            return row
        changed = {
            name: row[name] for name in self._stamped.get(table, ()) if name in row and row[name] != before.get(name)
        }
        state = stamps(changed, at=(now_ms, 0), device=SERVER, version=before["version"] + 1)
        return {**row, "merge_state": {**(before.get("merge_state") or {}), **state}} if changed else row

    def set(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        """Change one entry of a dict of this store so that it can be undone."""
        self._undo.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value
        self.changes += 1

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """What happens inside is undone when the block raises."""
        mark = len(self._undo)
        try:
            yield
        except BaseException:
            while len(self._undo) > mark:
                mapping, key, value = self._undo.pop()
                if value is _ABSENT:
                    del mapping[key]
                else:
                    mapping[key] = value
            raise

    def settle(self) -> None:
        """Nothing so far can be undone any more."""
        self._undo.clear()


@dataclass
class MemoryTx:
    """What guards and mutators are given."""

    actor: MemoryActor
    now: datetime
    tables: Tables

    async def get(self, table: str, id_: UUID) -> Row | None:
        return self.tables.of(table).get(id_)

    async def put(self, table: str, row: Row) -> None:
        """Insert or change a row, as a server-side writer does."""
        self.tables.put(table, self.tables.stamped(table, row, now_ms=round(self.now.timestamp() * 1000)))


def _leapt(state: dict[str, Any], *, above: int, to: int) -> dict[str, Any]:
    """The merge state with what was stamped just now, above the version before, stamped with the version that came."""

    def leap(stamp: Any) -> Any:
        if isinstance(stamp, dict):  # the elements of a set; or the sums of devices, which carry no version
            return {key: leap(value) for key, value in stamp.items()}
        return [to, *stamp[1:]] if isinstance(stamp, list) and above < stamp[0] < to else stamp

    return {name: leap(stamp) for name, stamp in state.items()}


Fault = Callable[[str], None]  # Given a moment ("before commit", "after commit"); may raise Outage.


def _no_fault(moment: str) -> None:
    """Everything works."""


@dataclass
class MemoryStore:
    """Devices, receipts, identities and held ops in dicts; `tables` holds the features' rows."""

    tables: Tables = field(default_factory=Tables)
    fault: Fault = _no_fault
    staff: set[UUID] = field(default_factory=set)
    blobs: set[str] = field(default_factory=set)  # Files of everybody, …
    own_blobs: set[tuple[UUID, str]] = field(default_factory=set)  # … of one user, …
    refused_blobs: set[tuple[UUID, str]] = field(default_factory=set)  # … and those that were not taken.
    restored_at_ms: int | None = None
    devices: dict[UUID, Device] = field(default_factory=dict)
    receipts: dict[tuple[UUID, int], StoredReceipt] = field(default_factory=dict)
    identities: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    held_ops: dict[UUID, HeldOp] = field(default_factory=dict)
    moved: dict[UUID, int] = field(default_factory=dict)  # Held op → since when it neither waits nor is parked.
    bugs: dict[str, Bugs] = field(default_factory=dict)
    expiring: dict[UUID, tuple[int, int]] = field(default_factory=dict)  # Device → (number, when it was confirmed).
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def copied(self) -> "MemoryStore":
        """The same store once more, as a backup takes it: committed state, in dicts of its own."""
        return MemoryStore(
            tables=self.tables.copied(),
            fault=self.fault,
            staff=set(self.staff),
            blobs=set(self.blobs),
            own_blobs=set(self.own_blobs),
            refused_blobs=set(self.refused_blobs),
            restored_at_ms=self.restored_at_ms,
            devices=dict(self.devices),
            receipts=dict(self.receipts),
            identities=dict(self.identities),
            held_ops=dict(self.held_ops),
            moved=dict(self.moved),
            bugs=dict(self.bugs),
            expiring=dict(self.expiring),
        )

    @asynccontextmanager
    async def unit(self, user_id: UUID, *, now_ms: int) -> AsyncIterator["MemoryUnit"]:
        async with self._lock:
            with self.tables.undoing():
                yield MemoryUnit(self, user_id, now_ms)
                self.fault("before commit")
            self.tables.settle()
        self.fault("after commit")

    async def count_bug(self, key: str, *, now_ms: int) -> Bugs:
        before = self.bugs.get(key, Bugs(0, now_ms))
        self.bugs[key] = Bugs(before.count + 1, before.first_ms)
        return self.bugs[key]

    async def due(self, *, now_ms: int, limit: int) -> list[tuple[UUID, UUID]]:
        due = [held for held in self.held_ops.values() if held.wake_ms is not None and held.wake_ms <= now_ms]
        due.sort(key=lambda held: (held.wake_ms, held.device_id, held.n))
        seen: set[str] = set()
        answer: list[tuple[UUID, UUID]] = []
        for held in due:
            if held.group_key is None or held.group_key not in seen:
                answer.append((held.user_id, held.id))
            seen.add(held.group_key or "")
        return answer[:limit]

    async def held_op(self, held_id: UUID) -> HeldOp | None:
        return self.held_ops.get(held_id)

    async def postpone(self, held_id: UUID, *, until_ms: int) -> None:
        self.held_ops[held_id] = replace(self.held_ops[held_id], wake_ms=until_ms)

    async def arrived(self, keys: Sequence[str], *, now_ms: int) -> None:
        _wake(self, keys, now_ms=now_ms)
        self.tables.settle()

    async def make_staff(self, user_id: UUID) -> None:
        self.staff.add(user_id)

    async def add_blob(self, hash_: str, *, user_id: UUID | None = None) -> None:
        if user_id is None:
            self.blobs.add(hash_)
        else:
            self.own_blobs.add((user_id, hash_))

    async def refuse_blob(self, hash_: str, *, user_id: UUID) -> None:
        self.refused_blobs.add((user_id, hash_))

    async def revoke_device(self, device_id: UUID) -> None:
        self.devices[device_id] = replace(self.devices[device_id], revoked_ms=self.devices[device_id].seen_ms)

    async def pretend_restored(self, at_ms: int) -> None:
        self.restored_at_ms = at_ms

    async def expire(self, *, now_ms: int) -> None:
        for device in self.devices.values():
            number, since_ms = self.expiring.get(device.id, (0, now_ms))
            if now_ms - since_ms >= RECEIPT_DAYS * DAY_MS:
                for key in [key for key in self.receipts if key[0] == device.id and key[1] <= number]:
                    del self.receipts[key]
                number = 0
            if number == 0 and device.confirmed > 0:
                self.expiring[device.id] = (device.confirmed, now_ms)
        for owned in [
            owned for owned, used_ms in self.identities.items() if now_ms - used_ms >= IDENTITY_DAYS * DAY_MS
        ]:
            del self.identities[owned]
        for held_id in [id_ for id_, moved_ms in self.moved.items() if now_ms - moved_ms >= MOVED_DAYS * DAY_MS]:
            del self.moved[held_id]
            self.tables.put(OPS.table, {"id": held_id, "deleted_at": datetime.fromtimestamp(now_ms / 1000, UTC)})
        for bug in [key for key, bugs in self.bugs.items() if now_ms - bugs.first_ms >= BUG_DAYS * DAY_MS]:
            del self.bugs[bug]


class MemoryUnit:
    """One transaction on a MemoryStore. See `ports.PushUnit`."""

    def __init__(self, store: MemoryStore, user_id: UUID, now_ms: int) -> None:
        self._store = store
        self._tables = store.tables
        self.user_id = user_id
        self.is_staff = user_id in store.staff
        self.now_ms = now_ms
        actor = MemoryActor(user_id, is_staff=self.is_staff)
        self.tx = MemoryTx(actor, datetime.fromtimestamp(now_ms / 1000, UTC), store.tables)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        with self._tables.undoing():
            yield

    async def gather(self) -> None:
        """Features write at once here."""

    async def lock_device(self, device_id: UUID) -> Device | None:
        return self._store.devices.get(device_id)

    async def register_device(self, device: Device) -> Device:
        if device.id not in self._store.devices:
            self._tables.set(self._store.devices, device.id, device)
        return self._store.devices[device.id]

    async def save_device(self, device: Device) -> None:
        self._tables.set(self._store.devices, device.id, device)

    async def retire_devices(self, *, keep: UUID, live_max: int, now_ms: int) -> None:
        mine = [
            device for device in self._store.devices.values() if device.user_id == self.user_id and device.id != keep
        ]
        live = [device for device in mine if device.retired_ms is None and device.revoked_ms is None]
        live.sort(key=lambda device: (device.seen_ms, device.id), reverse=True)
        for device in live[max(0, live_max - 1) :]:
            self._tables.set(self._store.devices, device.id, replace(device, retired_ms=now_ms))

    async def receipts(self, device_id: UUID, numbers: Sequence[int]) -> dict[int, StoredReceipt]:
        keys = ((device_id, number) for number in numbers)
        return {key[1]: self._store.receipts[key] for key in keys if key in self._store.receipts}

    async def add_receipts(self, device_id: UUID, receipts: Sequence[StoredReceipt]) -> None:
        for stored in receipts:
            self._tables.set(self._store.receipts, (device_id, stored.receipt.n), stored)

    async def known(self, identities: Iterable[UUID]) -> set[UUID]:
        return {identity for identity in identities if (self.user_id, identity) in self._store.identities}

    async def remember(self, identities: Iterable[UUID], *, now_ms: int) -> None:
        for identity in identities:
            if (self.user_id, identity) not in self._store.identities:
                self._tables.set(self._store.identities, (self.user_id, identity), now_ms)

    async def rows(self, collection: Collection, ids: Iterable[UUID]) -> dict[UUID, Row]:
        table = self._tables.of(collection.table)
        return {id_: dict(table[id_]) for id_ in ids if id_ in table}

    async def insert_rows(self, collection: Collection, rows: Sequence[Row]) -> dict[UUID, int]:
        table = self._tables.of(collection.table)
        if any(row["id"] in table for row in rows):
            raise Raced
        return {row["id"]: self._tables.put(collection.table, dict(row)) for row in rows}

    async def update_rows(self, collection: Collection, rows: Sequence[Row]) -> dict[UUID, int]:
        return {row["id"]: self._tables.put(collection.table, dict(row)) for row in rows}

    async def held(self, *, identities: Iterable[UUID] = (), records: Iterable[UUID] = ()) -> list[HeldOp]:
        wanted, created = set(identities), set(records)
        mine = (held for held in self._store.held_ops.values() if held.user_id == self.user_id)
        return [held for held in mine if held.identity in wanted or held.record_id in created]

    async def lock_held(self, held_id: UUID) -> list[HeldOp]:
        held = self._store.held_ops.get(held_id)
        if held is None or held.group_key is None:
            return [] if held is None else [held]
        group = [other for other in self._store.held_ops.values() if other.group_key == held.group_key]
        return sorted(group, key=lambda other: other.n)

    async def put_held(self, ops: Sequence[HeldOp]) -> None:
        for held in ops:
            self._tables.set(self._store.held_ops, held.id, held)
            self._tables.put(OPS.table, row_of(held))
            if not held.is_open:
                self._tables.set(self._store.moved, held.id, self.now_ms)

    async def wake(self, keys: Sequence[str], *, now_ms: int) -> int:
        return _wake(self._store, keys, now_ms=now_ms)

    async def missing_blobs(self, hashes: Iterable[str]) -> set[str]:
        held = self._store.blobs | {hash_ for user_id, hash_ in self._store.own_blobs if user_id == self.user_id}
        missing = set(hashes) - held
        for hash_ in sorted(missing):
            if (self.user_id, hash_) in self._store.refused_blobs:
                raise BlobRefused(keys=(f"blob:{hash_}",))
        return missing

    async def absent(self, ids: Iterable[UUID]) -> set[UUID]:
        return {id_ for id_ in ids if not self._tables.has(id_)}

    async def restored_ms(self) -> int | None:
        return self._store.restored_at_ms


def _wake(store: MemoryStore, keys: Sequence[str], *, now_ms: int) -> int:
    wanted = set(keys)
    woken = [held for held in store.held_ops.values() if held.is_open and wanted & set(held.waits_for)]
    for held in woken:
        store.tables.set(store.held_ops, held.id, replace(held, wake_ms=now_ms))
    return len(woken)


def row_of(held: HeldOp) -> Row:
    """The columns of a held op that phones see."""
    op, size = held.shown
    return {
        "id": held.id,
        "user_id": held.user_id,
        "identity": held.identity,
        "device_id": held.device_id,
        "n": held.n,
        "kind": held.kind,
        "record_id": held.record_id,
        "outcome": held.outcome,
        "code": held.code,
        "message": held.message,
        "fields": held.fields,
        "waits_for": list(held.waits_for),
        "op": op,
        "bytes": size,
        "received_at": datetime.fromtimestamp(held.received_ms / 1000, UTC),
    }
