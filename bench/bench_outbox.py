"""One wish more where ten thousand wait: what the page is sent for it, and how long it is until it shows.

Method: the page's own engine (`bench/outbox.ts`) over its tests' IndexedDB, both halves in one thread.
"""

from bench.figures import Figure, Servers
from bench.page_code import run_page_code

GOAL_BYTES = 2_000


async def measure(servers: Servers) -> list[Figure]:
    del servers
    found = run_page_code("outbox")
    if found is None:
        return []
    return [
        Figure(
            "one wish more beside 10,000 queued ones, from the worker to the page",
            found["bytes"],
            "bytes",
            goal=f"≤ {GOAL_BYTES} bytes",
            holds=found["bytes"] <= GOAL_BYTES,
        ),
        Figure("one wish more beside 10,000, kept and shown", found["ms"], "ms"),
    ]
