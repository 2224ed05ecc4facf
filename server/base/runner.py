"""Runs jobs, and carries the outbox to SAQ. See `jobs.py` for the promise.

The relay hands over rows whose time has come and remembers, in memory, which it has sent; a row that is still there
after its lease (its run died, or Valkey was flushed) is sent again. Two workers may both send a row: SAQ's key joins
what is queued, and the row's lock lets one run take effect.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError
from saq import Queue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server.base.jobs import Job
from server.base.work import Work

log = structlog.get_logger()

FUNCTION = "run_outbox_job"
RELAY_BATCH = 200
POLL_BUSY_S = 0.02
POLL_IDLE_S = 0.2
LEASE_S = 15
LONG_LEASE_S = 60
BACKOFF_MAX_S = 600
ERROR_LENGTH_MAX = 2_000
KEY_WINDOW_S = 5  # Sends of one row by two relays within it are joined by SAQ.
LOCK_SPACE = 0x4A4F42  # "JOB"

Sent = dict[int, float]  # outbox id → when to send again, by the monotonic clock


class Runner:
    """What SAQ calls: one function for every kind of job."""

    def __init__(self, work: Work, jobs: dict[str, Job]) -> None:
        self._work = work
        self._jobs = jobs

    async def run(self, _context: Any, *, outbox_id: int) -> None:  # Any: SAQ's context
        """Run the job of this row once; nothing if the row is gone (it was done before)."""
        structlog.contextvars.bind_contextvars(job_id=outbox_id)
        row = await self._read(outbox_id)
        if row is None:
            return
        kind, payload = row
        declared = self._jobs.get(kind)
        if declared is None:
            await self._fail(outbox_id, f"no job is declared for {kind}", attempts_max=0)
            return
        try:
            decoded = msgspec.json.decode(payload, type=declared.payload)
            async with asyncio.timeout(declared.timeout_s):
                await (self._run_long if declared.is_long else self._run_short)(declared, outbox_id, decoded)
        except Exception as error:  # One of the three places: recorded, retried, given up
            log.exception("job.failed", kind=kind, exc_info=error)
            await self._fail(outbox_id, repr(error), attempts_max=declared.attempts_max)

    async def _run_short(self, declared: Job, outbox_id: int, payload: object) -> None:
        async with self._work.database.transaction() as tx:
            taken = await tx.db.execute(text("delete from base_outbox where id = :id returning id"), {"id": outbox_id})
            if taken.scalar_one_or_none() is None:
                return  # Another worker was first; its transaction holds the effects.
            await declared.run(tx, payload)

    async def _run_long(self, declared: Job, outbox_id: int, payload: object) -> None:
        async with self._work.database.engine.connect() as holder:
            lock = await holder.execute(
                text("select pg_try_advisory_lock(:space, :id)"), {"space": LOCK_SPACE, "id": outbox_id}
            )
            if not lock.scalar_one():
                return  # It is running elsewhere; the lock goes with that worker's connection.
            await holder.commit()
            try:
                await declared.run(self._work, payload)
                async with self._work.database.transaction() as tx:
                    await tx.db.execute(text("delete from base_outbox where id = :id"), {"id": outbox_id})
            finally:
                await holder.execute(
                    text("select pg_advisory_unlock(:space, :id)"), {"space": LOCK_SPACE, "id": outbox_id}
                )
                await holder.commit()

    async def _read(self, outbox_id: int) -> tuple[str, str] | None:
        async with self._work.database.transaction() as tx:
            statement = text("select kind, payload from base_outbox where id = :id and failed_at is null")
            row = (await tx.db.execute(statement, {"id": outbox_id})).one_or_none()
        return None if row is None else (row.kind, row.payload)

    async def _fail(self, outbox_id: int, error: str, *, attempts_max: int) -> None:
        async with self._work.database.transaction() as tx:
            await tx.db.execute(
                text(
                    "update base_outbox set attempts = attempts + 1, error = :error,"
                    " failed_at = case when attempts + 1 >= :attempts_max then clock_timestamp() end,"
                    " next_at = clock_timestamp() + make_interval(secs => least(:backoff_max, power(2, attempts)))"
                    " where id = :id"
                ),
                {
                    "id": outbox_id,
                    "error": error[:ERROR_LENGTH_MAX],
                    "attempts_max": attempts_max,
                    "backoff_max": BACKOFF_MAX_S,
                },
            )


class Relay:
    """Outbox → SAQ, for as long as the process lives."""

    def __init__(self, work: Work, jobs: dict[str, Job], queues: dict[str, Queue]) -> None:
        self._work = work
        self._jobs = jobs
        self._queues = queues
        self._sent: Sent = {}

    async def run(self) -> None:
        """Until cancelled. An outage of PostgreSQL or Valkey is waited out."""
        while True:
            try:
                sent = await self.send_due()
                await asyncio.sleep(POLL_BUSY_S if sent else POLL_IDLE_S)
            except (SQLAlchemyError, RedisError, OSError) as error:
                log.warning("relay.outage", error=repr(error))
                await asyncio.sleep(1)

    async def send_due(self) -> int:
        """Hand over what is due and not on its way; how many."""
        async with self._work.database.transaction() as tx:
            statement = text(
                "select id, kind from base_outbox where failed_at is null and next_at <= clock_timestamp()"
                " order by weight, id limit :limit"
            )
            due = (await tx.db.execute(statement, {"limit": RELAY_BATCH})).all()
        now = time.monotonic()
        self._sent = {row.id: self._sent[row.id] for row in due if row.id in self._sent}
        count = 0
        for row in due:
            if self._sent.get(row.id, 0.0) > now:
                continue
            declared = self._jobs.get(row.kind)
            timeout_s = declared.timeout_s if declared else 60
            lane = declared.lane if declared else "fast"
            await self._queues[lane].enqueue(
                FUNCTION,
                key=f"outbox:{row.id}:{int(time.time() / KEY_WINDOW_S)}",
                outbox_id=row.id,
                timeout=timeout_s + 5,
                retries=1,
                ttl=60,
            )
            # A long job's lock makes a second run end at once, so its row may be sent again while it runs: a run that
            # died is found soon.
            self._sent[row.id] = now + (LONG_LEASE_S if declared and declared.is_long else LEASE_S)
            count += 1
        return count


async def every(seconds: int, run: Callable[[], Awaitable[None]], *, name: str) -> None:
    """Run by the clock until cancelled; a failure is logged and the next turn comes."""
    while True:
        try:
            await run()
        except (SQLAlchemyError, RedisError, OSError) as error:
            log.warning("cron.outage", name=name, error=repr(error))
        await asyncio.sleep(seconds)


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel and wait."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
