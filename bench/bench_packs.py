"""A film of 40 MB on a phone: time beside its bare hash, bytes over a cut link; and a first lesson over a thin link.

Method of the film: the page's own code (`bench/packs.ts`) under Node, its Cache Storage replaced by one in memory: what
is measured is what we add, not what a phone's flash costs. Method of the lesson: `first_lesson.py`.
"""

from bench import first_lesson
from bench.figures import Figure, Servers, at_most
from bench.page_code import run_page_code
from server.embedded.pwa_build import build


async def measure(servers: Servers) -> list[Figure]:
    told = run_page_code("packs")
    if told is None:
        return []
    build()  # The first lesson is read with the page as it is now.
    hashing = "SHA-256 of the same bytes by the same library"
    return [
        at_most("a film of 40 MB, kept", told["ours"], "ms", floor=told["floor"], floor_is=hashing, times=4),
        Figure(
            "bytes over a link cut 20 times",
            told["ratio"],
            "× its size",
            goal="≤ 1.05",
            holds=told["ratio"] <= 1.05,
        ),
        Figure("a kept film, until it plays", told["begin"], "ms", goal="≤ 50 ms", holds=told["begin"] <= 50),
        *await first_lesson.measure(servers),
    ]
