"""Q3, Q9, Q10, Q11: who may work, who waits, who rests, who is given an appointment. No server: the lanes alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from server.exchange import admission, routes
from server.exchange.admission import Admission, Lane, Size, Who
from sync.errors import ExchangeError


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def lane(size: Size, clock: Clock | None = None) -> Lane:
    """Without chance: everybody gets the exact appointment."""
    return Lane(size, clock=clock or Clock(), chance=lambda low, high: (low + high) / 2)


def somebody() -> Who:
    return Who(person=uuid4(), device=uuid4())


@asynccontextmanager
async def at_work(lane: Lane, count: int, who: Callable[[], Who] = somebody) -> AsyncIterator[asyncio.Event]:
    """So many others are inside, or wait, until the event is set."""
    leave = asyncio.Event()

    async def work() -> None:
        async with lane.enter(who()):
            await leave.wait()

    tasks = [asyncio.create_task(work()) for _ in range(count)]
    await until(lambda: lane.working + lane.waiting == count)
    try:
        yield leave
    finally:
        leave.set()
        await asyncio.gather(*tasks)


async def until(is_so) -> None:
    for _ in range(1_000):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


async def refusal(lane: Lane, who: Who | None = None) -> ExchangeError:
    with pytest.raises(ExchangeError) as refused:
        async with lane.enter(who or somebody()):
            pass
    return refused.value


async def test_Q3_who_finds_no_room_is_told_when_there_will_be_and_uses_nothing() -> None:
    full = lane(Size(slots=2, queue=1, wait_s=5))

    async with at_work(full, 3):
        refused = await refusal(full)

    assert (refused.status, refused.code) == (503, "sync.busy")
    assert refused.retry_after_s is not None
    assert 1 <= refused.retry_after_s <= 2
    assert (full.working, full.waiting) == (0, 0)


async def test_Q3_first_come_first_served_and_a_full_lane_moves_nobody_in_another() -> None:
    admitted = Admission()
    order: list[int] = []

    async def fill(number: int) -> None:
        async with admitted.fills.enter(somebody()):
            order.append(number)

    async with at_work(admitted.fills, admission.FILLS.slots) as leave:
        waiting = []
        for number in range(5):
            waiting.append(asyncio.create_task(fill(number)))
            await until(lambda: admitted.fills.waiting == len(waiting))
        async with admitted.increments.enter(somebody()), admitted.pushes.enter(somebody()):
            assert order == []
        leave.set()
        await asyncio.gather(*waiting)

    assert order == [0, 1, 2, 3, 4]


async def test_Q3_who_waits_too_long_is_sent_away_and_who_hangs_up_leaves_no_gap() -> None:
    busy = lane(Size(slots=1, queue=10, wait_s=0.01))
    async with at_work(busy, 1):
        refused = await refusal(busy)
        gone = asyncio.create_task(refusal(busy))
        await until(lambda: busy.waiting == 1)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)

        assert busy.waiting == 0

    assert refused.code == "sync.busy"
    async with busy.enter(somebody()):
        assert busy.working == 1


async def test_Q3_three_thousand_turned_away_in_a_minute_are_spread_over_the_time_they_need() -> None:
    """50 come each second for a minute; each takes 0.2 s of one of two slots, so ten are served a second."""
    clock = Clock()
    crowd = lane(Size(slots=2, queue=0, wait_s=1), clock)
    crowd._took_s = 0.2  # What it has learned.
    appointments: list[float] = []

    for _ in range(3_000):
        clock.now += 60 / 3_000
        appointments.append(clock.now - 1_000 + crowd.appointment_s())

    by_second = [sum(second <= at < second + 1 for at in appointments) for second in range(600)]
    assert sum(by_second) == 3_000
    assert max(by_second) <= 11
    assert max(appointments) <= 305


async def test_Q3_one_device_may_not_take_all_the_room() -> None:
    roomy, greedy = lane(Size(slots=10, queue=10, wait_s=5)), somebody()

    async with at_work(roomy, admission.AT_ONCE_MAX, lambda: greedy):
        refused = await refusal(roomy, greedy)
        async with roomy.enter(somebody()):
            pass

    assert (refused.status, refused.code) == (429, "sync.at_once")
    async with roomy.enter(greedy):
        assert roomy.working == 1


async def test_Q11_one_person_may_not_take_all_the_room_whatever_device_ids_they_make_up() -> None:
    roomy, person = lane(Size(slots=30, queue=30, wait_s=5)), uuid4()
    most = admission.AT_ONCE_MAX * admission.DEVICES_WORTH

    async with at_work(roomy, most, lambda: Who(person, uuid4())):
        refused = await refusal(roomy, Who(person, uuid4()))
        async with roomy.enter(somebody()):
            pass

    assert (refused.status, refused.code, refused.retry_after_s) == (429, "sync.at_once", 1.0)
    async with roomy.enter(Who(person, uuid4())):
        assert roomy.working == 1


async def test_Q11_who_claims_my_device_id_takes_none_of_my_room() -> None:
    roomy, mine, thief = lane(Size(slots=10, queue=10, wait_s=5)), somebody(), uuid4()

    async with at_work(roomy, admission.AT_ONCE_MAX, lambda: Who(thief, mine.device)), roomy.enter(mine):
        assert roomy.working == admission.AT_ONCE_MAX + 1


async def test_Q11_of_those_who_left_a_lane_nothing_is_kept() -> None:
    roomy, person = lane(Size(slots=1, queue=1, wait_s=5)), uuid4()

    async with at_work(roomy, 2):
        await refusal(roomy, Who(person, uuid4()))
    for _ in range(100):
        async with roomy.enter(Who(person, uuid4())):
            pass

    assert len(roomy._under_way) == 0


def test_Q9_a_phone_has_company_only_while_another_was_here_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, admitted, amina, brian = Clock(), Admission(), somebody(), somebody()
    monkeypatch.setattr(admission.time, "monotonic", clock)

    alone = [admitted.has_company(amina) for _ in range(3)]
    together = [admitted.has_company(brian), admitted.has_company(amina)]
    clock.now += 1.5
    again_alone = admitted.has_company(amina)

    assert (alone, together, again_alone) == ([False] * 3, [True, True], False)


async def test_Q10_a_fill_rests_longer_the_more_ask_for_news_and_less_the_more_wait_for_it() -> None:
    clock, admitted = Clock(), Admission()
    admitted.fills = lane(admission.FILLS, clock)
    admitted.news = admission.Arrivals(clock)

    one = uuid4()
    for _ in range(10_000):
        admitted.news.count(one)
    alone = admitted.rest_s(0.01)
    for _ in range(10_000):
        admitted.news.count(uuid4())
    beside_many, long_page = admitted.rest_s(0.01), admitted.rest_s(10)
    while admitted.fills.backlog_s < admission.BACKLOG_MAX_S / 2:
        admitted.fills.appointment_s()
    beside_half_a_backlog = admitted.rest_s(0.01)
    while admitted.fills.backlog_s <= admission.BACKLOG_MAX_S:
        admitted.fills.appointment_s()
    beside_a_backlog = admitted.rest_s(0.01)

    assert alone < 0.01
    assert beside_many == pytest.approx(0.01 * admission.RESTS)
    assert long_page == admission.REST_MAX_S
    assert beside_half_a_backlog == pytest.approx(beside_many / 2, rel=0.01)
    assert beside_a_backlog == 0


def test_Q10_how_many_ask_is_forgotten_within_seconds() -> None:
    clock = Clock()
    news = admission.Arrivals(clock)

    for _ in range(500):
        news.count(uuid4())
        clock.now += 0.02
    busy = news.per_s()
    clock.now += 5

    assert busy == pytest.approx(50, rel=0.05)
    assert news.per_s() < 1


async def test_Q10_a_slot_that_rests_is_given_to_the_next_afterwards() -> None:
    rests: list[float] = []

    def rest_s(held_s: float) -> float:
        rests.append(held_s)
        return 0.001

    resting = Lane(Size(slots=1, queue=1, wait_s=5), rest_s=rest_s)

    async with resting.enter(somebody()):
        pass
    rested_with = resting.working
    async with resting.enter(somebody()):
        came_in_with = resting.working

    assert (rested_with, came_in_with, len(rests)) == (1, 1, 2)


async def test_Q10_while_a_long_answer_is_packed_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SLICE_S", 0.0)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def blocks() -> Iterator[bytes]:
        for number in range(20):
            yield bytes([number])

    beside = asyncio.create_task(other())
    written = [block async for block in routes.in_slices(blocks())]
    beside.cancel()

    assert written == [bytes([number]) for number in range(20)]
    assert turns >= 20
