"""`python3 run.py test`: every test. Without a Chromium for the browser tests it says so, and does not pass."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.embedded.doctor import find_browser

WITHOUT = "--no-browser"
NO_BROWSER = (
    "No Chromium was found for the browser tests. Install it (Debian, Ubuntu: sudo apt-get install chromium), "
    f"or set CHROME_PATH to one, or leave the browser tests out: python3 run.py test {WITHOUT}"
)


def main(arguments: list[str]) -> int:
    if WITHOUT in arguments:
        rest = [argument for argument in arguments if argument != WITHOUT]
        code = pytest.main(["-m", "not browser", *rest])
        print(
            f"\n*** {WITHOUT}: NO BROWSER TEST WAS RUN. The page itself is untested in this run. ***", file=sys.stderr
        )
        return int(code)
    browser = find_browser(os.environ) or _install_browser()
    if browser is None:
        print(NO_BROWSER, file=sys.stderr)
        return 2
    os.environ["CHROME_PATH"] = browser
    return int(pytest.main(arguments))


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
