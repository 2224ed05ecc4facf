"""A link between the server and PostgreSQL that breaks at a chosen round trip, before or after it took effect there.

A round trip is what the client sends up to Sync (or one simple query): begin, each statement, savepoints, commit.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

Side = Literal["before", "after"]
LENGTH_BYTES = 4
QUERY, SYNC, TERMINATE = b"Q", b"S", b"X"
READY = b"Z"


def _nothing() -> None:
    """Nobody is struck."""


@dataclass
class PostgresProxy:
    """Unarmed it only counts. `on_break` is called in the moment of the break, before either side knows of it."""

    server_port: int
    port: int = 0
    trips: int = 0  # since it was armed, or begun
    broken: int = 0
    statements: list[bytes] = field(default_factory=list)  # the text of each round trip, as far as it has one
    on_break: Callable[[], None] = _nothing
    _break_at: int | None = None
    _side: Side = "before"
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def arm(self, trip: int, side: Side) -> None:
        """Break at this round trip from now on, the first being 1; then never again."""
        self.trips, self._break_at, self._side = 0, trip, side
        self.statements.clear()

    def count_anew(self) -> None:
        self.trips, self._break_at = 0, None
        self.statements.clear()

    def url(self, database_url: str) -> str:
        """The same database through the link. Without TLS, so that the link can read where a message ends."""
        parts = urlsplit(database_url)
        credentials = parts.netloc.rpartition("@")[0]
        query = f"{parts.query}&sslmode=disable" if parts.query else "sslmode=disable"
        return urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{self.port}", query=query))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._run(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reads, server_writes = await asyncio.open_connection("127.0.0.1", self.server_port)
        down = _Down(server_reads, writer)
        pumping = asyncio.ensure_future(down.run())
        try:
            await self._pump_up(reader, server_writes, down)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            pumping.cancel()
            await asyncio.gather(pumping, return_exceptions=True)
            for each in (server_writes, writer):
                each.transport.abort()

    async def _pump_up(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, down: "_Down") -> None:
        server.write(await _start_up(reader))
        trip = b""
        while True:
            kind, message = await _message(reader)
            trip += message
            if kind not in (QUERY, SYNC):
                if kind == TERMINATE or not kind.isupper() or kind == b"p":
                    server.write(trip)  # A password, or the end: no round trip of a statement.
                    trip = b""
                continue
            self.trips += 1
            self.statements.append(trip)
            if self.trips == self._break_at:
                await self._break(trip, server, down)
                return
            server.write(trip)
            trip = b""

    async def _break(self, trip: bytes, server: asyncio.StreamWriter, down: "_Down") -> None:
        self._break_at = None
        self.broken += 1
        if self._side == "after":
            answered = down.swallow()
            server.write(trip)
            await answered
        self.on_break()

    async def close(self) -> None:
        for task in set(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


class _Down:
    """Hands on what PostgreSQL says, or waits for the end of its next answer and keeps it to itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._swallowing: asyncio.Future[None] | None = None

    def swallow(self) -> "asyncio.Future[None]":
        self._swallowing = asyncio.get_running_loop().create_future()
        return self._swallowing

    async def run(self) -> None:
        try:
            while True:
                kind, message = await _message(self._reader)
                if self._swallowing is None:
                    self._writer.write(message)
                elif kind == READY and not self._swallowing.done():
                    self._swallowing.set_result(None)
        except (ConnectionError, asyncio.IncompleteReadError):
            if self._swallowing is not None and not self._swallowing.done():
                self._swallowing.set_result(None)
            self._writer.transport.abort()


async def _start_up(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readexactly(LENGTH_BYTES)
    return length + await reader.readexactly(int.from_bytes(length, "big") - LENGTH_BYTES)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    length = await reader.readexactly(LENGTH_BYTES)
    return kind, kind + length + await reader.readexactly(int.from_bytes(length, "big") - LENGTH_BYTES)


@asynccontextmanager
async def postgres_proxy(database_url: str) -> AsyncIterator[PostgresProxy]:
    port = urlsplit(database_url).port
    assert port is not None
    proxy = PostgresProxy(port)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        await proxy.close()
        await listener.wait_closed()
