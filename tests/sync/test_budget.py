"""X8: sync's own budget, held in the process."""

from uuid import uuid4

import pytest

from server.exchange.budget import Budget, Rate
from sync.errors import ExchangeError


async def test_X8_a_device_that_asks_for_ever_is_told_to_wait_and_no_other_is() -> None:
    budget, greedy = Budget(Rate(per_s=0.5, burst=3), code="sync.too_often"), uuid4()
    for _ in range(3):
        await budget.take(greedy)

    with pytest.raises(ExchangeError) as refused:
        await budget.take(greedy)
    await budget.take(uuid4())

    assert (refused.value.status, refused.value.code) == (429, "sync.too_often")
    assert refused.value.retry_after_s is not None
    assert 1 < refused.value.retry_after_s <= 2


async def test_X8_what_moved_the_cursor_costs_nothing() -> None:
    budget, phone = Budget(Rate(per_s=0.001, burst=2), code="sync.too_often"), uuid4()

    for _ in range(50):
        await budget.take(phone)
        budget.give_back(phone)

    await budget.take(phone)
