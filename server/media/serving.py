"""A file over HTTP: whole or a range, for ever the same, never active content. Who may ask is the caller's to know."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from litestar import Response
from litestar.response import Stream
from sqlalchemy import text

from server.base.errors import AppError, NotFound
from server.base.storage import Storage
from server.base.tx import Tx
from server.media.disk import Copies, OpenFile, OpenFiles

SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

IMMUTABLE = "private, max-age=31536000, immutable"
SANDBOX = "default-src 'none'; sandbox"
_SHOWN = ("image/", "audio/", "video/")  # In the page; all else is saved: nothing of a document runs here.


class RangeUnsatisfiable(AppError):
    """The file does not have the bytes that were asked for."""

    code = "media.range"
    status = 416


@dataclass(frozen=True)
class Conditions:
    """What a request says about the part it wants."""

    range: str = ""
    if_none_match: str = ""
    if_range: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        return cls(headers.get("range", ""), headers.get("if-none-match", ""), headers.get("if-range", ""))


@dataclass(frozen=True)
class Part:
    """What is sent: 304 (nothing), 200 (all) or 206; `end` is the last byte."""

    status: int
    start: int
    end: int
    headers: dict[str, str]


@dataclass(frozen=True)
class StoredBytes:
    sha256: str
    mime: str
    bytes: int
    storage_key: str


async def find_bytes(tx: Tx, sha256: str) -> StoredBytes:
    """Raises NotFound."""
    found = None
    if SHA256.fullmatch(sha256):
        statement = text(
            "select sha256, mime, bytes, storage_key from media_variants"
            " where sha256 = :sha256 and not is_original limit 1"
        )
        found = (await tx.db.execute(statement, {"sha256": sha256})).one_or_none()
    if found is None:
        raise file_not_found()
    return StoredBytes(found.sha256, found.mime, found.bytes, found.storage_key)


def file_not_found() -> NotFound:
    """The same words for a file that is not there and one that is not for you."""
    return NotFound("There is no such file, or not for you.")


class MediaBytes:
    """Bytes of files: from the store's own folder where that is on this machine, else from copies, else from the store.

    `local_path` answers where a key lies, or None.
    """

    def __init__(self, storage: Storage, local_path: Callable[[str], Path | None], copies: Copies) -> None:
        self._storage = storage
        self._local_path = local_path
        self._open = OpenFiles()
        self.copies = copies

    def at_hand(self, file: StoredBytes) -> OpenFile | None:
        """The file, where it was read a moment ago."""
        return self._open.at_hand(file.storage_key)

    async def read(self, file: StoredBytes, start: int, length: int) -> AsyncIterator[bytes]:
        """The first piece is already there: what cannot be read is a 503 or 404, not a broken download."""
        found = self._open.at_hand(file.storage_key)
        path = None if found else self._local_path(file.storage_key)
        found = found or self._open.open(file.storage_key, path or self.copies.path(file.sha256), file.bytes)
        if found is not None:
            return await _opened(found.pieces(start, length))
        if path is None and file.bytes:
            self.copies.begin(self._storage, file.sha256, file.storage_key, file.bytes)
        return await _opened(self._storage.read(file.storage_key, offset=start, length=length))


async def answer_bytes(media: MediaBytes, file: StoredBytes, conditions: Conditions) -> Response[bytes] | Stream:
    """200, 206 or 304. Raises RangeUnsatisfiable, and NotFound or Unavailable before the first byte is sent."""
    part = choose_part(file.bytes, f'"{file.sha256}"', conditions)
    headers = part.headers | headers_of(file.mime, cache_control=IMMUTABLE)
    if part.status == 304:
        return Response(b"", status_code=304, headers=headers, media_type=file.mime)
    length = part.end - part.start + 1
    headers["content-length"] = str(length)
    body = await media.read(file, part.start, length)
    return Stream(body, status_code=part.status, headers=headers, media_type=file.mime)


def headers_of(mime: str, *, cache_control: str) -> dict[str, str]:
    """What keeps a file from being more than a file: its type is ours, it runs nothing, no other site shows it."""
    is_shown = (mime.startswith(_SHOWN) and not mime.startswith("image/svg")) or mime == "text/vtt"
    return {
        "cache-control": cache_control,
        "content-security-policy": SANDBOX,
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "content-disposition": "inline" if is_shown else "attachment",
    }


def choose_part(size: int, etag: str, conditions: Conditions) -> Part:
    """What to send of a body that is for ever the same under its strong `etag`. Raises RangeUnsatisfiable."""
    headers = {"etag": etag, "accept-ranges": "bytes"}
    if is_match(conditions.if_none_match, etag):
        return Part(304, 0, -1, headers)
    may_be_part = not conditions.if_range or conditions.if_range == etag
    wanted = read_range(conditions.range, size) if may_be_part else None
    if wanted is None:
        return Part(200, 0, size - 1, headers)
    start, end = wanted
    return Part(206, start, end, headers | {"content-range": f"bytes {start}-{end}/{size}"})


async def _opened(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, the first already read: a store that does not answer is a 503, not a broken download."""
    first = await anext(chunks, b"")

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return rest()


def is_match(if_none_match: str, etag: str) -> bool:
    return if_none_match.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of one range; None for no range or several: then the whole is sent.

    Raises RangeUnsatisfiable.
    """
    found = _RANGE.fullmatch(header.strip().replace(" ", ""))
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if first == "":
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None  # No range at all, says RFC 9110 §14.1.1: answered with the whole.
    if start >= size or (first == "" and int(last) == 0):
        raise RangeUnsatisfiable(f"The file has {size} bytes.")
    return start, end
