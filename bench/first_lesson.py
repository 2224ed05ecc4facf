"""A lesson's link on a phone that never heard of us, until its text can be read, at 50 kbit/s and 600 ms.

Method: the built page in a real Chromium with an empty profile, against the real API with the demo school, through
`thin_link`: page, worker and service worker share its 6,250 bytes a second each way, and a connection costs a round
trip before its first request. Two phones:

    nobody      from opening the link until the sign-in form can be filled in, and from *Sign in* until the lesson's
                text is on the screen. The 10 s in which a person types are not counted; the page may use them.
    signed in   the page is kept (the service worker has it), nothing of the course is; from opening the link

A third one takes the course from a card with no network (`spark pack`), reads the lesson, and then has a network:
counted are the bytes of exchanges and files until nothing more is asked for; the floor is a phone that downloads the
same course.

Printed is every request with its time and bytes, so that what stands before the text can be seen.
"""

import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from playwright.async_api import BrowserContext, Page, Playwright, ViewportSize, async_playwright, expect
from sqlalchemy import text

from bench.figures import Figure, Servers
from bench.thin_link import Asked, ThinLink, thin_link
from server.base.actor import SYSTEM
from server.demo import lay_demo, read_accounts
from server.exchange.course_packs.gathering import gather
from server.exchange.course_packs.writing import write_pack
from server.media.quality import Phone
from tests.support.api import Api, running_api, settings_for
from tests.support.browser import PHONE, QUIET, chromium
from tests.support.settle import all_published

BYTES_A_S = 50_000 / 8
ROUND_TRIP_S = 0.6
GOAL_S = 10.0
GOAL = f"≤ {GOAL_S:g} s"
PATIENCE_MS = 120_000
TEXT = "article.lesson p"
REST_S = 4.0
PHONE_OF_NOBODY = Phone(width=360, ratio=2.0, has_opus=True)
TYPING_S = 10.0  # An address and a password on a phone's keyboard.


async def measure(servers: Servers) -> list[Figure]:
    if chromium() is None:
        print("  no Chromium here, the first lesson is not measured")
        return []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = settings_for(servers.new_database(), servers.redis_url, servers.s3_url, Path(folder))
        async with running_api(settings) as api:
            await lay_demo(api.work)
            await all_published(api)
            return await _measure(api, Path(folder))


@dataclass(frozen=True)
class School:
    """Where the phones of this bench go."""

    api: Api
    playwright: Playwright
    folder: Path
    address: str  # of the lesson
    email: str
    password: str

    def link(self, *, thin: bool) -> AbstractAsyncContextManager[ThinLink]:
        port = urlsplit(self.api.url).port
        assert port is not None
        if thin:
            return thin_link(port, bytes_a_s=BYTES_A_S, delay_s=ROUND_TRIP_S / 2)
        return thin_link(port, bytes_a_s=BYTES_A_S * 1000, delay_s=0.001)

    @asynccontextmanager
    async def phone(self, name: str) -> AsyncIterator[BrowserContext]:
        """An empty one."""
        context = await self.playwright.chromium.launch_persistent_context(
            self.folder / name,
            executable_path=chromium(),
            args=list(QUIET),
            viewport=ViewportSize(width=PHONE["width"], height=PHONE["height"]),
            device_scale_factor=2,
            is_mobile=True,
            locale="en-GB",
            service_workers="allow",
        )
        try:
            yield context
        finally:
            await context.close()


async def _measure(api: Api, folder: Path) -> list[Figure]:
    address = await _lesson_address(api)
    account = next(one for one in read_accounts(api.settings) if one.role == "student")
    async with async_playwright() as playwright:
        school = School(api, playwright, folder, address, account.email, account.password)
        return [*await _nobody(school), *await _kept(school), await _card(school)]


async def _nobody(school: School) -> list[Figure]:
    async with school.link(thin=True) as link, school.phone("nobody") as context:
        form_s, text_s, asked = await _from_nothing(context, link, school)
    both_s = form_s + text_s
    return [
        Figure("a lesson's link at 50 kbit/s and 600 ms, until the sign-in form", form_s, "s"),
        Figure("from *Sign in* until the lesson's text", text_s, "s"),
        Figure("both, on a phone that never heard of us", both_s, "s", goal=GOAL, holds=both_s <= GOAL_S),
        *_by_kind("before the text, ", asked),
    ]


async def _kept(school: School) -> list[Figure]:
    async with school.link(thin=False) as link, school.phone("kept") as context:
        await _signed_in_and_kept(context, link, school)
        link.thin(BYTES_A_S, ROUND_TRIP_S / 2)
        spent_s, asked = await _opened(context, link, school.address)
    name = "the same link, signed in, with the page kept and no row of the course"
    return [
        Figure(name, spent_s, "s", goal=GOAL, holds=spent_s <= GOAL_S),
        Figure("bytes down before that text", sum(one.down for one in asked), "bytes"),
    ]


async def _card(school: School) -> Figure:
    pack = await _pack(school.api, school.address, school.folder / "course.sparkpack")
    async with school.link(thin=False) as link:
        async with school.phone("card") as context:
            await _signed_in_and_kept(context, link, school)
            with_card = await _from_card(context, link, school.address, pack)
        async with school.phone("no card") as context:
            await _signed_in_and_kept(context, link, school)
            without = await _downloaded(context, link, school.address)
    name = "a course read from a card, then a network: bytes of rows and media"
    return Figure(name, with_card, "bytes", without, "the same course downloaded")


async def _lesson_address(api: Api) -> str:
    async with api.work.database.transaction() as tx:
        row = (
            await tx.db.execute(text("select course_id, id from catalog_lessons order by course_id, rank limit 1"))
        ).one()
    return f"/courses/{row.course_id}/lessons/{row.id}"


async def _from_nothing(context: BrowserContext, link: ThinLink, school: School) -> tuple[float, float, list[Asked]]:
    page = context.pages[0]
    link.begin()
    begun = time.monotonic()
    await page.goto(link.url + school.address, wait_until="commit", timeout=PATIENCE_MS)
    await page.wait_for_selector("input[name=email]", timeout=PATIENCE_MS)  # At each frame; `expect` looks seldom.
    form_s = time.monotonic() - begun
    asked = link.come()
    _tell("until the form", asked, form_s)
    await page.get_by_label("E-mail").fill(school.email)
    await page.get_by_label("Password", exact=True).fill(school.password)
    await asyncio.sleep(TYPING_S)
    _tell("while somebody types", link.come()[len(asked) :], TYPING_S)
    link.begin()
    begun = time.monotonic()
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector(TEXT, timeout=PATIENCE_MS)
    text_s = time.monotonic() - begun
    rest = link.come()
    _tell("until the text", rest, text_s)
    return form_s, text_s, asked + rest


async def _signed_in_and_kept(context: BrowserContext, link: ThinLink, school: School) -> None:
    page = context.pages[0]
    await page.goto(f"{link.url}/sign-in")
    await page.get_by_label("E-mail").fill(school.email)
    await page.get_by_label("Password", exact=True).fill(school.password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1, name="Hello")).to_be_visible(timeout=PATIENCE_MS)
    await page.wait_for_function("() => navigator.serviceWorker.controller !== null")  # All of the page is kept.
    await page.close()


async def _opened(context: BrowserContext, link: ThinLink, address: str) -> tuple[float, list[Asked]]:
    page = await context.new_page()
    link.begin()
    begun = time.monotonic()
    await page.goto(link.url + address, wait_until="commit", timeout=PATIENCE_MS)
    await page.wait_for_selector(TEXT, timeout=PATIENCE_MS)
    spent = time.monotonic() - begun
    asked = link.come()
    _tell("signed in, until the text", asked, spent)
    return spent, asked


async def _pack(api: Api, address: str, path: Path) -> Path:
    course_id = UUID(address.split("/")[2])
    pack = await gather(api.work, SYSTEM, course_id, "low", PHONE_OF_NOBODY)
    await write_pack(api.work.storage, pack, path)
    return path


async def _from_card(context: BrowserContext, link: ThinLink, address: str, pack: Path) -> int:
    page = await context.new_page()
    await page.goto(f"{link.url}/downloads")
    await context.set_offline(True)
    await page.set_input_files("input[type=file]", pack)
    await page.get_by_text("here to read, with no network").wait_for(timeout=PATIENCE_MS)
    await _go(page, address)
    await page.wait_for_selector(TEXT, timeout=PATIENCE_MS)
    link.begin()
    await context.set_offline(False)
    return await _settled(link)


async def _downloaded(context: BrowserContext, link: ThinLink, address: str) -> int:
    page = await context.new_page()
    await page.goto(f"{link.url}/{'/'.join(address.split('/')[1:3])}")
    await page.get_by_role("radio", name=re.compile("^Everything, small|^Text only")).first.check(timeout=PATIENCE_MS)
    link.begin()
    await page.get_by_role("button", name=re.compile("^Download")).click()
    await page.get_by_text("Ready offline").wait_for(timeout=PATIENCE_MS)
    return await _settled(link)


async def _go(page: Page, address: str) -> None:
    """Within the page, as a link does."""
    await page.evaluate(
        "to => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')); }", address
    )


async def _settled(link: ThinLink) -> int:
    """Bytes down of rows and media, once an exchange has been and nothing was asked for a while."""
    while True:
        count = len(link.asked)
        await asyncio.sleep(REST_S)
        came = [one for one in link.asked if one.path.startswith(("/api/v1/sync", "/files/", "/media/"))]
        if came and len(link.asked) == count:
            _tell("rows and media", came, 0)
            return sum(one.down for one in came)


KINDS = (("kept by the service worker", None), ("page", "/assets/"), ("rows", "/api/v1/sync"), ("files", "/files/"))


def kind_of(one: Asked) -> str:
    if one.is_kept:
        return KINDS[0][0]
    found = (name for name, begin in KINDS if begin and one.path.startswith(begin))
    return next(found, "api" if one.path.startswith("/api/") else "page")


def _by_kind(begin: str, asked: Sequence[Asked]) -> list[Figure]:
    kinds = list(dict.fromkeys(map(kind_of, asked)))
    found = {kind: [one for one in asked if kind_of(one) == kind] for kind in kinds}
    return [
        Figure(f"{begin}{kind}: bytes down in {len(ones)} requests", sum(one.down for one in ones), "bytes")
        for kind, ones in found.items()
    ]


def _tell(what: str, asked: Sequence[Asked], spent_s: float) -> None:
    print(f"  {what}: {spent_s:.1f} s, {len(asked)} requests, {sum(one.down for one in asked):,} bytes down")
    for one in asked:
        kept = "kept " if one.is_kept else ""
        print(f"    {one.at_s:6.2f} {one.end_s:6.2f} {one.down:7,} {kept}{one.method} {one.path}")
