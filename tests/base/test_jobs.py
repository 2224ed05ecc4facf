"""What a unit of work leaves for later happens once, whatever dies."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from saq import Queue
from sqlalchemy import text

from server.base.dead_letters import failed_jobs, retry_jobs
from server.base.errors import Conflict
from server.base.jobs import Job, Payload, job, long_job
from server.base.runner import FUNCTION, Relay, Runner
from server.base.tx import Tx
from server.base.work import Work
from server.means import open_work
from tests.base.dying import Bystand, Kill
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


async def test_of_a_long_lane_only_what_will_run_soon_is_sent_and_the_lighter_overtakes(
    work: Work, redis_url: str
) -> None:
    queues = {lane: Queue.from_url(redis_url, name=f"test-held-{lane}") for lane in ("fast", "film")}
    async with work.database.transaction() as tx:
        for heavy in range(5):
            tx.later(Shrink(name=f"heavy {heavy}"), weight=1_000 + heavy)
    relay = Relay(work, JOBS, queues)
    assert await relay.send_due() == 2  # One that runs and one that waits.

    async with work.database.transaction() as tx:
        tx.later(Shrink(name="light"), weight=1)
    ids = await outbox_ids(work)

    assert await relay.send_due() == 1
    sent = [await queues["film"].dequeue(timeout=1) for _ in range(3)]
    assert [one and one.kwargs for one in sent] == [{"outbox_id": ids[number]} for number in (0, 1, 5)]
    for queue in queues.values():
        await queue.disconnect()


async def test_one_that_failed_is_sent_again_when_its_time_comes_and_not_a_lease_later(
    work: Work, redis_url: str
) -> None:
    queues = {lane: Queue.from_url(redis_url, name=f"test-again-{lane}") for lane in ("fast", "film")}
    async with work.database.transaction() as tx:
        tx.later(Count(fails=1))
    [id_] = await outbox_ids(work)
    relay = Relay(work, JOBS, queues)
    assert await relay.send_due() == 1
    assert await relay.send_due() == 0

    await Runner(work, JOBS).run({}, outbox_id=id_)
    assert await relay.send_due() == 0  # Its time is in a second; meanwhile it is forgotten, not on its way.
    async with work.database.transaction() as tx:
        await tx.db.execute(text("update base_outbox set next_at = clock_timestamp()"))

    assert await relay.send_due() == 1
    for queue in queues.values():
        await queue.disconnect()


async def test_what_is_given_up_tells_who_waits_and_runs_again_when_it_is_tried_again(work: Work) -> None:
    is_broken = True

    async def tell(tx: Tx, payload: Shrink) -> None:
        await tx.audit("test.gave_up", kind="test", name=payload.name)

    @long_job(Shrink, timeout_s=5, attempts_max=2, lane="film", gave_up=tell)
    async def breaks(work: Work, payload: Shrink) -> None:
        if is_broken:
            raise Conflict("The disk is full.")
        async with work.database.transaction() as tx:
            await tx.audit("test.counted", kind="test", name=payload.name)

    runner = Runner(work, {breaks.kind: breaks})
    async with work.database.transaction() as tx:
        tx.later(Shrink(name="film"))
    [id_] = await outbox_ids(work)
    for _ in range(3):
        await runner.run({}, outbox_id=id_)

    async with work.database.transaction() as tx:
        [letter] = await failed_jobs(tx, limit=10)
        told = await tx.db.execute(text("select count(*) from base_audit where action = 'test.gave_up'"))
        assert told.scalar_one() == 1
        assert (letter.id, letter.kind, letter.attempts) == (id_, "test.shrink", 2)
        assert "The disk is full" in letter.error
        assert await retry_jobs(tx, kind="test.other") == []
        assert await retry_jobs(tx, ids=[id_]) == [id_]
        assert await retry_jobs(tx, ids=[id_]) == []

    is_broken = False
    await runner.run({}, outbox_id=id_)

    assert await counted(work) == 1
    assert await outbox_ids(work) == []


@pytest.fixture
def servers(database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> list[str]:
    return [database_url, redis_url, s3_url, str(tmp_path)]


async def ends_of_workers(servers: list[str], count: int) -> list[int]:
    """How each of so many workers ended, one after another: the number of the signal, or 0."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.base.dying", *servers, str(count), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    assert child.returncode == 0
    return [int(end) for end in out.split()]


async def audited(work: Work, action: str) -> int:
    async with work.database.transaction() as tx:
        statement = text("select count(*) from base_audit where action = :action")
        return int((await tx.db.execute(statement, {"action": action})).scalar_one())


async def test_a_job_that_ends_its_worker_is_given_up_and_what_runs_beside_it_is_done(
    work: Work, servers: list[str]
) -> None:
    async with work.database.transaction() as tx:
        tx.later(Kill())
        tx.later(Bystand())

    ends = await ends_of_workers(servers, 7)

    assert ends[:2] == [9, 9]  # Both began, and both are under suspicion.
    assert sorted(ends[2:]) == [0, 0, 9, 9, 9]  # One alone at a time.
    assert await audited(work, "test.stood_by") == 1
    assert await audited(work, "test.gave_up") == 1
    async with work.database.transaction() as tx:
        [letter] = await failed_jobs(tx, limit=10)
        assert (letter.kind, letter.attempts) == ("test.kill", 5)
        assert letter.error.startswith("job.ends_its_worker")
        assert await retry_jobs(tx, ids=[letter.id]) == [letter.id]
        begun = text("select begun, attempts from base_outbox where id = :id")
        assert tuple((await tx.db.execute(begun, {"id": letter.id})).one()) == (0, 0)


async def test_a_short_job_that_ended_five_workers_is_given_up_unseen(work: Work) -> None:
    async with work.database.transaction() as tx:
        tx.later(Count())
    [id_] = await outbox_ids(work)
    async with work.database.transaction() as tx:
        await tx.db.execute(text("update base_outbox set begun = 5"))

    await Runner(work, JOBS).run({}, outbox_id=id_)

    assert (await counted(work), await outbox_ids(work)) == (0, [])
    async with work.database.transaction() as tx:
        [letter] = await failed_jobs(tx, limit=10)
    assert letter.error.startswith("job.ends_its_worker")


async def test_a_worker_that_stops_as_it_should_is_no_death(work: Work) -> None:
    began = asyncio.Event()

    @long_job(Shrink, timeout_s=60, attempts_max=1)
    async def waits(_work: Work, _payload: Shrink) -> None:
        began.set()
        await asyncio.sleep(60)

    async with work.database.transaction() as tx:
        tx.later(Shrink(name="film"))
    [id_] = await outbox_ids(work)
    running = asyncio.create_task(Runner(work, {waits.kind: waits}).run({}, outbox_id=id_))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    async with work.database.transaction() as tx:
        begun = text("select begun, attempts from base_outbox where id = :id")
        assert tuple((await tx.db.execute(begun, {"id": id_})).one()) == (0, 0)
