"""The worker process: SAQ workers for each lane, the relay from the outbox, and what runs by the clock."""

import asyncio
import signal
from functools import partial
from pathlib import Path

from saq import Queue, Worker
from sqlalchemy import text

from server.backup.keeping import keep_witness
from server.base.feature import Cron
from server.base.jobs import PLACES
from server.base.logging import configure_logging
from server.base.runner import FUNCTION, Relay, Runner, every, stop
from server.base.work import Work
from server.features import FEATURES, jobs
from server.means import open_work
from server.settings import Settings

BEAT_S = 1.0


class LaneWorker(Worker):  # type: ignore[type-arg]  # SAQ's context type adds nothing here
    """SAQ's worker without its own signal handlers: this process has one place for signals."""

    SIGNALS: list[signal.Signals] = []  # noqa: RUF012 - as SAQ declares it


def main(*, alive: Path | None = None) -> None:
    """Run until SIGINT or SIGTERM, and touch `alive` meanwhile."""
    configure_logging()
    asyncio.run(run(Settings.from_env(), alive=alive))


async def run(settings: Settings, *, alive: Path | None = None) -> None:
    work = open_work(settings)
    await work.storage.ensure()
    declared = jobs()
    runner = Runner(work, declared)
    queues: dict[str, Queue] = {lane: Queue.from_url(settings.redis_url, name=f"spark-{lane}") for lane in PLACES}
    workers = [
        LaneWorker(queues[lane], functions=[(FUNCTION, runner.run)], concurrency=places, dequeue_timeout=1)
        for lane, places in PLACES.items()
    ]
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    tasks = [
        asyncio.create_task(Relay(work, declared, queues).run()),
        asyncio.create_task(keep_witness(work)),
        *(asyncio.create_task(worker.start()) for worker in workers),
        *(asyncio.create_task(every(cron.every_s, partial(run_cron, work, cron), name=cron.name)) for cron in crons()),
    ]
    if alive is not None:
        tasks.append(asyncio.create_task(_beat(alive)))
    await stopping.wait()
    for worker in workers:
        await worker.stop()
    await stop(tasks)
    for queue in queues.values():
        await queue.disconnect()
    await work.redis.aclose()
    await work.database.close()


async def _beat(alive: Path) -> None:
    while True:
        await asyncio.to_thread(alive.touch)
        await asyncio.sleep(BEAT_S)


def crons() -> list[Cron]:
    return [cron for feature in FEATURES for cron in feature.crons]


async def run_cron(work: Work, cron: Cron) -> None:
    """One turn, in one worker at a time: the others find the lock taken and skip theirs."""
    async with work.database.transaction() as tx:
        mine = await tx.db.execute(
            text("select pg_try_advisory_xact_lock(hashtext(:name))"), {"name": f"cron:{cron.name}"}
        )
        if mine.scalar_one():
            await cron.run(tx)


if __name__ == "__main__":
    main()
