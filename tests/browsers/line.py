"""The link of a phone that is driven by a program which waits: the bad link of all tests, on a loop of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tests.support.proxy import FAIR, Fate, Proxy, proxy_to

T = TypeVar("T")


class Line:
    """Dead or alive: a phone without a network finds nobody at its address."""

    def __init__(self, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        self.proxy = proxy
        self._loop = loop

    @property
    def url(self) -> str:
        return self.proxy.url

    def is_dead(self) -> None:
        self._become(Fate(up_max=0))

    def is_slow(self, *, up: int) -> None:
        """So many bytes a second on the way up."""
        self._become(Fate(up_bytes_a_s=up, piece=4_096))

    def is_alive(self) -> None:
        self._become(FAIR)

    def _become(self, fate: Fate) -> None:
        """For connections from now on; those of before end."""
        self.proxy.fate_of = lambda _: fate
        self._do(self.proxy.close())

    def _do(self, coroutine: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)


@contextmanager
def line_to(url: str) -> Iterator[Line]:
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    over = asyncio.Event()
    made: list[Proxy] = []

    async def serve() -> None:
        async with proxy_to(url) as proxy:
            made.append(proxy)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait()
    try:
        yield Line(made[0], loop)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
