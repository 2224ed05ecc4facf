"""Renditions, a job each: what is there is not made again, and a worker that dies costs what it was at.

file: pending [v240, opus, mp3, v360] ─► made, stored, row ─► pending [opus, mp3, v360] ─► … ─► ready
                                        └ refused (damaged, too costly): left out; without any film: failed
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from server.base.jobs import long_job
from server.base.tx import Tx
from server.base.work import Work
from server.media.events import FileReady
from server.media.files import Original, add_variant, as_plain, original_of
from server.media.intake.formats import FORMATS
from server.media.intake.refusals import FileRefused
from server.media.models import MediaFile
from server.media.renditions import film
from server.media.renditions.decoding import folder_of
from server.media.renditions.made import store
from server.media.renditions.payloads import MakeFilm, MakeRendition
from server.media.renditions.probing import probe
from server.media.renditions.telling import CHECKED_PPM, telling, uploads_of
from server.media.schemas import FileKind, RenditionRow
from server.media.uploads.sessions import note_upload

ATTEMPTS = 12  # Over some 37 minutes: a store that is away for so long is waited for.
BROKEN = ("media.broken", "Something went wrong on our side; it was noted, and staff will try again.")


@dataclass(frozen=True)
class _Task:
    """A rendition that is still to be made."""

    kind: FileKind
    original: Original
    start_ppm: int
    end_ppm: int


async def _gave_up(tx: Tx, payload: MakeRendition | MakeFilm) -> None:
    """The row waits for staff; the sender is told, and the file is what it is so far."""
    for waiting in await uploads_of(tx, payload.file_id):
        await note_upload(tx, waiting.upload_id, state="failed", reason=BROKEN)


@long_job(MakeRendition, timeout_s=1200, attempts_max=ATTEMPTS, lane="media", gave_up=_gave_up)
async def make_rendition(work: Work, payload: MakeRendition) -> None:
    await make(work, payload.file_id, payload.name)


@long_job(MakeFilm, timeout_s=3600, attempts_max=ATTEMPTS, lane="film", gave_up=_gave_up)
async def make_film(work: Work, payload: MakeFilm) -> None:
    await make(work, payload.file_id, payload.name)


async def make(work: Work, file_id: UUID, name: str) -> None:
    """Nothing if it is there, or if the file is gone. A refusal is noted on the rows; an outage is raised."""
    async with work.database.transaction() as tx:
        task = await _task(tx, file_id, name)
    if task is None:
        return
    try:
        row: RenditionRow | FileRefused = await _made(work, file_id, name, task)
    except FileRefused as refusal:
        row = refusal
    async with work.database.transaction() as tx:
        await _note(tx, file_id, name, row)


async def _task(tx: Tx, file_id: UUID, name: str) -> _Task | None:
    file = await tx.db.get(MediaFile, file_id)
    if file is None or file.deleted_at is not None or name not in file.pending:
        return None
    original = await original_of(tx, file_id)
    if original is None:
        return None
    left = len(file.pending)
    total = left + sum(1 for one in file.renditions if one["name"] in film.NAMES)
    span = (1_000_000 - CHECKED_PPM) // max(1, total)
    start = CHECKED_PPM + span * (total - left)
    kind: FileKind = msgspec.convert(file.kind, FileKind)
    return _Task(kind, original, start, min(990_000, start + span))


async def _made(work: Work, file_id: UUID, name: str, task: _Task) -> RenditionRow:
    demuxer = next(one.demuxer for one in FORMATS.values() if one.kind == task.kind and one.mime == task.original.mime)
    async with folder_of(work, name) as folder:
        source = await _source(work, task.original, folder / "source")
        made_in = folder / "made"
        made_in.mkdir(mode=0o700)
        async with telling(work, file_id, step=name, start=task.start_ppm, end=task.end_ppm) as hear:
            probed = await probe(source, demuxer=demuxer, folder=made_in)
            made = await film.make(name, source, demuxer=demuxer, probed=probed, folder=made_in, on_ppm=hear)
            return await store(work.storage, made)


async def _source(work: Work, original: Original, into: Path) -> Path:
    """On this machine already, or fetched."""
    local = work.storage.local_path(original.storage_key)
    if local is not None:
        return local
    await work.storage.read_into(original.storage_key, into)
    return into


async def _note(tx: Tx, file_id: UUID, name: str, made: RenditionRow | FileRefused) -> None:
    """What came of it, on the file's row and on the sender's; in the transaction that ends the job."""
    file = await tx.db.get(MediaFile, file_id, with_for_update={"key_share": True}, populate_existing=True)
    if file is None or file.deleted_at is not None or name not in file.pending:
        return
    file.pending = [one for one in file.pending if one != name]
    if isinstance(made, RenditionRow):
        others = [msgspec.convert(one, RenditionRow) for one in file.renditions if one["name"] != name]
        file.renditions = as_plain([*others, made])
        file.duration_ms = file.duration_ms or made.duration_ms
        await add_variant(tx, file_id, made)
    is_shown = file.kind != "video" or any(one["name"] in film.SIZES for one in file.renditions)
    is_shown = is_shown and any(one["name"] in film.NAMES for one in file.renditions)
    if not file.pending:
        file.state = "ready" if is_shown else "failed"
    await tx.db.flush()
    await _tell(tx, file, name, made)
    if isinstance(made, RenditionRow) or not file.pending:
        await tx.publish(FileReady(file_id))


async def _tell(tx: Tx, file: MediaFile, name: str, made: RenditionRow | FileRefused) -> None:
    for waiting in await uploads_of(tx, file.id):
        before = None if waiting.reason == BROKEN else waiting.reason
        reason = (made.code, made.message) if isinstance(made, FileRefused) and before is None else before
        if file.pending:
            await note_upload(tx, waiting.upload_id, state="checking", step=name, reason=reason, file_id=file.id)
        elif file.state == "failed":
            await note_upload(tx, waiting.upload_id, state="refused", reason=reason)
        else:
            await note_upload(tx, waiting.upload_id, state="ready", step="ready", reason=reason, file_id=file.id)
