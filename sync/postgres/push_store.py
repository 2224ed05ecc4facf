"""The push half on PostgreSQL: `ports.PushStore` over transactions that the server opens.

Rows go to and fro in bulk: one JSON parameter carries any number of rows, and the table's own types read it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from sync.collection import Collection
from sync.errors import Outage
from sync.ports import Bugs, Device, Raced, Row
from sync.postgres import push_sql
from sync.postgres.meanings import meaning_of
from sync.receipts import HeldOp, Receipt, StoredReceipt


class PushTx(Protocol):
    """What the server's transaction must offer. It commits at the exit of the block that opened it."""

    db: AsyncSession
    now: datetime

    @property
    def actor(self) -> Any: ...  # Has `is_staff`; the rest is the features' business.

    def mark_later(self) -> int: ...

    def forget_later(self, mark: int) -> None: ...


Begin = Callable[[UUID], AbstractAsyncContextManager[Any]]  # Any: a PushTx of the server's own type
BeginSystem = Callable[[], AbstractAsyncContextManager[Any]]
MissingBlobs = Callable[[AsyncSession, UUID, list[str]], Awaitable[set[str]]]  # (db, whose, hashes)


async def no_blobs(_db: AsyncSession, _user_id: UUID, hashes: list[str]) -> set[str]:
    """Nobody keeps files for phones: whatever an op names is missing."""
    return set(hashes)


class PostgresPushStore:
    """`begin(user_id)` opens a transaction with that user as actor, `system()` one without; both commit at the end."""

    def __init__(self, *, begin: Begin, system: BeginSystem, missing_blobs: MissingBlobs = no_blobs) -> None:
        self._begin = begin
        self._system = system
        self._missing_blobs = missing_blobs

    @asynccontextmanager
    async def unit(self, user_id: UUID, *, now_ms: int) -> AsyncIterator["PostgresPushUnit"]:
        async with _outages(), self._begin(user_id) as tx:
            yield PostgresPushUnit(tx, user_id=user_id, now_ms=now_ms, missing_blobs=self._missing_blobs)

    @asynccontextmanager
    async def operator(self, *, now_ms: int) -> AsyncIterator["PostgresPushUnit"]:
        """A transaction of the system itself: it may do what staff may."""
        async with _outages(), self._system() as tx:
            yield PostgresPushUnit(tx, user_id=tx.actor.id, now_ms=now_ms, missing_blobs=self._missing_blobs)

    async def parked(self, *, limit: int) -> list[HeldOp]:
        """Parked ops of everybody, the oldest first."""
        async with _outages(), self._system() as tx:
            return [_held(row) for row in (await tx.db.execute(push_sql.PARKED, {"limit": limit})).mappings()]

    async def count_bug(self, key: str, *, now_ms: int) -> Bugs:
        async with _outages(), self._system() as tx:
            found = await tx.db.execute(push_sql.COUNT_BUG, {"key": key, "now": _instant(now_ms)})
            count, first_at = found.one()
            return Bugs(count, _ms(first_at))

    async def due(self, *, now_ms: int, limit: int) -> list[tuple[UUID, UUID]]:
        async with _outages(), self._system() as tx:
            found = await tx.db.execute(push_sql.DUE, {"now": _instant(now_ms), "limit": limit})
            return [(user_id, held_id) for user_id, held_id in found]

    async def held_op(self, held_id: UUID) -> HeldOp | None:
        async with _outages(), self._system() as tx:
            row = (await tx.db.execute(push_sql.HELD_OP, {"id": held_id})).mappings().one_or_none()
            return None if row is None else _held(row)

    async def postpone(self, held_id: UUID, *, until_ms: int) -> None:
        async with _outages(), self._system() as tx:
            await tx.db.execute(push_sql.WAKE, {"ids": [held_id], "now": _instant(until_ms)})

    async def arrived(self, keys: Sequence[str], *, now_ms: int) -> None:
        async with _outages(), self._system() as tx:
            await wake(tx.db, keys, now_ms=now_ms)

    async def expire(self, *, now_ms: int) -> None:
        for statement in push_sql.EXPIRE:
            async with _outages(), self._system() as tx:
                await tx.db.execute(statement, {"now": _instant(now_ms)})


@asynccontextmanager
async def _outages() -> AsyncIterator[None]:
    """What the database cannot do now becomes an Outage; the rest goes on as it is."""
    try:
        yield
    except Exception as error:
        meaning = meaning_of(error)
        if isinstance(meaning, Outage) and meaning is not error:
            raise meaning from error
        raise


class PostgresPushUnit:
    """One open transaction. See `ports.PushUnit`."""

    def __init__(self, tx: PushTx, *, user_id: UUID, now_ms: int, missing_blobs: MissingBlobs) -> None:
        self.tx: Any = tx
        self.user_id = user_id
        self.now_ms = now_ms
        self.is_staff = bool(tx.actor.is_staff)
        self._db = tx.db
        self._missing_blobs = missing_blobs

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        mark = self.tx.mark_later()
        try:
            async with self._db.begin_nested():
                yield
        except Exception as error:
            self.tx.forget_later(mark)
            self._db.expire_all()
            meaning = meaning_of(error)
            if meaning is None or meaning is error:
                raise
            raise meaning from error

    async def gather(self) -> None:
        await self._db.flush()

    # --- devices ---

    async def lock_device(self, device_id: UUID) -> Device | None:
        found = (await self._db.execute(push_sql.LOCK_DEVICE, {"id": device_id})).mappings().one_or_none()
        return None if found is None else _device(found)

    async def register_device(self, device: Device) -> Device:
        seen_at = _instant(device.seen_ms)
        await self._db.execute(push_sql.ADD_DEVICE, {"id": device.id, "user_id": device.user_id, "seen_at": seen_at})
        registered = await self.lock_device(device.id)
        assert registered is not None
        return registered

    async def save_device(self, device: Device) -> None:
        await self._db.execute(
            push_sql.SAVE_DEVICE,
            {
                "id": device.id,
                "watermark": device.watermark,
                "watermark_hash": device.watermark_hash,
                "confirmed": device.confirmed,
                "last_at_ms": device.last_at[0],
                "last_at_count": device.last_at[1],
                "seen_at": _instant(device.seen_ms),
                "retired_at": None if device.retired_ms is None else _instant(device.retired_ms),
            },
        )

    async def retire_devices(self, *, keep: UUID, live_max: int, now_ms: int) -> None:
        values = {"user_id": self.user_id, "keep": keep, "others_max": live_max - 1, "now": _instant(now_ms)}
        await self._db.execute(push_sql.RETIRE_DEVICES, values)

    # --- receipts and identities ---

    async def receipts(self, device_id: UUID, numbers: Sequence[int]) -> dict[int, StoredReceipt]:
        found = await self._db.execute(push_sql.RECEIPTS, {"device_id": device_id, "numbers": list(numbers)})
        return {n: StoredReceipt(msgspec.json.decode(body, type=Receipt), hash_) for n, hash_, body in found}

    async def add_receipts(self, device_id: UUID, receipts: Sequence[StoredReceipt]) -> None:
        rows = [
            {"n": stored.receipt.n, "hash": stored.hash, "body": msgspec.json.encode(stored.receipt).decode()}
            for stored in receipts
        ]
        await self._db.execute(push_sql.ADD_RECEIPTS, {"device_id": device_id, "rows": _json(rows)})

    async def known(self, identities: Iterable[UUID]) -> set[UUID]:
        found = await self._db.execute(push_sql.KNOWN, {"user_id": self.user_id, "identities": _array(identities)})
        return set(found.scalars())

    async def remember(self, identities: Iterable[UUID], *, now_ms: int) -> None:
        values = {"user_id": self.user_id, "identities": _array(identities), "now": _instant(now_ms)}
        await self._db.execute(push_sql.REMEMBER, values)

    # --- rows ---

    async def rows(self, collection: Collection, ids: Iterable[UUID]) -> dict[UUID, Row]:
        values = {"ids": _array(ids)}
        if collection.above is not None:
            await self._db.execute(push_sql.lock_above(collection.table, *collection.above), values)
        found = await self._db.execute(push_sql.lock_rows(collection.table), values)
        return {row["id"]: dict(row) for row in found.mappings()}

    async def insert_rows(self, collection: Collection, rows: Sequence[Row]) -> dict[UUID, int]:
        versions: dict[UUID, int] = {}
        for columns, alike in _alike(rows):
            statement = push_sql.insert_rows(collection.table, columns)
            found = await self._db.execute(statement, {"rows": _json(alike)})
            versions.update((row.id, row.version) for row in found)
        if len(versions) < len(rows):
            raise Raced
        self._db.expire_all()  # What a mutator loaded before is not what stands now.
        return versions

    async def update_rows(self, collection: Collection, rows: Sequence[Row]) -> dict[UUID, int]:
        versions: dict[UUID, int] = {}
        for columns, alike in _alike(rows):
            statement = push_sql.update_rows(collection.table, columns)
            found = await self._db.execute(statement, {"rows": _json(alike)})
            versions.update((row.id, row.version) for row in found)
        self._db.expire_all()
        return versions

    # --- held ops ---

    async def held(self, *, identities: Iterable[UUID] = (), records: Iterable[UUID] = ()) -> list[HeldOp]:
        values = {"user_id": self.user_id, "identities": _array(identities), "records": _array(records)}
        return [_held(row) for row in (await self._db.execute(push_sql.HELD, values)).mappings()]

    async def lock_held(self, held_id: UUID) -> list[HeldOp]:
        return [_held(row) for row in (await self._db.execute(push_sql.LOCK_HELD, {"id": held_id})).mappings()]

    async def put_held(self, ops: Sequence[HeldOp]) -> None:
        if ops:
            rows = _json([_held_row(held) for held in ops])
            await self._db.execute(push_sql.PUT_HELD, {"rows": rows, "now": _instant(self.now_ms)})

    async def wake(self, keys: Sequence[str], *, now_ms: int) -> int:
        return await wake(self._db, keys, now_ms=now_ms)

    # --- surroundings ---

    async def missing_blobs(self, hashes: Iterable[str]) -> set[str]:
        return await self._missing_blobs(self._db, self.user_id, sorted(hashes))

    async def absent(self, ids: Iterable[UUID]) -> set[UUID]:
        return set((await self._db.execute(push_sql.ABSENT, {"ids": _array(ids)})).scalars())

    async def restored_ms(self) -> int | None:
        at = (await self._db.execute(push_sql.RESTORED)).scalar_one()
        return None if at is None else _ms(at)


async def wake(db: AsyncSession, keys: Sequence[str], *, now_ms: int) -> int:
    """Have the open ops that wait for one of these keys looked at again; how many there are.

    Looks first: nearly always nobody waits, and an update of no row would still run the triggers of the table.
    """
    if not keys:
        return 0
    waiting = list((await db.execute(push_sql.WAITING_FOR, {"keys": "{" + ",".join(keys) + "}"})).scalars())
    if waiting:
        await db.execute(push_sql.WAKE, {"ids": waiting, "now": _instant(now_ms)})
    return len(waiting)


def _alike(rows: Sequence[Row]) -> Iterable[tuple[tuple[str, ...], list[Row]]]:
    """Rows by the columns they name: a column that is not named takes its default, or stays."""
    grouped: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        grouped.setdefault(tuple(sorted(row)), []).append(row)
    return grouped.items()


def _array(ids: Iterable[UUID]) -> str:
    """As PostgreSQL reads an array: a list of a thousand ids is slow to adapt one by one."""
    return "{" + ",".join(map(str, ids)) + "}"


def _json(rows: Sequence[Row]) -> str:
    return msgspec.json.encode(rows).decode()


def _device(row: RowMapping) -> Device:
    return Device(
        id=row["id"],
        user_id=row["user_id"],
        seen_ms=_ms(row["seen_at"]),
        watermark=row["watermark"],
        watermark_hash=row["watermark_hash"],
        confirmed=row["confirmed"],
        last_at=(row["last_at_ms"], row["last_at_count"]),
        retired_ms=None if row["retired_at"] is None else _ms(row["retired_at"]),
        revoked_ms=None if row["revoked_at"] is None else _ms(row["revoked_at"]),
    )


def _held(row: RowMapping) -> HeldOp:
    return HeldOp(
        id=row["id"],
        user_id=row["user_id"],
        identity=row["identity"],
        device_id=row["device_id"],
        n=row["n"],
        hash=row["hash"],
        raw=bytes(row["raw"]),
        kind=row["kind"],
        record_id=row["record_id"],
        group_key=row["group_key"],
        outcome=row["outcome"],
        code=row["code"],
        message=row["message"],
        fields=row["fields"],
        waits_for=tuple(row["waits_for"]),
        at=(row["at_ms"], row["at_count"]),
        received_ms=_ms(row["received_at"]),
        wake_ms=None if row["wake_at"] is None else _ms(row["wake_at"]),
        adopted_by=row["adopted_by"],
    )


def _held_row(held: HeldOp) -> Row:
    op, size = held.shown
    return {
        "id": held.id,
        "user_id": held.user_id,
        "identity": held.identity,
        "device_id": held.device_id,
        "n": held.n,
        "hash": held.hash,
        "raw": "\\x" + held.raw.hex(),
        "op": op,
        "bytes": size,
        "kind": held.kind,
        "record_id": held.record_id,
        "group_key": held.group_key,
        "outcome": held.outcome,
        "code": held.code,
        "message": held.message,
        "fields": held.fields,
        "waits_for": list(held.waits_for),
        "at_ms": held.at[0],
        "at_count": held.at[1],
        "received_at": _instant(held.received_ms),
        "wake_at": None if held.wake_ms is None else _instant(held.wake_ms),
        "adopted_by": held.adopted_by,
    }


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
