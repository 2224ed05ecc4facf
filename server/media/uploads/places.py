"""What comes in at this process at this moment: how much of it at once, and who is asked to keep what it holds."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from server.media.uploads.errors import Busy
from server.media.uploads.policy import PARTS_A_PROCESS, PARTS_AT_ONCE

SILENT_S = 1.0
ENDS_S = 0.05  # In which a request whose link was cut comes to its end, …
KEEP_NOW_S = 2.0  # … and one that is asked to keeps what it holds.


class UnderWay:
    """One request that brings a part: may be asked to keep at once what it holds, and to end."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.asked = asyncio.Event()
        self.kept = asyncio.Event()
        self.moved_at = time.monotonic()  # when bytes came
        self.is_over = False


@dataclass
class Places:
    """What comes in here at this moment, and how much of it at once: buffers are what a process pays."""

    total: int = 0
    of_person: Counter[UUID] = field(default_factory=Counter)
    under_way: dict[UUID, set[UnderWay]] = field(default_factory=dict)

    @contextmanager
    def followed(self, upload_id: UUID, number: int) -> Iterator[UnderWay]:
        one = UnderWay(number)
        self.under_way.setdefault(upload_id, set()).add(one)
        try:
            yield one
        finally:
            self.under_way[upload_id].discard(one)
            if not self.under_way[upload_id]:
                del self.under_way[upload_id]
            one.kept.set()

    async def end_silent(self, upload_id: UUID, number: int) -> None:
        """Have requests of this part end that bring nothing any more: their sender begins another one.

        A link that is dead and does not say so would hold a place of its sender for half a minute.
        """
        before = time.monotonic() - SILENT_S
        silent = [one for one in self.under_way.get(upload_id, ()) if one.number == number and one.moved_at < before]
        for one in silent:
            one.is_over = True
            one.kept.clear()
            one.asked.set()
        await _until([one.kept for one in silent], KEEP_NOW_S)

    async def keep_now(self, upload_id: UUID) -> None:
        """Have what requests of this upload hold in memory kept: whoever asks where it stands goes on from there.

        A phone whose link was cut asks before the old request has ended, or while nobody knows that its link is dead.
        """
        if upload_id not in self.under_way:
            return
        await _until([one.kept for one in self.under_way[upload_id]], ENDS_S)
        asked = list(self.under_way.get(upload_id, ()))
        for one in asked:
            one.kept.clear()
            one.asked.set()
        await _until([one.kept for one in asked], KEEP_NOW_S)

    @contextmanager
    def taken(self, owner_id: UUID) -> Iterator[None]:
        """Raises Busy."""
        if self.total >= PARTS_A_PROCESS or self.of_person[owner_id] >= PARTS_AT_ONCE:
            raise Busy
        self.total += 1
        self.of_person[owner_id] += 1
        try:
            yield
        finally:
            self.total -= 1
            self.of_person[owner_id] -= 1
            if not self.of_person[owner_id]:
                del self.of_person[owner_id]


async def _until(events: list[asyncio.Event], seconds: float) -> None:
    """Until all are set, or the time is up."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    _, late = await asyncio.wait(waits, timeout=seconds) if waits else (None, ())
    for one in late:
        one.cancel()
