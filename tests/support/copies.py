"""A server whose database can be copied and brought back: what a backup and a restore are to phones, in a moment.

A database made from another as its template, in the same cluster, is what a physical copy is: files, transaction ids
and all. What `spark restore` does to it (`make_ready`) is done here, too.
"""

import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from server.backup.bringing import find_witness
from server.backup.database import Brought, make_ready
from server.backup.ledger import Ledger
from server.backup.objects import FolderObjects, S3Objects
from server.backup.witness import Witness
from server.embedded.postgres import ROLE
from server.settings import Settings
from tests.support.api import Api, running_api
from tests.support.postgres import PostgresServer


@dataclass
class Copied:
    """`api` is the running one; phones keep their address and their tokens over a restore."""

    postgres: PostgresServer
    settings: Settings
    folder: Path
    made: list[str] = field(default_factory=list)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    api: Api = field(init=False)

    async def up(self) -> None:
        self.api = await self.stack.enter_async_context(running_api(self.settings))

    async def down(self) -> None:
        await self.stack.aclose()
        self.stack = AsyncExitStack()

    async def backup(self) -> str:
        """The name of the copy. The server is away for a moment: a template must have no visitors."""
        await self.down()
        copy = self._copy_of(self.settings.database_url.rpartition("/")[2])
        await self.up()
        return copy

    async def restore(self, copy: str, ledger: Ledger | None = None) -> Brought:
        """As `spark restore` does it: on the side, made ready, then opened."""
        await self.bring(copy)
        objects = FolderObjects(self.folder / "objects")
        brought = make_ready(self.settings.database_url, ledger or {}, objects, lambda _: None, now=datetime.now(UTC))
        await self.up()
        return brought

    async def restore_by_hand(self, copy: str) -> None:
        """As a person does it who never heard of `spark restore`."""
        await self.bring(copy)
        await self.up()

    async def bring(self, copy: str) -> None:
        await self.down()
        name = self._copy_of(copy)
        url = f"{self.settings.database_url.rpartition('/')[0]}/{name}"
        self.settings = replace(self.settings, database_url=url)

    def witness(self) -> Witness | None:
        return find_witness(S3Objects(self.settings.s3_url))

    def _copy_of(self, name: str) -> str:
        made = f"copy_{secrets.token_hex(6)}"
        with self.postgres._connect() as connection:
            connection.execute(f"create database {made} owner {ROLE} template {name} strategy file_copy".encode())
        self.made.append(made)
        return made

    def drop(self) -> None:
        with self.postgres._connect() as connection:
            for name in self.made:
                connection.execute(f"drop database {name} with (force)".encode())
