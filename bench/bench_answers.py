"""Fifty answers given offline: what the browser's phone sends when it is back, as bytes on the wire.

Method: the page's own engine (`bench/answers.ts`), its IndexedDB and its server replaced by those of its tests: which
bytes leave does not depend on them.
"""

import json
import subprocess
import tempfile
from pathlib import Path

from bench.figures import Figure, Servers
from server.embedded.pwa_build import PWA, BuildFailed, install_packages, node_and_npm

HERE = Path(__file__).parent
GOAL_BYTES = 700


async def measure(servers: Servers) -> list[Figure]:
    del servers
    try:
        node, _ = node_and_npm()
        install_packages(PWA)
    except BuildFailed as problem:
        print(f"  the page's packages are not here, nothing measured: {problem}")
        return []
    with tempfile.TemporaryDirectory() as folder:
        _run([str(node), str(HERE / "bundle.mjs"), str(PWA), str(HERE / "answers.ts"), folder])
        sent = json.loads(_run([str(node), str(Path(folder) / "answers.js")]))
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


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
