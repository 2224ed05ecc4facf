"""Where a page is read: from a standby that has replayed far enough, else from the primary.

    primary: who is asking, and the newest batch (position, tag) ──► the standby holds that very batch? ─► read there
                                                                     not yet: a moment's patience ─► not yet: primary
    the page itself: is its head that batch, or a later one of the same log? ─► no: primary

Several standbys may stand behind one address, each connection at another one: what one of them holds says nothing of
the page that comes from the next. So a page from a standby is never older than one from the primary would have been
when the request came, and what a phone pushed is in it. Only the primary says that a phone is off the chain: a standby
that says so is not believed.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from sync.errors import Outage
from sync.postgres.pull_store import PostgresPullStore
from sync.pull import Again, Asked, Look, Page, Silent, Snapshot, pull

PATIENCE_S = 0.25
POLL_S = 0.005
AWAY_S = 2.0  # So long a standby that did not answer is left alone.

log = structlog.get_logger()

Batch = tuple[int, bytes]  # position and tag


class Reader(Protocol):
    """What `pull` reads from."""

    async def look(self, asked: Asked) -> Look: ...

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]: ...


class Reading:
    """The primary, and a standby if there is one."""

    def __init__(
        self,
        primary: PostgresPullStore,
        standby: PostgresPullStore | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.primary = primary
        self.standby = standby
        self.served = {"primary": 0, "standby": 0}
        self._clock = clock
        self._away_until = 0.0
        self._reached: Batch | None = None

    async def pull(self, asked: Asked) -> Page | Again | Silent:
        """One page, at least as new as the primary's newest batch of now. Raises Outage."""
        if self.standby is not None and self._clock() >= self._away_until:
            newest = await self.primary.newest_batch()
            page = await self._pull_from(self.standby, asked, newest)
            if page is not None and await self._is_new(page.look, newest):
                self.served["standby"] += 1
                return page
        self.served["primary"] += 1
        return await pull(self.primary, asked)

    async def _pull_from(self, standby: PostgresPullStore, asked: Asked, newest: Batch) -> Page | Again | Silent | None:
        try:
            if not await self._reaches(standby, newest):
                return None
            page = await pull(standby, asked)
        except Outage as error:
            self._leave_alone(error)
            return None
        if isinstance(page, Again) or (isinstance(page, Page) and (page.is_off_chain or page.start.is_outdated)):
            return None
        return page

    async def _is_new(self, look: Look, newest: Batch) -> bool:
        """Whether what was read holds this batch and is of the primary's own log. Raises Outage of the primary."""
        if look.head < newest[0]:
            self._reached = None
            return False
        tag = newest[1] if look.head == newest[0] else await self.primary.tag_at(look.head)
        if tag != look.tag:
            self._leave_alone(Outage(f"the standby holds another log: tag {look.tag.hex()[:8]} at {look.head}"))
        return tag == look.tag

    def _leave_alone(self, error: Outage) -> None:
        log.warning("standby.away", error=repr(error))
        self._away_until = self._clock() + AWAY_S
        self._reached = None

    async def _reaches(self, standby: PostgresPullStore, newest: Batch) -> bool:
        """Whether it has replayed this batch: the same tag at the same position, hence the same log up to there."""
        if self._reached == newest:
            return True
        ends_at = self._clock() + PATIENCE_S
        while True:
            tag = await standby.tag_at(newest[0])
            if tag is not None:
                if tag != newest[1]:
                    raise Outage(f"the standby holds another log: tag {tag.hex()[:8]} at {newest[0]}")
                self._reached = newest
                return True
            if self._clock() >= ends_at:
                return False
            await asyncio.sleep(POLL_S)
