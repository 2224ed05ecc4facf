"""Workers that die of a job. As a program it forks one after another, each of which runs whatever is due, and says how
each of them ended: the number of its signal, or 0.

    python -m tests.base.dying DATABASE_URL REDIS_URL S3_URL FOLDER WORKERS
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import text

from server.base.jobs import Payload, long_job
from server.base.runner import Runner
from server.base.tx import Tx
from server.base.work import Work
from server.means import open_work
from server.settings import Settings
from tests.support.api import settings_for


class Kill(Payload, frozen=True, tag="test.kill"):
    pass


class Bystand(Payload, frozen=True, tag="test.bystand"):
    pass


bystanders: list[asyncio.Event] = []


async def gave_up(tx: Tx, _payload: Kill) -> None:
    await tx.audit("test.gave_up", kind="test")


@long_job(Kill, timeout_s=300, attempts_max=3, lane="film", gave_up=gave_up)
async def kill(_work: Work, _payload: Kill) -> None:
    if bystanders:
        await bystanders[0].wait()  # Whoever is beside it has begun.
    os.kill(os.getpid(), signal.SIGKILL)


@long_job(Bystand, timeout_s=300, attempts_max=1, lane="film")
async def bystand(work: Work, _payload: Bystand) -> None:
    if bystanders:
        bystanders[0].set()
        await asyncio.sleep(300)  # Killed meanwhile.
    async with work.database.transaction() as tx:
        await tx.audit("test.stood_by", kind="test")


JOBS = {declared.kind: declared for declared in (kill, bystand)}


HELD = text(
    "select exists (select from pg_locks where pid <> pg_backend_pid() and database ="
    " (select oid from pg_database where datname = current_database())"
    " and (locktype = 'advisory' or relation = 'base_outbox'::regclass and mode = 'RowExclusiveLock'))"
)


async def forgotten(work: Work) -> None:
    """Until PostgreSQL has seen that the worker before is dead, whose locks would make this one pass by."""
    async with work.database.engine.connect() as connection:
        while (await connection.execute(HELD)).scalar_one():  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.02)


async def live(settings: Settings) -> None:
    work = open_work(settings)
    await forgotten(work)
    async with work.database.transaction() as tx:
        due = text("select id, kind, begun from base_outbox where failed_at is null order by id")
        rows = (await tx.db.execute(due)).all()
    if len(rows) > 1 and all(row.begun < 2 for row in rows):
        bystanders.append(asyncio.Event())
    runner = Runner(work, JOBS)
    await asyncio.gather(*(runner.run({}, outbox_id=row.id) for row in rows))


def fork(settings: Settings) -> int:
    """How a worker ended."""
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)  # What it logs is no answer of ours.
        try:
            asyncio.run(live(settings))
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    database_url, redis_url, s3_url, folder, workers = sys.argv[1:]
    chosen = settings_for(database_url, redis_url, s3_url, Path(folder))
    print(*(fork(chosen) for _ in range(int(workers))))
