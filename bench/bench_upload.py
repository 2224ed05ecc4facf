"""Files on their way in: what a bad link costs, and what the server adds to writing bytes down.

Method: 100 MB go up over a link that is cut twenty times at seeded places, by a sender that follows the protocol; bytes
are counted on the link, heads and all. The floor is the same file over a link that holds. Then 10 MB over loopback, and
the same bytes as one PUT each to a bare handler that writes the body to a file.
"""

import asyncio
import hashlib
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg

from bench.api import add_people, api, settings_of
from bench.figures import Figure, Servers
from tests.support.proxy import cut_at, proxy_to
from tests.support.uploading import Sending, content_of

MB = 1024 * 1024
SIZE = 100 * 1_000_000
CUTS = 20
MORE_MAX = 1.05
LAN_BYTES = 10 * MB
LAN_S = 3.0
TURNS = 3


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    with settings_of(servers, url) as settings:
        [person] = await add_people(settings, 1)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("update identity_users set roles = '{educator}' where id = %s", [person.user_id])
        with api(settings) as port:
            head = {"authorization": f"Bearer {person.token}"}
            base = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=base, headers=head, timeout=60) as client:
                cut, cuts = await _over_a_bad_link(client, base)
                whole, _ = await _over(client, base, [])
                lan_s = min([await _over_loopback(client, turn) for turn in range(TURNS)])
    bare_s = await _bare()
    return [
        Figure(
            f"100 MB over a link cut {cuts} times: bytes up ({100 * (cut / SIZE - 1):.1f} % more than the file)",
            cut / 1e6,
            "MB",
            whole / 1e6,
            "over a link that holds",
            f"≤ {MORE_MAX:g} × the file",
            holds=cuts == CUTS and cut <= MORE_MAX * SIZE,
        ),
        Figure(
            "10 MB over loopback, begun, sent in parts and complete",
            lan_s * 1000,
            "ms",
            bare_s * 1000,
            "one PUT to a handler that writes a file",
            f"≤ {LAN_S:g} s",
            holds=lan_s <= LAN_S,
        ),
    ]


async def _over_a_bad_link(client: httpx.AsyncClient, base: str) -> tuple[int, int]:
    """Bytes up, cuts. The places are spread over the file, some of them in the same part."""
    chance = random.Random(20)
    return await _over(client, base, sorted(chance.randrange(SIZE) for _ in range(CUTS)))


async def _over(client: httpx.AsyncClient, base: str, places: list[int]) -> tuple[int, int]:
    async with proxy_to(base) as proxy:
        cut_at(proxy, places)
        async with httpx.AsyncClient(base_url=proxy.url, timeout=60) as link:
            sending = Sending(client, content_of(SIZE, seed=len(places) + 1), link=link)
            await sending.send()
        return proxy.bytes_up, proxy.cuts


async def _over_loopback(client: httpx.AsyncClient, turn: int) -> float:
    sending = Sending(client, content_of(LAN_BYTES, seed=100 + turn))
    _ = sending.sha256
    started = time.perf_counter()
    await sending.send()
    return time.perf_counter() - started


async def _bare() -> float:
    """Seconds for the same bytes: asyncio, a file, nothing else."""
    content = content_of(LAN_BYTES, seed=99)
    with tempfile.TemporaryDirectory() as name:
        async with _sink(Path(name) / "body") as port, httpx.AsyncClient(timeout=60) as client:
            started = time.perf_counter()
            answer = await client.put(f"http://127.0.0.1:{port}/", content=content)
            took_s = time.perf_counter() - started
            assert answer.headers["etag"] == hashlib.sha256(content).hexdigest()
    return took_s


@asynccontextmanager
async def _sink(path: Path) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        digest = hashlib.sha256()
        with path.open("wb") as file:
            while length:
                chunk = await reader.read(min(length, 262_144))
                file.write(chunk)
                digest.update(chunk)
                length -= len(chunk)
        writer.write(f"HTTP/1.1 204 No Content\r\netag: {digest.hexdigest()}\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
