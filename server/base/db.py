"""The edge: where a transaction is opened and committed. Exactly one commit in the code."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from server.base import clock
from server.base.actor import SYSTEM, Actor
from server.base.events import Bus
from server.base.models import Model
from server.base.tx import Tx, Visible

STATEMENT_TIMEOUT_MS = 60_000
POOL_TIMEOUT_S = 10


class Database:
    """A pool of connections and the way to open a Tx on one."""

    def __init__(
        self,
        url: str,
        *,
        pool_max: int = 10,
        bus: Bus | None = None,
        visible: Mapping[type[Model], Visible] | None = None,
    ) -> None:
        self.engine = create_async_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=pool_max,
            max_overflow=5,
            pool_pre_ping=True,
            pool_timeout=POOL_TIMEOUT_S,
            json_serializer=_compact_json,
            connect_args={"options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}"},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._bus = bus or Bus()
        self._visible = visible or {}

    @asynccontextmanager
    async def transaction(self, actor: Actor = SYSTEM) -> AsyncIterator[Tx]:
        """One unit of work: committed when the block ends, rolled back when it raises."""
        async with self._sessions() as session, session.begin():
            tx = self.tx_on(session, actor)
            yield tx
            await tx.flush_outbox()

    def tx_on(self, session: AsyncSession, actor: Actor) -> Tx:
        """A Tx on a session that somebody else opened and will commit."""
        return Tx(session, actor=actor, now=clock.now(), bus=self._bus, visible=self._visible)

    async def close(self) -> None:
        await self.engine.dispose()


def _compact_json(value: object) -> str:
    # Compact text, kept as it is by the `json` type: synced lines must be equal when the value is.
    return msgspec.json.encode(value).decode()
