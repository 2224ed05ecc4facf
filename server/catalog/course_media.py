"""`GET /media/course/{capability}/{sha256}`: a file of a published course, for ever the same, and nobody is asked.

The capability says which course and which day. What the course shows is read with one query and kept for a minute, so
that a course that is taken back is closed within one; the bytes come from disk where they lie on this machine.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import msgspec
from litestar import asgi
from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy import text

from server.base import clock
from server.base.db import Database
from server.base.errors import NotFound
from server.base.http.envelope import failure
from server.base.work import Work
from server.media.capability import CourseCapabilities
from server.media.disk import PIECE_BYTES, Copies, OpenFile
from server.media.missing import MissingFiles
from server.media.serving import (
    SHA256,
    Conditions,
    MediaBytes,
    Part,
    RangeUnsatisfiable,
    StoredBytes,
    choose_part,
    headers_of,
)

KEPT_S = 60.0  # A course that is taken back, or a file of it, is closed within a minute.
ANEW_S = 1.0  # A file that is not known yet is looked for again, so often at the most.
COURSES_MAX = 512
FOLDER = "/media/course"
_BEFORE = f"{FOLDER}/"
_ASKED = frozenset({b"range", b"if-none-match", b"if-range"})
IMMUTABLE = "public, max-age=31536000, immutable"

# What rows name, and nothing else: an original that is kept is nobody's download.
_FILES = text(
    """
    select distinct v.sha256, v.mime, v.bytes, v.storage_key
    from media_uses u
    join catalog_courses c on c.id = u.course_id and c.deleted_at is null and c.published_at is not null
    join media_files f on f.id = u.file_id and f.deleted_at is null
    join media_variants v on v.file_id = f.id
        and position(v.sha256 in f.variants\\:\\:text || f.renditions\\:\\:text) > 0
    where u.course_id = :course and u.published_at is not null and u.deleted_at is null
    """
)


class MediaUnknown(NotFound):
    """There is no such file, or its path is not good any more; ask for the course's pack again."""

    code = "media.unknown"


Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Served:
    """A file as it is served: what every answer of it says is written once."""

    file: StoredBytes
    etag: str
    headers: Headers

    @classmethod
    def of(cls, file: StoredBytes) -> Self:
        etag = f'"{file.sha256}"'
        headers = headers_of(file.mime, cache_control=IMMUTABLE)
        return cls(file, etag, _encoded({**headers, "content-type": file.mime, "etag": etag, "accept-ranges": "bytes"}))


@dataclass(frozen=True)
class _Shown:
    """What a course shows."""

    files: Mapping[str, Served]  # by hash
    read_at: float


class CourseMedia:
    """The files of published courses, in one process."""

    def __init__(self, database: Database, media: MediaBytes, signing_key: bytes) -> None:
        self.capabilities = CourseCapabilities(signing_key)
        self.media = media
        self.missing = MissingFiles(database)
        self._database = database
        self._shown: OrderedDict[UUID, _Shown] = OrderedDict()
        self._reads: dict[UUID, asyncio.Task[_Shown]] = {}

    def path_of(self, course_id: UUID) -> str:
        """The same for all who hold the course today."""
        return f"{FOLDER}/{self.capabilities.make(course_id, now=clock.now())}/"

    def at_hand(self, capability: str, sha256: str) -> Served | None:
        """The file, where nobody has to be asked. None says nothing of whether it is there."""
        course_id = self.capabilities.read(capability, now=clock.now())
        shown = None if course_id is None else self._shown.get(course_id)
        if shown is None or time.monotonic() - shown.read_at >= KEPT_S:
            return None
        return shown.files.get(sha256)

    async def find(self, capability: str, sha256: str) -> Served:
        """Raises MediaUnknown in any doubt, and an Outage."""
        course_id = self.capabilities.read(capability, now=clock.now())
        if course_id is None or not SHA256.fullmatch(sha256):
            raise MediaUnknown
        shown = self._shown.get(course_id)
        age_s = KEPT_S if shown is None else time.monotonic() - shown.read_at
        if shown is None or age_s >= KEPT_S or (age_s >= ANEW_S and sha256 not in shown.files):
            shown = await self._read(course_id)
        found = shown.files.get(sha256)
        if found is None:
            raise MediaUnknown
        return found

    async def read(self, file: StoredBytes, start: int, length: int) -> AsyncIterator[bytes]:
        """Raises MediaUnknown for a file that the store has lost, and staff are told; Unavailable."""
        try:
            return await self.media.read(file, start, length)
        except NotFound as error:
            await self.missing.tell([file.sha256])
            raise MediaUnknown from error

    async def _read(self, course_id: UUID) -> _Shown:
        """Thirty who begin together ask once."""
        read = self._reads.get(course_id)
        if read is None:
            read = self._reads[course_id] = asyncio.create_task(self._ask(course_id))
            read.add_done_callback(lambda _: self._reads.pop(course_id, None))
        return await asyncio.shield(read)

    async def _ask(self, course_id: UUID) -> _Shown:
        begun = time.monotonic()
        async with self._database.transaction() as tx:
            rows = (await tx.db.execute(_FILES, {"course": course_id})).all()
        found = [StoredBytes(row.sha256, row.mime, row.bytes, row.storage_key) for row in rows]
        files = {file.sha256: Served.of(file) for file in found}
        shown = self._shown[course_id] = _Shown(files, begun)
        self._shown.move_to_end(course_id)
        if len(self._shown) > COURSES_MAX:
            self._shown.popitem(last=False)
        return shown


def open_course_media(work: Work) -> CourseMedia:
    """With the means of a process."""
    copies = Copies(work.settings.data / "cache" / "media")
    media = MediaBytes(work.storage, work.storage.local_path, copies)
    return CourseMedia(work.database, media, work.settings.signing_key)


@asgi(FOLDER, is_mount=True, copy_scope=True)
async def get_course_media(scope: Scope, receive: Receive, send: Send) -> None:
    """A file of a course, whole or a range. 404 `media.unknown` in any doubt.

    Written for ASGI alone, as base files are: a film is a hundred of these in a row. The folder's name is no shorter,
    for the router takes every address that begins so for one of its own, and hashes begin with a to f.
    """
    if scope["type"] != ScopeType.HTTP or scope["method"] not in {"GET", "HEAD"}:
        raise MethodNotAllowedException
    courses: CourseMedia = scope["litestar_app"].state.course_media
    capability, _, sha256 = scope["path"].strip("/").partition("/")
    served = await courses.find(capability, sha256)
    size = served.file.bytes
    try:
        part = choose_part(size, served.etag, _conditions(scope))
    except RangeUnsatisfiable as error:
        headers = _encoded({"content-range": f"bytes */{size}", "content-type": "application/json"})
        await _answer(send, 416, headers, msgspec.json.encode(failure(error.code, error.message)))
        return
    headers = _headers(served, part)
    if part.status == 304 or scope["method"] == "HEAD" or size == 0:
        await _answer(send, part.status, headers, b"")
        return
    pieces = await courses.read(served.file, part.start, part.end - part.start + 1)
    await _send_pieces(part, headers, pieces, receive, send)


def media_first(app: ASGIApp) -> ASGIApp:
    """Before the router: a file of which all is at hand. Everything else goes the way of all requests."""

    async def first(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not scope["path"].startswith(_BEFORE):
            await app(scope, receive, send)
            return
        found = _at_hand(scope) if scope["method"] == "GET" else None
        if found is None:
            await app(scope, receive, send)
            return
        served, part, file = found
        length = part.end - part.start + 1
        body = file.read_at_once(part.start, length) if length <= PIECE_BYTES else None
        if body is not None:
            await _answer(send, part.status, _headers(served, part), body)
        else:
            await _send_pieces(part, _headers(served, part), file.pieces(part.start, length), receive, send)

    return first


def _at_hand(scope: Scope) -> tuple[Served, Part, OpenFile] | None:
    """A file of a course that is known and was read a moment ago, and something of it to send."""
    courses: CourseMedia = scope["litestar_app"].state.course_media
    capability, _, sha256 = scope["path"][len(_BEFORE) :].partition("/")
    served = courses.at_hand(capability, sha256)
    file = None if served is None else courses.media.at_hand(served.file)
    if served is None or file is None:
        return None
    try:
        part = choose_part(served.file.bytes, served.etag, _conditions(scope))
    except RangeUnsatisfiable:
        return None
    return None if part.status == 304 or part.end < part.start else (served, part, file)


def _conditions(scope: Scope) -> Conditions:
    asked = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _ASKED}
    return Conditions(asked.get(b"range", ""), asked.get(b"if-none-match", ""), asked.get(b"if-range", ""))


def _headers(served: Served, part: Part) -> Headers:
    if part.status == 304:
        return served.headers
    headers = [*served.headers, (b"content-length", b"%d" % (part.end - part.start + 1))]
    if part.status == 206:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (part.start, part.end, served.file.bytes)))
    return headers


async def _send_pieces(
    part: Part, headers: Headers, pieces: AsyncIterator[bytes], receive: Receive, send: Send
) -> None:
    """Until all is sent or nobody is there any more. Raises ConnectionAbortedError where the store ended early."""
    await send({"type": "http.response.start", "status": part.status, "headers": headers})
    left = part.end - part.start + 1
    gone = asyncio.create_task(_gone(receive))
    try:
        async for piece in pieces:
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
            if gone.done():
                return
    finally:
        gone.cancel()
    if left > 0:  # The connection is closed before its length, and the phone goes on from there.
        raise ConnectionAbortedError(f"{left} bytes are missing")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _encoded(headers: Mapping[str, str]) -> Headers:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
