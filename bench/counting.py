"""A proxy that counts what crosses it, both ways, heads and all: the same ruler for every engine and protocol."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_REQUEST = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE|HEAD) [^\r\n]{1,4000} HTTP/1\.1\r\n")


@dataclass(frozen=True)
class Counted:
    up: int  # bytes
    down: int
    requests: int  # HTTP requests; a web socket is one


class Proxy:
    def __init__(self, to: int) -> None:
        self._to = to
        self._up = self._down = self._requests = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        self._up = self._down = self._requests = 0

    def read(self) -> Counted:
        return Counted(self._up, self._down, self._requests)

    def up(self, data: bytes) -> None:
        self._up += len(data)
        self._requests += len(_REQUEST.findall(data))

    def down(self, data: bytes) -> None:
        self._down += len(data)

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Side(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    async def connect(self, client: "_Side") -> None:
        loop = asyncio.get_running_loop()
        try:
            _, server = await loop.create_connection(lambda: _Side(self, client), "127.0.0.1", self._to)
        except OSError:
            client.close()
            return
        client.meet(server)


class _Side(asyncio.Protocol):
    """One end of a connection; it writes into the other what it reads."""

    def __init__(self, proxy: Proxy, other: "_Side | None" = None) -> None:
        self._proxy = proxy
        self._is_client = other is None
        self._other = other
        self._waiting: list[bytes] = []  # what came before the other end stood
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._is_client:
            self._task = asyncio.get_running_loop().create_task(self._proxy.connect(self))

    def meet(self, other: "_Side") -> None:
        self._other = other
        for data in self._waiting:
            other.write(data)
        self._waiting.clear()
        if self._transport is None or self._transport.is_closing():
            other.close()

    def data_received(self, data: bytes) -> None:
        (self._proxy.up if self._is_client else self._proxy.down)(data)
        if self._other is None:
            self._waiting.append(data)
        else:
            self._other.write(data)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._other is not None:
            self._other.close()


@contextmanager
def counted(port: int) -> Iterator[Proxy]:
    """A proxy before this port, on a thread of its own."""
    proxy = Proxy(port)
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(ready, stop)), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
