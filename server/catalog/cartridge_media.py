"""Films, sound and papers of a cartridge through the ordinary intake, into lessons that show them."""

import asyncio
import posixpath
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from html import escape
from pathlib import Path
from uuid import UUID

import msgspec

from server.base.archive import Archive, EntryBroken, open_archive
from server.base.errors import AppError
from server.base.import_report import Reason, ReportItem, report_item
from server.base.storage import Storage
from server.base.tx import Tx
from server.base.work import Work
from server.catalog.at_once import a_few_at_once
from server.catalog.blocks import Audio, Block, Document, Paragraph, Video
from server.catalog.cartridge.files import FilmOrPaper, file_place_id
from server.catalog.inline import clean_inline
from server.catalog.portable.files import accepted_of
from server.media.files import Accepted, accept_files
from server.media.intake.examining import examine
from server.media.renditions.decoding import folder_of
from server.media.renditions.planning import make_later

FILES_AT_ONCE = 2
SHOWN = frozenset({"video", "audio", "document", "captions"})

Brought = dict[UUID, Accepted]  # By place.
Counted = Callable[[int], Awaitable[None]]


async def bring_files(
    work: Work, storage: Storage, path: Path, names: list[str], on_count: Counted
) -> tuple[Brought, list[ReportItem]]:
    """Examine each and store it, two at once. One that cannot stay is a line in the report. Raises Unavailable."""
    with open_archive(path) as archive:
        found = await a_few_at_once(
            names, partial(_bring, work, storage, archive), count=FILES_AT_ONCE, on_done=on_count
        )
    both = list(zip(names, found, strict=True))
    brought = {file_place_id(name): one for name, one in both if isinstance(one, Accepted)}
    return brought, [_told(name, one) for name, one in both]


def _told(name: str, found: Accepted | Reason) -> ReportItem:
    title = posixpath.basename(name)
    if isinstance(found, Reason):
        return report_item(name, title=title, kind="file", state="failed", reasons=[found])
    return report_item(name, title=title, kind=found.kind, state="ok")


async def _bring(work: Work, storage: Storage, archive: Archive, name: str) -> Accepted | Reason:
    async with folder_of(work, "cartridge") as folder:
        path, made_in = folder / "file", folder / "made"
        made_in.mkdir(mode=0o700)
        called = posixpath.basename(name)
        try:
            await asyncio.to_thread(archive.copy, name, path)
            examined = await examine(path, name=called, claimed="", folder=made_in, clamd=work.settings.clamd)
            if examined.kind not in SHOWN:
                return Reason("file.other_kind", f"{called[:120]} is of kind {examined.kind}, which no lesson plays.")
            return await accepted_of(storage, examined, path, name=called[:255])
        except EntryBroken as problem:
            return Reason(problem.code, str(problem))
        except AppError as problem:
            return Reason(problem.code, problem.message)


async def add_files(
    tx: Tx, brought: Mapping[UUID, Accepted], *, owner_id: UUID, licence: str, attribution: str
) -> dict[UUID, UUID]:
    """Rows and jobs. Place → file; two places with one content share one."""
    rows = await accept_files(tx, list(brought.values()), owner_id=owner_id, licence=licence, attribution=attribution)
    for file in {row.id: row for row in rows}.values():
        if file.state == "processing":
            make_later(tx, file.id, list(file.pending), size=file.bytes, duration_ms=file.duration_ms)
    return {place: row.id for place, row in zip(brought, rows, strict=True)}


def place_file(block: FilmOrPaper, brought: Mapping[UUID, Accepted], ids: Mapping[UUID, UUID]) -> list[Block]:
    """By what the file really is; where it could not be kept, its title stands."""
    accepted = brought.get(block.file_id)
    if accepted is None or block.file_id not in ids:
        return [Paragraph(html=clean_inline(f"<em>{escape(block.title, quote=False)}</em>"))]
    file_id = ids[block.file_id]
    match accepted.kind:
        case "video" if isinstance(block, Video):
            captions = [ids[one] for one in block.captions_ids if one in ids and brought[one].kind == "captions"]
            return [msgspec.structs.replace(block, file_id=file_id, captions_ids=captions)]
        case "video":
            return [Video(file_id=file_id, title=block.title)]
        case "audio":
            return [Audio(file_id=file_id, title=block.title)]
        case _:
            return [Document(file_id=file_id, title=block.title)]
