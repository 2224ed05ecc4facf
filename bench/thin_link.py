"""A thin and slow link between a real browser and a real server, shared by all that the browser does at once.

    bytes_a_s, both ways   one queue a direction for all connections; each has one piece in it at a time: none starves
    delay_s                one way; a connection is open after two of them, as TCP's greeting takes

Every byte passes here, whoever asked for it: page, worker or service worker. Requests are told apart by their heads.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

PIECE = 512
Note = Callable[[bytes], None]
_HEAD = re.compile(rb"^(GET|POST|PUT|PATCH|DELETE|HEAD) (\S+) HTTP/1\.1\r\n")


@dataclass
class Asked:
    """One request and what came of it."""

    method: str
    path: str
    is_kept: bool  # The service worker fetched it, to be kept.
    at_s: float
    up: int = 0
    down: int = 0
    end_s: float = 0.0


@dataclass
class ThinLink:
    server_port: int
    bytes_a_s: float
    delay_s: float
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    began: float = field(default_factory=time.monotonic)
    _down: "_Lane" = field(init=False)
    _up: "_Lane" = field(init=False)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._down, self._up = _Lane(self.bytes_a_s), _Lane(self.bytes_a_s)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def thin(self, bytes_a_s: float, delay_s: float) -> None:
        """From now on."""
        self.delay_s = delay_s
        self._down.bytes_a_s = self._up.bytes_a_s = bytes_a_s

    def begin(self) -> None:
        """Count from now."""
        self.began = time.monotonic()
        self.asked, self.connections = [], 0

    def come(self) -> list[Asked]:
        """All requests so far."""
        return list(self.asked)

    async def serve(self, reads: asyncio.StreamReader, writes: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        with suppress(ConnectionError, asyncio.CancelledError):
            await self._carry(reads, writes)
        self._open.discard(task)
        writes.transport.abort()

    async def _carry(self, reads: asyncio.StreamReader, writes: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self.delay_s)
        server_reads, server_writes = await asyncio.open_connection("127.0.0.1", self.server_port)
        one = _Connection(self)
        ways = [
            asyncio.ensure_future(self._way(reads, server_writes, self._up, one.went_up)),
            asyncio.ensure_future(self._way(server_reads, writes, self._down, one.came_down)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            server_writes.transport.abort()

    async def _way(self, reads: asyncio.StreamReader, writes: asyncio.StreamWriter, lane: "_Lane", note: Note) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                at, piece = await under_way.get()
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                if not piece:
                    return
                note(piece)
                writes.write(piece)
                await writes.drain()

        arriving = asyncio.ensure_future(arrive())
        try:
            while piece := await reads.read(PIECE):
                await lane.pass_through(len(piece))
                under_way.put_nowait((time.monotonic() + self.delay_s, piece))
            under_way.put_nowait((time.monotonic() + self.delay_s, b""))
            await arriving
        finally:
            arriving.cancel()

    async def close(self) -> None:
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


class _Lane:
    """One direction: what comes at once waits for what came before."""

    def __init__(self, bytes_a_s: float) -> None:
        self.bytes_a_s = bytes_a_s
        self._free_at = 0.0

    async def pass_through(self, count: int) -> None:
        self._free_at = max(self._free_at, time.monotonic()) + count / self.bytes_a_s
        await asyncio.sleep(self._free_at - time.monotonic())


class _Connection:
    """Whose bytes pass: on one connection a browser asks one thing after the other."""

    def __init__(self, link: ThinLink) -> None:
        self._link = link
        self._now: Asked | None = None

    def went_up(self, piece: bytes) -> None:
        head = _HEAD.match(piece)
        if head:
            # A page's own scripts come as scripts; those that the service worker keeps, as data.
            is_kept = b"/assets/" in head[2] and b"sec-fetch-dest: empty" in piece.lower()
            at = time.monotonic() - self._link.began
            self._now = Asked(head[1].decode(), head[2].decode("latin-1").partition("?")[0], is_kept, at)
            self._link.asked.append(self._now)
        if self._now:
            self._now.up += len(piece)

    def came_down(self, piece: bytes) -> None:
        if self._now:
            self._now.down += len(piece)
            self._now.end_s = time.monotonic() - self._link.began


@asynccontextmanager
async def thin_link(server_port: int, *, bytes_a_s: float, delay_s: float) -> AsyncIterator[ThinLink]:
    link = ThinLink(server_port, bytes_a_s, delay_s)
    listener = await asyncio.start_server(link.serve, "127.0.0.1", 0)
    link.port = listener.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        listener.close()
        await link.close()
