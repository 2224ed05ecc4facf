"""What a simulated phone writes: wishes on its disk, and the requests that carry them."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec

from sync.testing.sim_rows import Pair


@dataclass(eq=False)
class Entry:
    """One wish in the outbox or the journal. `n` and `raw` are given together, when it is first put into a request."""

    identity: UUID
    token: str  # What the oracle calls it
    body: dict[str, Any]  # The op without its number
    group: tuple[str, int] | None = None
    broken: bool = False  # Its bytes are no op that can be read.
    n: int = 0
    raw: bytes = b""
    outcome: str | None = None  # Of its receipt
    heard_after: int = 0  # How many cuts had settled anything when the receipt was stored.
    again: bool = False

    def frozen(self, n: int) -> "Entry":
        body = {"n": n, "schema": 1, **self.body, **({"group": self.group} if self.group else {})}
        raw = msgspec.json.encode({**body, "again": True} if self.again else body)
        if self.broken:
            raw = raw[:-1] + b',"text":"\\ud800"}'
        return replace(self, n=n, raw=raw)


@dataclass(eq=False)
class Request:
    """One exchange or comparison under way: a number that fences its answer, and the bytes."""

    number: int
    device_id: UUID
    cursor: str | None
    body: bytes
    names: tuple[str, ...] | None = None  # `want.buckets` as the exchange had it, or as its cursor carries it
    compares: Pair | None = None
    fetches: tuple[Pair, str] | None = None  # The chunk of a set: `body` is its path.
    asked_lists: tuple[Pair, ...] = ()

    @property
    def kind(self) -> str:
        return "files fetched" if self.fetches else "comparisons" if self.compares else "exchanges"
