"""`.venv/bin/python -m tests.browsers firefox webkit`: both stories in other browsers than Chromium, told step by step.

No part of `run.py test`: these browsers are in no wheel. docs/howto/other-browsers.md says how to get them.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import uuid4

from tests.browsers import educator, strange, student
from tests.browsers.engines import Engine, NotInstalled, Opened, firefox, webkit
from tests.browsers.line import line_to
from tests.browsers.page import Page
from tests.browsers.walk import Scene, Step, Told, walk
from tests.support import material
from tests.support.installation import Installation, installed
from tests.support.packages import quiz_and_spy, zipped

SECONDS = 40
PRIVATE_FIREFOX = partial(firefox, browser__privatebrowsing__autostart=True)
CLOSED_FIREFOX = partial(firefox, network__cookie__cookieBehavior=2)
WALKS: dict[str, dict[str, tuple[Engine, tuple[Step, ...]]]] = {
    "firefox": {
        "educator": (firefox, educator.STORY),
        "student": (firefox, student.STORY),
        "private window": (PRIVATE_FIREFOX, strange.PRIVATE),
        "keeps nothing": (CLOSED_FIREFOX, strange.CLOSED),
    },
    "webkit": {
        "educator": (webkit, educator.STORY),
        "student": (webkit, student.STORY),
        "private window": (partial(webkit, is_private=True), strange.PRIVATE),
    },
}


class Browser:
    """One that can be closed and opened again, on the same folder."""

    def __init__(self, engine: Engine, folder: Path, url: str) -> None:
        self._engine, self._folder, self._url = engine, folder, url
        self._stack = ExitStack()
        self.version = ""

    def open(self) -> Page:
        self.close()
        found: Opened = self._stack.enter_context(self._engine(self._folder, self._url))
        self.version = found.version
        return found.page

    def close(self) -> None:
        self._stack.close()


def walk_in(name: str, story: str, installation: Installation, folder: Path) -> tuple[str, list[Told]]:
    """One person's story in one browser; its version, and what was found."""
    engine, steps = WALKS[name][story]
    with line_to(installation.url) as line:
        browser = Browser(engine, folder / name / story, line.url)
        try:
            scene = Scene(name, browser.open(), line, installation, folder, browser.open)
            return browser.version, walk(scene, steps)
        finally:
            browser.close()


def lay(folder: Path) -> None:
    """What the educator has on the phone."""
    film = material.small_film(folder, seconds=SECONDS)
    with film.open("ab") as more:
        more.write((24).to_bytes(4, "big") + b"free" + uuid4().bytes)  # Another one each time: a known one is not sent.
    material.photographed_page(folder)
    (folder / "fire.zip").write_bytes(zipped(quiz_and_spy()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", default=list(WALKS), help=f"of {', '.join(WALKS)}")
    parser.add_argument("--story", help="this one alone")
    parser.add_argument("--folder", type=Path, help="kept afterwards: the school, profiles, logs, pictures of failures")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-browsers-")))
        folder.mkdir(parents=True, exist_ok=True)
        lay(folder)
        installation = stack.enter_context(installed(folder))
        told = {}
        for name in options.engines:
            for story in WALKS[name] if options.story is None else [options.story]:
                try:
                    version, steps = walk_in(name, story, installation, folder)
                except NotInstalled as missing:
                    print(f"{name}: not installed: {missing}", file=sys.stderr)
                    return 2
                told[f"{name} {version}, {story}"] = steps
    for title, steps in told.items():
        failed = [one.name for one in steps if one.outcome != "works"]
        print(f"{title}: {len(steps) - len(failed)} of {len(steps)} steps work", *failed, sep="; not: ")
    return 1 if any(one.outcome != "works" for steps in told.values() for one in steps) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
