"""The push half on the server's own transactions: each begins as the person whose ops it takes, with today's rights."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

from server.base.actor import SYSTEM
from server.base.db import Database
from server.base.tx import Tx
from server.base.work import Work
from server.identity.actors import actor_of_user
from server.media.blobs import missing_blobs
from sync.errors import ExchangeError
from sync.postgres.push_store import PostgresPushStore


def open_push_store(work: Work) -> PostgresPushStore:
    database = work.database

    def begin(user_id: UUID) -> AbstractAsyncContextManager[Tx]:
        return begin_as(database, user_id)

    def system() -> AbstractAsyncContextManager[Tx]:
        return database.transaction(SYSTEM)

    return PostgresPushStore(begin=begin, system=system, missing_blobs=missing_blobs)


@asynccontextmanager
async def begin_as(database: Database, user_id: UUID) -> AsyncIterator[Tx]:
    """Raises ExchangeError 401 when the account was closed since the request came in."""
    async with database.transaction(SYSTEM) as tx:
        actor = await actor_of_user(tx, user_id)
        if actor is None:
            raise ExchangeError(401, "auth.required", "Sign in to send what waits; it is kept on this phone.")
        tx.actor = actor
        yield tx
