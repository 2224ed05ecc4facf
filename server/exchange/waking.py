"""Looks again at the ops that are held, and forgets what has been kept long enough. One in each process.

A push wakes at once what it brought the reason for; this finds the rest: time that is up, files that came.
"""

import asyncio
import random
import time

import structlog

from sync.errors import Outage
from sync.ports import PushStore
from sync.registry import Registry
from sync.waking import announce_schema, wake_due

WAKE_S = 5.0
WAKE_LIMIT = 200  # Ops a turn; the next turn follows at once while there are as many.
EXPIRE_S = 6 * 3600.0
ANNOUNCE_S = 60.0

log = structlog.get_logger()


async def keep_waking(store: PushStore, registry: Registry, *, stop: asyncio.Event) -> None:
    """Run until `stop` is set. While the database is away it waits."""
    expires_at = time.monotonic() + random.uniform(0.1, 1.0) * EXPIRE_S  # noqa: S311 - spreads processes, keeps no secret
    announces_at = 0.0
    while not stop.is_set():
        looked_at = 0
        try:
            if time.monotonic() >= announces_at:
                await announce_schema(store, registry, now_ms=_now_ms())
                announces_at = time.monotonic() + ANNOUNCE_S
            looked_at = await wake_due(store, registry, now_ms=_now_ms(), limit=WAKE_LIMIT)
            if time.monotonic() >= expires_at:
                await store.expire(now_ms=_now_ms())
                expires_at = time.monotonic() + EXPIRE_S
        except Outage as error:
            log.info("waking.away", error=repr(error))
        if looked_at < WAKE_LIMIT:
            await _rest(stop, random.uniform(0.8, 1.2) * WAKE_S)  # noqa: S311 - as above


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
