"""Figures of the page's own code, run under Node: a script of this folder, bundled with the page's source."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from server.embedded.pwa_build import PWA, BuildFailed, install_packages, node_and_npm

HERE = Path(__file__).parent


def run_page_code(script: str) -> dict[str, Any] | None:
    """What `{script}.ts` prints as JSON; None, and said, where the page's packages are not to be had."""
    try:
        node, _ = node_and_npm()
        install_packages(PWA)
    except BuildFailed as problem:
        print(f"  the page's packages are not here, nothing measured: {problem}")
        return None
    with tempfile.TemporaryDirectory() as folder:
        _run([str(node), str(HERE / "bundle.mjs"), str(PWA), str(HERE / f"{script}.ts"), folder])
        found: dict[str, Any] = json.loads(_run([str(node), str(Path(folder) / f"{script}.js")]))
    return found


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
