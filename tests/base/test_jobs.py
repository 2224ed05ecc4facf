"""What a unit of work leaves for later happens once, whatever dies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from saq import Queue
from sqlalchemy import text

from server.base.errors import Conflict
from server.base.jobs import Job, Payload, job, long_job
from server.base.runner import FUNCTION, Relay, Runner
from server.base.tx import Tx
from server.base.work import Work
from server.means import open_work
from tests.support.api import settings_for


class Count(Payload, frozen=True, tag="test.count"):
    fails: int = 0


@job(Count, timeout_s=5, attempts_max=3)
async def count(tx: Tx, payload: Count) -> None:
    await tx.audit("test.counted", kind="test")
    if payload.fails:
        raise Conflict


class Shrink(Payload, frozen=True, tag="test.shrink"):
    name: str


@long_job(Shrink, timeout_s=5, attempts_max=1, lane="film")
async def shrink(work: Work, payload: Shrink) -> None:
    async with work.database.transaction() as tx:
        await tx.audit("test.counted", kind="test", name=payload.name)


JOBS: dict[str, Job] = {count.kind: count, shrink.kind: shrink}


@pytest.fixture
async def work(database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> AsyncIterator[Work]:
    opened = open_work(settings_for(database_url, redis_url, s3_url, tmp_path))
    yield opened
    await opened.redis.aclose()
    await opened.database.close()


async def counted(work: Work) -> int:
    async with work.database.transaction() as tx:
        return int(
            (await tx.db.execute(text("select count(*) from base_audit where action = 'test.counted'"))).scalar_one()
        )


async def outbox_ids(work: Work) -> list[int]:
    async with work.database.transaction() as tx:
        return list(
            (await tx.db.execute(text("select id from base_outbox where failed_at is null order by id"))).scalars()
        )


async def test_a_unit_that_rolls_back_leaves_nothing_for_later(work: Work) -> None:
    async def refused() -> None:
        async with work.database.transaction() as tx:
            tx.later(Count())
            raise Conflict

    with pytest.raises(Conflict):
        await refused()

    assert await outbox_ids(work) == []


async def test_a_job_delivered_five_times_at_once_takes_effect_once(work: Work) -> None:
    async with work.database.transaction() as tx:
        tx.later(Count())
    [id_] = await outbox_ids(work)
    runner = Runner(work, JOBS)

    await asyncio.gather(*(runner.run({}, outbox_id=id_) for _ in range(5)))

    assert await counted(work) == 1


async def test_a_failing_job_leaves_no_half_effect_and_is_given_up_after_its_attempts(work: Work) -> None:
    async with work.database.transaction() as tx:
        tx.later(Count(fails=1))
    [id_] = await outbox_ids(work)

    for _ in range(3):
        await Runner(work, JOBS).run({}, outbox_id=id_)

    assert await counted(work) == 0
    async with work.database.transaction() as tx:
        row = (
            await tx.db.execute(text("select attempts, failed_at is not null as given_up, error from base_outbox"))
        ).one()
    assert (row.attempts, row.given_up) == (3, True)
    assert "Conflict" in row.error


async def test_a_job_goes_to_its_lane_and_the_lighter_goes_first(work: Work, redis_url: str) -> None:
    queues = {lane: Queue.from_url(redis_url, name=f"test-weight-{lane}") for lane in ("fast", "film")}
    async with work.database.transaction() as tx:
        tx.later(Shrink(name="four hours"), weight=2_000_000_000)
        tx.later(Shrink(name="two minutes"), weight=20_000_000)
        tx.later(Count())
    long, short, counting = await outbox_ids(work)

    assert await Relay(work, JOBS, queues).send_due() == 3

    films = [await queues["film"].dequeue(timeout=1) for _ in range(2)]
    assert [sent and sent.kwargs for sent in films] == [{"outbox_id": short}, {"outbox_id": long}]
    counted = await queues["fast"].dequeue(timeout=1)
    assert counted is not None
    assert counted.kwargs == {"outbox_id": counting}
    for queue in queues.values():
        await queue.disconnect()


async def test_what_valkey_forgot_is_sent_again(work: Work, redis_url: str) -> None:
    queue = Queue.from_url(redis_url, name="test-fast")
    async with work.database.transaction() as tx:
        tx.later(Count())
    assert await Relay(work, JOBS, {"fast": queue}).send_due() == 1

    async with Redis.from_url(redis_url) as client:
        await client.flushall()
    assert await Relay(work, JOBS, {"fast": queue}).send_due() == 1  # A relay that starts anew remembers nothing.

    sent = await queue.dequeue(timeout=1)
    assert sent is not None
    assert sent.function == FUNCTION
    await queue.disconnect()
