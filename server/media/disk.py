"""Bytes of media from this machine's disk: the embedded store's own folder, or copies of what a store elsewhere has.

Reading a piece that the system has in memory takes no thread: `preadv(RWF_NOWAIT)` says so when it has not.
"""

import asyncio
import errno
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from server.base.errors import NotFound, Unavailable
from server.base.storage import Storage

PIECE_BYTES = 512 * 1024
PIECE_BYTES_MAX = 1024 * 1024
PROMPT_S = 0.05
OPEN_MAX = 256
OPEN_S = 60.0  # What was erased is not read for longer.
COPIES_BYTES_MAX = 2 * 1024**3
COPY_BYTES_MAX = COPIES_BYTES_MAX // 8
COPIES_AT_ONCE = 2

_NOWAIT = getattr(os, "RWF_NOWAIT", 0)  # Linux; 0 elsewhere: then every piece is read in a thread.
_NOT_AT_ONCE = {errno.EAGAIN, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS}

log = structlog.get_logger()


class OpenFile:
    """A file that is closed when the last reader has let go of it, and not before: numbers of files are used again."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.bytes = os.fstat(self.number).st_size
        self.opened_at = time.monotonic()

    def __del__(self) -> None:
        if hasattr(self, "number"):
            os.close(self.number)

    async def pieces(self, start: int, length: int) -> AsyncIterator[bytes]:
        """`length` bytes from `start`. Raises Unavailable where the file is cut."""
        end, most = start + length, PIECE_BYTES
        while start < end:
            piece = await self.piece(start, min(most, end - start))
            begun = time.monotonic()
            yield piece
            start += len(piece)
            # Who took a piece at once gets more at once; a slow phone holds no more of our memory than one piece.
            most = PIECE_BYTES_MAX if time.monotonic() - begun < PROMPT_S else PIECE_BYTES

    async def piece(self, start: int, length: int) -> bytes:
        at_once = self.read_at_once(start, length)
        if at_once is not None:
            return at_once
        read = await asyncio.to_thread(os.pread, self.number, length, start)
        if not read:
            raise Unavailable("The file is shorter than it should be; try again.")
        return read

    def read_at_once(self, start: int, length: int) -> bytes | None:
        """Where the system has the ends of the piece in memory, it has all of it, but for a moment of waiting."""
        if not _NOWAIT:
            return None
        sign = bytearray(1)
        try:
            for place in (start, start + length - 1):
                if os.preadv(self.number, [sign], place, _NOWAIT) != 1:
                    return None
        except OSError as error:
            if error.errno in _NOT_AT_ONCE:
                return None
            raise
        read = os.pread(self.number, length, start)
        return read if len(read) == length else None


class OpenFiles:
    """Files that were read a moment ago stay open: a film is a hundred ranges in a row."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, OpenFile] = OrderedDict()  # by key

    def at_hand(self, key: str) -> OpenFile | None:
        """One that is open already."""
        found = self._open.get(key)
        if found is None:
            return None
        if time.monotonic() - found.opened_at > OPEN_S:
            del self._open[key]
            return None
        self._open.move_to_end(key)
        return found

    def open(self, key: str, path: Path, size: int) -> OpenFile | None:
        """None where it is not there, or not whole."""
        found = self.at_hand(key)
        if found is not None:
            return found
        try:
            found = OpenFile(path)
        except OSError:
            return None
        if found.bytes != size:
            return None
        self._open[key] = found
        if len(self._open) > OPEN_MAX:
            self._open.popitem(last=False)
        return found


class Copies:
    """A folder of copies by hash, for a store that is not on this machine. The least used go when it is full."""

    def __init__(self, folder: Path, *, bytes_max: int = COPIES_BYTES_MAX) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._room = asyncio.Semaphore(COPIES_AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def begin(self, storage: Storage, sha256: str, key: str, size: int) -> None:
        """Copy it beside whatever else is done; twice is once. What goes wrong is noted, and tried with the next."""
        if size > min(COPY_BYTES_MAX, self._bytes_max) or sha256 in self._under_way:
            return
        task = asyncio.create_task(self._copy(storage, sha256, key, size))
        self._under_way[sha256] = task
        task.add_done_callback(lambda _: self._under_way.pop(sha256, None))

    async def settled(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _copy(self, storage: Storage, sha256: str, key: str, size: int) -> None:
        path = self.path(sha256)
        part = path.with_name(f"{sha256}.{os.getpid()}.part")
        async with self._room:
            try:
                await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
                if await self._write(storage, key, part) == (size, sha256):
                    await asyncio.to_thread(part.replace, path)
                    await asyncio.to_thread(self._evict)
            except (Unavailable, NotFound, OSError) as error:
                log.warning("media.not_copied", sha256=sha256, error=repr(error))
            finally:
                await asyncio.to_thread(part.unlink, missing_ok=True)

    @staticmethod
    async def _write(storage: Storage, key: str, part: Path) -> tuple[int, str]:
        digest, count = hashlib.sha256(), 0
        with part.open("wb") as file:
            async for chunk in storage.read(key):
                await asyncio.to_thread(file.write, chunk)
                digest.update(chunk)
                count += len(chunk)
        return count, digest.hexdigest()

    def _evict(self) -> None:
        """The oldest first, by when they were copied or used last."""
        found = []
        for path in self._folder.glob("??/*"):
            try:
                status = path.stat()
            except FileNotFoundError:  # Another process was quicker.
                continue
            found.append((max(status.st_atime, status.st_mtime), status.st_size, path))
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found, key=lambda entry: entry[0]):
            if held <= self._bytes_max:
                return
            path.unlink(missing_ok=True)
            held -= size
