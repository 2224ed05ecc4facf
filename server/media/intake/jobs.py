"""The check of an upload, in a worker: everything that comes ends as a file, or as a reason on its sender's row."""

from dataclasses import dataclass
from uuid import UUID

from server.base.jobs import long_job
from server.base.tx import Tx
from server.base.work import Work
from server.media.blobs import blob_arrived
from server.media.events import FileReady
from server.media.files import Accepted, accept_file
from server.media.intake.examining import examine, keep
from server.media.intake.payloads import CheckLargeUpload
from server.media.intake.refusals import FileRefused
from server.media.models import MediaFile
from server.media.renditions.decoding import folder_of
from server.media.renditions.jobs import BROKEN
from server.media.renditions.planning import LARGE_BYTES, make_later
from server.media.uploads.assembling import assemble
from server.media.uploads.errors import UploadDamaged
from server.media.uploads.models import MediaUpload
from server.media.uploads.owning import own_file
from server.media.uploads.payloads import CheckUpload
from server.media.uploads.policy import type_of
from server.media.uploads.sessions import note_upload

ATTEMPTS = 12  # Over some 37 minutes: a store or a scanner that is away for so long is waited for.
MAY_BEGIN = frozenset({"received", "checking", "failed"})


@dataclass(frozen=True, kw_only=True)
class Coming:
    """An upload whose parts are all here."""

    id: UUID
    owner_id: UUID
    name: str
    mime: str
    bytes: int
    licence: str
    attribution: str


async def _gave_up(tx: Tx, payload: CheckUpload | CheckLargeUpload) -> None:
    """The row waits for staff; the sender is told."""
    await note_upload(tx, payload.upload_id, state="failed", reason=BROKEN)


@long_job(CheckUpload, timeout_s=900, attempts_max=ATTEMPTS, lane="media", gave_up=_gave_up)
async def check_upload(work: Work, payload: CheckUpload) -> None:
    """Nothing for an upload that has ended, or that is somebody else's to read (an import)."""
    async with work.database.transaction() as tx:
        coming = await _begin(tx, payload.upload_id)
        if coming is not None and coming.bytes > LARGE_BYTES:
            tx.later(CheckLargeUpload(upload_id=coming.id), weight=coming.bytes)
            return
    if coming is not None:
        await check(work, coming)


@long_job(CheckLargeUpload, timeout_s=3000, attempts_max=ATTEMPTS, lane="slow", gave_up=_gave_up)
async def check_large_upload(work: Work, payload: CheckLargeUpload) -> None:
    async with work.database.transaction() as tx:
        coming = await _begin(tx, payload.upload_id)
    if coming is not None:
        await check(work, coming)


async def _begin(tx: Tx, upload_id: UUID) -> Coming | None:
    upload = await tx.db.get(MediaUpload, upload_id)
    if upload is None or upload.deleted_at is not None or upload.state not in MAY_BEGIN or upload.purpose == "import":
        return None
    if upload.file_id is not None:
        return None  # Accepted by an earlier run; its renditions go on by themselves.
    await note_upload(tx, upload_id, state="checking", step="checking", progress_ppm=0)
    return Coming(
        id=upload.id,
        owner_id=upload.owner_id,
        name=upload.name,
        mime=type_of(upload.name, upload.mime),
        bytes=upload.bytes,
        licence=upload.licence,
        attribution=upload.attribution,
    )


async def check(work: Work, coming: Coming) -> None:
    """Accept it, or say why not. A second run finds what the first has stored. Raises Unavailable."""
    async with folder_of(work, "check") as folder:
        path, made_in = folder / "file", folder / "made"
        made_in.mkdir(mode=0o700)
        try:
            assembled = await assemble(work, coming.id, path)
            examined = await examine(
                path, name=coming.name, claimed=coming.mime, folder=made_in, clamd=work.settings.clamd
            )
        except UploadDamaged:
            words = "What came is not the file that was announced; send it again."
            await _refuse(work, coming, "upload.damaged", words)
            return
        except FileRefused as refusal:
            await _refuse(work, coming, refusal.code, refusal.message)
            return
        accepted = await keep(work.storage, examined, sha256=assembled.sha256, size=assembled.bytes, name=coming.name)
    async with work.database.transaction() as tx:
        await _accept(tx, coming, accepted)


async def _refuse(work: Work, coming: Coming, code: str, words: str) -> None:
    async with work.database.transaction() as tx:
        await note_upload(tx, coming.id, state="refused", reason=(code, words))
        await tx.audit("media.upload.refuse", kind="upload", id_=coming.id, code=code, name=coming.name)


async def _accept(tx: Tx, coming: Coming, accepted: Accepted) -> None:
    """Rows, jobs of the renditions, and the ops that wait for this file: one transaction."""
    file = await accept_file(
        tx, accepted, owner_id=coming.owner_id, licence=coming.licence, attribution=coming.attribution
    )
    await own_file(tx, file.id, owner_id=coming.owner_id)
    if file.state == "ready":
        await note_upload(tx, coming.id, state="ready", step="ready", file_id=file.id)
    else:
        await note_upload(tx, coming.id, state="checking", step="waiting", progress_ppm=100_000, file_id=file.id)
        await blob_arrived(tx, accepted.sha256)
        _order(tx, file, accepted)
    await tx.publish(FileReady(file.id))


def _order(tx: Tx, file: MediaFile, accepted: Accepted) -> None:
    """A second order of the same finds nothing to do."""
    make_later(tx, file.id, list(file.pending), size=accepted.bytes, duration_ms=accepted.duration_ms)
