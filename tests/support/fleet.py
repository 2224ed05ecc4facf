"""Several phones at work at once: they ask, wait out what does not answer, and remember what they were told."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from server.base.ids import derived_id
from tests.support.phone import Phone

PATIENCE_S = 180
REST_S = 0.3
AWAY_S = 0.1


@dataclass
class BusyPhone:
    """One phone that learns a second of its lesson and puts a note under its question with every exchange.

    The seconds are a lattice, where a doubled effect is not seen; a note that is taken twice stands there twice.
    """

    phone: Phone
    user_id: str
    lesson_id: str
    question_id: str  # answered, so that what its author edits is put under it
    notes: int = 0
    seconds: int = 0  # what was there before, and with it
    ops: list[int] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # answers that are neither an answer nor a reason to try again

    @property
    def progress_id(self) -> str:
        return str(derived_id("catalog.progress", self.user_id, self.lesson_id))

    async def live(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.learn()
            self.note()
            await self.exchange()
            await asyncio.sleep(REST_S)
        await self.come_to_rest()

    def learn(self) -> None:
        self.seconds += 1
        if self.seconds == 1:
            fields = {"lesson_id": self.lesson_id, "seconds": 1}
            self.ops.append(self.phone.create("catalog.progress", self.progress_id, fields))
        else:
            self.ops.append(self.phone.patch("catalog.progress", self.progress_id, {"seconds": self.seconds}))

    def note(self) -> None:
        self.notes += 1
        edited = {"question_id": self.question_id, "body": f"{self.notes}."}
        self.ops.append(self.phone.command("questions.question.edit", edited))

    async def exchange(self) -> bool:
        """One try; True when it brought the phone to rest."""
        try:
            answer = await self.phone.post(self.phone.body())
        except httpx.TransportError:
            self.outcomes["cut"] += 1
            await asyncio.sleep(AWAY_S)
            return False
        self.outcomes[str(answer.status_code)] += 1
        if answer.status_code == 200:
            return not self.phone.apply(answer.content) and not self.phone.queue
        if answer.status_code == 204:
            return not self.phone.queue
        if answer.status_code != 503 or "retry-after" not in answer.headers:
            self.wrong.append(f"{answer.status_code} {answer.text[:300]}")
        await asyncio.sleep(AWAY_S)
        return False

    async def come_to_rest(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not await self.exchange():
            assert time.monotonic() < deadline, f"never at rest: {self.outcomes} {self.wrong[-1:]}"


@asynccontextmanager
async def at_work(phones: list[BusyPhone]) -> AsyncIterator[None]:
    """They work for the length of the block, then send what is left and come to rest."""
    stop = asyncio.Event()
    working = [asyncio.create_task(phone.live(stop)) for phone in phones]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*working)


async def until_exchanged(phones: list[BusyPhone], count: int) -> None:
    """Until each has had this many answers more than it has now: what just happened was met by all of them."""
    goals = [phone.outcomes["200"] + count for phone in phones]
    deadline = time.monotonic() + PATIENCE_S
    while any(phone.outcomes["200"] < goal for phone, goal in zip(phones, goals, strict=True)):
        assert time.monotonic() < deadline, [phone.outcomes for phone in phones]
        await asyncio.sleep(REST_S)
