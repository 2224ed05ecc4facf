"""`python3 run.py test`: every test. Without a Chromium for the browser tests it says so, and does not pass.

`--fast` is `python3 run.py test-fast`. A run of everything uses all cores: a file of tests is run by one process, each
process has servers of its own; two to a core, because half the time of a story is waiting. Where paths are named, or
`-n`, pytest's own way stands.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.embedded.doctor import find_browser

FAST = "--fast"
QUICK = "not slow and not browser"
WITHOUT = "--no-browser"
PROCESSES_MAX = 4  # Each has a PostgreSQL, a Valkey and an S3, and perhaps a whole installation and a browser:
PROCESS_BYTES = 1_500_000_000
NO_BROWSER = (
    "No Chromium was found for the browser tests. Install it (Debian, Ubuntu: sudo apt-get install chromium), "
    f"or set CHROME_PATH to one, or leave the browser tests out: python3 run.py test {WITHOUT}"
)


def main(arguments: list[str]) -> int:
    if FAST in arguments:
        rest = [argument for argument in arguments if argument != FAST]
        return int(pytest.main(["-m", QUICK, *on_all_cores(rest, to_a_core=1), *rest]))
    if WITHOUT in arguments:
        rest = [argument for argument in arguments if argument != WITHOUT]
        code = pytest.main(["-m", "not browser", *on_all_cores(rest), *rest])
        print(
            f"\n*** {WITHOUT}: NO BROWSER TEST WAS RUN. The page itself is untested in this run. ***", file=sys.stderr
        )
        return int(code)
    browser = find_browser(os.environ) or _install_browser()
    if browser is None:
        print(NO_BROWSER, file=sys.stderr)
        return 2
    os.environ["CHROME_PATH"] = browser
    return int(pytest.main([*on_all_cores(arguments), *arguments]))


def on_all_cores(arguments: list[str], *, to_a_core: int = 2) -> list[str]:
    """The flags for it; none where a part is asked for, which one process has sooner."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    processes = min(PROCESSES_MAX, to_a_core * (os.cpu_count() or 1), memory // PROCESS_BYTES)
    is_part = any(Path(argument.partition("::")[0]).exists() for argument in arguments)
    is_said = any(argument.startswith(("-n", "--numprocesses", "--pdb", "-s")) for argument in arguments)
    if processes <= 1 or is_part or is_said:
        return []
    return ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]


def _install_browser() -> str | None:
    """As root on Debian, install Debian's own Chromium; nowhere else is a person's machine changed."""
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None or not Path("/etc/debian_version").exists():
        return None
    print("No Chromium was found; installing Debian's.", file=sys.stderr)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ([apt, "-qq", "update"], [apt, "-qq", "install", "-y", "--no-install-recommends", "chromium"]):
        if subprocess.run(command, env=env, stdout=sys.stderr, check=False).returncode != 0:
            return None
    return find_browser(os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
