"""A first fill from base files, and what a course of text weighs on the wire.

Method: rows as in the other benches, cut by the product's own job. The phone fetches the list and every chunk over six
kept connections, as a browser does, unpacks them and checks their names; the floors fetch the same rows as one file
and as so many files that were packed ahead (zstd 19), from a route of the same process that has them in memory, and
unpack them. The best of fifteen turns each, taken in turn.
"""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import brotli  # type: ignore[import-untyped]  # ships no types
import msgspec
import psycopg
import zstandard

from bench import log_by_hand
from bench.api import Person, add_people, api, exchange_body, opened, settings_of
from bench.crowd import request_bytes
from bench.figures import Figure, Servers, at_most
from server.catalog.cartridge import read_cartridge
from server.exchange.bases import CutBases, cut_bases
from server.settings import Settings
from tests.support.big_course import lay_course

ROWS = 10_000
TURNS = 15
CONNECTIONS = 6
READ_AHEAD = 4 * 1024 * 1024
LENGTH = re.compile(rb"content-length: (\d+)")
BUCKET = f"course:{UUID(int=7)}"
CARTRIDGE = Path(__file__).resolve().parents[2] / "shared" / "content" / "physics-motion.imscc"
COURSE_BYTES = 2_700_000
COURSE_GOAL = 470_000
SEED = 6  # Where chunks end hangs on ids: of eight seeds the size of this one is in the middle.


async def measure(servers: Servers) -> list[Figure]:
    with settings_of(servers, servers.new_database()) as settings:
        [person] = await add_people(settings, 1)
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            log_by_hand.fill(connection, [BUCKET], ROWS)
            log_by_hand.grant(connection, BUCKET)
            body = _whole(connection)
        cutting = Figure(f"cutting {ROWS:,} rows into files, once for everybody", await _cut(settings), "s")
        with api(settings) as port:
            fills = await _fills(port, person, settings, body)
    return [*fills, cutting, *await _course(servers)]


def _whole(connection: psycopg.Connection[Any]) -> bytes:
    rows = connection.execute(
        "select convert_to(i.line, 'UTF8') from sync_item i join sync_bucket b on b.number = i.bucket"
        " where b.name = %s",
        [BUCKET],
    )
    return b"\n".join(line for (line,) in rows)


async def _cut(settings: Settings) -> float:
    async with opened(settings) as work:
        await work.storage.ensure()
        started = time.perf_counter()
        await cut_bases.run(work, CutBases())
        return time.perf_counter() - started


async def _fills(port: int, person: Person, settings: Settings, body: bytes) -> list[Figure]:
    async with Downloader(port) as downloader:
        parts = len(await downloader.chunks(person, BUCKET, "zstd"))
    names = [f"part{n}.zst" for n in range(parts)]
    size = len(body) // parts + 1
    for n, name in enumerate(names):
        (settings.data / name).write_bytes(_packed(body[n * size : (n + 1) * size]))
    (settings.data / "whole.zst").write_bytes(_packed(body))
    async with Downloader(port) as downloader:
        ways: dict[str, Callable[[], Awaitable[int]]] = {
            "files": lambda: downloader.count(downloader.chunks(person, BUCKET, "zstd")),
            "log": lambda: downloader.count(downloader.from_log(person, BUCKET)),
            "whole": lambda: downloader.count(downloader.static(["whole.zst"])),
            "parts": lambda: downloader.count(downloader.static(names)),
        }
        spent: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(TURNS):
            for name, act in ways.items():
                started = time.perf_counter()
                assert await act() >= len(body)
                spent[name].append((time.perf_counter() - started) * 1000)
    best = {name: min(found) for name, found in spent.items()}
    name = f"first fill of {ROWS:,} rows from files"
    return [
        at_most(name, best["files"], "ms", floor=best["whole"], floor_is="one static precompressed file", times=3),
        Figure(f"{name} ({parts} of them)", best["files"], "ms", best["parts"], f"{parts} static precompressed files"),
        Figure("the same rows from the log, unpacked", best["log"], "ms", best["whole"], "as above"),
    ]


async def _course(servers: Servers) -> list[Figure]:
    """The lessons of a real textbook unit, as often as makes the size: no chunk is long enough to see one twice."""
    if not CARTRIDGE.exists():
        print(f"  no {CARTRIDGE.name} beside the checkout: no course weighed")
        return []
    sections = read_cartridge(CARTRIDGE).sections
    pages = [_compact(msgspec.to_builtins(lesson.blocks)) for section in sections for lesson in section.lessons]
    times = round(COURSE_BYTES / sum(len(page.encode()) for page in pages))
    with settings_of(servers, servers.new_database()) as settings:
        [person] = await add_people(settings, 1)
        course_id = lay_course(settings.database_url, pages * times, as_blocks=True, seed=SEED)
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            connection.execute("call sync_advance()")
        await _cut(settings)
        with api(settings) as port:
            async with Downloader(port) as downloader:
                raw = sum(len(body) for body in await downloader.chunks(person, f"course:{course_id}", "br"))
                spent = downloader.bytes_down
    # As the goal counts: so many bytes for 2.7 MB, and this course is what the pages make.
    goal = COURSE_GOAL * raw // COURSE_BYTES
    name = f"text course of {raw / 1e6:.2f} MB from files, heads and list with it"
    return [Figure(name, spent, "bytes", goal=f"≤ {goal:,} (470 KB for 2.7 MB)", holds=spent <= goal)]


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Downloader:
    """Kept connections, and the bytes that came over them. It does as little as it can: it shares the machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.bytes_down = 0

    async def __aenter__(self) -> Self:
        for _ in range(CONNECTIONS):
            self._free.append(await asyncio.open_connection("127.0.0.1", self._port, limit=READ_AHEAD))
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._free:
            connection[1].close()

    async def chunks(self, person: Person, bucket: str, encoding: str) -> list[bytes]:
        """All chunks of all sets of a bucket that come as files, unpacked and checked."""
        body = exchange_body(person, None, [bucket])
        body["want"]["files"] = []
        answer = await self._ask(request_bytes(person, "/api/v1/sync", body))
        lines = zstandard.ZstdDecompressor().decompressobj().decompress(answer).splitlines()
        parts = [part for line in lines if line.startswith(b'{"files"') for part in json.loads(line)["files"]]
        names = iter([(part["path"], chunk[0]) for part in parts for chunk in part["chunks"]])
        found: list[bytes] = []

        async def fetch() -> None:
            for path, sha256 in names:
                body = _unpacked(await self.get(path + sha256, encoding), encoding)
                assert hashlib.sha256(body).hexdigest() == sha256
                found.append(body)

        await asyncio.gather(*(fetch() for _ in range(CONNECTIONS)))
        return found

    async def from_log(self, person: Person, bucket: str) -> list[bytes]:
        """What a phone that reads no files is sent, unpacked."""
        answer = await self._ask(request_bytes(person, "/api/v1/sync", exchange_body(person, None, [bucket])))
        return [zstandard.ZstdDecompressor().decompressobj().decompress(answer)]

    async def static(self, names: list[str]) -> list[bytes]:
        left = iter(names)
        found: list[bytes] = []

        async def fetch() -> None:
            for name in left:
                body = await self.get(f"/bare/static/{name}", "zstd")
                found.append(_unpacked(body, "zstd"))

        await asyncio.gather(*(fetch() for _ in range(min(len(names), CONNECTIONS))))
        return found

    @staticmethod
    async def count(bodies: Awaitable[list[bytes]]) -> int:
        return sum(len(body) for body in await bodies)

    async def get(self, path: str, encoding: str) -> bytes:
        return await self._ask(f"GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: {encoding}\r\n\r\n".encode())

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = self._free.pop()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        found = LENGTH.findall(head)
        body = await reader.readexactly(int(found[0])) if found else await _read_pieces(reader)
        self.bytes_down += len(head) + len(body)
        self._free.append((reader, writer))
        return body


async def _read_pieces(reader: asyncio.StreamReader) -> bytes:
    """A body that is sent as it is made."""
    pieces = []
    while size := int(await reader.readline(), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(pieces)


def _packed(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(body)


def _unpacked(body: bytes, encoding: str) -> bytes:
    return bytes(brotli.decompress(body)) if encoding == "br" else zstandard.ZstdDecompressor().decompress(body)
