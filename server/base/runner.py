"""Runs jobs, and carries the outbox to SAQ. See `jobs.py` for the promise.

The relay hands over rows whose time has come, lane by lane, and remembers, in memory, which it has sent; a row that is
still there after its lease (its run died, or Valkey was flushed) is sent again. Of the lanes for long jobs it sends no
more than will be run soon: what is sent is a queue where the lighter no longer overtakes the heavier. Two workers may
both send a row: SAQ's key joins what is queued, and the row's lock lets one run take effect.

A job can end its worker (out of memory, a crash of a library) and would do so for ever. So that it begins is committed
before it begins, and taken back with its end: what began `BEGUN_MAX` times without an end is given up. Whatever else
ran in that worker is counted with it; from its second death on a job runs with no other such beside it, so that the
guilty one dies alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError
from saq import Queue
from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from server.base.jobs import PLACES, Job, Lane
from server.base.tx import Tx
from server.base.work import Work
from sync.errors import Outage

log = structlog.get_logger()

FUNCTION = "run_outbox_job"
RELAY_BATCH = 200
WAITING_A_PLACE = 1  # Rows of a long job's lane that wait in Valkey for each that runs.
STRANGERS_EVERY_S = 5.0
POLL_BUSY_S = 0.02
POLL_IDLE_S = 0.2
LEASE_S = 15
LONG_LEASE_S = 60
BACKOFF_MAX_S = 600
ERROR_LENGTH_MAX = 2_000
KEY_WINDOW_S = 5  # Sends of one row by two relays within it are joined by SAQ.
LOCK_SPACE = 0x4A4F42  # "JOB"
BEGUN_MAX = 5  # Runs without an end, each the death of its worker, a machine's included.
ALONE_FROM = 2  # Of them, from which on it runs alone among its like: one death may be anybody's, or a deploy's.

Sent = dict[int, float]  # outbox id → when to send again, by the monotonic clock


class EndsItsWorker(Exception):
    """Each of the workers that began this job ended before the job did."""


class Runner:
    """What SAQ calls: one function for every kind of job."""

    def __init__(self, work: Work, jobs: dict[str, Job]) -> None:
        self._work = work
        self._jobs = jobs
        self._counted: set[int] = set()  # Begun here, and no end is noted: no death, as this process lives.
        self._alone: int | None = None

    async def run(self, _context: Any, *, outbox_id: int) -> None:  # Any: SAQ's context
        """Run the job of this row once; nothing if the row is gone (it was done before)."""
        structlog.contextvars.bind_contextvars(job_id=outbox_id)
        row = await self._read(outbox_id)
        if row is None:
            return
        declared = self._jobs.get(row.kind)
        if declared is None:
            await self._fail(outbox_id, f"no job is declared for {row.kind}", attempts_max=0)
            return
        is_suspect = row.begun >= ALONE_FROM
        if is_suspect and self._alone is not None:
            return  # The relay sends it again after its lease; to wait here would take a place of the lane.
        if is_suspect:
            self._alone = outbox_id
        try:
            await self._run(declared, outbox_id, row.payload)
        finally:
            if is_suspect:
                self._alone = None

    async def _run(self, declared: Job, outbox_id: int, payload: str) -> None:
        try:
            decoded = msgspec.json.decode(payload, type=declared.payload)
            async with asyncio.timeout(declared.timeout_s):
                await (self._run_long if declared.is_long else self._run_short)(declared, outbox_id, decoded)
        except asyncio.CancelledError:
            await self._uncount(outbox_id)  # The worker stops as it should.
            raise
        except EndsItsWorker as error:
            log.error("job.ends_its_worker", kind=declared.kind)  # noqa: TRY400 - it has no traceback worth reading
            await self._fail(outbox_id, str(error), attempts_max=0, declared=declared, attempts=BEGUN_MAX)
        except Exception as error:  # One of the three places: recorded, retried, given up
            log.exception("job.failed", kind=declared.kind, exc_info=error)
            await self._fail(outbox_id, repr(error), attempts_max=declared.attempts_max, declared=declared)
        self._counted.discard(outbox_id)

    async def _count(self, outbox_id: int) -> bool:
        """Note that it begins, before anything of it is done; False where another worker has it, or has done it.

        Raises EndsItsWorker. PostgreSQL need not have it on disk: what must not be lost is the death of this process.
        """
        statement = text(
            "update base_outbox set begun = begun + :more where id = ("
            " select id from base_outbox where id = :id and failed_at is null for update skip locked) returning begun"
        )
        values = {"id": outbox_id, "more": 0 if outbox_id in self._counted else 1}
        async with self._work.database.transaction() as tx:
            await tx.db.execute(text("set local synchronous_commit = off"))
            begun = (await tx.db.execute(statement, values)).scalar_one_or_none()
        if begun is None:
            return False
        if begun > BEGUN_MAX:
            raise EndsItsWorker(f"job.ends_its_worker: it began {BEGUN_MAX} times, and its worker ended each time")
        self._counted.add(outbox_id)
        return True

    async def _uncount(self, outbox_id: int) -> None:
        async with self._work.database.transaction() as tx:
            statement = text("update base_outbox set begun = greatest(begun - 1, 0) where id = :id")
            await tx.db.execute(statement, {"id": outbox_id})

    async def _run_short(self, declared: Job, outbox_id: int, payload: object) -> None:
        if not await self._count(outbox_id):
            return
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
                if not await self._count(outbox_id):
                    return
                await declared.run(self._work, payload)
                async with self._work.database.transaction() as tx:
                    await tx.db.execute(text("delete from base_outbox where id = :id"), {"id": outbox_id})
            finally:
                await holder.execute(
                    text("select pg_advisory_unlock(:space, :id)"), {"space": LOCK_SPACE, "id": outbox_id}
                )
                await holder.commit()

    async def _read(self, outbox_id: int) -> Row[Any] | None:  # Any: the row's own columns
        async with self._work.database.transaction() as tx:
            statement = text("select kind, payload, begun from base_outbox where id = :id and failed_at is null")
            return (await tx.db.execute(statement, {"id": outbox_id})).one_or_none()

    async def _fail(
        self, outbox_id: int, error: str, *, attempts_max: int, declared: Job | None = None, attempts: int = 1
    ) -> None:
        async with self._work.database.transaction() as tx:
            statement = text(
                "update base_outbox set attempts = attempts + :attempts, error = :error,"
                " begun = greatest(begun - 1, 0),"
                " failed_at = case when attempts + 1 >= :attempts_max then clock_timestamp() end,"
                " next_at = clock_timestamp() + make_interval(secs => least(:backoff_max, power(2, attempts)))"
                " where id = :id returning failed_at, payload"
            )
            values = {
                "id": outbox_id,
                "error": error[:ERROR_LENGTH_MAX],
                "attempts": attempts,
                "attempts_max": attempts_max,
            }
            failed = (await tx.db.execute(statement, {**values, "backoff_max": BACKOFF_MAX_S})).one_or_none()
        if (
            failed is not None
            and failed.failed_at is not None
            and declared is not None
            and declared.gave_up is not None
        ):
            await self._tell(declared, failed.payload)

    async def _tell(self, declared: Job, payload: str) -> None:
        """Have whoever waits told that it was given up. The row says so already, whatever becomes of this."""
        assert declared.gave_up is not None
        try:
            decoded = msgspec.json.decode(payload, type=declared.payload)
            async with self._work.database.transaction() as tx:
                await declared.gave_up(tx, decoded)
        except (msgspec.DecodeError, SQLAlchemyError, Outage) as error:
            log.warning("job.not_told", kind=declared.kind, error=repr(error))


class Relay:
    """Outbox → SAQ, for as long as the process lives."""

    def __init__(self, work: Work, jobs: dict[str, Job], queues: dict[str, Queue]) -> None:
        self._work = work
        self._jobs = jobs
        self._queues = queues
        self._kinds: dict[Lane, list[str]] = {lane: [] for lane in PLACES}
        for declared in jobs.values():
            self._kinds[declared.lane].append(declared.kind)
        self._sent: Sent = {}
        self._strangers_at = 0.0

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
            due = [row for lane, kinds in self._kinds.items() if kinds for row in await self._due(tx, lane, kinds)]
            if time.monotonic() >= self._strangers_at:
                self._strangers_at = time.monotonic() + STRANGERS_EVERY_S
                due += await self._strangers(tx)
            still = {row.id for row in due} | await self._still_due(tx, self._sent.keys() - {row.id for row in due})
        now = time.monotonic()
        self._sent = {id_: until for id_, until in self._sent.items() if id_ in still and until > now}
        count = 0
        for row in due:
            if row.id not in self._sent:
                await self._send(row.id, row.kind)
                count += 1
        return count

    async def _due(self, tx: Tx, lane: Lane, kinds: list[str]) -> Sequence[Row[Any]]:  # Any: the row's own columns
        """The lightest of a lane, the oldest first among equals."""
        room = RELAY_BATCH
        if lane != "fast":
            room = (1 + WAITING_A_PLACE) * PLACES[lane] * self._work.settings.workers
        statement = text(
            "select d.id, d.kind from unnest(cast(:kinds as text[])) as k(kind) cross join lateral ("
            " select id, kind, weight from base_outbox o where o.kind = k.kind and o.failed_at is null"
            " and o.next_at <= clock_timestamp() order by o.weight, o.id limit :room) d"
            " order by d.weight, d.id limit :room"
        )
        return (await tx.db.execute(statement, {"kinds": kinds, "room": room})).all()

    async def _still_due(self, tx: Tx, sent: Collection[int]) -> set[int]:
        """Of what was sent and is not among the lightest now: what has neither ended nor failed. It may be running."""
        if not sent:
            return set()
        statement = text(
            "select id from base_outbox where id = any(:ids) and failed_at is null and next_at <= clock_timestamp()"
        )
        return set((await tx.db.execute(statement, {"ids": list(sent)})).scalars())

    async def _strangers(self, tx: Tx) -> Sequence[Row[Any]]:  # Any: the row's own columns
        """Rows of kinds that this release does not know: the runner says so on them."""
        statement = text(
            "select id, kind from base_outbox where failed_at is null and kind <> all(cast(:kinds as text[]))"
            " and next_at <= clock_timestamp() order by id limit :room"
        )
        return (await tx.db.execute(statement, {"kinds": list(self._jobs), "room": RELAY_BATCH})).all()

    async def _send(self, outbox_id: int, kind: str) -> None:
        declared = self._jobs.get(kind)
        timeout_s = declared.timeout_s if declared else 60
        await self._queues[declared.lane if declared else "fast"].enqueue(
            FUNCTION,
            key=f"outbox:{outbox_id}:{int(time.time() / KEY_WINDOW_S)}",
            outbox_id=outbox_id,
            timeout=timeout_s + 5,
            retries=1,
            ttl=60,
        )
        # A long job's lock makes a second run end at once, so its row may be sent again while it runs: a run that
        # died is found soon.
        self._sent[outbox_id] = time.monotonic() + (LONG_LEASE_S if declared and declared.is_long else LEASE_S)


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
