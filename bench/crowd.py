"""Many phones at once, each on a kept connection, each asking again as soon as it was answered.

The client shares the machine with the server, so it does as little as it can: requests are bytes made beforehand, and
of an answer it looks for the end alone.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from functools import partial

from bench.api import Person, headers_of

HEAD_END = b"\r\n\r\n"
CHUNKS_END = b"0\r\n\r\n"


@dataclass(frozen=True)
class Load:
    per_s: float  # answers a second, of all phones together
    spent_ms: list[float]  # of each answer


def request_bytes(person: Person, path: str, value: object) -> bytes:
    body = json.dumps(value, separators=(",", ":")).encode()
    head = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    head += [f"{name}: {text}" for name, text in headers_of(person).items()]
    return "\r\n".join(head).encode() + HEAD_END + body


async def crowd(port: int, requests: list[bytes], *, each: int) -> Load:
    """One phone a request, each asking `each` times. Raises ConnectionError on any answer but 2xx."""
    loop = asyncio.get_running_loop()
    phones = [_Phone(request, each) for request in requests]
    for phone in phones:
        await loop.create_connection(partial(_same, phone), "127.0.0.1", port)
    started = time.perf_counter()
    for phone in phones:
        phone.ask()
    try:
        await asyncio.gather(*(phone.done for phone in phones))
    finally:
        for phone in phones:
            phone.hang_up()
    spent_s = time.perf_counter() - started
    return Load(per_s=each * len(phones) / spent_s, spent_ms=[ms for phone in phones for ms in phone.spent_ms])


def _same(phone: "_Phone") -> "_Phone":
    return phone


@dataclass(eq=False)
class _Phone(asyncio.Protocol):
    request: bytes
    times: int
    spent_ms: list[float] = field(default_factory=list)
    done: asyncio.Future[None] = field(init=False)
    _transport: asyncio.Transport = field(init=False)
    _asked_at: float = 0.0
    _head: bytes = b""
    _left: int | None = None  # bytes of the body that are still to come; None: in chunks
    _tail: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.done = asyncio.get_running_loop().create_future()

    def ask(self) -> None:
        self._head, self._left, self._tail = b"", None, b""
        self._asked_at = time.perf_counter()
        self._transport.write(self.request)

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
        status, _, fields = self._head.lower().partition(b"\r\n")
        if status.split()[1][:1] != b"2":
            self._fail(ConnectionError(status.decode()))
        if status.split()[1] == b"204":
            self._left = 0
        elif b"\ncontent-length:" in b"\n" + fields:
            self._left = int((b"\n" + fields).partition(b"\ncontent-length:")[2].partition(b"\r\n")[0])

    def _answered(self) -> None:
        self.spent_ms.append((time.perf_counter() - self._asked_at) * 1000)
        if len(self.spent_ms) < self.times:
            self.ask()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the server hung up"))

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
