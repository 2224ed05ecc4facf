"""A phone behind a bad link: whatever is cut, lost, late or doubled, work is done once and nothing comes twice."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest

from server.base.ids import new_id
from tests.journeys.test_exactly_once import ask, asked, physics
from tests.support.afar import Afar
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.proxy import FAIR, Fate, Proxy, proxy_to
from tests.support.settle import all_published

SEED = 20261121
CUTS = 18  # as many questions as one may ask in a day
QUESTIONS = 18
BODY_CHARACTERS = 3_000
LINK_BYTES = 5_000


@asynccontextmanager
async def afar(api: Api, name: str = "Amina") -> AsyncIterator[Afar]:
    async with proxy_to(api.url) as proxy, httpx.AsyncClient(base_url=proxy.url) as client:
        yield Afar(Phone(client), proxy, f"Bearer {await api.token(name)}")


def ask_much(phone: Phone, subject_id: UUID, count: int) -> list[str]:
    """Questions whose words no packing makes short."""
    chance = random.Random(SEED)
    titles = [f"Question {number:02}" for number in range(count)]
    for title in titles:
        words = chance.randbytes(BODY_CHARACTERS // 2).hex()
        phone.command(
            "questions.question.ask",
            {
                "id": str(new_id()),
                "subject_id": str(subject_id),
                "title": title,
                "body": words,
                "visibility": "private",
            },
        )
    return titles


async def test_S7_a_link_cut_at_any_byte_either_way_does_each_op_once(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    subject_id, chance = await physics(api), random.Random(SEED)
    async with afar(api) as there:
        for number in range(CUTS):
            ask(there.phone, subject_id, f"Question {number:02}")
            size = len(there.phone.body())
            up = Fate(up_max=chance.randrange(1, size + 400))
            down = Fate(down_max=chance.randrange(1, 900))
            there.proxy.fate_of = _then_fair(there.proxy, [up, down])
            await there.exchange()
            await there.exchange()
        await there.sync()
        await all_published(api)
        await there.sync()

    assert there.proxy.cuts > CUTS
    assert await asked(api) == [f"Question {number:02}" for number in range(CUTS)]
    assert {receipt["outcome"] for receipt in there.phone.receipts.values()} == {"applied"}
    assert len(there.phone.all("questions.questions")) == CUTS


@pytest.mark.parametrize(
    "fate",
    [Fate(is_swallowed=True), Fate(is_repeated=True), Fate(stall_after=60), Fate(stall_after=0)],
    ids=["the answer is lost after the commit", "the request comes twice", "the answer stalls", "no answer comes"],
)
async def test_S7_work_is_done_once_whatever_becomes_of_its_answer(api: Api, fate: Fate) -> None:
    await api.add("Amina Karimova", "student")
    subject_id = await physics(api)
    async with afar(api) as there:
        for number in range(3):
            ask(there.phone, subject_id, f"Question {number}")
        there.proxy.fate_of = _then_fair(there.proxy, [fate])

        assert await there.exchange()
        assert there.phone.queue  # Nothing was heard, so nothing is believed.
        await there.proxy.rest()
        await there.sync()

    assert there.proxy.repeated == int(fate.is_repeated)
    assert await asked(api) == ["Question 0", "Question 1", "Question 2"]
    assert {receipt["outcome"] for receipt in there.phone.receipts.values()} == {"applied"}


async def test_P4_a_link_that_dies_every_5_kb_brings_everything_and_no_stored_row_twice(api: Api) -> None:
    """Method: one phone of hers writes, another one fills through the bad link; a fair one is its measure."""
    await api.add("Amina Karimova", "student")
    subject_id = await physics(api)
    async with afar(api) as writer:
        ask_much(writer.phone, subject_id, QUESTIONS)
        await writer.sync()
        await all_published(api)
    async with afar(api) as fair, afar(api) as there:
        await fair.sync()
        there.proxy.fate_of = lambda _: Fate(down_max=LINK_BYTES)
        exchanges = await there.sync()

    assert there.proxy.cuts > 5
    assert there.again == 0
    assert there.phone.store.shown == fair.phone.store.shown
    assert len(there.phone.all("questions.questions")) == QUESTIONS
    assert exchanges < 2 * fair.proxy.bytes_down / (LINK_BYTES / 2)


async def test_S7_each_byte_that_came_through_a_thin_link_is_kept(api: Api) -> None:
    """2G, packed: the link is slow and dies; what stands above a mark is never asked for again."""
    await api.add("Amina Karimova", "student")
    subject_id, chance = await physics(api), random.Random(SEED)
    async with afar(api) as writer:
        ask_much(writer.phone, subject_id, QUESTIONS)
        await writer.sync()
        await all_published(api)
    async with afar(api) as there:
        there.packing, there.paces, there.bytes_wanted = "gzip", True, 8_192
        there.proxy.fate_of = lambda _: Fate(down_max=chance.randrange(1_500, 9_000), bytes_a_s=100_000)
        await there.sync()

    assert there.again == 0
    assert len(there.phone.all("questions.questions")) == QUESTIONS


def _then_fair(proxy: Proxy, fates: list[Fate]) -> Callable[[int], Fate]:
    """These fates for the next connections, one each; the rest is fair."""
    first = proxy.connections
    return lambda number: fates[number - first] if 0 <= number - first < len(fates) else FAIR
