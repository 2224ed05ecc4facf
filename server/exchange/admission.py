"""Who may work now, who waits a moment, and who is asked to come back, and when.

    increments ─► slots ┐
    fills ──────► slots ├─► the log        Each lane has its own, so that a crowd in one moves nobody in another.
    pushes ─────► slots ┘

While others ask for news, a slot of the fills rests after each page in proportion to what the page took: a crowd that
begins takes a part of the machine, and takes longer. The longer the row of appointments, the shorter the rest.

Who is turned away gets an appointment: the lane knows how long one takes, and spreads those it sends away over the
time that they will need. A lane is left before the answer is written: a slow reader holds none.

A device id is what a client claims: it counts together with the person of the token, and a person's devices together.
"""

import asyncio
import math
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sync.errors import ExchangeError

AT_ONCE_MAX = 4  # exchanges that one device may have under way in a lane
DEVICES_WORTH = 4  # So many devices' share all devices of one person have together.
TOOK_FIRST_S = 0.05  # what one is thought to take before any was seen
TOOK_WEIGHT = 0.1  # of the newest one in the average
APPOINTMENT_MIN_S = 1.0
APPOINTMENT_MAX_S = 300.0
JITTER = 0.25
CROWD_S = 1.0  # Who was here within it is company.
RESTS = 16.0  # times what a page took, while many ask for news
MANY_PER_S = 20.0  # Below it the rest is shorter in proportion.
REST_MAX_S = 0.2
# With appointments so far ahead fills rest no longer: a crowd, too, must come to its end. Up to there the rest becomes
# shorter in proportion: switched off at once, it would swing, and appointments given at one pace be kept at the other.
BACKLOG_MAX_S = 30.0


class Who(NamedTuple):
    """Who is counted: the person of a token whose signature is good, and the device that they say they use."""

    person: UUID
    device: UUID


@dataclass(frozen=True)
class Size:
    slots: int  # at work at once
    queue: int  # waiting
    wait_s: float  # at most


INCREMENTS = Size(slots=6, queue=500, wait_s=5)
FILLS = Size(slots=2, queue=30, wait_s=8)
PUSHES = Size(slots=6, queue=100, wait_s=8)


class Lane:
    """Slots, and a queue before them: first come, first served."""

    def __init__(
        self,
        size: Size,
        *,
        rest_s: Callable[[float], float] = lambda _held_s: 0.0,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`rest_s`: how long a slot rests that was held so long."""
        self.size = size
        self._rest_s = rest_s
        self._clock = clock
        self._chance = chance
        self._working = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._under_way: Counter[tuple[UUID, ...]] = Counter()  # of (person, device), and of (person,)
        self._took_s = TOOK_FIRST_S
        self._next_appointment = 0.0

    @property
    def working(self) -> int:
        return self._working

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def backlog_s(self) -> float:
        """In how many seconds the last appointment is that was given."""
        return max(0.0, self._next_appointment - self._clock())

    @asynccontextmanager
    async def enter(self, who: Who) -> AsyncIterator[None]:
        """Raises ExchangeError: 503 with an appointment when there is no room, 429 for who has too many."""
        self._come(who)
        try:
            await self._take()
            begun = self._clock()
            try:
                yield
            finally:
                held_s = self._clock() - begun
                rest_s = self._rest_s(held_s)
                self._took_s += TOOK_WEIGHT * (held_s + rest_s - self._took_s)
                self._give_after(rest_s)
        finally:
            self._go(who)

    def _come(self, who: Who) -> None:
        everything = (who.person,)
        if self._under_way[who] >= AT_ONCE_MAX:
            raise _too_many(f"This device has {AT_ONCE_MAX} requests under way")
        if self._under_way[everything] >= AT_ONCE_MAX * DEVICES_WORTH:
            raise _too_many(f"Your devices have {AT_ONCE_MAX * DEVICES_WORTH} requests under way together")
        self._under_way[who] += 1
        self._under_way[everything] += 1

    def _go(self, who: Who) -> None:
        for key in (who, (who.person,)):
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]

    async def _take(self) -> None:
        if self._working < self.size.slots and not self._waiting:
            self._working += 1
            return
        if len(self._waiting) >= self.size.queue:
            raise self._turn_away()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self.size.wait_s):
                await turn
        except TimeoutError:
            self._leave(turn)
            raise self._turn_away() from None
        except asyncio.CancelledError:
            self._leave(turn)
            raise

    def _leave(self, turn: asyncio.Future[None]) -> None:
        """Somebody waits no longer; a slot that was handed over in this very moment goes on."""
        if turn.done() and not turn.cancelled():
            self._give()
        elif turn in self._waiting:
            self._waiting.remove(turn)

    def _give_after(self, rest_s: float) -> None:
        if rest_s > 0:
            asyncio.get_running_loop().call_later(rest_s, self._give)
        else:
            self._give()

    def _give(self) -> None:
        """A slot is handed to the first who waits, so that nobody who comes now is before them."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._working -= 1

    def _turn_away(self) -> ExchangeError:
        return ExchangeError(
            503,
            "sync.busy",
            "Many are being served; nothing was used, come back then.",
            retry_after_s=self.appointment_s(),
        )

    def appointment_s(self) -> float:
        """In how many seconds there should be room: one after the other, at the pace of now, and a little apart."""
        now = self._clock()
        pace_s = self._took_s / self.size.slots
        first = now + max(APPOINTMENT_MIN_S, pace_s * len(self._waiting))
        self._next_appointment = max(first, self._next_appointment + pace_s)
        wait_s = self._next_appointment - now
        if wait_s > APPOINTMENT_MAX_S:  # So many that the order no longer matters.
            return self._chance(APPOINTMENT_MAX_S / 2, APPOINTMENT_MAX_S)
        return max(APPOINTMENT_MIN_S, wait_s * self._chance(1 - JITTER, 1 + JITTER))


def _too_many(what: str) -> ExchangeError:
    return ExchangeError(429, "sync.at_once", f"{what}; wait for one of them.", retry_after_s=APPOINTMENT_MIN_S)


class Arrivals:
    """How many come in a second, of late. One person who comes again and again, and nobody else, is no crowd."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._recent = 0.0  # each counts 1 when it comes, and less the longer ago that is
        self._at = clock()
        self._newest: UUID | None = None

    def count(self, person_id: UUID) -> None:
        if person_id == self._newest:
            return
        self._newest = person_id
        self._recent = self.per_s() + 1
        self._at = self._clock()

    def per_s(self) -> float:
        return self._recent * math.exp((self._at - self._clock()) / CROWD_S) / CROWD_S


class Admission:
    """The lanes of one process."""

    def __init__(self) -> None:
        self.increments = Lane(INCREMENTS)
        self.fills = Lane(FILLS, rest_s=self.rest_s)  # first fills, and what is compared
        self.pushes = Lane(PUSHES)
        self.news = Arrivals()  # of those who ask for it
        self._seen: dict[Who, float] = {}

    def rest_s(self, held_s: float) -> float:
        """How long a slot of the fills rests: not while the machine is theirs alone, and less the more wait."""
        patience = max(0.0, 1 - self.fills.backlog_s / BACKLOG_MAX_S)
        return min(REST_MAX_S, held_s * RESTS * min(1.0, self.news.per_s() / MANY_PER_S)) * patience

    def has_company(self, who: Who) -> bool:
        """Whether anybody else was here a moment ago: then a long page is cut shorter, so that nobody waits for it."""
        now = time.monotonic()
        self._seen.pop(who, None)
        while self._seen:
            first, seen_at = next(iter(self._seen.items()))
            if now - seen_at <= CROWD_S:
                break
            del self._seen[first]
        company = bool(self._seen)
        self._seen[who] = now
        return company
