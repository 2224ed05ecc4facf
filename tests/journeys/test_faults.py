"""A phone behind a bad link: whatever is cut, lost, late or doubled, work is done once and nothing comes twice."""

import json
import random
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest

from server.base.ids import new_id
from tests.journeys.test_exactly_once import ask, asked, physics
from tests.support.api import Api
from tests.support.phone import JSON, Phone
from tests.support.proxy import FAIR, Fate, Proxy, proxy_to
from tests.support.settle import all_published

SEED = 20261121
CUTS = 18  # as many questions as one may ask in a day
QUESTIONS = 18
BODY_CHARACTERS = 3_000
LINK_BYTES = 5_000
EXCHANGES_MAX = 400
STALL_S = 0.3

GONE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.ReadTimeout, httpx.ConnectError)


@dataclass
class Afar:
    """A phone at the far end of a link: it takes what came of an answer, and remembers what it has stored for good."""

    phone: Phone
    proxy: Proxy
    token: str
    packing: str = "identity"
    bytes_wanted: int = 65_536
    stored: set[tuple[str, bytes]] = field(default_factory=set)  # (heading, row) above a mark that was stored
    again: int = 0  # Rows that came although they stood above one
    rows: int = 0

    async def exchange(self) -> bool:
        """One round trip through the link, whatever becomes of it; True when the phone must ask again."""
        body = self.phone.body().replace(b'"bytes":262144', b'"bytes":%d' % self.bytes_wanted)
        received, unpack = b"", zlib.decompressobj(31) if self.packing == "gzip" else None
        status = 0
        try:
            async with (
                httpx.AsyncClient(base_url=self.proxy.url) as client,
                client.stream(
                    "POST",
                    "/api/v1/sync",
                    content=body,
                    headers={**JSON, "authorization": self.token, "accept-encoding": self.packing},
                    timeout=httpx.Timeout(20, read=STALL_S if self._is_stalled() else 20),
                ) as answer,
            ):
                status = answer.status_code
                async for piece in answer.aiter_raw():
                    received += piece if unpack is None else unpack.decompress(piece)
        except GONE:
            pass
        if status == 204:
            return False
        assert status in (0, 200, 503)
        return self._take(received) if status == 200 else True

    def _is_stalled(self) -> bool:
        return self.proxy.fate_of(self.proxy.connections).stall_after is not None

    def _take(self, received: bytes) -> bool:
        whole = received[: received.rfind(b"\n") + 1]
        self._count(whole.splitlines())
        return self.phone.apply(whole) if whole else True

    def _count(self, lines: list[bytes]) -> None:
        heading, above = "", []
        for raw in lines:
            line = json.loads(raw)
            if isinstance(line, list):
                self.rows += 1
                self.again += (heading, raw) in self.stored
                above.append((heading, raw))
            elif "bucket" in line:
                heading = f"{line['bucket']} {line['collection']}"
            elif "mark" in line or "more" in line:
                self.stored.update(above)
                above = []

    async def sync(self) -> int:
        """Until there is nothing to send or to receive; how many exchanges it took."""
        for number in range(1, EXCHANGES_MAX):
            if not await self.exchange() and not self.phone.queue:
                return number
        raise AssertionError("the phone never comes to rest")


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
        there.packing = "gzip"
        there.proxy.fate_of = lambda _: Fate(down_max=chance.randrange(1_500, 9_000), bytes_a_s=100_000)
        await there.sync()

    assert there.again == 0
    assert len(there.phone.all("questions.questions")) == QUESTIONS


def _then_fair(proxy: Proxy, fates: list[Fate]) -> Callable[[int], Fate]:
    """These fates for the next connections, one each; the rest is fair."""
    first = proxy.connections
    return lambda number: fates[number - first] if 0 <= number - first < len(fates) else FAIR
