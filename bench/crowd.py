"""Many phones at once, each on a kept connection, each asking again as soon as it was answered.

The client shares the machine with the server, so it does as little as it can: requests are bytes made beforehand, and
of an answer it looks for the end alone.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.api import Person, headers_of

HEAD_END = b"\r\n\r\n"
CHUNKS_END = b"0\r\n\r\n"


@dataclass(frozen=True)
class Load:
    per_s: float  # answers a second, of all phones together
    spent_ms: list[float]  # of each answer
    turned_away: int  # how often a phone had to come again


def request_bytes(person: Person, path: str, value: object) -> bytes:
    """`value`: bytes as they are, anything else as JSON."""
    body = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    head = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    head += [f"{name}: {text}" for name, text in headers_of(person).items()]
    return "\r\n".join(head).encode() + HEAD_END + body


async def crowd(port: int, phones: Sequence[Sequence[bytes]]) -> Load:
    """Each phone sends its requests, one after the other's answer; turned away (503), it comes back as it is told.

    Raises ConnectionError on any other answer than 2xx.
    """
    loop = asyncio.get_running_loop()
    running = [_Phone(port, requests, loop.create_future()) for requests in phones]
    for phone in running:
        await phone.connect()
    started = time.perf_counter()
    for phone in running:
        phone.ask()
    try:
        await asyncio.gather(*(phone.done for phone in running))
    finally:
        for phone in running:
            phone.hang_up()
    spent_ms = [ms for phone in running for ms in phone.spent_ms]
    turned_away = sum(phone.turned_away for phone in running)
    return Load(len(spent_ms) / (time.perf_counter() - started), spent_ms, turned_away)


@dataclass(eq=False)
class _Phone(asyncio.Protocol):
    port: int
    requests: Sequence[bytes]
    done: asyncio.Future[None]
    spent_ms: list[float] = field(default_factory=list)
    turned_away: int = 0
    _transport: asyncio.Transport = field(init=False)
    _asked_at: float = 0.0
    _head: bytes = b""
    _left: int | None = None  # bytes of the body that are still to come; None: in chunks
    _tail: bytes = b""
    _comes_again_s: float | None = None
    _pause: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._send()

    def _send(self) -> None:
        self._head, self._left, self._tail, self._comes_again_s = b"", None, b"", None
        self._transport.write(self.requests[len(self.spent_ms)])

    def hang_up(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if not self._head.endswith(HEAD_END):
            head, end, data = (self._head + data).partition(HEAD_END)
            self._head = head + end
            if not end:
                return
            self._read_head()
        if self._left is None:
            self._tail = (self._tail + data)[-len(CHUNKS_END) :]
            is_whole = self._tail == CHUNKS_END
        else:
            self._left -= len(data)
            is_whole = self._left <= 0
        if is_whole:
            self._answered()

    def _read_head(self) -> None:
        status, *lines = self._head.decode().split("\r\n")
        fields = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
        code = status.split()[1]
        if code == "503":
            self._comes_again_s = float(fields["retry-after"])
        elif code[0] != "2":
            self._fail(ConnectionError(status))
        if code == "204":
            self._left = 0
        elif length := fields.get("content-length"):
            self._left = int(length)

    def _answered(self) -> None:
        if self._comes_again_s is not None:
            self.turned_away += 1
            self._pause = asyncio.get_running_loop().create_task(self._come_again(self._comes_again_s))
            return
        self.spent_ms.append((time.perf_counter() - self._asked_at) * 1000)
        if self.done.done():
            return
        if len(self.spent_ms) < len(self.requests):
            self.ask()
        else:
            self.done.set_result(None)

    async def _come_again(self, seconds: float) -> None:
        """On a new connection: the server hangs up on one that is quiet for so long."""
        self._transport.close()
        await asyncio.sleep(seconds)
        await self.connect()
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._comes_again_s is None:
            self._fail(exc or ConnectionError("the server hung up"))

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
