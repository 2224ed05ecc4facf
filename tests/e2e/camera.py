"""A camera for screens: photographs a page in several widths, and notes what is wrong with it."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.support import axe
from tests.support.browser import QUIET, chromium

SIZES = ((360, 740), (768, 1024), (1280, 800))
COLOURS = 256  # A screen has few; a picture of it weighs a third.
SETTLE_MS = 400
expect.set_options(timeout=60_000)
OFFLINE_NOISE = "ERR_INTERNET_DISCONNECTED"


@dataclass
class Camera:
    """Photographs a page and notes what is wrong with it."""

    folder: Path
    language: str
    is_dark: bool = False
    questions: Path | None = None  # A GIFT file, imported for the picture of its report.
    cartridge: Path | None = None  # A course of another system, tried for the picture of what would come of it.
    sizes: tuple[tuple[int, int], ...] = SIZES
    wrong: list[str] = field(default_factory=list)

    def take(self, page: Page, name: str, *, path: str | None = None, to: str | None = None) -> None:
        """`path`: go there first; `to`: what of the screen is to be seen, by its selector."""
        if path is not None:
            go(page, path)
        page.wait_for_timeout(SETTLE_MS)
        for width, height in self.sizes:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(SETTLE_MS // 2)
            if to is not None:
                page.locator(to).first.evaluate("element => element.scrollIntoView({block: 'start'})")
            self._check_width(page, f"{name} at {width}")
            self._save(page.screenshot(), f"{name}-{width}.png")
        self._check_access(page, name)

    def _save(self, picture: bytes, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS).save(self.folder / name, optimize=True)

    def _check_width(self, page: Page, where: str) -> None:
        if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            self.wrong.append(f"{where}: wider than the screen")

    def _check_access(self, page: Page, name: str) -> None:
        if not page.evaluate(axe.IS_THERE):
            page.evaluate(axe.source())
        page.set_viewport_size({"width": SIZES[0][0], "height": axe.TALL})
        self.wrong += [f"{name}: {found}" for found in page.evaluate(axe.JUDGE, list(axe.TAGS))]
        page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda line: self._hear(page, line.type, line.text))

    def _hear(self, page: Page, kind: str, text: str) -> None:
        if kind == "error" and OFFLINE_NOISE not in text:
            self.wrong.append(f"{page.url}: {text}")


@dataclass(frozen=True)
class School:
    url: str
    data: Path
    accounts: dict[str, tuple[str, str]]  # role → e-mail, password


def go(page: Page, path: str) -> None:
    """To another screen by its address, inside the running page."""
    page.evaluate("path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)
    page.wait_for_timeout(SETTLE_MS)


@contextmanager
def person(play: Playwright, school: School, camera: Camera) -> Iterator[Page]:
    """A phone of its own, in the language of the camera."""
    browser = play.chromium.launch(executable_path=chromium(), args=list(QUIET))
    try:
        yield another_phone(browser, school, camera)
    finally:
        browser.close()


def another_phone(browser: Browser, school: School, camera: Camera) -> Page:
    context = browser.new_context(
        viewport={"width": SIZES[0][0], "height": SIZES[0][1]},
        locale=camera.language,
        color_scheme="dark" if camera.is_dark else "light",
        has_touch=True,
        reduced_motion="reduce",
    )
    page = context.new_page()
    camera.listen(page)
    page.goto(school.url)
    page.wait_for_selector("h1")
    if page.locator("html").get_attribute("lang") != camera.language:
        raise SystemExit(f"the app does not speak {camera.language}")
    page.select_option("main select", camera.language)  # Chosen by hand, so that it goes into the account.
    return page


def sign_in(page: Page, school: School, role: str) -> None:
    email, password = school.accounts[role]
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("form button[type=submit]")
    page.wait_for_selector("nav.tabs")
    page.wait_for_timeout(2_000)


def read_school(data: Path, url: str) -> School:
    accounts = json.loads((data / "demo-accounts.json").read_text())
    by_role: dict[str, tuple[str, str]] = {}
    for account in accounts:
        by_role.setdefault(account["role"], (account["email"], account["password"]))
    return School(url=url, data=data, accounts=by_role)


def psql(school: School, statement: str) -> None:
    """By hand, what no screen can do."""
    servers = json.loads((school.data / "run" / "servers.json").read_text())
    with psycopg.connect(servers["SPARK_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(statement.encode())
