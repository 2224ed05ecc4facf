"""A bad link: a TCP proxy between a real client and a real server. What becomes of a connection its fate says.

client ──up──► proxy ──► server          cut after so many bytes, either way · stall · throttle · far away
       ◄─down─       ◄──                 the answer is swallowed · the request is brought once more
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

PIECE = 1_024
PATIENCE_S = 60.0


class Lane:
    """One way of a link that all connections share: bytes leave it one after the other."""

    def __init__(self, bytes_a_s: int) -> None:
        self.bytes_a_s = bytes_a_s
        self._free_at = 0.0

    async def carry(self, count: int) -> None:
        """Until so many bytes have gone, behind all that were given before."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + count / self.bytes_a_s
        await asyncio.sleep(self._free_at - now)


@dataclass(frozen=True)
class Fate:
    """What happens to one connection. Bytes are counted each way from its beginning; None: nothing happens."""

    up_max: int | None = None  # Cut when so many bytes have gone up.
    down_max: int | None = None
    stall_after: int | None = None  # So many bytes come down, and then none, while the connection stays open.
    is_swallowed: bool = False  # The server answers, and not a byte of it arrives.
    is_repeated: bool = False  # What went up is brought to the server a second time, once it has answered.
    bytes_a_s: int | None = None  # Down
    up_bytes_a_s: int | None = None
    piece: int = PIECE  # How many bytes are carried at once.
    down_lane: Lane | None = None  # Shared with other connections.
    up_lane: Lane | None = None
    delay_s: float = 0  # On its way up, of what comes after a silence: the distance.


FAIR = Fate()


class Proxy:
    """`fate_of` is asked with the number of each connection, from 0."""

    def __init__(self, server_port: int) -> None:
        self.fate_of: Callable[[int], Fate] = lambda _: FAIR
        self.refuses: Callable[[bytes], bool] = lambda _: (
            False
        )  # Cut before this piece goes up: where a request begins.
        self.connections = 0
        self.bytes_up = 0
        self.bytes_down = 0
        self.cuts = 0
        self.repeated = 0
        self.port = 0
        self._server_port = server_port
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fate = self.fate_of(self.connections)
        self.connections += 1
        link = _Link(self, fate, reader, writer)
        task = asyncio.ensure_future(link.run(self._server_port))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        with suppress(asyncio.CancelledError):
            await task

    async def rest(self) -> None:
        """Wait until every connection has ended, those too that the client gave up."""
        while self._open:
            await asyncio.wait(set(self._open))

    async def close(self) -> None:
        for task in set(self._open):
            task.cancel()
        await self.rest()


def cut_at(proxy: Proxy, places: Sequence[int]) -> None:
    """Have the link cut when so many bytes have gone up in all; for a client that uses one connection at a time."""

    def fate_of(_number: int) -> Fate:
        ahead = [place for place in places if place > proxy.bytes_up]
        return Fate(up_max=ahead[0] - proxy.bytes_up, piece=16_384) if ahead else Fate(piece=65_536)

    proxy.fate_of = fate_of


class _Link:
    def __init__(self, proxy: Proxy, fate: Fate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.proxy, self.fate = proxy, fate
        self.client_reads, self.client_writes = reader, writer
        self.up = self.down = 0
        self.sent = bytearray()
        self.moved_at = 0.0  # When bytes last went up.

    async def run(self, port: int) -> None:
        try:
            server_reads, server_writes = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:  # The server is down: so is the link.
            self.client_writes.transport.abort()
            return
        try:
            pumps = [
                asyncio.ensure_future(self._pump_up(server_writes)),
                asyncio.ensure_future(self._pump_down(server_reads)),
            ]
            _, pending = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pending:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            if self.fate.is_repeated and self.sent:
                await self._repeat(port)
        finally:
            for writer in (server_writes, self.client_writes):
                writer.transport.abort()  # A dead link, not a polite end.

    async def _pump_up(self, server: asyncio.StreamWriter) -> None:
        while piece := await _read(self.client_reads, self.fate.piece):
            if self.proxy.refuses(piece):
                self.proxy.cuts += 1
                return
            await self._come_far()
            limit = self.fate.up_max
            kept = piece if limit is None else piece[: max(0, limit - self.up)]
            self.up += len(kept)
            self.proxy.bytes_up += len(kept)
            if self.fate.is_repeated:
                self.sent += kept
            server.write(kept)
            with suppress(ConnectionError):
                await server.drain()
            if self.fate.up_lane:
                await self.fate.up_lane.carry(len(kept))
            if self.fate.up_bytes_a_s:
                await asyncio.sleep(len(kept) / self.fate.up_bytes_a_s)
            self.moved_at = asyncio.get_running_loop().time()
            if limit is not None and self.up >= limit:
                self.proxy.cuts += 1
                return

    async def _come_far(self) -> None:
        """Once for what is sent in one go: what follows is on the wire already."""
        loop = asyncio.get_running_loop()
        if self.fate.delay_s and loop.time() - self.moved_at > self.fate.delay_s:
            await asyncio.sleep(self.fate.delay_s)

    async def _pump_down(self, server: asyncio.StreamReader) -> None:
        while piece := await _read(server, self.fate.piece):
            if self.fate.is_swallowed or self.fate.is_repeated:
                self.proxy.cuts += 1
                return
            limit = self.fate.down_max if self.fate.stall_after is None else self.fate.stall_after
            kept = piece if limit is None else piece[: max(0, limit - self.down)]
            self.down += len(kept)
            self.proxy.bytes_down += len(kept)
            self.client_writes.write(kept)
            with suppress(ConnectionError):
                await self.client_writes.drain()
            if self.fate.down_lane:
                await self.fate.down_lane.carry(len(kept))
            if self.fate.bytes_a_s:
                await asyncio.sleep(len(kept) / self.fate.bytes_a_s)
            if limit is not None and self.down >= limit:
                self.proxy.cuts += 1
                if self.fate.stall_after is not None:
                    await self._wait_for_the_client()
                return

    async def _wait_for_the_client(self) -> None:
        """Hold the line until whoever waits for more gives up."""
        while not self.client_reads.at_eof():  # noqa: ASYNC110 - the other pump reads it
            await asyncio.sleep(0.01)

    async def _repeat(self, port: int) -> None:
        """The same bytes once more, to the end of their answer; nobody hears it."""
        reads, writes = await asyncio.open_connection("127.0.0.1", port)
        writes.write(bytes(self.sent))
        await asyncio.wait_for(reads.read(PIECE), PATIENCE_S)
        self.proxy.repeated += 1
        writes.transport.abort()


async def _read(reader: asyncio.StreamReader, piece: int) -> bytes:
    """The next piece; nothing at the end, however it came."""
    try:
        return await reader.read(piece)
    except ConnectionError:
        return b""


@asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[Proxy]:
    """A link to the server at `url` for the length of the block."""
    port = urlsplit(url).port
    assert port is not None
    proxy = Proxy(port)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        await proxy.close()
        await listener.wait_closed()
