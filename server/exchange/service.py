"""What the process opens for the exchange: connections, the sequencing loop, the hints, and the routes on them."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import ClassVar

import structlog
from litestar.handlers import BaseRouteHandler
from sqlalchemy.exc import SQLAlchemyError

from server.base.limits import Limiter
from server.base.work import Work
from server.exchange import routes
from server.exchange.bases import queue_cutting
from server.exchange.blobs import StorageBlobs
from server.exchange.course_packs.routes import get_pack_file, get_pack_manifest
from server.exchange.exchanges import Exchanges, Gatekeeper
from server.exchange.files import Files, get_file
from server.exchange.loop import run_loop
from server.exchange.pushing import open_push_store
from server.exchange.reading import Reading
from server.exchange.waking import keep_waking
from sync.errors import Outage
from sync.postgres.base_store import report_loss
from sync.postgres.pull_store import PostgresPullStore, open_pool
from sync.registry import Registry

POOL_MAX = 8

log = structlog.get_logger()


class Exchange:
    """The door of this package, as a feature's is its `feature`."""

    routes: ClassVar[tuple[BaseRouteHandler, ...]] = (
        routes.sync,
        routes.compare,
        routes.live,
        routes.whole_op,
        get_file,
        get_pack_file,
        get_pack_manifest,
    )

    @staticmethod
    @asynccontextmanager
    async def open(work: Work, registry: Registry, gatekeeper: Gatekeeper, *, gate: str) -> AsyncIterator[Exchanges]:
        """Everything ends with the block. The loop starts at once, database or not: it tries until one answers.

        `gate`: the statement by which the gatekeeper asks with each page.
        """
        async with AsyncExitStack() as stack:
            url = work.settings.database_url
            pool = await stack.enter_async_context(open_pool(url, size_max=POOL_MAX))
            standby = None
            if work.settings.replica_url:
                standby = PostgresPullStore(
                    await stack.enter_async_context(open_pool(work.settings.replica_url, size_max=POOL_MAX))
                )
            pushes = open_push_store(work)
            reading = Reading(PostgresPullStore(pool, gate=gate), standby)
            files = Files(
                StorageBlobs(work.storage), work.settings.signing_key, on_loss=partial(_withdraw, work, reading.primary)
            )
            exchanges = Exchanges(registry, reading, pushes, gatekeeper, files, Limiter(work.redis))
            stop = asyncio.Event()
            publishing = asyncio.create_task(run_loop(url, stop=stop, halt=exchanges.halt))
            hinting = asyncio.create_task(exchanges.hub.run())
            waking = asyncio.create_task(keep_waking(pushes, registry, stop=stop))
            # A long page makes ten thousand rows: the collector would look through the whole program each time.
            gc.freeze()
            try:
                yield exchanges
            finally:
                stop.set()
                hinting.cancel()
                await asyncio.gather(publishing, hinting, waking, return_exceptions=True)


async def _withdraw(work: Work, pulls: PostgresPullStore, folder: str, sha256: str) -> None:
    """A file is missing: offer its bases no more, and have them cut again. With the database away: the next time."""
    try:
        async with pulls.connection() as connection:
            withdrawn = await report_loss(connection, folder, sha256)
        if withdrawn:
            log.warning("files.lost", sha256=sha256, bases=withdrawn)
            async with work.database.transaction() as tx:
                await queue_cutting(tx)
    except (Outage, SQLAlchemyError) as error:
        log.warning("files.not_withdrawn", error=repr(error))
