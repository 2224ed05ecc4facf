"""The engine's sample school on a real PostgreSQL: its tables, its transactions, a lab over them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from sync.postgres.install import install
from sync.postgres.push_store import PostgresPushStore
from sync.refusals import BlobRefused
from sync.registry import Registry
from sync.testing.sample import sample_registry

_SYNCED = "id uuid primary key, version bigint not null default 1, deleted_at timestamptz(3), user_id uuid"
TABLES = f"""
create table sample_notes ({_SYNCED}, text text not null, about_id uuid);
create table sample_profiles ({_SYNCED}, name text, locale text, role text, merge_state json);
create table sample_progress ({_SYNCED}, lesson_id uuid not null, seen_ppm integer, seconds bigint,
    completed_at timestamptz(3), tags text[], merge_state json);
create table sample_attempts ({_SYNCED}, state text not null, title text);
create table sample_answers ({_SYNCED}, attempt_id uuid not null, item integer not null, value json, merge_state json);
create table sample_essays ({_SYNCED}, text text not null, praise text);
create table sample_spendings ({_SYNCED}, amount integer not null);
create table sample_sheets ({_SYNCED}, team text not null, title text, body text, place text collate "C", tags text[],
    locale text, status text, price integer, shown_at timestamptz(3), merge_state json);
create table sample_remarks ({_SYNCED}, team text not null, sheet_id uuid not null, text text not null);
create table sample_blobs (hash text not null, user_id uuid, is_refused boolean not null default false);
create table sample_staff (id uuid primary key);
"""


@dataclass(frozen=True)
class SampleActor:
    id: UUID
    is_staff: bool


class SampleTx:
    """A transaction as a feature of the sample sees it: rows by table and id."""

    def __init__(self, db: AsyncSession, actor: SampleActor) -> None:
        self.db = db
        self.actor = actor
        self.now = datetime.now(UTC)
        self.later: list[str] = []

    async def get(self, table: str, id_: UUID) -> dict[str, Any] | None:
        found = await self.db.execute(text(f"select * from {table} where id = :id for no key update"), {"id": id_})
        row = found.mappings().one_or_none()
        return None if row is None else dict(row)

    async def put(self, table: str, row: dict[str, Any]) -> None:
        """Insert or change, as any writer past the engine does."""
        values = msgspec.to_builtins(row)
        names = ", ".join(values)
        changes = ", ".join(f"{name} = stored.{name}" for name in values if name != "id")
        stored = await self.get(table, row["id"])
        if stored is None:
            source = f"json_populate_record(null\\:\\:{table}, :row) as stored"
            statement = f"insert into {table} ({names}) select {names} from {source}"
        else:
            statement = (
                f"update {table} set {changes} from json_populate_record(null\\:\\:{table}, :row) as stored"
                f" where {table}.id = stored.id"
            )
        await self.db.execute(text(statement), {"row": json.dumps(values)})

    def mark_later(self) -> int:
        return len(self.later)

    def forget_later(self, mark: int) -> None:
        del self.later[mark:]


class SampleStore(PostgresPushStore):
    """The store under test, and the words a test needs for its surroundings."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        super().__init__(begin=self._transaction, system=lambda: self._transaction(UUID(int=0)), missing_blobs=_missing)

    @asynccontextmanager
    async def _transaction(self, user_id: UUID) -> AsyncIterator[SampleTx]:
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            found = await session.execute(text("select 1 from sample_staff where id = :id"), {"id": user_id})
            yield SampleTx(session, SampleActor(user_id, is_staff=found.first() is not None))

    async def run(self, sql: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(sql), values)

    async def make_staff(self, user_id: UUID) -> None:
        await self.run("insert into sample_staff values (:id)", id=user_id)

    async def add_blob(self, hash_: str, *, user_id: UUID | None = None) -> None:
        await self.run("insert into sample_blobs values (:hash, :user)", hash=hash_, user=user_id)

    async def refuse_blob(self, hash_: str, *, user_id: UUID) -> None:
        await self.run("insert into sample_blobs values (:hash, :user, true)", hash=hash_, user=user_id)

    async def revoke_device(self, device_id: UUID) -> None:
        await self.run("update sync_device set revoked_at = now() where id = :id", id=device_id)

    async def pretend_restored(self, at_ms: int) -> None:
        await self.run("insert into sync_restore values (:at)", at=datetime.fromtimestamp(at_ms / 1000, UTC))

    async def empty(self) -> None:
        """As good as new: rows go the way the eraser takes them."""
        tables = [collection.table for collection in sample_registry().collections.values()]
        erase = "".join(f"delete from {table};" for table in tables)
        others = "sync_device, sync_receipt, sync_identity, sync_bug, sync_restore, sample_blobs, sample_staff"
        with psycopg.connect(self.url) as connection:
            connection.execute("set local sync.erasing = 'on'")
            connection.execute(erase.encode())
            connection.execute(f"truncate {others}".encode())

    @property
    def url(self) -> str:
        return self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def _missing(db: AsyncSession, user_id: UUID, hashes: list[str]) -> set[str]:
    statement = text(
        "select hash, bool_or(not is_refused) as is_here from sample_blobs"
        " where hash = any(:hashes) and (user_id is null or user_id = :user) group by hash order by hash"
    )
    found = (await db.execute(statement, {"hashes": hashes, "user": user_id})).all()
    for hash_ in (row.hash for row in found if not row.is_here):
        raise BlobRefused(keys=(f"blob:{hash_}",))
    return set(hashes) - {row.hash for row in found}


def make_tables(url: str, registry: Registry | None = None) -> None:
    """The sample's tables in an empty database, with the engine over them."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
    with psycopg.connect(url) as connection:
        install(connection, registry or sample_registry())


@asynccontextmanager
async def open_sample(url: str, *, options: str = "") -> AsyncIterator[SampleStore]:
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1), connect_args={"options": f"-c timezone=UTC {options}"}
    )
    try:
        yield SampleStore(engine)
    finally:
        await engine.dispose()
