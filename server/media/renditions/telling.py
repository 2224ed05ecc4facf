"""How far a rendition is, on the row of whoever sent the file: every two seconds at most, and by steps of 5 %."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server.base.tx import Tx
from server.base.work import Work
from server.media.uploads.sessions import note_upload

EVERY_S = 2.0
STEP_PPM = 50_000
CHECKED_PPM = 100_000  # A tenth is what it takes to see what the file is.

log = structlog.get_logger()


@dataclass(frozen=True)
class Waiting:
    """A session that waits for a file, and why something of it was left out already."""

    upload_id: UUID
    reason: tuple[str, str] | None


async def uploads_of(tx: Tx, file_id: UUID) -> list[Waiting]:
    """The sessions that wait for this file, or were told that it was given up."""
    statement = text(
        "select id, reason_code, reason from media_uploads"
        " where file_id = :file and state in ('checking', 'failed') order by id"
    )
    found = (await tx.db.execute(statement, {"file": file_id})).all()
    return [Waiting(row.id, (row.reason_code, row.reason or "") if row.reason_code else None) for row in found]


async def note_progress(tx: Tx, file_id: UUID, *, step: str, ppm: int) -> None:
    for waiting in await uploads_of(tx, file_id):
        await note_upload(tx, waiting.upload_id, state="checking", reason=waiting.reason, step=step, progress_ppm=ppm)


@asynccontextmanager
async def telling(
    work: Work, file_id: UUID, *, step: str, start: int, end: int
) -> AsyncIterator[Callable[[int], None]]:
    """Gives a function that hears how far the step is, in millionths; the whole goes from `start` to `end` with it."""
    heard = 0

    def hear(ppm: int) -> None:
        nonlocal heard
        heard = ppm

    async def tell() -> None:
        told = -STEP_PPM
        while True:
            ppm = start + (end - start) * heard // 1_000_000
            if ppm - told >= STEP_PPM:
                told = ppm
                try:
                    async with work.database.transaction() as tx:
                        await note_progress(tx, file_id, step=step, ppm=ppm)
                except SQLAlchemyError as error:  # What is made goes on; the next turn tells.
                    log.warning("media.not_told", error=repr(error))
            await asyncio.sleep(EVERY_S)

    task = asyncio.create_task(tell())
    try:
        yield hear
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
