"""L9: how often a process polls for marks. The pace alone, and who sets it."""

import pytest
from psycopg import AsyncConnection

from server.exchange.loop import BUSY_S, IDLE_S, rest_after
from sync.postgres.sequencer import BUSY, PACE_LOCK, take_pace


@pytest.mark.parametrize("done", [0, BUSY], ids=["nothing to do", "another leads"])
def test_L9_who_has_no_work_or_does_not_lead_asks_ever_more_seldom(done: int) -> None:
    rests = [BUSY_S]
    while rests[-1] < IDLE_S:
        rests.append(rest_after(done, leads=True, took_s=0.001, rested_s=rests[-1]))

    assert rests == sorted(rests)
    assert sum(rests) < 1  # Until then: so soon it is at its slowest.
    assert rest_after(done, leads=True, took_s=0.001, rested_s=IDLE_S) == IDLE_S


def test_L9_who_leads_goes_on_at_once_and_rests_as_long_as_a_long_batch_took() -> None:
    assert rest_after(5, leads=True, took_s=0.001, rested_s=IDLE_S) == BUSY_S
    assert rest_after(5_000, leads=True, took_s=0.2, rested_s=BUSY_S) == 0.2


def test_L9_a_small_batch_that_waited_for_the_disk_is_not_followed_by_a_rest_as_long() -> None:
    assert rest_after(100, leads=True, took_s=0.3, rested_s=BUSY_S) == pytest.approx(0.010)


def test_L9_who_leads_gathers_many_small_transactions_into_one_batch_but_not_for_long() -> None:
    assert 0.02 < rest_after(1_000, leads=True, took_s=0.02, rested_s=BUSY_S) < 0.05


def test_L9_who_does_not_lead_rests_long_even_after_it_found_work() -> None:
    assert rest_after(20, leads=False, took_s=0.001, rested_s=IDLE_S) == IDLE_S


async def test_L9_of_several_processes_one_sets_the_pace_and_another_when_it_ends(empty_database_url: str) -> None:
    first = await AsyncConnection.connect(empty_database_url, autocommit=True)
    async with await AsyncConnection.connect(empty_database_url, autocommit=True) as second:
        assert await take_pace(first)
        assert not await take_pace(second)

        await first.close()

        await second.execute("set lock_timeout = '10s'")
        await second.execute("select pg_advisory_lock(%s)", [PACE_LOCK])  # until the server has noticed
        await second.execute("select pg_advisory_unlock(%s)", [PACE_LOCK])
        assert await take_pace(second)
