"""X8, Q4 and Q11: sync's own budget, of a device and of a person, in one process and across several."""

import asyncio
import contextlib
from collections import defaultdict
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from server.base.limits import Limit, Limiter
from server.exchange import budget as budgets
from server.exchange.admission import DEVICES_WORTH, Who
from server.exchange.budget import Budget, Rate
from sync.errors import ExchangeError


def somebody() -> Who:
    return Who(person=uuid4(), device=uuid4())


async def test_X8_a_device_that_asks_for_ever_is_told_to_wait_and_no_other_is() -> None:
    budget, greedy = Budget(Rate(per_s=0.5, burst=3), code="sync.too_often"), somebody()
    for _ in range(3):
        await budget.take(greedy)

    with pytest.raises(ExchangeError) as refused:
        await budget.take(greedy)
    await budget.take(somebody())

    assert (refused.value.status, refused.value.code) == (429, "sync.too_often")
    assert refused.value.retry_after_s is not None
    assert 1 < refused.value.retry_after_s <= 2


async def test_X8_what_moved_the_cursor_costs_nothing() -> None:
    budget, phone = Budget(Rate(per_s=0.001, burst=2), code="sync.too_often"), somebody()

    for _ in range(50):
        await budget.take(phone)
        budget.give_back(phone)

    await budget.take(phone)


async def test_Q11_random_device_ids_of_one_person_are_stopped_by_the_persons_limit() -> None:
    budget, person = Budget(Rate(per_s=0.5, burst=3), code="sync.too_often"), uuid4()
    for _ in range(3 * DEVICES_WORTH):
        await budget.take(Who(person, uuid4()))

    with pytest.raises(ExchangeError) as refused:
        await budget.take(Who(person, uuid4()))
    await budget.take(somebody())

    assert (refused.value.status, refused.value.code) == (429, "sync.too_often")
    assert refused.value.retry_after_s is not None
    assert 0 < refused.value.retry_after_s <= 0.5  # Four devices' worth comes back four times as fast.


async def test_Q11_one_device_that_went_wrong_leaves_the_persons_others_their_share() -> None:
    budget, person = Budget(Rate(per_s=0.001, burst=3), code="sync.too_often"), uuid4()
    wrong, right = Who(person, uuid4()), Who(person, uuid4())

    for _ in range(100):
        with contextlib.suppress(ExchangeError):
            await budget.take(wrong)

    for _ in range(3):
        await budget.take(right)


async def test_Q11_who_claims_my_device_id_spends_nothing_of_mine() -> None:
    budget, mine = Budget(Rate(per_s=0.001, burst=3), code="sync.too_often"), somebody()
    thief = Who(uuid4(), mine.device)

    for _ in range(10):
        with contextlib.suppress(ExchangeError):
            await budget.take(thief)

    for _ in range(3):
        await budget.take(mine)


async def test_Q11_the_least_recently_seen_are_forgotten_and_a_person_at_their_limit_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budgets, "SPENDERS_MAX", 10)
    budget, person = Budget(Rate(per_s=0.001, burst=3), code="sync.too_often"), uuid4()

    for _ in range(3 * DEVICES_WORTH):
        await budget.take(Who(person, uuid4()))
    for _ in range(50):
        with pytest.raises(ExchangeError):
            await budget.take(Who(person, uuid4()))

    assert budget.spenders <= 20


class Shared:
    """A bucket for each key, as Valkey holds them; `None` while it is away."""

    def __init__(self, tokens: float) -> None:
        self.tokens: defaultdict[str, float] = defaultdict(lambda: tokens)
        self.asked = 0
        self.is_away = False

    async def wait_ms(self, _limit: Limit, key: str, *, cost: float = 1) -> int | None:
        self.asked += 1
        if self.is_away:
            return None
        if self.tokens[key] < cost:
            return 1_500
        self.tokens[key] -= cost
        return 0


async def test_Q4_what_two_processes_take_together_is_one_budget_and_a_tenth_is_free_of_questions() -> None:
    shared, phone, rate = Shared(tokens=30), somebody(), Rate(per_s=0.001, burst=100)
    processes = [Budget(rate, code="sync.too_often", shared=shared) for _ in range(2)]

    for _ in range(10):
        for process in processes:
            await process.take(phone)
    asked_for_a_tenth = shared.asked
    for _ in range(15):
        for process in processes:
            await process.take(phone)
    with pytest.raises(ExchangeError) as refused:
        await processes[0].take(phone)

    assert asked_for_a_tenth == 0
    assert (refused.value.code, refused.value.retry_after_s) == ("sync.too_often", 1.5)


async def test_Q11_the_persons_limit_holds_across_processes() -> None:
    shared, person, rate = Shared(tokens=30), uuid4(), Rate(per_s=0.001, burst=100)
    processes = [Budget(rate, code="sync.too_often", shared=shared) for _ in range(2)]
    own = 2 * 10 * DEVICES_WORTH

    taken = 0
    with contextlib.suppress(ExchangeError):
        while True:
            await processes[taken % 2].take(Who(person, uuid4()))
            taken += 1

    assert own <= taken <= own + 30
    assert [*shared.tokens] == [str(person)]


async def test_Q4_without_valkey_a_process_keeps_the_budget_alone_and_asks_no_more_for_a_while() -> None:
    shared, phone = Shared(tokens=0), somebody()
    shared.is_away = True
    budget = Budget(Rate(per_s=0.001, burst=100), code="sync.too_often", shared=shared)

    for _ in range(110):
        await budget.take(phone)
    with pytest.raises(ExchangeError):
        await budget.take(phone)

    assert shared.asked == 1


async def test_Q4_the_script_in_valkey_takes_from_one_bucket_for_all(redis_url: str) -> None:
    limit = Limit("sync.too_often", count=1, per_s=60, burst=20)
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
        waits = await asyncio.gather(*(Limiter(one if n % 2 else other).wait_ms(limit, "phone") for n in range(30)))

    assert sorted(wait == 0 for wait in waits) == [False] * 10 + [True] * 20
