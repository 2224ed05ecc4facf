"""A real browser and what it holds: base files and a kill, a damaged copy, two live copies, an erased account."""

import random
import re
import shutil
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Error, Page, Request, Route, expect

from tests.e2e.test_browser_killed import kill_browser
from tests.e2e.test_two_people_one_phone import account, ask
from tests.support.big_course import lay_course
from tests.support.browser import Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

LESSONS = 160
WORDS = ("a body", "at rest", "stays there", "unless", "some force", "acts on it", "and then", "it moves")
WITHIN_S = 120
FETCHED = 2  # Files that come before the browser is killed.

OPEN_ROWS = """
  const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith('spark-rows-'));
  const answerOf = request => new Promise(resolve => (request.onsuccess = () => resolve(request.result)));
  const db = await answerOf(indexedDB.open(name));
"""
STORED_FILES = f"""async () => {{ {OPEN_ROWS}
  const range = IDBKeyRange.bound(['files'], ['files', []]);
  const lists = await answerOf(db.transaction('meta').objectStore('meta').getAll(range));
  db.close();
  return lists.reduce((sum, list) => sum + list.had.length, 0);
}}"""
ARE_FULL = f"""async () => {{ {OPEN_ROWS}
  const covers = await answerOf(db.transaction('covers').objectStore('covers').getAll());
  db.close();
  const ours = covers.filter(({{ bucket }}) => bucket.startsWith('course:'));
  return ours.length > 1 && ours.every(({{ state, count, rows }}) => state === 'full' && count === rows);
}}"""
SPOIL_A_CHUNK = f"""async () => {{ {OPEN_ROWS}
  const chunks = db.transaction('chunks', 'readwrite').objectStore('chunks');
  const keys = (await answerOf(chunks.getAllKeys())).filter(key => key[2] === 'catalog.lessons');
  await answerOf(chunks.put(new Uint8Array(99), keys[0]));
  db.close();
  return keys.length;
}}"""
DATABASES = "async () => (await indexedDB.databases()).map(({ name }) => name).sort()"


@pytest.fixture(scope="module")
def course(installation: Installation) -> str:
    """A course of half a megabyte of text that everyone may have, and its base; its id."""
    rng = random.Random(7)
    texts = [" ".join(rng.choices(WORDS, k=400)) for _ in range(LESSONS)]
    course = str(lay_course(installation.servers["SPARK_DATABASE_URL"], texts))
    number = f"(select number from sync_bucket where name = 'course:{course}')"
    until(installation, f"select 1 from sync_item where bucket = {number} having count(*) > {2 * LESSONS}")
    cut = "insert into base_outbox (kind, payload) values ('exchange.cut_bases', '{\"kind\":\"exchange.cut_bases\"}')"
    installation.psql(cut)
    until(installation, f"select 1 from sync_base where bucket = {number}")
    return course


def until(installation: Installation, statement: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not installation.psql(statement):
        assert time.monotonic() < deadline, f"in vain: {statement}"
        time.sleep(0.1)


async def download(phone: Phone, course: str) -> None:
    await phone.go(f"/courses/{course}")
    await phone.screen.get_by_text("Text only").click()
    await phone.screen.get_by_role("button", name=re.compile(r"Download [\d.,]+ (B|KB|MB)")).click()


async def expect_ready(page: Page) -> None:
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible(timeout=WITHIN_S * 1000)


class Asked:
    """What the browser asks for from here on."""

    def __init__(self, phone: Phone) -> None:
        assert phone.context is not None
        self._paths: list[str] = []
        phone.context.on("request", self._note)

    def _note(self, request: Request) -> None:
        self._paths.append(urlsplit(request.url).path)

    def under(self, folder: str) -> list[str]:
        return [path for path in self._paths if path.startswith(folder)]


async def test_a_course_comes_as_files_and_goes_on_after_the_browser_was_killed(
    installation: Installation, drawer: Phones, course: str
) -> None:
    phone = drawer["filed"]
    page = await phone.open()
    await phone.sign_in(*account(installation, "Brian"))
    assert phone.context is not None
    before: set[str] = set()

    async def let_two_pass(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if len(before) == FETCHED and path not in before:
            return await route.abort()
        before.add(path)
        return await route.continue_()

    await phone.context.route("**/files/**", let_two_pass)
    await download(phone, course)
    await expect(page.get_by_role("progressbar", name="Download progress")).to_be_visible()
    has_two = f"async () => await ({STORED_FILES})() === {FETCHED}"
    await phone.until(has_two, within_ms=WITHIN_S * 1000)
    kill_browser(phone.profile)
    with suppress(Error):  # The driver only learns that its browser is gone.
        await phone.close()

    page = await phone.open("/health/live")  # No page of ours yet: files need no session, and come at once.
    asked = Asked(phone)
    await page.goto(installation.url + "/sign-in")  # A cookie that was half a minute young at the kill is gone.
    await phone.sign_in(*account(installation, "Brian"))
    await phone.go(f"/courses/{course}")
    await phone.until(ARE_FULL, within_ms=WITHIN_S * 1000)

    after = asked.under("/files/")
    assert after
    assert before.isdisjoint(after)
    assert len(set(after)) == len(after)
    assert not asked.under("/api/v1/sync/compare")
    last = page.locator("main a[href*='/lessons/']").nth(LESSONS - 1)
    await expect(last).to_be_visible(timeout=WITHIN_S * 1000)
    await phone.offline()
    await page.reload()
    await expect(last).to_be_visible()


async def test_a_damaged_copy_is_mended_by_comparison_and_nothing_else_is_fetched_again(
    installation: Installation, drawer: Phones, course: str
) -> None:
    phone = drawer["spoiled"]
    page = await phone.open()
    await phone.sign_in(*account(installation, "Brian"))
    await download(phone, course)
    await expect_ready(page)
    lessons = page.locator("main a[href*='/lessons/']")
    await expect(lessons.nth(LESSONS - 1)).to_be_visible()
    shown = await lessons.count()
    assert shown >= LESSONS
    assert await page.evaluate(SPOIL_A_CHUNK) > 1
    asked = Asked(phone)

    await page.reload()

    await expect(lessons).to_have_count(shown)
    await expect_ready(page)
    assert asked.under("/api/v1/sync/compare")
    assert not asked.under("/files/")


async def test_two_live_copies_of_a_phone_part_and_each_thing_arrives_once(
    installation: Installation, drawer: Phones
) -> None:
    phone = drawer["original"]
    await phone.open()
    await phone.sign_in(*account(installation, "Amina"))
    await ask(phone, "Asked before the copy was made")
    await phone.received_everything()
    await phone.close()
    copy = drawer["copy"]
    shutil.copytree(phone.profile, copy.profile, ignore=shutil.ignore_patterns("Singleton*"))

    for one, title in ((phone, "Asked on the phone"), (copy, "Asked on its copy")):
        await one.open("/questions")
        await ask(one, title)
        await one.go("/sign-in")  # The cookie's successor may have gone with the browser.
        await one.sign_in(*account(installation, "Amina"))
        await one.received_everything()
    await ask(phone, "Asked once more")
    await phone.received_everything()

    asked = installation.psql("select title from questions_questions where title like 'Asked %' order by created_at")
    assert [title for (title,) in asked] == [
        "Asked before the copy was made",
        "Asked on the phone",
        "Asked on its copy",
        "Asked once more",
    ]


async def test_h20_the_phone_of_an_erased_account_keeps_nothing_of_it(
    installation: Installation, drawer: Phones
) -> None:
    phone = drawer["erased"]
    page = await phone.open()
    await phone.sign_in(*account(installation, "Brian"))
    assert any(name.startswith("spark-mine-") for name in await page.evaluate(DATABASES))
    erased = '{"success":false,"error":{"code":"account.erased","message":"This account is no more.","details":{}}}'

    async def say_erased(route: Route) -> None:
        await route.fulfill(status=401, content_type="application/json", body=erased)

    assert phone.context is not None
    await phone.context.route("**/api/v1/sync", say_erased)
    await page.evaluate("dispatchEvent(new Event('online'))")

    await phone.shows("This account was removed")
    await expect(page.get_by_role("heading", level=1, name="Welcome to Spark")).to_be_visible()
    names = await page.evaluate(DATABASES)
    assert not [name for name in names if re.match("spark-(mine|rows|key)-", name)]
