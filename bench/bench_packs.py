"""A film of 40 MB on a phone: time beside its bare hash, bytes over a cut link; and a first lesson over a thin link.

Method of the film: the page's own code (`bench/packs.ts`) under Node, its Cache Storage replaced by one in memory: what
is measured is what we add, not what a phone's flash costs. Method of the lesson: `first_lesson.py`.
"""

import json
import subprocess
import tempfile
from pathlib import Path

from bench import first_lesson
from bench.figures import Figure, Servers, at_most
from server.embedded.pwa_build import PWA, BuildFailed, build, install_packages, node_and_npm

HERE = Path(__file__).parent


async def measure(servers: Servers) -> list[Figure]:
    try:
        node, _ = node_and_npm()
        install_packages(PWA)
        build()
    except BuildFailed as problem:
        print(f"  the page's packages are not here, nothing measured: {problem}")
        return []
    with tempfile.TemporaryDirectory() as folder:
        _run([str(node), str(HERE / "bundle.mjs"), str(PWA), str(HERE / "packs.ts"), folder])
        told = json.loads(_run([str(node), str(Path(folder) / "packs.js")]))
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


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
