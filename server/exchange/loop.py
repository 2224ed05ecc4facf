"""The sequencing loop: publishes what any transaction committed. One in each process; a lock lets one lead at a time.

It polls: 5 ms while there is work, backing off to 100 ms. A NOTIFY from writers would cost them their group commit. When the
machine is busy the loop rests as long as its last batch took, so that it never takes more than half a core from the writers.
"""

import asyncio
import random
import time
from typing import Any

import structlog
from psycopg import AsyncConnection, Error

from sync.errors import Outage
from sync.postgres.sequencer import BUSY, advance, has_marks, sweep

BUSY_S = 0.005
IDLE_S = 0.100
RESTS = 1.0  # times the last batch
SWEEP_S = 10.0
AWAY_S = (0.2, 2.0)  # between attempts to reach a database that is away
CONNECT_S = 5

log = structlog.get_logger()


async def run_loop(url: str, *, stop: asyncio.Event) -> None:
    """Publish until `stop` is set. Survives restarts of the database: it tries again until it answers."""
    while not stop.is_set():
        try:
            async with await AsyncConnection.connect(
                url, autocommit=True, connect_timeout=CONNECT_S, application_name="spark-sequencer"
            ) as connection:
                await _publish(connection, stop)
        except (Outage, Error, OSError) as error:
            # A failing projection (a column dropped before `spark migrate` ran) lands here too: nothing is lost, it waits.
            log.warning("sequencer.away", error=repr(error))
            await _rest(stop, random.uniform(*AWAY_S))


async def _publish(connection: AsyncConnection[Any], stop: asyncio.Event) -> None:
    rest_s = BUSY_S
    swept_at = time.monotonic()
    while not stop.is_set():
        started = time.monotonic()
        done = await advance(connection) if await has_marks(connection) else 0
        took_s = time.monotonic() - started
        rest_s = max(BUSY_S, took_s * RESTS) if done else min(IDLE_S, rest_s * 1.2)
        if done == BUSY:
            rest_s = BUSY_S
        if started - swept_at > SWEEP_S:
            await sweep(connection)
            swept_at = started + random.uniform(0, 2)
        await _rest(stop, rest_s)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
