"""The file of an import: an upload like any other, and on this machine's disk for as long as it is read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from server.base.actor import Actor
from server.base.errors import AppError, Conflict
from server.base.feature import Cron
from server.base.ids import new_id
from server.base.tx import Tx
from server.base.work import Work
from server.imports.queries import WaitingImport
from server.media.renditions.decoding import folder_of
from server.media.renditions.made import sha256_of
from server.media.uploads.assembling import assemble
from server.media.uploads.errors import UploadDamaged
from server.media.uploads.models import MediaUpload
from server.media.uploads.parts import receive_part
from server.media.uploads.sessions import (
    NewUpload,
    Session,
    cancel,
    complete,
    find_upload,
    new_session,
    note_upload,
)

CHUNK_BYTES = 256 * 1024
UNUSED_DAYS = 8  # After the last look at it, as an upload that nobody goes on with.


class FileGone(Conflict):
    """The uploaded file is no longer there; send it again."""

    code = "import.file_gone"


class NotHere(Conflict):
    """The upload has not come whole; send what is missing, and complete it."""

    code = "import.upload_open"


async def own_upload(tx: Tx, upload_id: UUID) -> MediaUpload:
    """The actor's own, locked: what is ordered of it comes one after another. Raises UploadUnknown."""
    return await find_upload(tx, upload_id, lock=True)


def require_whole(upload: MediaUpload) -> None:
    """Raises NotHere."""
    if upload.purpose != "import":
        raise NotHere("The upload is not for an import; send the file with the purpose `import`.")
    if upload.state == "receiving":
        raise NotHere
    if upload.state == "ready":
        raise NotHere("The file was imported already; look at what came of it, or send the file again.")
    if upload.state != "received":
        raise NotHere(f"The upload is {upload.state}; send the file again.")


async def hand_over(work: Work, actor: Actor, path: Path, *, name: str) -> UUID:
    """What came as the body of a request becomes an upload like any other: the worker may run on another machine.

    Raises what `new_session` raises, and Unavailable; then nothing is kept.
    """
    upload_id, sha256 = new_id(), await asyncio.to_thread(sha256_of, path)
    head, size = await asyncio.to_thread(_look, path)
    mime = "application/zip" if head.startswith(b"PK") or name.endswith((".zip", ".imscc")) else "text/plain"
    new = NewUpload(id=upload_id, name=name, bytes=size, mime=mime, sha256=sha256, purpose="import")
    async with work.database.transaction(actor) as tx:
        upload, _ = await new_session(tx, new)
        session = Session(upload.id, upload.owner_id, upload.bytes, upload.part_bytes, "receiving")
    try:
        for number in range(session.parts_count):
            await receive_part(work, session, number, 0, None, _part(path, session, number))
        async with work.database.transaction(actor) as tx:
            await complete(tx, upload_id, sha256=sha256)
    except BaseException:
        await take_back(work, actor, upload_id)
        raise
    return upload_id


async def take_back(work: Work, actor: Actor, upload_id: UUID) -> None:
    """What was handed over is not to be imported after all."""
    async with work.database.transaction(actor) as tx:
        await cancel(tx, upload_id)


def _look(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as file:
        return file.read(4), path.stat().st_size


async def _part(path: Path, session: Session, number: int) -> AsyncIterator[bytes]:
    left = session.size_of(number)
    with await asyncio.to_thread(path.open, "rb") as file:
        await asyncio.to_thread(file.seek, number * session.part_bytes)
        while left and (chunk := await asyncio.to_thread(file.read, min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk


@asynccontextmanager
async def file_of(work: Work, waiting: WaitingImport) -> AsyncIterator[Path]:
    """What came, put together for this run in a folder of its own: no other run of the same import meets it.

    Raises FileGone, Unavailable.
    """
    if waiting.upload_id is None:
        raise FileGone
    async with folder_of(work, "import") as folder:
        path = folder / "file"
        try:
            await assemble(work, waiting.upload_id, path)
        except UploadDamaged as problem:
            raise FileGone from problem
        yield path


async def let_go(tx: Tx, upload_id: UUID | None, *, refusal: AppError | None = None) -> None:
    """The import has ended: the parts of its upload may go. A refused file is refused on its sender's row too."""
    if upload_id is None:
        return
    if refusal is None:
        await note_upload(tx, upload_id, state="ready", step="ready")
    else:
        await note_upload(tx, upload_id, state="refused", reason=(refusal.code, refusal.message))


_FORGET = text(
    "update media_uploads set state = 'expired', reason_code = 'upload.expired',"
    " reason = 'Nobody imported the file for eight days; send it anew.'"
    " where purpose = 'import' and state = 'received' and touched_at < :before"
    " and not exists (select from imports_imports i where i.upload_id = media_uploads.id"
    " and (i.state in ('queued', 'running')))"
)


async def forget_unused(tx: Tx) -> None:
    """Uploads that were tried, or not even that, and never imported."""
    await tx.db.execute(_FORGET, {"before": tx.now - timedelta(days=UNUSED_DAYS)})


unused_cron = Cron(name="imports.unused", every_s=3600, run=forget_unused)
