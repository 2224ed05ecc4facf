"""Files that rows name and the store has lost: staff learn of each once, and what looks for it ends when it is back.

media.find_file    among the jobs that were given up, by the file's hash; tried again, it is done once the file is there
"""

import asyncio
import time
from collections.abc import Collection, Iterable

import structlog
from sqlalchemy import text

from server.base.db import Database
from server.base.errors import NotFound
from server.base.jobs import Payload, long_job
from server.base.storage import Storage
from server.base.work import Work
from server.media.files import storage_key

ATTEMPTS = 3
TOLD_S = 600.0  # A process asks the database about the same file no oftener.
TOLD_MAX = 10_000
STATS_AT_ONCE = 16

_LOCK = text("select pg_advisory_xact_lock(hashtextextended('media.find_file', 0))")
_SOUGHT = text(
    "select payload\\:\\:json ->> 'sha256' from base_outbox where kind = 'media.find_file'"
    " and payload\\:\\:json ->> 'sha256' = any(cast(:hashes as text[]))"
)

log = structlog.get_logger()


class FileMissing(NotFound):
    """A file that rows name is not in the store: bring it back from a backup, then try again."""

    code = "media.missing"


class FindFile(Payload, frozen=True, tag="media.find_file"):
    sha256: str


@long_job(FindFile, timeout_s=60, attempts_max=ATTEMPTS)
async def find_file(work: Work, payload: FindFile) -> None:
    """Raises FileMissing, Unavailable."""
    if await missing_files(work.storage, [payload.sha256]):
        raise FileMissing(
            f"media.missing: {storage_key(payload.sha256)} is not in the store; bring it back, try again."
        )


async def missing_files(storage: Storage, hashes: Iterable[str]) -> frozenset[str]:
    """Those that the store does not have. Raises Unavailable where it does not answer."""
    room = asyncio.Semaphore(STATS_AT_ONCE)

    async def is_there(sha256: str) -> bool:
        key = storage_key(sha256)
        async with room:
            return await asyncio.to_thread(storage.local_path, key) is not None or await storage.has(key)

    wanted = list(hashes)
    found = await asyncio.gather(*map(is_there, wanted))
    return frozenset(sha256 for sha256, there in zip(wanted, found, strict=True) if not there)


class MissingFiles:
    """What one process has told of."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: dict[str, float] = {}  # When, by hash.

    async def tell(self, hashes: Collection[str]) -> None:
        """Have staff see them among what the server could not do; once for each, however often it is met."""
        now = time.monotonic()
        fresh = sorted(sha256 for sha256 in hashes if now - self._told.get(sha256, -TOLD_S) >= TOLD_S)
        if not fresh:
            return
        async with self._database.transaction() as tx:
            await tx.db.execute(_LOCK)
            sought = set((await tx.db.execute(_SOUGHT, {"hashes": fresh})).scalars())
            for sha256 in fresh:
                if sha256 not in sought:
                    log.warning("media.missing", sha256=sha256)
                    tx.later(FindFile(sha256))
        if len(self._told) > TOLD_MAX:
            self._told.clear()
        self._told.update(dict.fromkeys(fresh, now))
