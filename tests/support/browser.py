"""People with phones: a real Chromium each, driven as a person would, by what stands on the screen."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import BrowserContext, Locator, Page, Playwright, async_playwright, expect

PHONE = {"width": 360, "height": 740}
WAIT_MS = 60_000
POLL_S = 0.05
expect.set_options(timeout=WAIT_MS)  # Its own five seconds are too few for a busy machine.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """CHROME_PATH, or what the PATH has; None where there is no Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return os.environ.get("CHROME_PATH") or next((path for name in names if (path := shutil.which(name))), None)


@dataclass
class Phone:
    """One phone: its profile on disk outlives the browser."""

    playwright: Playwright
    url: str
    profile: Path
    context: BrowserContext | None = None
    page: Page | None = None

    async def open(self, path: str = "/", *, offline: bool = False) -> Page:
        """Start the browser on this phone and open the page."""
        self.context = await self.playwright.chromium.launch_persistent_context(
            self.profile,
            executable_path=chromium(),
            args=list(QUIET),
            viewport=PHONE,
            device_scale_factor=2,
            has_touch=True,
            is_mobile=True,
            locale="en-GB",
            service_workers="allow",
        )
        self.context.set_default_timeout(WAIT_MS)
        if offline:
            await self.context.set_offline(True)
        self.page = self.context.pages[0] if self.context.pages else await self.context.new_page()
        await self.page.goto(self.url + path)
        return self.page

    async def close(self) -> None:
        if self.context is not None:
            await self.context.close()
        self.context = self.page = None

    async def offline(self) -> None:
        assert self.context is not None
        await self.context.set_offline(True)

    async def online(self) -> None:
        assert self.context is not None
        await self.context.set_offline(False)

    # --- what people do -------------------------------------------------------------------------------------------

    @property
    def screen(self) -> Page:
        assert self.page is not None
        return self.page

    async def sign_in(self, email: str, password: str, *, shared: bool = False) -> None:
        page = self.screen
        await page.get_by_label("E-mail").fill(email)
        await page.get_by_label("Password", exact=True).fill(password)
        await page.get_by_text("Shared with others" if shared else "Mine: stay unlocked").click()
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1, name="Hello")).to_be_visible(timeout=WAIT_MS)

    async def go(self, path: str) -> None:
        """To another screen by its address, inside the running page (no reload)."""
        await self.screen.evaluate(
            "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path
        )

    def heading(self, name: str) -> Locator:
        return self.screen.get_by_role("heading", name=name)

    def button(self, name: str) -> Locator:
        return self.screen.get_by_role("button", name=name)

    async def received_everything(self) -> None:
        """The outbox says of nothing that it is still to be sent."""
        await self.go("/outbox")
        await expect(self.screen.get_by_role("heading", level=1, name="Outbox")).to_be_visible()
        await expect(self.screen.get_by_text(re.compile("Everything was received|^received$")).first).to_be_visible(
            timeout=60_000
        )
        for word in ("saved on this phone", "sending", "sent"):
            await expect(self.screen.get_by_text(word, exact=True)).to_have_count(0, timeout=60_000)

    async def until(self, asked: str, arg: object = None, *, within_ms: float = WAIT_MS) -> None:
        """Until the page's own async function says something true: `wait_for_function` takes its promise for a yes."""
        deadline = time.monotonic() + within_ms / 1000
        while not await self.screen.evaluate(asked, arg):
            assert time.monotonic() < deadline, f"never true: {asked}"
            await asyncio.sleep(POLL_S)

    async def shows(self, text: str) -> None:
        await expect(self.screen.get_by_text(text).first).to_be_visible(timeout=WAIT_MS)


@asynccontextmanager
async def phones(folder: Path, url: str) -> AsyncIterator["Phones"]:
    """A drawer of phones; all are closed at the end."""
    async with async_playwright() as playwright:
        drawer = Phones(playwright, folder, url)
        try:
            yield drawer
        finally:
            for phone in drawer.made.values():
                await phone.close()


class Phones:
    def __init__(self, playwright: Playwright, folder: Path, url: str) -> None:
        self._playwright = playwright
        self._folder = folder
        self._url = url
        self.made: dict[str, Phone] = {}

    def __getitem__(self, owner: str) -> Phone:
        """The phone of this name; the same one each time."""
        if owner not in self.made:
            self.made[owner] = Phone(self._playwright, self._url, self._folder / owner)
        return self.made[owner]
