"""One wish more where ten thousand wait: what the page is sent for it, and how long it is until it shows.

Method: the page's own engine (`bench/outbox.ts`) over its tests' IndexedDB, both halves in one thread.
"""

import json
import subprocess
import tempfile
from pathlib import Path

from bench.figures import Figure, Servers
from server.embedded.pwa_build import PWA, BuildFailed, install_packages, node_and_npm

HERE = Path(__file__).parent
GOAL_BYTES = 2_000


async def measure(servers: Servers) -> list[Figure]:
    del servers
    try:
        node, _ = node_and_npm()
        install_packages(PWA)
    except BuildFailed as problem:
        print(f"  the page's packages are not here, nothing measured: {problem}")
        return []
    with tempfile.TemporaryDirectory() as folder:
        _run([str(node), str(HERE / "bundle.mjs"), str(PWA), str(HERE / "outbox.ts"), folder])
        found = json.loads(_run([str(node), str(Path(folder) / "outbox.js")]))
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


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
