"""The zip of a pack: without compression, any program opens it, and a phone reads it piece by piece.

Made once, whole, under the name of what is in it; who asks for the rest of one after a cut gets the same bytes. The
least used go when the folder is full.
"""

import asyncio
import hashlib
import os
import time
import zipfile
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import NamedTuple

import msgspec

from server.base.errors import NotFound, Unavailable
from server.base.storage import Storage
from server.exchange.blobs import StorageBlobs
from server.exchange.course_packs.gathering import CoursePack, PackTooLarge, chunks_of
from server.exchange.course_packs.manifest import ABOUT, SIGNATURE
from server.media.files import storage_key
from server.media.missing import missing_files
from sync.errors import Outage
from sync.files import CHUNK_KEPT_DAYS, blob_key, folder_of

BYTES_MAX = 0xFFFF_FFFF - 64 * 1024**2  # A zip of the old kind, which a phone reads; its list of names needs room.
ENTRIES_MAX = 10_000
KEPT_BYTES = 2 * 1024**3
DAY_ONE = (1980, 1, 1, 0, 0, 0)  # The same content makes the same file.
LOST_S = 600.0  # A file that was found damaged is not read again for so long.


class FilesLost(Exception):
    """Files of a pack that the store does not have, or not as they were."""

    def __init__(self, hashes: Collection[str]) -> None:
        self.hashes = frozenset(hashes)
        super().__init__(", ".join(sorted(self.hashes)))


class Made(NamedTuple):
    path: Path
    pack: CoursePack  # What is in it: without what the store has lost.


def name_of(pack: CoursePack) -> str:
    """Of the file: by what is in it, and not by when it was asked for."""
    manifest = pack.manifest
    said = (
        manifest.course,
        manifest.quality,
        manifest.sets,
        manifest.files,
        manifest.missing,
        pack.signed.signature.key,
    )
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:32]


class PackFiles:
    """A folder of packs that were made."""

    def __init__(self, folder: Path, storage: Storage, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._folder = folder
        self._storage = storage
        self._kept_bytes = kept_bytes
        self._under_way: dict[str, asyncio.Task[Path]] = {}
        self._damaged: dict[str, float] = {}  # When, by hash.

    async def make(self, pack: CoursePack) -> Made:
        """Without what the store has lost. Twice is once. Raises PackTooLarge, Unavailable."""
        while True:
            try:
                return Made(await self._made(pack), pack)
            except FilesLost as lost:
                pack = pack.without(lost.hashes)

    async def _made(self, pack: CoursePack) -> Path:
        name = name_of(pack)
        path = self._folder / f"{name}.sparkpack"
        if path.exists():
            os.utime(path)  # It is used: others go before it.
            return path
        await self._refuse_lost(pack)
        task = self._under_way.get(name)
        if task is None:
            task = self._under_way[name] = asyncio.create_task(self._make(pack, path))
            task.add_done_callback(lambda _: self._under_way.pop(name, None))
        try:
            return await asyncio.shield(task)
        except FilesLost as lost:
            self._damaged.update(dict.fromkeys(lost.hashes, time.monotonic()))
            raise

    async def _refuse_lost(self, pack: CoursePack) -> None:
        """Raises FilesLost, before anything is written."""
        hashes = [file.sha256 for file in pack.manifest.files]
        long_ago = time.monotonic() - LOST_S
        self._damaged = {sha256: at for sha256, at in self._damaged.items() if at > long_ago}
        lost = await missing_files(self._storage, hashes) | self._damaged.keys() & set(hashes)
        if lost:
            raise FilesLost(lost)

    async def _make(self, pack: CoursePack, path: Path) -> Path:
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        try:
            await write_pack(self._storage, pack, part)
            await asyncio.to_thread(part.replace, path)
            await asyncio.to_thread(self._evict, path)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        return path

    def _evict(self, newest: Path) -> None:
        """The oldest; and those that nobody asked for in days, for rows in them may have been erased since."""
        found = [(path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.glob("*.sparkpack")]
        held = sum(size for _, size, _ in found)
        old = time.time() - CHUNK_KEPT_DAYS * 86_400
        for used_at, size, path in sorted(found, key=lambda entry: entry[0]):
            if (held > self._kept_bytes or used_at < old) and path != newest:
                path.unlink(missing_ok=True)
                held -= size


async def write_pack(storage: Storage, pack: CoursePack, path: Path) -> int:
    """The pack as a file; its bytes. Each part is compared with the hash that names it.

    Raises FilesLost, and as `PackFiles.make`.
    """
    chunks = chunks_of(pack.manifest.sets)
    total = sum(size for _, size in chunks.values()) + sum(file.bytes for file in pack.manifest.files)
    if total > BYTES_MAX or len(chunks) + len(pack.manifest.files) + 2 > ENTRIES_MAX:
        raise PackTooLarge
    blobs = StorageBlobs(storage)
    with await asyncio.to_thread(zipfile.ZipFile, path, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        _put(archive, ABOUT, pack.signed.body)
        _put(archive, SIGNATURE, msgspec.json.encode(pack.signed.signature))
        for sha256, (bucket, _) in chunks.items():
            await asyncio.to_thread(_put, archive, f"rows/{sha256}", await _chunk(blobs, bucket, sha256))
        for file in pack.manifest.files:
            await _stream(archive, file.sha256, storage.read(storage_key(file.sha256)))
    return (await asyncio.to_thread(path.stat)).st_size


async def write_what_is_there(storage: Storage, pack: CoursePack, path: Path) -> CoursePack:
    """The pack as a file, without what the store has lost; what is in it. Raises PackTooLarge, Unavailable."""
    lost = await missing_files(storage, [file.sha256 for file in pack.manifest.files])
    while True:
        pack = pack.without(lost) if lost else pack
        try:
            await write_pack(storage, pack, path)
        except FilesLost as found:
            lost = found.hashes
        else:
            return pack


def _put(archive: zipfile.ZipFile, name: str, body: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, DAY_ONE), body)


async def _chunk(blobs: StorageBlobs, bucket: str, sha256: str) -> bytes:
    try:
        body = await blobs.get(blob_key(folder_of(bucket), sha256, "identity"))
    except Outage as error:
        raise Unavailable("The file store does not answer; try again.") from error
    if body is None or hashlib.sha256(body).hexdigest() != sha256:
        raise Unavailable("A part of the course's rows is missing in the store; try again in a minute.")
    return body


async def _stream(archive: zipfile.ZipFile, sha256: str, pieces: AsyncIterator[bytes]) -> None:
    """Raises FilesLost."""
    digest = hashlib.sha256()
    try:
        with archive.open(zipfile.ZipInfo(f"files/{sha256}", DAY_ONE), "w") as entry:
            async for piece in pieces:
                await asyncio.to_thread(entry.write, piece)
                digest.update(piece)
    except NotFound as error:
        raise FilesLost([sha256]) from error
    if digest.hexdigest() != sha256:
        raise FilesLost([sha256])
