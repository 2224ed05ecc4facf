"""Files that ops name by their hash: an op waits until its sender's file was accepted, and is parked if it was not."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.base.tx import Tx
from sync.postgres.push_store import wake
from sync.refusals import BlobRefused

_HELD = text(
    "select distinct sha256 from media_files"
    " where owner_id = :user and sha256 = any(cast(:hashes as text[])) and deleted_at is null"
)
_REFUSED = text(
    "select * from (select distinct on (sha256) sha256, name, state, reason from media_uploads"
    " where owner_id = :user and sha256 = any(cast(:hashes as text[])) and deleted_at is null"
    " order by sha256, created_at desc, id desc) as newest where state = 'refused' order by sha256"
)

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
_LOCK_SHARED = text("select pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")


async def missing_blobs(db: AsyncSession, user_id: UUID, hashes: list[str]) -> set[str]:
    """Those of which this person has no accepted file; whoever else has them does not count.

    Raises BlobRefused for one whose newest upload was refused.
    """
    held = set((await db.execute(_HELD, {"user": user_id, "hashes": hashes})).scalars())
    missing = sorted(set(hashes) - held)
    if not missing:
        return set()
    # A file that is accepted just now would wake nobody: the op that waits for it is not committed yet. So whoever
    # accepts it waits for us, or we for them, and look again.
    for sha256 in missing:
        await db.execute(_LOCK_SHARED, {"name": f"blob:{sha256}"})
    held = set((await db.execute(_HELD, {"user": user_id, "hashes": missing})).scalars())
    refused = (await db.execute(_REFUSED, {"user": user_id, "hashes": missing})).all()
    for row in refused:
        if row.sha256 not in held:
            words = f"The file {row.name} was not taken: {row.reason or 'it is not what we take'}"
            raise BlobRefused(words, keys=(f"blob:{row.sha256}",))
    return set(missing) - held


async def blob_arrived(tx: Tx, sha256: str) -> None:
    """Have the ops that wait for this file looked at again after this transaction, which writes what became of it."""
    await tx.db.execute(_LOCK, {"name": f"blob:{sha256}"})
    await wake(tx.db, [f"blob:{sha256}"], now_ms=round(tx.now.timestamp() * 1000))
