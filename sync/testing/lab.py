"""A store, a registry and a clock at hand: what the contract suite and the properties work with."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from sync.collection import Collection
from sync.errors import ExchangeError
from sync.ports import PushStore, Row
from sync.push import push
from sync.receipts import OPS, PushAnswer, held_id
from sync.registry import Registry
from sync.testing.phone import Pen
from sync.testing.sample import sample_registry
from sync.waking import wake_due

DAY_MS = 86_400_000
START_MS = 1_800_000_000_000


class LabStore(PushStore, Protocol):
    """A store of which a test can also prepare the surroundings."""

    async def make_staff(self, user_id: UUID) -> None: ...

    async def add_blob(self, hash_: str, *, user_id: UUID | None = None) -> None:
        """A file of this user, or of everybody, is here. Wakes nobody: `arrived` does."""

    async def refuse_blob(self, hash_: str, *, user_id: UUID) -> None:
        """This user's file was not taken. Wakes nobody either."""

    async def revoke_device(self, device_id: UUID) -> None: ...

    async def pretend_restored(self, at_ms: int) -> None: ...


@dataclass
class Lab:
    store: LabStore
    registry: Registry = field(default_factory=sample_registry)
    now_ms: int = START_MS

    async def push(
        self, pen: Pen, ops: Sequence[bytes] | None = None, *, confirmed: tuple[int, str] | None = None
    ) -> PushAnswer:
        """Send some ops of a phone, by default all that it ever wrote."""
        return await push(
            self.store,
            self.registry,
            user_id=pen.user_id,
            device_id=pen.device_id,
            raw_ops=pen.ops if ops is None else ops,
            confirmed=confirmed,
            now_ms=self.now_ms,
        )

    async def row(self, collection: Collection, id_: UUID) -> Row | None:
        async with self.store.unit(id_, now_ms=self.now_ms) as unit:
            return (await unit.rows(collection, [id_])).get(id_)

    async def write(self, collection: Collection, row: Row) -> None:
        """Write as a route or a job does, past the engine."""
        async with self.store.unit(row["id"], now_ms=self.now_ms) as unit:
            await unit.tx.put(collection.table, row)

    def deleted_now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)

    async def held(self, pen: Pen, identity: Any) -> Row:
        """The row of `sync.ops` for an op; fails when there is none."""
        row = await self.row(OPS, held_id(pen.user_id, UUID(str(identity))))
        assert row is not None, "the op is not held"
        return row

    async def wake(self) -> int:
        return await wake_due(self.store, self.registry, now_ms=self.now_ms, limit=100)

    async def bring_blob(self, hash_: str, *, user_id: UUID | None = None) -> None:
        await self.store.add_blob(hash_, user_id=user_id)
        await self.store.arrived([f"blob:{hash_}"], now_ms=self.now_ms)
        await self.wake()

    async def refuse_blob(self, hash_: str, *, user_id: UUID) -> None:
        await self.store.refuse_blob(hash_, user_id=user_id)
        await self.store.arrived([f"blob:{hash_}"], now_ms=self.now_ms)
        await self.wake()


async def turned_away(answer: Awaitable[PushAnswer]) -> ExchangeError:
    """The error that turned a whole exchange away; fails when none did."""
    try:
        await answer
    except ExchangeError as error:
        return error
    raise AssertionError("the exchange was answered")


def outcomes(answer: PushAnswer) -> list[str]:
    """Each receipt in a word: `applied`, or `parked field.invalid`."""
    return [f"{receipt.outcome} {receipt.code}" if receipt.code else receipt.outcome for receipt in answer.receipts]
