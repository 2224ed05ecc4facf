"""The files of a course's file on their way into the store: as they are when we made them, else like any stranger's."""

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from server.base.archive import Archive, EntryBroken
from server.base.errors import AppError
from server.base.import_report import Reason
from server.base.storage import Storage
from server.base.work import Work
from server.catalog.portable.format import EntryCard, FileCard, ObjectCard
from server.media.files import Accepted
from server.media.intake.examining import Examined, examine, keep
from server.media.renditions.decoding import folder_of
from server.media.renditions.made import Made, as_variant, sha256_of, store
from server.media.schemas import RenditionRow

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Bringer:
    """Reads from the zip, writes to the store."""

    work: Work
    storage: Storage  # One that keeps nothing, in a dry run.
    archive: Archive
    entries: dict[str, EntryCard]
    is_ours: bool

    async def bring(self, card: FileCard) -> Accepted | Reason:
        """The file, its bytes in the store; or why it cannot be taken. Raises Unavailable."""
        main = card.main
        if main is None:
            return Reason("file.missing", "The file's bytes are not in the course's file.")
        async with folder_of(self.work, "course") as folder:
            try:
                if self.is_ours and card.original is None:
                    return await self._as_it_is(card, folder)
                return await self._anew(card, main, folder)
            except EntryBroken as problem:
                return Reason(problem.code, str(problem))
            except AppError as problem:
                return Reason(problem.code, problem.message)

    async def _as_it_is(self, card: FileCard, folder: Path) -> Accepted:
        rows = [await self._stored(one, folder) for one in (*card.variants, *card.renditions)]
        return Accepted(
            sha256=card.sha256,
            mime=card.mime,
            bytes=card.bytes,
            kind=card.kind,
            name=card.name,
            width=card.width,
            height=card.height,
            duration_ms=card.duration_ms,
            pages=card.pages,
            variants=[as_variant(row) for row in rows[: len(card.variants)]],
            renditions=rows[len(card.variants) :],
        )

    async def _stored(self, one: ObjectCard, folder: Path) -> RenditionRow:
        path = await asyncio.to_thread(self._unpack, one, folder / "object")
        made = Made(
            name=one.name,
            path=path,
            mime=one.mime,
            codecs=one.codecs,
            width=one.width,
            height=one.height,
            duration_ms=one.duration_ms,
        )
        return await store(self.storage, made)

    async def _anew(self, card: FileCard, main: ObjectCard, folder: Path) -> Accepted:
        ending = main.path.rpartition(".")[2]
        is_original = card.original is not None
        path, made_in = folder / "file", folder / "made"
        made_in.mkdir(mode=0o700)
        await asyncio.to_thread(self._unpack, main, path)
        examined = await examine(
            path,
            name=(card.name if is_original else None) or f"file.{ending}",
            claimed=main.mime,
            folder=made_in,
            clamd=self.work.settings.clamd,
            is_bare=self.is_ours and is_original,
        )
        if examined.kind != card.kind:
            raise EntryBroken("file.other_kind", f"{main.path[:80]} is of kind {examined.kind}, not {card.kind}.")
        return await accepted_of(self.storage, examined, path, name=card.name)

    def _unpack(self, one: ObjectCard, into: Path) -> Path:
        """Raises EntryBroken."""
        entry = self.entries.get(one.path)
        if entry is None:
            raise EntryBroken("file.missing", f"{one.path[:80]} is not in the file.")
        self.archive.copy(one.path, into)
        with into.open("rb") as file:
            is_same = hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256 == one.sha256
        if not is_same:
            raise EntryBroken("file.damaged", f"{one.path[:80]} is not what the manifest says.")
        return into


async def accepted_of(storage: Storage, examined: Examined, path: Path, *, name: str | None) -> Accepted:
    """What was examined, its bytes in the store. Raises Unavailable."""
    sha256 = await asyncio.to_thread(sha256_of, path)
    size = await asyncio.to_thread(os.path.getsize, path)
    return await keep(storage, examined, sha256=sha256, size=size, name=name)
