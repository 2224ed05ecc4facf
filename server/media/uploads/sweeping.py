"""What sessions that have ended left in the store, and files that nothing shows. By the clock; twice is once.

receiving, eight days without a byte        → expired
ended; parts in the store                   → removed (a failed one's are kept a week for another try)
objects under temp/ of no session at all    → removed after a day: an erased person's, a process killed meanwhile
files of which nobody made use for 30 days  → deleted; objects that no other file has go with `media.orphans`
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from server.base.feature import Cron
from server.base.jobs import long_job
from server.base.tx import Tx
from server.base.work import Work
from server.media.uploads.payloads import SweepUploads

EVERY_S = 600
BATCH = 200
FAILED_KEPT = timedelta(days=7)
PARTS_KEPT = timedelta(days=1)  # as rows: what was sent counts for the day's allowance, cancelled or not
STRAY_KEPT = timedelta(days=1)
UNUSED_KEPT = timedelta(days=30)  # As long as an op may wait on a phone that is away (SPEC U16).

_EXPIRE = text(
    "update media_uploads set state = 'expired', reason_code = 'upload.expired',"
    " reason = 'Nothing came for eight days; begin it anew.'"
    " where state = 'receiving' and expires_at < :now"
)
_ENDED = text(
    "select id from media_uploads where swept_at is null"
    " and (state in ('ready', 'refused', 'cancelled', 'expired') or state = 'failed' and updated_at < :failed_before)"
    " order by updated_at limit :limit"
)
_SWEPT = text("update media_uploads set swept_at = :now where id = :id")
_FORGET_PARTS = text(
    "delete from media_upload_parts p using media_uploads u where u.id = p.upload_id and u.swept_at < :before"
)
_KNOWN = text("select id from media_uploads where id = any(cast(:ids as uuid[]))")
_UNUSED = (
    "f.deleted_at is null and f.updated_at < :before"
    " and exists (select from media_uploads u where u.file_id = f.id and u.updated_at < :before)"
    " and not exists (select from media_uses u where u.file_id = f.id and u.deleted_at is null and u.user_id is null)"
    " and not exists (select from media_uploads u where u.file_id = f.id and u.updated_at >= :before)"
)
_LOCK_UNUSED = text(f"select f.id from media_files f where {_UNUSED} for update skip locked")  # noqa: S608 - above
_DELETE_UNUSED = text(
    f"update media_files f set deleted_at = :now where f.id = any(cast(:ids as uuid[])) and {_UNUSED} returning f.id"  # noqa: S608 - above
)
_FORGET_VARIANTS = text("delete from media_variants where file_id = any(cast(:ids as uuid[]))")


async def ask_for_sweep(tx: Tx) -> None:
    tx.later(SweepUploads())


sweep_cron = Cron(name="media.uploads.sweep", every_s=EVERY_S, run=ask_for_sweep)


@long_job(SweepUploads, timeout_s=1800, attempts_max=3)
async def sweep_uploads(work: Work, payload: SweepUploads) -> None:
    del payload
    await sweep(work, now=datetime.now(UTC))


async def sweep(work: Work, *, now: datetime) -> None:
    async with work.database.transaction() as tx:
        await tx.db.execute(_EXPIRE, {"now": now})
    while ended := await _ended(work, now=now):
        for upload_id in ended:
            await _remove(work, [key async for key in work.storage.list_keys(f"temp/{upload_id}/")])
            async with work.database.transaction() as tx:
                await tx.db.execute(_SWEPT, {"id": upload_id, "now": now})
    async with work.database.transaction() as tx:
        await tx.db.execute(_FORGET_PARTS, {"before": now - PARTS_KEPT})
    await _sweep_strays(work, now=now)
    await _sweep_unused(work, now=now)


async def _ended(work: Work, *, now: datetime) -> list[UUID]:
    async with work.database.transaction() as tx:
        found = await tx.db.execute(_ENDED, {"failed_before": now - FAILED_KEPT, "limit": BATCH})
        return list(found.scalars())


async def _sweep_strays(work: Work, *, now: datetime) -> None:
    """Objects of no session: whose people were erased, or whose rows went with a restore."""
    before = now - STRAY_KEPT
    keys: dict[UUID, list[str]] = {}
    async for key, at in work.storage.list_entries("temp/"):
        upload_id = _upload_of(key)
        if upload_id is not None and at < before:
            keys.setdefault(upload_id, []).append(key)
    if not keys:
        return
    async with work.database.transaction() as tx:
        known = set((await tx.db.execute(_KNOWN, {"ids": list(keys)})).scalars())
    for upload_id in keys.keys() - known:
        await _remove(work, keys[upload_id])


def _upload_of(key: str) -> UUID | None:
    try:
        return UUID(key.split("/")[1])
    except ValueError:
        return None


async def _sweep_unused(work: Work, *, now: datetime) -> None:
    """Files that were sent and never shown.

    Whoever is about to show one holds its row, or waits for us. Of those that we hold we ask again: a use that was
    committed between our first look and our lock is seen now. Their bytes stay: somebody may be sending the same.
    """
    values = {"now": now, "before": now - UNUSED_KEPT}
    async with work.database.transaction() as tx:
        held = list((await tx.db.execute(_LOCK_UNUSED, values)).scalars())
        gone = list((await tx.db.execute(_DELETE_UNUSED, values | {"ids": held})).scalars()) if held else []
        if gone:
            await tx.db.execute(_FORGET_VARIANTS, {"ids": gone})
            await tx.audit("media.files.sweep", kind="file", files=[str(id_) for id_ in gone])


async def _remove(work: Work, keys: Iterable[str]) -> None:
    for key in keys:
        await work.storage.remove(key)
