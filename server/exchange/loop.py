"""The sequencing loop: publishes what any transaction committed. One in each process; a lock lets one lead at a time.

It polls: 1 ms while it has work, backing off to 100 ms while there is none. Of several processes one sets the pace; the
others ask each 100 ms, and one of them goes on when its connection ends. A NOTIFY from writers would cost them their
group commit.
After a batch it rests by its rows: they kept a core busy for less than that, so that it never takes more than half a
core from the writers, and the more they write, the more of it goes into one batch, in which a row is cheaper. What a
batch waited for the disk is no reason to rest: the marks of that time are waiting.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from psycopg import AsyncConnection, Error

from sync.errors import Outage
from sync.postgres.sequencer import BUSY, Standstill, advance, sweep, take_pace

BUSY_S = 0.001
IDLE_S = 0.100
ROW_S = 0.000_100  # It costs a core 0.1 ms in a batch of ten rows, 0.04 in one of a hundred, 0.02 in one of thousands.
GATHER_S = 0.025
BACKS_OFF = 1.4  # A third of a second of quiet until it polls at its slowest.
SWEEP_S = 5.0
AWAY_S = (0.2, 2.0)  # between attempts to reach a database that is away
CONNECT_S = 5

log = structlog.get_logger()


@dataclass
class Halt:
    """Over what the log stands still, as this process last met it; None while it moves."""

    reason: str | None = None


async def run_loop(url: str, *, stop: asyncio.Event, halt: Halt | None = None) -> None:
    """Publish until `stop` is set. Survives restarts of the database: it tries again until it answers.

    `halt` says meanwhile what it cannot publish.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(_keep(partial(_publish, halt=halt or Halt()), url, stop))
        group.create_task(_keep(_sweep, url, stop))  # On its own connection: clearing away must not delay a batch.


async def _keep(
    act: Callable[[AsyncConnection[Any], asyncio.Event], Awaitable[None]], url: str, stop: asyncio.Event
) -> None:
    while not stop.is_set():
        try:
            async with await AsyncConnection.connect(
                url, autocommit=True, connect_timeout=CONNECT_S, application_name="spark-sequencer"
            ) as connection:
                await act(connection, stop)
        except (Outage, Error, OSError) as error:
            # A column dropped before `spark migrate` ran: nothing is lost, it waits.
            event = "sequencer.stopped" if isinstance(error, Standstill) else "sequencer.away"
            log.warning(event, error=repr(error))
            await _rest(stop, random.uniform(*AWAY_S))  # noqa: S311 - spreads callers, keeps no secret


async def _publish(connection: AsyncConnection[Any], stop: asyncio.Event, *, halt: Halt) -> None:
    rest_s = BUSY_S
    leads = False
    while not stop.is_set():
        started = time.monotonic()
        try:
            done = await advance(connection)
        except Standstill as error:
            halt.reason = str(error)
            raise
        if done != BUSY:
            halt.reason = None
        took_s = time.monotonic() - started
        leads = leads or (done > 0 and await take_pace(connection))
        rest_s = rest_after(done, leads=leads, took_s=took_s, rested_s=rest_s)
        await _rest(stop, rest_s)


def rest_after(done: int, *, leads: bool, took_s: float, rested_s: float) -> float:
    """Seconds until the next poll; `done` is what the last one answered, and before it we rested so long.

    Who leads goes on until nothing is left: the others need not ask often. It rests by its rows, not by the clock: a
    commit that waited for the disk would else be followed by a rest as long. A batch of thousands is followed by a rest
    as long as it took.
    """
    if done > 0 and not leads:
        return max(IDLE_S, took_s)
    if done in (0, BUSY):
        return min(IDLE_S, rested_s * BACKS_OFF)
    return max(BUSY_S, min(done * ROW_S, max(took_s, GATHER_S)))


async def _sweep(connection: AsyncConnection[Any], stop: asyncio.Event) -> None:
    while not stop.is_set():
        await _rest(stop, random.uniform(0.8, 1.2) * SWEEP_S)  # noqa: S311 - spreads callers, keeps no secret
        await sweep(connection)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
