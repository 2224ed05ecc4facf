"""Objects of media that no row names go after seven days (MED-18).

A process left them that died between the bytes and the row, or between the row and the bytes. A sweep that dies is
begun anew by the next. Bytes go to the store before their row, so an object may be without one while it is new; one
that is written again is new again: its age is looked up right before it goes.

What comes again in the milliseconds between that look and the removal would have rows without bytes, and have to be
sent once more. A lock around both would have to be held around every put too, and with it a connection of the pool for
as long as a film takes to the store: a risk each day, against one that needs an orphan to come again just then.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from server.base.feature import Cron
from server.base.jobs import Payload, long_job
from server.base.tx import Tx
from server.base.work import Work

EVERY_S = 86_400
KEPT = timedelta(days=7)
BATCH = 1_000
PREFIX = "media/"

_NAMED = text("select storage_key from media_variants where sha256 = any(cast(:hashes as text[]))")


class SweepOrphans(Payload, frozen=True, tag="media.sweep_orphans"):
    pass


async def ask_for_sweep(tx: Tx) -> None:
    tx.later(SweepOrphans())


orphans_cron = Cron(name="media.orphans.sweep", every_s=EVERY_S, run=ask_for_sweep)


@long_job(SweepOrphans, timeout_s=3000, attempts_max=3)
async def sweep_orphans(work: Work, payload: SweepOrphans) -> None:
    del payload
    await sweep(work, now=datetime.now(UTC))


async def sweep(work: Work, *, now: datetime) -> int:
    """How many went. Raises Unavailable: what is left goes the next time."""
    before = now - KEPT
    old = [key async for key, at in work.storage.list_entries(PREFIX) if at < before]
    gone = 0
    for start in range(0, len(old), BATCH):
        for key in await _unnamed(work, old[start : start + BATCH]):
            if await _is_old(work, key, before):
                await work.storage.remove(key)
                gone += 1
    if gone:
        async with work.database.transaction() as tx:
            await tx.audit("media.orphans.sweep", kind="file", objects=gone)
    return gone


async def _unnamed(work: Work, keys: list[str]) -> list[str]:
    async with work.database.transaction() as tx:
        hashes = [key.rpartition("/")[2] for key in keys]
        named = set((await tx.db.execute(_NAMED, {"hashes": hashes})).scalars())
    return [key for key in keys if key not in named]


async def _is_old(work: Work, key: str, before: datetime) -> bool:
    written = [at async for found, at in work.storage.list_entries(key) if found == key]
    return bool(written) and written[0] < before
