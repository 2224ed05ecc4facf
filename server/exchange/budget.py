"""How often one device may ask, and how much it may send: sync's own budget, shared by all processes.

It holds back a phone that has gone wrong, not a person: an exchange that brings ops, or goes on where a page ended,
costs nothing, and what is left over saves up to a burst.

Each process lets a device spend a tenth by itself; who spends more costs a question to Valkey, where all processes take
from one bucket by one atomic script, some at a time. While Valkey is away each process keeps the whole budget alone.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from server.base.limits import Limit
from sync.errors import ExchangeError

DEVICES_MAX = 20_000  # the least recently seen are forgotten: they start with a full burst again
OWN_SHARE = 0.1
LEASE_SHARE = 0.05  # of a burst, taken at once: not every exchange asks
ANSWER_S = 0.2  # Valkey is near; who waits longer waits for nothing.
AWAY_S = 5.0  # So long nobody asks it again.


@dataclass(frozen=True)
class Rate:
    per_s: float
    burst: float


EXCHANGES = Rate(per_s=20, burst=600)
BYTES_UP = Rate(per_s=5_000_000 / 60, burst=20_000_000)


class SharedBuckets(Protocol):
    async def wait_ms(self, limit: Limit, key: str, /, *, cost: float = 1) -> int | None:
        """Take from a bucket: 0, or how long to wait. None: it does not answer."""


class Bucket:
    """Tokens by device, in this process."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._held: OrderedDict[UUID, tuple[float, float]] = OrderedDict()  # device → (tokens, when)

    def take(self, device_id: UUID, cost: float) -> float:
        """0 when taken, else the seconds to wait."""
        now = time.monotonic()
        tokens, at = self._held.pop(device_id, (self._rate.burst, now))
        tokens = min(self._rate.burst, tokens + (now - at) * self._rate.per_s)
        is_enough = tokens >= cost
        self._held[device_id] = (tokens - cost if is_enough else tokens, now)
        if len(self._held) > DEVICES_MAX:
            self._held.popitem(last=False)
        return 0.0 if is_enough else (cost - tokens) / self._rate.per_s

    def give_back(self, device_id: UUID, cost: float) -> None:
        if held := self._held.get(device_id):
            self._held[device_id] = (min(self._rate.burst, held[0] + cost), held[1])


class Budget:
    def __init__(self, rate: Rate, *, code: str, shared: SharedBuckets | None = None) -> None:
        self._code = code
        self._shared = shared
        self._lease = rate.burst * LEASE_SHARE
        self._own = Bucket(Rate(rate.per_s * OWN_SHARE, rate.burst * OWN_SHARE) if shared else rate)
        self._alone = Bucket(rate)  # for the time that Valkey is away
        self._limit = Limit(code, count=round(rate.per_s * 60), per_s=60, burst=round(rate.burst))
        self._away_until = 0.0

    async def take(self, device_id: UUID, cost: float = 1) -> None:
        """Raises ExchangeError 429 with the time to wait."""
        wait_s = self._own.take(device_id, cost)
        if wait_s and self._shared is not None:
            wait_s = await self._take_shared(self._shared, device_id, cost)
        if wait_s:
            raise ExchangeError(429, self._code, f"Too much at once; go on in {wait_s:.1f} s.", retry_after_s=wait_s)

    def give_back(self, device_id: UUID, cost: float = 1) -> None:
        """What was taken for an exchange that turned out to be worth it."""
        self._own.give_back(device_id, cost)

    async def _take_shared(self, shared: SharedBuckets, device_id: UUID, cost: float) -> float:
        for part in (max(cost, self._lease), cost):
            wait_s = await self._ask(shared, device_id, part)
            if wait_s is None:
                return self._alone.take(device_id, cost)
            if not wait_s:
                self._own.give_back(device_id, part - cost)
                return 0.0
        return wait_s or 0.0

    async def _ask(self, shared: SharedBuckets, device_id: UUID, cost: float) -> float | None:
        """0 when taken, else the seconds to wait; None while Valkey is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(ANSWER_S):
                wait_ms = await shared.wait_ms(self._limit, str(device_id), cost=cost)
        except TimeoutError:
            wait_ms = None
        if wait_ms is None:
            self._away_until = time.monotonic() + AWAY_S
            return None
        return wait_ms / 1000
