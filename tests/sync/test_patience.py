"""Q8: clients that are slow, or have gone. A bare server with short limits, and sockets that misbehave."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn

from server.base.http.patience import HEADER_BYTES_MAX, PatientHttp

ANSWER_BYTES = 64_000_000  # More than all buffers between two sockets hold.


class Hurried(PatientHttp):
    header_wait_s = 0.5
    stall_s = 2.0
    look_s = 0.05


@dataclass
class Seen:
    """What the app met."""

    bodies: list[bytes] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)


@pytest.fixture
async def server() -> AsyncIterator[tuple[int, Seen]]:
    seen = Seen()

    async def app(scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                seen.ended.append("gone")
                return
            body += message["body"]
            more = message["more_body"]
        seen.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        size = ANSWER_BYTES if scope["path"] == "/much" else 2
        for _ in range(max(1, size // 65_536)):
            await send({"type": "http.response.body", "body": b"x" * min(size, 65_536), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        seen.ended.append(scope["path"])

    config = uvicorn.Config(app, http=Hurried, lifespan="off", log_config=None, access_log=False)
    running = uvicorn.Server(config)
    running.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # pytest keeps its own
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(running.serve(sockets=[listener]))
    for _ in range(1_000):
        if running.started:
            break
        await asyncio.sleep(0.01)
    yield listener.getsockname()[1], seen
    running.should_exit = True
    await task


@asynccontextmanager
async def line(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def told(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the server closes; it must, soon."""
    return await asyncio.wait_for(reader.read(), timeout=60)


POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n"


async def test_Q8_headers_that_never_end_are_closed_with_a_reason_and_silence_without(server) -> None:
    port, _ = server
    async with line(port) as (reader, writer), line(port) as (silent, _):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\n")

        assert (await told(reader)).startswith(b"HTTP/1.1 408 ")
        assert await told(silent) == b""


@pytest.mark.parametrize("piece", [b"x-long: " + b"y" * (HEADER_BYTES_MAX + 1), b"x: y\r\n" * (HEADER_BYTES_MAX // 5)])
async def test_Q8_too_many_headers_are_refused_complete_or_not(server, piece: bytes) -> None:
    port, seen = server
    for ending in (b"", b"\r\n\r\n"):
        async with line(port) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n" + piece + ending)

            assert (await told(reader)).startswith(b"HTTP/1.1 431 ")
    assert seen.bodies == []


async def test_Q8_a_body_that_stops_is_closed_and_one_that_crawls_is_borne(server) -> None:
    port, seen = server
    async with line(port) as (stopped, writer), line(port) as (crawling, slow):
        writer.write(POST + b"123")
        slow.write(POST)
        for _ in range(20):  # Longer than the limit in all, and never that long between two bytes.
            slow.write(b"1")
            await asyncio.sleep(0.12)

        assert (await told(stopped)).startswith(b"HTTP/1.1 408 ")
        assert (await asyncio.wait_for(crawling.readline(), 60)).startswith(b"HTTP/1.1 200 ")
    assert seen.bodies == [b"1" * 20]
    assert "gone" in seen.ended


async def test_Q8_who_takes_no_byte_of_the_answer_is_let_go_and_who_takes_some_is_borne(server) -> None:
    port, seen = server
    get = b"GET /much HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    async with line(port) as (_, deaf), line(port) as (reader, writer):
        deaf.transport.pause_reading()
        deaf.write(get)
        writer.write(get)
        taken = 0
        for _ in range(20):  # Longer than the limit in all; each time some of it.
            taken += len(await reader.read(1_000_000))
            await asyncio.sleep(0.12)
        while piece := await asyncio.wait_for(reader.read(1_000_000), 60):
            taken += len(piece)

        for _ in range(1_200):
            if len(seen.ended) == 2:
                break
            await asyncio.sleep(0.05)

    assert taken > ANSWER_BYTES * 0.99
    assert seen.ended == ["/much"] * 2  # Neither holds anything of the server any more.
