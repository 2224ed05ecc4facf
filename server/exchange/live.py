"""Hints: "something of yours has moved", to whoever listens. Nothing depends on them; the next poll brings it anyway.

sync_batch ──poll──► Hub ──► each listener whose buckets were touched, a little apart from the others
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from sync.cursor import BUCKETS_MAX
from sync.errors import ExchangeError, Outage
from sync.postgres.pull_store import PostgresPullStore
from sync.pull import Asked

POLL_S = 0.25
HEARTBEAT_S = 25.0  # keeps proxies from closing a quiet line
SPREAD_S_EACH = 0.002  # so much more time for each listener to be told, …
SPREAD_S_MAX = 10.0  # … but no more than this: a class of 10,000 comes as a slope, not as a wall
LISTENERS_MAX = 10_000
LISTENERS_EACH_MAX = 60  # of one person: a line a device (SPEC D3), and some whose end was not noticed yet
BATCHES_MAX = 1_000
RESCOPE_S = 5.0  # at most so often is everybody's scope read again
LIFE_S = 3_600.0  # then the phone opens it anew, and is asked who it is again

AGAIN_MS = (500, 8_000)  # when those who were sent away come back

MOVED = b'data: {"moved":true}\n\n'
ALIVE = b": alive\n\n"

log = structlog.get_logger()

_BATCHES = """
select position, buckets, scope_changes from sync_batch where position > %s order by position limit %s
"""


@dataclass(eq=False)
class Listener:
    user_id: UUID
    names: tuple[str, ...]  # buckets on demand
    buckets: frozenset[int] = frozenset()
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    is_sent_away: bool = False


class Hub:
    def __init__(self, store: PostgresPullStore) -> None:
        self._store = store
        self._listeners: set[Listener] = set()
        self._of_user: Counter[UUID] = Counter()
        self._wake = asyncio.Event()
        self._has_new_scope = False
        self._rescoped_at = 0.0

    async def listen(self, user_id: UUID, names: tuple[str, ...]) -> AsyncIterator[bytes]:
        """Server-sent events until the caller hangs up.

        Raises ExchangeError: 503 when too many listen, 429 when too many of them are the caller's.
        """
        if self._of_user[user_id] >= LISTENERS_EACH_MAX:
            raise ExchangeError(
                429,
                "sync.at_once",
                f"Of one person {LISTENERS_EACH_MAX} listen at most; poll instead.",
                retry_after_s=random.uniform(30, 90),  # noqa: S311 - spreads callers, keeps no secret
            )
        if len(self._listeners) >= LISTENERS_MAX:
            raise ExchangeError(
                503,
                "live.full",
                "Too many listen here; poll instead.",
                retry_after_s=random.uniform(30, 90),  # noqa: S311 - spreads callers, keeps no secret
            )
        listener = Listener(user_id, names[:BUCKETS_MAX])
        await self._scope(listener)
        return self._events(listener)

    async def _events(self, listener: Listener) -> AsyncIterator[bytes]:
        ends_at = asyncio.get_running_loop().time() + LIFE_S
        self._listeners.add(listener)
        self._of_user[listener.user_id] += 1
        self._wake.set()
        try:
            yield ALIVE
            while asyncio.get_running_loop().time() < ends_at:
                try:
                    await asyncio.wait_for(listener.moved.wait(), HEARTBEAT_S)
                except TimeoutError:
                    yield ALIVE
                    continue
                if listener.is_sent_away:
                    yield b"retry: %d\n\n" % random.randint(*AGAIN_MS)  # noqa: S311 - spreads callers, keeps no secret
                    return
                listener.moved.clear()
                yield MOVED
        finally:
            self._listeners.discard(listener)
            self._of_user[listener.user_id] -= 1
            if not self._of_user[listener.user_id]:
                del self._of_user[listener.user_id]

    def end(self) -> None:
        """Send everybody away, to come back one after the other: this process stops."""
        for listener in self._listeners:
            listener.is_sent_away = True
            listener.moved.set()

    async def run(self) -> None:
        """Watch the head while anybody listens."""
        position: int | None = None
        while True:
            if not self._listeners:
                self._wake.clear()
                position = None
                await self._wake.wait()
            try:
                position = await self._look(position)
                if self._has_new_scope and asyncio.get_running_loop().time() - self._rescoped_at > RESCOPE_S:
                    await self._rescope()
            except (Outage, OSError) as error:
                log.info("live.away", error=repr(error))
            await asyncio.sleep(POLL_S)

    async def _look(self, position: int | None) -> int:
        async with self._store.connection() as connection:
            if position is None:
                row = await (await connection.execute("select max(position) from sync_batch")).fetchone()
                return int(row[0]) if row else 0
            batches = await (await connection.execute(_BATCHES, [position, BATCHES_MAX])).fetchall()
        if not batches:
            return position
        touched: set[int] = set().union(*(buckets or () for _, buckets, _ in batches))
        is_everyone = any(buckets is None for _, buckets, _ in batches)
        self._has_new_scope |= any(scope_changes for _, _, scope_changes in batches)
        self._tell([who for who in self._listeners if is_everyone or not touched.isdisjoint(who.buckets)])
        return int(batches[-1][0])

    async def _rescope(self) -> None:
        self._has_new_scope = False
        self._rescoped_at = asyncio.get_running_loop().time()
        for listener in list(self._listeners):
            before = listener.buckets
            await self._scope(listener)
            if listener.buckets != before:
                listener.moved.set()

    async def _scope(self, listener: Listener) -> None:
        asked = Asked(user_id=listener.user_id, device_id=listener.user_id, cursor=None, names=listener.names)
        look = await self._store.look(asked)
        listener.buckets = frozenset(bucket.number for bucket in look.granted)

    def _tell(self, listeners: list[Listener]) -> None:
        spread_s = min(SPREAD_S_MAX, SPREAD_S_EACH * len(listeners))
        loop = asyncio.get_running_loop()
        for listener in listeners:
            loop.call_later(random.uniform(0, spread_s), listener.moved.set)  # noqa: S311 - spreads callers, keeps no secret
