"""How often one device may ask, and how much it may send: sync's own budget, shared by all processes.

It holds back a phone that has gone wrong, not a person: an exchange that brings ops, or goes on where a page ended,
costs nothing, and what is left over saves up to a burst. All devices of one person have a few devices' worth together:
a device id is only what a client claims.

Each process lets a device spend a tenth by itself, and a person, too; who spends more costs a question to Valkey, where
all processes take from one bucket by one atomic script, some at a time. While Valkey is away each process keeps the
whole budget alone.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from server.base.limits import Limit
from server.exchange.admission import DEVICES_WORTH, Who
from sync.errors import ExchangeError

SPENDERS_MAX = 20_000  # devices, and persons; the least recently seen are forgotten: they start with a full burst again
OWN_SHARE = 0.1
LEASE_SHARE = 0.05  # of a burst, taken at once: not every exchange asks
ANSWER_S = 0.2  # Valkey is near; who waits longer waits for nothing.
AWAY_S = 5.0  # So long nobody asks it again.


Key = tuple[UUID, ...]  # (person, device), or (person,)


@dataclass(frozen=True)
class Rate:
    per_s: float
    burst: float

    def times(self, factor: float) -> "Rate":
        return Rate(self.per_s * factor, self.burst * factor)


EXCHANGES = Rate(per_s=20, burst=600)
BYTES_UP = Rate(per_s=5_000_000 / 60, burst=20_000_000)


class SharedBuckets(Protocol):
    async def wait_ms(self, limit: Limit, key: str, /, *, cost: float = 1) -> int | None:
        """Take from a bucket: 0, or how long to wait. None: it does not answer."""


class Bucket:
    """Tokens by who spends them, in this process."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._held: OrderedDict[Key, tuple[float, float]] = OrderedDict()  # → (tokens, when)

    def __len__(self) -> int:
        return len(self._held)

    def take(self, key: Key, cost: float) -> float:
        """0 when taken, else the seconds to wait."""
        now = time.monotonic()
        tokens, at = self._held.pop(key, (self._rate.burst, now))
        tokens = min(self._rate.burst, tokens + (now - at) * self._rate.per_s)
        is_enough = tokens >= cost
        self._held[key] = (tokens - cost if is_enough else tokens, now)
        if len(self._held) > SPENDERS_MAX:
            self._held.popitem(last=False)
        return 0.0 if is_enough else (cost - tokens) / self._rate.per_s

    def give_back(self, key: Key, cost: float) -> None:
        if held := self._held.get(key):
            self._held[key] = (min(self._rate.burst, held[0] + cost), held[1])


class Everywhere:
    """The buckets of all processes, in Valkey; left alone for a while when it does not answer."""

    def __init__(self, shared: SharedBuckets) -> None:
        self._shared = shared
        self._away_until = 0.0

    async def ask(self, limit: Limit, key: Key, cost: float) -> float | None:
        """0 when taken, else the seconds to wait; None while Valkey is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(ANSWER_S):
                wait_ms = await self._shared.wait_ms(limit, ":".join(map(str, key)), cost=cost)
        except TimeoutError:
            wait_ms = None
        if wait_ms is None:
            self._away_until = time.monotonic() + AWAY_S
            return None
        return wait_ms / 1000


class Allowance:
    """What each device, or each person, may spend."""

    def __init__(self, rate: Rate, *, name: str, everywhere: Everywhere | None) -> None:
        self._everywhere = everywhere
        self._lease = rate.burst * LEASE_SHARE
        self._own = Bucket(rate.times(OWN_SHARE) if everywhere else rate)
        self._alone = Bucket(rate)  # for the time that Valkey is away
        self._limit = Limit(name, count=round(rate.per_s * 60), per_s=60, burst=round(rate.burst))

    @property
    def spenders(self) -> int:
        """Of how many it keeps anything."""
        return max(len(self._own), len(self._alone))

    async def take(self, key: Key, cost: float) -> float:
        """0 when taken, else the seconds to wait."""
        wait_s = self._own.take(key, cost)
        if wait_s and self._everywhere is not None:
            return await self._take_shared(self._everywhere, key, cost)
        return wait_s

    def give_back(self, key: Key, cost: float) -> None:
        self._own.give_back(key, cost)

    async def _take_shared(self, everywhere: Everywhere, key: Key, cost: float) -> float:
        for part in (max(cost, self._lease), cost):
            wait_s = await everywhere.ask(self._limit, key, part)
            if wait_s is None:
                return self._alone.take(key, cost)
            if not wait_s:
                self._own.give_back(key, part - cost)
                return 0.0
        return wait_s or 0.0


class Budget:
    """What a device may spend, and all devices of a person together."""

    def __init__(self, rate: Rate, *, code: str, shared: SharedBuckets | None = None) -> None:
        """`rate` is a device's."""
        self._code = code
        everywhere = Everywhere(shared) if shared else None
        self._devices = Allowance(rate, name=code, everywhere=everywhere)
        self._persons = Allowance(rate.times(DEVICES_WORTH), name=code, everywhere=everywhere)

    @property
    def spenders(self) -> int:
        """Of how many devices and persons it keeps anything."""
        return self._devices.spenders + self._persons.spenders

    async def take(self, who: Who, cost: float = 1) -> None:
        """Raises ExchangeError 429 with the time to wait; nothing was taken then."""
        person = (who.person,)  # First: ids that somebody makes up leave nothing behind once the person is held back.
        wait_s, whose = await self._persons.take(person, cost), "all your devices together"
        if not wait_s:
            wait_s, whose = await self._devices.take(who, cost), "this device"
            if not wait_s:
                return
            self._persons.give_back(person, cost)
        raise ExchangeError(
            429, self._code, f"Too much at once of {whose}; go on in {wait_s:.1f} s.", retry_after_s=wait_s
        )

    def give_back(self, who: Who, cost: float = 1) -> None:
        """What was taken for an exchange that turned out to be worth it."""
        self._persons.give_back((who.person,), cost)
        self._devices.give_back(who, cost)
