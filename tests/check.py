"""`python3 run.py check`: what a program can check without running the product. Every check runs; all must pass."""

import subprocess
import sys
import time

from server.embedded.installation import ROOT
from server.embedded.pwa_build import PWA, BuildFailed, install_packages, npm

CHECKS = (
    ("ruff", ("-m", "ruff", "check", "--quiet", "--output-format=concise", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", "--output-format=concise", ".")),
    ("imports", ("-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache")),
    ("mypy", ("-m", "mypy", "server", "sync")),
)


def main() -> int:
    failed = [name for name, arguments in CHECKS if not _passes(name, arguments)]
    if (PWA / "package.json").exists() and not _page_passes():
        failed.append("page")
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
