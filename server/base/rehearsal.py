"""Doing a thing for show: the very same code in the very same transaction, of which nothing stays."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from server.base.actor import Actor
from server.base.db import Database
from server.base.storage import Storage
from server.base.tx import Tx


class _Over(Exception):
    """The rehearsal went well."""


@asynccontextmanager
async def rehearsed(database: Database, actor: Actor, *, is_rehearsal: bool) -> AsyncIterator[Tx]:
    """A transaction; of a rehearsal everything is taken back at the end, jobs and events too."""
    with contextlib.suppress(_Over):
        async with database.transaction(actor) as tx:
            yield tx
            if is_rehearsal:
                await _take_back(tx)


async def _take_back(tx: Tx) -> None:
    await tx.db.flush()  # What the database would refuse is refused here too.
    raise _Over


class NoStorage(Storage):
    """Takes bytes and keeps none: for rehearsals."""

    def __init__(self) -> None:
        """Without a server."""

    async def put(self, key: str, body: bytes, *, media_type: str) -> None:
        """Kept nowhere."""

    async def put_file(self, key: str, path: Path, *, media_type: str) -> None:
        """Kept nowhere."""
