"""Sessions as rows: begun, found, answered, ended, and what a job makes known of them.

receiving ─complete─► received ─► checking ─► ready · refused · failed
    └─► cancelled · expired (eight days after the last byte)
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text

from server.base.tx import Tx
from server.identity.queries import is_verified_educator
from server.media.blobs import blob_arrived
from server.media.uploads import policy
from server.media.uploads.errors import Closed, Empty, IdTaken, Incomplete, UploadUnknown, WrongHash
from server.media.uploads.events import FileForCourse
from server.media.uploads.models import MediaUpload
from server.media.uploads.owning import own_file, same_bytes
from server.media.uploads.payloads import CheckUpload
from server.media.uploads.schemas import CLOSED, Have, Purpose, UploadAnswer, UploadState, ranges_of
from server.media.uploads.token import VALID_S, make_token

KEPT = timedelta(days=8)  # after the last byte: a week away, and a day
REASON_LENGTH_MAX = 500
LIST_MAX = 50

_USED = text(
    "select coalesce(sum(case when u.state in ('cancelled', 'expired') then coalesce(p.bytes, 0) else u.bytes end)"
    " filter (where u.created_at > :since), 0) as sent, count(*) filter (where u.state = 'receiving') as open"
    " from media_uploads u left join lateral"
    " (select sum(received_bytes) as bytes from media_upload_parts where upload_id = u.id) p on true"
    " where u.owner_id = :owner and u.deleted_at is null and (u.created_at > :since or u.state = 'receiving')"
)
_PARTS = text(
    "select number, received_bytes, completed_at is not null as is_whole from media_upload_parts"
    " where upload_id = :id and received_bytes > 0 order by number"
)


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """A file that somebody wants to send; see `UploadRequest`."""

    id: UUID
    name: str
    bytes: int
    mime: str
    sha256: str
    purpose: Purpose
    purpose_id: UUID | None = None
    licence: str = ""
    attribution: str = ""


@dataclass(frozen=True)
class Session:
    """What receiving a part depends on."""

    id: UUID
    owner_id: UUID
    bytes: int
    part_bytes: int
    state: UploadState

    @property
    def parts_count(self) -> int:
        return -(-self.bytes // self.part_bytes)

    def size_of(self, number: int) -> int:
        """Bytes of this part."""
        return min(self.part_bytes, self.bytes - number * self.part_bytes)


async def new_session(tx: Tx, new: NewUpload) -> tuple[MediaUpload, bool]:
    """The actor's session of this id, and whether it was made now: asked twice, it is one.

    A file that the actor has already is `ready` at once: nothing is to be sent. One that only others have must be sent:
    knowing a hash is not having a file.

    Raises Empty, IdTaken, NotYourPurpose, TypeNotTaken, FileTooLarge, TooManyOpen, QuotaUsed.
    """
    await tx.db.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"media.uploads:{tx.actor.id}"})
    found = await tx.db.get(MediaUpload, new.id)
    if found is not None:
        return _the_same(tx, found, new), False
    mime = await _check_right(tx, new)
    upload = MediaUpload(
        id=new.id,
        owner_id=tx.actor.id,
        name=_shown(new.name),
        mime=mime,
        bytes=new.bytes,
        sha256=new.sha256,
        part_bytes=policy.part_bytes_of(new.bytes),
        purpose=new.purpose,
        purpose_id=new.purpose_id,
        licence=new.licence,
        attribution=new.attribution,
        touched_at=tx.now,
        expires_at=tx.now + KEPT,
    )
    if new.purpose != "import":
        upload.file_id = await same_bytes(
            tx, owner_id=tx.actor.id, sha256=new.sha256, licence=new.licence, attribution=new.attribution
        )
    if upload.file_id is None:
        await _check_allowance(tx, new)
    else:
        upload.state, upload.progress_ppm, upload.swept_at = "ready", 1_000_000, tx.now
        await own_file(tx, upload.file_id, owner_id=tx.actor.id)
    tx.db.add(upload)
    await tx.db.flush()
    await tx.audit("media.upload.begin", kind="upload", id_=new.id, bytes=new.bytes, purpose=new.purpose)
    return upload, True


def _the_same(tx: Tx, found: MediaUpload, new: NewUpload) -> MediaUpload:
    is_same = (found.owner_id, found.sha256, found.bytes) == (tx.actor.id, new.sha256, new.bytes)
    if found.deleted_at is not None or not is_same:
        raise IdTaken
    return found


async def _check_right(tx: Tx, new: NewUpload) -> str:
    """The file's type, if the actor may send it."""
    if new.bytes == 0:
        raise Empty
    if not policy.may_send(tx.actor, new.purpose, is_verified=await is_verified_educator(tx, tx.actor.id)):
        raise policy.NotYourPurpose(f"You may not send files for `{new.purpose}`.")
    if new.purpose == "course" and new.purpose_id is not None:
        await tx.publish(FileForCourse(course_id=new.purpose_id))
    return policy.check_type(new.purpose, new.name, new.mime, new.bytes)


async def _check_allowance(tx: Tx, new: NewUpload) -> None:
    used = (await tx.db.execute(_USED, {"owner": tx.actor.id, "since": tx.now - timedelta(days=1)})).one()
    policy.check_allowance(
        policy.allowance_of(tx.actor), size=new.bytes, sent_today=int(used.sent), open_count=used.open
    )


def _shown(name: str) -> str:
    """The name as it is shown: one line of printable characters, no folders."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return "".join(char if char.isprintable() else " " for char in last).strip()[:255] or "file"


async def find_upload(tx: Tx, upload_id: UUID, *, lock: bool = False) -> MediaUpload:
    """The actor's own. Raises UploadUnknown."""
    statement = select(MediaUpload).where(
        MediaUpload.id == upload_id, MediaUpload.owner_id == tx.actor.id, MediaUpload.deleted_at.is_(None)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    found = (await tx.db.execute(statement)).scalar_one_or_none()
    if found is None:
        raise UploadUnknown
    return found


async def open_uploads(tx: Tx) -> list[MediaUpload]:
    """The actor's sessions that still receive, the oldest first."""
    statement = (
        select(MediaUpload)
        .where(MediaUpload.owner_id == tx.actor.id, MediaUpload.state == "receiving", MediaUpload.deleted_at.is_(None))
        .order_by(MediaUpload.created_at, MediaUpload.id)
        .limit(LIST_MAX)
    )
    return list((await tx.db.execute(statement)).scalars())


async def answer_for(tx: Tx, upload: MediaUpload, *, key: bytes) -> UploadAnswer:
    """How it stands; with a fresh path while it receives."""
    is_open = upload.state == "receiving"
    expires_s = int(tx.now.timestamp()) + VALID_S
    count = -(-upload.bytes // upload.part_bytes)
    return UploadAnswer(
        id=upload.id,
        state=upload.state,  # type: ignore[arg-type]  # the table's check is UploadState
        part_bytes=upload.part_bytes,
        parts_count=count,
        have=await have_of(tx, upload.id) if is_open else Have(whole=ranges_of(list(range(count))), partial={}),
        path=f"/uploads/{make_token(key, upload.id, expires_s=expires_s)}/" if is_open else None,
        path_expires_at=datetime.fromtimestamp(expires_s, tx.now.tzinfo) if is_open else None,
        file_id=upload.file_id,
        reason_code=upload.reason_code,
        reason=upload.reason,
    )


async def have_of(tx: Tx, upload_id: UUID) -> Have:
    rows = (await tx.db.execute(_PARTS, {"id": upload_id})).all()
    return Have(
        whole=ranges_of([row.number for row in rows if row.is_whole]),
        partial={str(row.number): row.received_bytes for row in rows if not row.is_whole},
    )


async def complete(tx: Tx, upload_id: UUID, *, sha256: str) -> MediaUpload:
    """All parts are here: have the file looked at. Twice is once.

    Raises UploadUnknown, WrongHash, Incomplete, Closed.
    """
    upload = await find_upload(tx, upload_id, lock=True)
    if upload.sha256 != sha256:
        raise WrongHash
    if upload.state in {"cancelled", "expired"}:
        raise Closed(f"This upload is {upload.state}; begin it anew.")
    if upload.state != "receiving":
        return upload
    statement = text("select count(*) from media_upload_parts where upload_id = :id and completed_at is not null")
    count = (await tx.db.execute(statement, {"id": upload_id})).scalar_one()
    missing = -(-upload.bytes // upload.part_bytes) - count
    if missing:
        have = await have_of(tx, upload_id)
        raise Incomplete(f"{missing} parts are missing; send them first.", fields={"whole": have.whole})
    upload.state, upload.step = "received", "received"
    tx.later(CheckUpload(upload_id=upload_id), weight=upload.bytes)
    await tx.audit("media.upload.complete", kind="upload", id_=upload_id)
    return upload


async def cancel(tx: Tx, upload_id: UUID) -> None:
    """Give it up; its parts go with the next sweep. Nothing happens to one that has ended. Raises UploadUnknown."""
    upload = await find_upload(tx, upload_id, lock=True)
    if upload.state in {"receiving", "received"}:
        upload.state = "cancelled"


async def note_upload(
    tx: Tx,
    upload_id: UUID,
    *,
    state: UploadState,
    reason: tuple[str, str] | None = None,
    progress_ppm: int | None = None,
    step: str | None = None,
    file_id: UUID | None = None,
) -> None:
    """Write on the sender's row how far it is; `reason` is a code and words. A session that has ended stays as it is.

    `ready` and `refused` have the ops that wait for the file looked at again.
    """
    upload = await tx.db.get(MediaUpload, upload_id, with_for_update={"key_share": True}, populate_existing=True)
    if upload is None or upload.state in CLOSED - {"failed"}:
        return
    upload.state = state
    upload.reason_code, upload.reason = (None, None) if reason is None else (reason[0], reason[1][:REASON_LENGTH_MAX])
    if progress_ppm is not None:
        upload.progress_ppm = max(0, min(1_000_000, progress_ppm))
    if step is not None:
        upload.step = step[:50]
    if file_id is not None:
        upload.file_id = file_id
    if state == "ready":
        upload.progress_ppm = 1_000_000
        if file_id is not None:
            await own_file(tx, file_id, owner_id=upload.owner_id)
    await tx.db.flush()
    if state in {"ready", "refused"}:
        await blob_arrived(tx, upload.sha256)
