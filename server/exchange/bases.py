"""Jobs for base files: cut what is due, sweep what nobody names. A door like a feature's, for jobs and clocks."""

import asyncio
from collections.abc import Mapping

import brotli  # type: ignore[import-untyped]  # ships no types
import structlog
import zstandard
from sqlalchemy import text

from server.base.feature import Cron, Feature
from server.base.jobs import Payload, kind_of, long_job
from server.base.tx import Tx
from server.base.work import Work
from server.exchange.blobs import StorageBlobs
from sync.cutting import cut_base
from sync.errors import Outage
from sync.postgres.base_store import connected, open_cut, read_standings, sweep_files

BROTLI_WINDOW_BITS = 18  # a chunk is hardly longer
ZSTD_LEVEL = 19
CUT_EVERY_S = 60
SWEEP_EVERY_S = 6 * 3600

log = structlog.get_logger()


class CutBases(Payload, frozen=True, tag="exchange.cut_bases"):
    """Cut the base of each set that is due."""


class SweepFiles(Payload, frozen=True, tag="exchange.sweep_files"):
    """Remove the files that no base has named for some days."""


@long_job(CutBases, timeout_s=3600, attempts_max=5)
async def cut_bases(work: Work, _payload: CutBases) -> None:
    """One set after the other; each by itself may be cut again. Without database or store: at the next turn."""
    blobs = StorageBlobs(work.storage)
    try:
        async with connected(work.settings.database_url) as connection:
            due = [pair for pair, standing in (await read_standings(connection)).items() if standing.is_due]
            for pair in due:
                async with open_cut(connection, pair) as cut:
                    if cut is not None:
                        base = await cut_base(cut, blobs, pack)
                        log.info("files.cut", bucket=cut.bucket, tier=pair[1], rows=base.rows, chunks=len(base.chunks))
    except Outage as error:
        log.warning("files.not_cut", error=repr(error))


@long_job(SweepFiles, timeout_s=3600, attempts_max=5)
async def sweep(work: Work, _payload: SweepFiles) -> None:
    """As `sync.postgres.base_store.sweep_files` says."""
    try:
        async with connected(work.settings.database_url) as connection:
            swept = await sweep_files(connection, StorageBlobs(work.storage))
            log.info("files.swept", chunks=swept)
    except Outage as error:
        log.warning("files.not_swept", error=repr(error))


async def pack(raw: bytes) -> Mapping[str, bytes]:
    """Once, for everybody and for years: as small as it gets. In a thread: a second of work for half a megabyte."""
    return await asyncio.to_thread(_pack, raw)


def _pack(raw: bytes) -> dict[str, bytes]:
    return {
        "br": bytes(brotli.compress(raw, mode=brotli.MODE_TEXT, quality=11, lgwin=BROTLI_WINDOW_BITS)),
        "zstd": zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(raw),
    }


async def queue(tx: Tx, payload: Payload) -> None:
    """Unless it waits already: one turn looks at everything."""
    waiting = text("select exists (select from base_outbox where kind = :kind and failed_at is null)")
    if not (await tx.db.execute(waiting, {"kind": kind_of(type(payload))})).scalar_one():
        tx.later(payload)


async def queue_cutting(tx: Tx) -> None:
    await queue(tx, CutBases())


async def queue_sweeping(tx: Tx) -> None:
    await queue(tx, SweepFiles())


feature = Feature(
    name="exchange",
    jobs=(cut_bases, sweep),
    crons=(
        Cron("exchange.cut_bases", every_s=CUT_EVERY_S, run=queue_cutting),
        Cron("exchange.sweep_files", every_s=SWEEP_EVERY_S, run=queue_sweeping),
    ),
)
