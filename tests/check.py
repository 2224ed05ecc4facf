"""`python3 run.py check`: what a program can check without running the product. Every check runs; all must pass."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from server.embedded.installation import ROOT
from server.embedded.pwa_build import PWA, BuildFailed, install_packages, npm

CHECKS = (
    ("mypy", ("-m", "mypy", "server", "sync", "bench")),  # The longest first: it takes one core for itself.
    ("ruff", ("-m", "ruff", "check", "--quiet", "--output-format=concise", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", "--output-format=concise", ".")),
    ("imports", ("-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache")),
)


def main() -> int:
    with ThreadPoolExecutor(max_workers=min(len(CHECKS), os.cpu_count() or 1)) as side_by_side:
        passing = [(name, side_by_side.submit(_passes, name, arguments)) for name, arguments in CHECKS]
        if (PWA / "package.json").exists():
            passing.append(("page", side_by_side.submit(_page_passes)))
        failed = [name for name, passes in passing if not passes.result()]
    print(f"check: {'all passed' if not failed else 'failed: ' + ', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _passes(name: str, arguments: tuple[str, ...]) -> bool:
    begun = time.monotonic()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    _tell(name, begun, passed=done.returncode == 0)
    if done.returncode != 0:
        print(done.stdout + done.stderr)
    return done.returncode == 0


def _page_passes() -> bool:
    begun = time.monotonic()
    try:
        install_packages(PWA)
        npm(PWA, "run", "check")
    except BuildFailed as problem:
        print(problem, file=sys.stderr)
        _tell("page", begun, passed=False)
        return False
    _tell("page", begun, passed=True)
    return True


def _tell(name: str, begun: float, *, passed: bool) -> None:
    print(f"check: {name:<12} {'ok' if passed else 'FAILED'}  {time.monotonic() - begun:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
