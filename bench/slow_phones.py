"""Phones that go slowly, on sockets of their own in one thread: they cost the machine next to nothing, as real ones."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from bench.api import Person, exchange_body, headers_of

READ_BYTES_S = 1_024
SEND_EACH_S = 0.5
RECEIVE_BUFFER = 4_096
BYTES_MAX = 10_000_000

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Person, list[str]], Awaitable[None]]


@asynccontextmanager
async def slow_phones(port: int, people: Sequence[Person], names: list[str]) -> AsyncIterator[None]:
    """A third reads a long page at 1 KB/s, a third sends its body byte by byte, a third hangs in mid-headers."""
    acts = (_read_slowly, _send_slowly, _hang)
    tasks = [
        asyncio.create_task(_again_and_again(acts[place % 3], port, person, names))
        for place, person in enumerate(people)
    ]
    await asyncio.sleep(1)  # So that all of them are at it.
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(act: Act, port: int, person: Person, names: list[str]) -> None:
    while True:
        with contextlib.suppress(ConnectionError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=RECEIVE_BUFFER)
            try:
                await act(reader, writer, person, names)
            finally:
                writer.transport.abort()
        await asyncio.sleep(1)


def _head(person: Person, body: bytes) -> bytes:
    lines = ["POST /api/v1/sync HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name}: {text}" for name, text in headers_of(person).items() if name != "accept-encoding"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def _read_slowly(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, person: Person, names: list[str]
) -> None:
    body = json.dumps(exchange_body(person, None, names)).encode()
    writer.write(_head(person, body) + body)
    for _ in range(BYTES_MAX // READ_BYTES_S):
        if not await reader.read(READ_BYTES_S):
            return
        await asyncio.sleep(1)


async def _send_slowly(
    _reader: asyncio.StreamReader, writer: asyncio.StreamWriter, person: Person, names: list[str]
) -> None:
    body = json.dumps(exchange_body(person, None, names)).encode()
    writer.write(_head(person, body))
    for place in range(len(body)):
        writer.write(body[place : place + 1])
        await writer.drain()
        await asyncio.sleep(SEND_EACH_S)


async def _hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, person: Person, _names: list[str]) -> None:
    writer.write(_head(person, b"")[:60])
    await reader.read()
