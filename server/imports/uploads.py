"""A file on its way in: streamed to disk, counted as it comes, never held in memory, gone again when anything fails."""

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from multipart import MultipartError, MultipartSegment, PushMultipartParser  # type: ignore[import-untyped]  # ships none

from server.base.errors import BadRequest, TooLarge, Unavailable

FILE_BYTES_MAX = 200 * 1024 * 1024
FORM_EXTRA_BYTES = 64 * 1024  # What a form wraps around its file.
STALE_S = 24 * 3600
FORM_PARTS_MAX = 10


class FileTooLarge(TooLarge):
    """The file is larger than we take."""

    code = "import.too_large"


def too_large(what: str = "The file") -> FileTooLarge:
    return FileTooLarge(f"{what} is larger than {FILE_BYTES_MAX // 1024 // 1024} MB; make several of it.")


class FileMissing(BadRequest):
    """The request carries no file; send it as the body, or as the first file of a form."""

    code = "import.no_file"


class FormBroken(BadRequest):
    """The form is cut off or not well formed."""

    code = "import.bad_form"


def folder_of(tmp: Path) -> Path:
    return tmp / "imports"


def path_of(tmp: Path, import_id: UUID) -> Path:
    return folder_of(tmp) / f"{import_id}.upload"


async def receive(stream: AsyncIterator[bytes], path: Path, *, boundary: str | None) -> int:
    """Write the body, or the first file of a form, to `path`; its size.

    Raises FileTooLarge, FileMissing, FormBroken, Unavailable.
    """
    await asyncio.to_thread(_prepare, path.parent)
    try:
        chunks = stream if boundary is None else _file_of_form(stream, boundary)
        size = await _write(chunks, path)
    except BaseException:  # Also when the sender goes away: a part of a file is of no use to anybody.
        forget(path)
        raise
    if size == 0:
        forget(path)
        raise FileMissing
    return size


async def _write(chunks: AsyncIterator[bytes], path: Path) -> int:
    size = 0
    try:
        with await asyncio.to_thread(path.open, "xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > FILE_BYTES_MAX:
                    raise too_large()
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(os.fsync, file.fileno())
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable("The server's disk is full; tell its operator.") from error
        raise
    return size


def forget(path: Path) -> None:
    """Take the file away; twice is once."""
    path.unlink(missing_ok=True)


async def _file_of_form(stream: AsyncIterator[bytes], boundary: str) -> AsyncIterator[bytes]:
    """The bytes of the first part that has a file name; other parts are passed over."""
    is_wanted = is_found = False
    try:
        with PushMultipartParser(
            boundary, max_segment_size=FILE_BYTES_MAX + FORM_EXTRA_BYTES, max_segment_count=FORM_PARTS_MAX
        ) as parser:
            async for chunk in stream:
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        is_wanted = not is_found and event.filename is not None
                        is_found = is_found or is_wanted
                    elif event and is_wanted:
                        yield bytes(event)
    except MultipartError as error:
        raise FormBroken(f"The form cannot be read: {error}.") from error


def _prepare(folder: Path) -> None:
    """Make the folder, and clear away what a crash left in it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    oldest = time.time() - STALE_S
    for path in folder.glob("*.upload"):
        with contextlib.suppress(FileNotFoundError):  # Another process clears away too.
            if path.stat().st_mtime < oldest:
                path.unlink()
