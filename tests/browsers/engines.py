"""The browsers of the walk, each with a folder of its own. What is not installed is named, and nothing is fetched."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from server.embedded.ports import free_ports
from tests.browsers.driver import HttpSession, MarionetteSession, Session
from tests.browsers.page import Page

START_S = 120
WIDTH, HEIGHT = 480, 800
WINDOW = Path(__file__).with_name("webkit_window.py")
SYSTEM_PYTHON = "/usr/bin/python3"  # The one that Debian packages bring bindings for.
Setting = bool | int | str
FIREFOX_SETTINGS: dict[str, Setting] = {
    "marionette.port": 0,  # It chooses one, and writes it into its folder.
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "intl.accept_languages": "en",
    "media.autoplay.default": 0,
    "dom.file.createInChild": True,
    "devtools.console.stdout.content": True,  # What the page complains of stands in the log.
}
WEBKIT_ENV = {
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "LC_ALL": "C.UTF-8",
    "GST_PLUGIN_FEATURE_RANK": "fakeaudiosink:MAX",  # A machine without a loudspeaker plays, too.
}


S = TypeVar("S", bound=Session)


class NotInstalled(Exception):
    """Which program is missing, and what brings it."""


@dataclass
class Opened:
    page: Page
    version: str


Engine = Callable[[Path, str], AbstractContextManager[Opened]]


def program(*names: str, package: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise NotInstalled(f"{names[0]} (Debian: apt-get install {package})")
    return found


@contextmanager
def firefox(folder: Path, url: str, **more: Setting) -> Iterator[Opened]:
    """Its profile lies in the folder: it is the same phone each time. `more` are settings, `__` for a point."""
    binary = program("firefox-esr", "firefox", package="firefox-esr")
    profile = folder / "firefox"
    profile.mkdir(parents=True, exist_ok=True)
    settings = {**FIREFOX_SETTINGS, **{name.replace("__", "."): value for name, value in more.items()}}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings.items()]
    (profile / "user.js").write_text("".join(lines))
    port_file = profile / "MarionetteActivePort"
    port_file.unlink(missing_ok=True)
    size = ["--width", str(WIDTH), "--height", str(HEIGHT)]
    command = [binary, "--headless", "--marionette", "--no-remote", "--profile", str(profile), *size, "about:blank"]
    with (folder / "firefox.log").open("a") as log, running(command, log, {"MOZ_HEADLESS": "1"}):
        session = until_it_listens(lambda: MarionetteSession(int(port_file.read_text())))
        yield from opened(session, session.version, url)


@contextmanager
def webkit(folder: Path, url: str, *, is_private: bool = False) -> Iterator[Opened]:
    """WebKitGTK, in a window of ours that keeps its data in the folder; a private one forgets them."""
    driver = program("WebKitWebDriver", package="webkit2gtk-driver")
    data, port = folder / "webkit", free_ports(1)[0]
    data.mkdir(parents=True, exist_ok=True)
    arguments = [str(WINDOW), "" if is_private else str(data), str(WIDTH), str(HEIGHT)]
    made = {"webkitgtk:browserOptions": {"binary": SYSTEM_PYTHON, "args": arguments}}
    with (folder / "webkit.log").open("a") as log, display(log) as screen:
        command = [driver, f"--port={port}", "--host=127.0.0.1"]
        with running(command, log, {**WEBKIT_ENV, "DISPLAY": screen}):
            session = until_it_listens(lambda: HttpSession(f"http://127.0.0.1:{port}", made))
            yield from opened(session, session.version, url)


def opened(session: Session, version: str, url: str) -> Iterator[Opened]:
    try:
        yield Opened(Page(session, url), version)
    finally:
        with suppress(Exception):  # It may be gone, or hang: it is ended below all the same.
            session.close()


@contextmanager
def display(log: IO[str]) -> Iterator[str]:
    """A screen that nobody sees, where there is none."""
    if known := os.environ.get("DISPLAY"):
        yield known
        return
    reads, writes = os.pipe()
    command = [
        program("Xvfb", package="xvfb"),
        *("-displayfd", str(writes), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"),
    ]
    with running(command, log, {}, keep=writes), os.fdopen(reads) as said:
        os.close(writes)
        yield f":{said.readline().strip()}"


@contextmanager
def running(command: list[str], log: IO[str], more: dict[str, str], *, keep: int | None = None) -> Iterator[None]:
    """A program for the length of the block, and nothing of it afterwards."""
    process = subprocess.Popen(
        command,
        stdout=log,
        stderr=log,
        env={**os.environ, **more},
        pass_fds=() if keep is None else (keep,),
        start_new_session=True,
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait(20)


def until_it_listens(connect: Callable[[], S]) -> S:
    deadline = time.monotonic() + START_S
    while True:
        try:
            return connect()
        except (OSError, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
