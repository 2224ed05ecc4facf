"""A course's media over HTTP: a film in ranges of 256 KiB, and whole files of 1 MB.

Method: one kept connection, a film of 32 MB on disk that the system has read before. The floor is a bare ASGI
application in a process of its own that does the least a server of static files can: open, `os.pread`, close, one
answer; no router, no middleware, no rights. Both by turns, the best of five.
"""

import asyncio
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import psycopg

from bench.api import api, opened, settings_of, wait_until_ready
from bench.figures import Figure, Servers, at_least
from server.base import clock
from server.base.ids import new_id
from server.embedded.ports import free_ports
from server.embedded.processes import running
from server.embedded.s3 import Storage
from server.media.capability import CourseCapabilities
from server.media.files import storage_key
from server.settings import Settings

FILM_BYTES = 32 * 1024 * 1024
WHOLE_BYTES = 1_000_000
RANGE_BYTES = 256 * 1024
TURNS = 5
ASKED = 128
LENGTH = re.compile(rb"content-length: (\d+)")
BARE = """
import os, sys
import uvicorn

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = dict(scope["headers"])
    number = os.open(scope["path"], os.O_RDONLY)
    size, status = os.fstat(number).st_size, 200
    start, end = 0, size - 1
    if b"range" in headers:
        status = 206
        first, _, last = headers[b"range"].partition(b"=")[2].partition(b"-")
        start, end = int(first), int(last or end)
    body = os.pread(number, end - start + 1, start)
    os.close(number)
    answer = [(b"content-length", b"%d" % len(body)), (b"content-range", b"bytes %d-%d/%d" % (start, end, size))]
    await send({"type": "http.response.start", "status": status, "headers": answer})
    await send({"type": "http.response.body", "body": body})

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
"""


async def measure(servers: Servers) -> list[Figure]:
    with ExitStack() as stack:
        settings = stack.enter_context(settings_of(servers, servers.new_database()))
        store = Storage(folder=settings.data / "s3", port=free_ports(1)[0], access_key="bench", secret_key="secret-12")
        stack.enter_context(running(store, log=settings.data / "s3.log"))
        settings = dataclasses.replace(settings, s3_url=store.url)
        files = [await _lay(settings, size) for size in (FILM_BYTES, WHOLE_BYTES)]
        os.environ["SPARK_S3_FOLDER"] = str(store.bucket_folder)
        stack.callback(os.environ.pop, "SPARK_S3_FOLDER")
        paths = [str(store.bucket_folder / storage_key(sha256)) for _, sha256 in files]
        ours = stack.enter_context(api(settings))
        bare = stack.enter_context(_bare(settings.data))
        pairs = list(zip(files, paths, strict=True))
        ranges = await _rates(ours, bare, *_addresses(settings, pairs[0]), part=RANGE_BYTES)
        wholes = await _rates(ours, bare, *_addresses(settings, pairs[1]), part=None)
    floor_is = "a bare ASGI server of static files"
    return [
        at_least("a film in ranges of 256 KiB", ranges[0], "MB/s", floor=ranges[1], floor_is=floor_is, times=0.8),
        at_least("files of 1 MB, whole", wholes[0], "MB/s", floor=wholes[1], floor_is=floor_is, times=0.8),
    ]


def _addresses(settings: Settings, pair: tuple[tuple[UUID, str], str]) -> tuple[str, str]:
    (course_id, sha256), path = pair
    word = CourseCapabilities(settings.signing_key).make(course_id, now=clock.now())
    return f"/media/course/{word}/{sha256}", path


async def _lay(settings: Settings, size: int) -> tuple[UUID, str]:
    """A published course with one file of so many bytes."""
    body = os.urandom(size)
    sha256 = hashlib.sha256(body).hexdigest()
    async with opened(settings) as work:
        await work.storage.ensure()
        await work.storage.put(storage_key(sha256), body, media_type="video/mp4")
    course_id, file_id = new_id(), new_id()
    rendition = {"name": "v360", "mime": "video/mp4", "bytes": size, "sha256": sha256}
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(
            "insert into catalog_courses (id, slug, title, language, created_by_id, status, published_at)"
            " values (%s, %s, 'Bench', 'en', %s, 'published', now())",
            [course_id, str(course_id), course_id],
        )
        connection.execute(
            "insert into media_files (id, owner_id, sha256, mime, kind, bytes, variants, renditions)"
            " values (%s, %s, %s, 'video/mp4', 'video', %s, '[]', %s)",
            [file_id, course_id, sha256, size, json.dumps([rendition])],
        )
        connection.execute(
            "insert into media_variants (id, file_id, sha256, name, mime, bytes, storage_key)"
            " values (%s, %s, %s, 'v360', 'video/mp4', %s, %s)",
            [new_id(), file_id, sha256, size, storage_key(sha256)],
        )
        connection.execute(
            "insert into media_uses (id, file_id, course_id, published_at) values (%s, %s, %s, now())",
            [new_id(), file_id, course_id],
        )
    return course_id, sha256


@contextmanager
def _bare(folder: Path) -> Iterator[int]:
    port = free_ports(1)[0]
    with (folder / "bare.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", BARE, str(port)], stderr=log)
    try:
        wait_until_ready(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=15)


async def _rates(ours: int, bare: int, address: str, path: str, *, part: int | None) -> tuple[float, float]:
    """Megabytes a second, ours and the floor's."""
    best = [0.0, 0.0]
    for _ in range(TURNS):
        for n, (port, target) in enumerate(((ours, address), (bare, path))):
            best[n] = max(best[n], await _rate(port, target, part=part))
    return best[0], best[1]


async def _rate(port: int, target: str, *, part: int | None) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2 * WHOLE_BYTES)
    begun = time.perf_counter()
    got = 0
    for n in range(-1, ASKED):
        if n == 0:  # The first is for warming up.
            begun, got = time.perf_counter(), 0
        start = max(n, 0) * (part or 0) % FILM_BYTES
        wanted = f"range: bytes={start}-{start + part - 1}\r\n" if part else ""
        writer.write(f"GET {target} HTTP/1.1\r\nhost: x\r\n{wanted}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 206" if part else b"HTTP/1.1 200"), head
        got += len(await reader.readexactly(int(LENGTH.findall(head)[0])))
    spent = time.perf_counter() - begun
    writer.close()
    return got / spent / 1e6
