"""How often one device may ask, and how much it may send: sync's own budget, kept in the process.

It holds back a phone that has gone wrong, not a person: an exchange that brings ops, or goes on where a page ended,
costs nothing, and what is left over saves up to a burst.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from sync.errors import ExchangeError

DEVICES_MAX = 20_000  # the least recently seen are forgotten: they start with a full burst again


@dataclass(frozen=True)
class Rate:
    per_s: float
    burst: float


EXCHANGES = Rate(per_s=20, burst=600)
BYTES_UP = Rate(per_s=5_000_000 / 60, burst=20_000_000)


class Budget:
    def __init__(self, rate: Rate, *, code: str) -> None:
        self._rate = rate
        self._code = code
        self._held: OrderedDict[UUID, tuple[float, float]] = OrderedDict()  # device → (tokens, when)

    def take(self, device_id: UUID, cost: float = 1) -> None:
        """Raises ExchangeError 429 with the time to wait."""
        now = time.monotonic()
        tokens, at = self._held.pop(device_id, (self._rate.burst, now))
        tokens = min(self._rate.burst, tokens + (now - at) * self._rate.per_s)
        is_enough = tokens >= cost
        self._held[device_id] = (tokens - cost if is_enough else tokens, now)
        if len(self._held) > DEVICES_MAX:
            self._held.popitem(last=False)
        if not is_enough:
            wait_s = (cost - tokens) / self._rate.per_s
            raise ExchangeError(429, self._code, f"Too much at once; go on in {wait_s:.1f} s.", retry_after_s=wait_s)

    def give_back(self, device_id: UUID, cost: float = 1) -> None:
        """What was taken for an exchange that turned out to be worth it."""
        if held := self._held.get(device_id):
            self._held[device_id] = (min(self._rate.burst, held[0] + cost), held[1])
