"""Cards and bytes into one zip: the same course gives the same bytes, whoever writes it, whenever."""

import asyncio
import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import msgspec

from server.base.storage import Storage
from server.catalog.portable.format import (
    COURSE,
    FILES,
    FORMAT,
    LICENCES,
    MANIFEST,
    SEAL,
    SECTIONS,
    TESTS,
    EntryCard,
    Manifest,
    seal_of,
)
from server.catalog.portable.gathering import Gathered

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # A zip wants a date, and a date would be another file each day.


async def write_course_file(storage: Storage, gathered: Gathered, into: Path, *, signing_key: bytes) -> int:
    """Its bytes. Never more than a chunk of a film in memory. Raises NotFound, Unavailable."""
    with await asyncio.to_thread(zipfile.ZipFile, into, "w") as packed:
        writer = _Writer(packed)
        await asyncio.to_thread(writer.write_cards, gathered)
        for path, key in gathered.keys.items():
            await writer.copy(storage, path, key)
        await asyncio.to_thread(writer.close, signing_key)
    return await asyncio.to_thread(os.path.getsize, into)


class _Writer:
    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self._entries: list[EntryCard] = []

    def write_cards(self, gathered: Gathered) -> None:
        self._write(COURSE, _json(gathered.course))
        self._write(SECTIONS, _json(gathered.sections))
        self._write(FILES, _json(gathered.files))
        self._write(TESTS, _json(gathered.tests))
        for path, lesson in gathered.lessons.items():
            self._write(path, _json(lesson))
        for path, content in gathered.questions.items():
            self._write(path, content)
        self._write(LICENCES, _licences(gathered).encode())

    async def copy(self, storage: Storage, path: str, key: str) -> None:
        """Media are dense already: they are stored as they are."""
        digest, size = hashlib.sha256(), 0
        with self._packed.open(_info(path, zipfile.ZIP_STORED), "w") as entry:
            async for chunk in storage.read(key):
                size += len(chunk)
                digest.update(chunk)
                await asyncio.to_thread(entry.write, chunk)
        self._entries.append(EntryCard(path, size, digest.hexdigest()))

    def close(self, signing_key: bytes) -> None:
        manifest = _json(Manifest(FORMAT, sorted(self._entries, key=lambda entry: entry.path)))
        self._write(MANIFEST, manifest)
        self._write(SEAL, seal_of(signing_key, manifest).encode() + b"\n")

    def _write(self, path: str, content: bytes) -> None:
        self._packed.writestr(_info(path, zipfile.ZIP_DEFLATED), content)
        self._entries.append(EntryCard(path, len(content), hashlib.sha256(content).hexdigest()))


def _info(path: str, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, LONG_AGO)
    info.compress_type = compression
    info.external_attr = 0o644 << 16
    return info


def _json(value: Any) -> bytes:  # Any: cards, and lists of them
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _licences(gathered: Gathered) -> str:
    """Who made what, and under which terms, for people who open the zip."""
    course = gathered.course
    lines = [course.title, f"  {course.licence or 'no licence is known'}", f"  {course.attribution or ''}"]
    for file in gathered.files:
        if file.main is not None:
            lines += ["", file.main.path, f"  {file.licence or 'no licence is known'}", f"  {file.attribution or ''}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"
