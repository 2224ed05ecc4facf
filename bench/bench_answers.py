"""Fifty answers given offline: what the browser's phone sends when it is back, as bytes on the wire.

Method: the page's own engine (`bench/answers.ts`), its IndexedDB and its server replaced by those of its tests: which
bytes leave does not depend on them.
"""

from bench.figures import Figure, Servers
from bench.page_code import run_page_code

GOAL_BYTES = 700


async def measure(servers: Servers) -> list[Figure]:
    del servers
    sent = run_page_code("answers")
    if sent is None:
        return []
    return [
        Figure(
            "50 offline answers, up",
            sent["bytes"],
            "bytes",
            goal=f"≤ {GOAL_BYTES} bytes",
            holds=sent["bytes"] <= GOAL_BYTES,
        ),
        Figure("50 offline answers, round trips", sent["requests"], "", goal="1", holds=sent["requests"] == 1),
    ]
