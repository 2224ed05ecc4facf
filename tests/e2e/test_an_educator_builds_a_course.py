"""An educator writes a course on a phone of 360 px, by keyboard alone and without a network; a learner reads it."""

import json

import pytest
from playwright.async_api import Locator, expect

from tests.support import axe
from tests.support.browser import WAIT_MS, Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

TABS_MAX = 120  # On the way to a thing: who uses a keyboard gets there, however long the screen is.
TITLE = "Warm and cold"


def account_of(installation: Installation, role: str) -> tuple[str, str]:
    accounts = json.loads((installation.data / "demo-accounts.json").read_text())
    account = next(account for account in accounts if account["role"] == role)
    return account["email"], account["password"]


async def test_a_course_is_built_offline_by_keyboard_alone_and_read_by_a_learner(
    installation: Installation, drawer: Phones
) -> None:
    await build_and_read(drawer, account_of(installation, "educator"), account_of(installation, "student"))


async def build_and_read(drawer: Phones, educator: tuple[str, str], student: tuple[str, str]) -> None:
    oybek, amina = drawer["oybek"], drawer["amina"]
    await oybek.open()
    await oybek.sign_in(*educator)
    await visit_the_studio(oybek)
    await oybek.offline()
    await make_the_course(oybek)
    await write_the_lesson(oybek)
    await oybek.close()

    await oybek.open("/teach", offline=True)
    await find_it_again(oybek)
    await oybek.online()
    await publish(oybek)

    await amina.open()
    await amina.sign_in(*student)
    await read(amina)


async def visit_the_studio(oybek: Phone) -> None:
    """Its screens come once somebody has been there."""
    await oybek.go("/teach")
    await expect(oybek.screen.get_by_role("link", name="New course")).to_be_visible(timeout=WAIT_MS)
    kept = "async () => (await caches.keys()).length > 0 && !!(await caches.match('/').catch(() => 0) || 1)"
    await oybek.screen.wait_for_function(kept)
    await oybek.go("/teach/new")
    await expect(oybek.heading("New course")).to_be_visible()
    await oybek.go("/teach")


async def make_the_course(oybek: Phone) -> None:
    page = oybek.screen
    await enter(oybek, page.get_by_role("link", name="New course"))
    await expect(oybek.heading("New course")).to_be_visible()
    await judged(oybek)
    await reach(oybek, page.get_by_label("Title"))
    await page.keyboard.type(TITLE)
    await enter(oybek, oybek.button("Create"))
    await expect(oybek.heading(TITLE)).to_be_visible()
    await enter(oybek, oybek.button("New lesson"))
    await expect(page.get_by_label("Name of the lesson")).to_be_focused()
    for name in ("Cold", "Warm"):
        await page.keyboard.type(name)
        await page.keyboard.press("Enter")
        await oybek.shows(name)
    await page.keyboard.press("Escape")
    await expect(oybek.button("New lesson")).to_be_focused()
    await reach(oybek, page.get_by_role("button", name="Move: Warm"))
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(".outline-title")).to_have_text(["Warm", "Cold"])
    await expect(page.get_by_role("button", name="Move: Warm")).to_be_focused()
    await judged(oybek)


async def write_the_lesson(oybek: Phone) -> None:
    page = oybek.screen
    await enter(oybek, page.get_by_role("link", name="Warm", exact=True))
    await expect(oybek.heading("Warm")).to_be_visible()
    await add(oybek, "Text")
    await page.keyboard.type("Heat flows from warm to ")
    await page.keyboard.press("Control+b")
    await page.keyboard.type("cold")
    await page.keyboard.press("Control+b")
    await page.keyboard.press("Enter")
    await page.keyboard.type("It never rests.")
    await judged(oybek)
    await page.keyboard.press("Alt+ArrowUp")
    await page.keyboard.press("Alt+ArrowDown")
    await page.keyboard.press("Escape")
    await add(oybek, "Formula")
    await page.keyboard.type(r"Q = m c \Delta T")
    await page.keyboard.press("Escape")
    await add(oybek, "Exercise")
    await page.keyboard.type("Touch a spoon in hot tea.")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Kept on this phone", exact=True)).to_be_visible()
    await judged(oybek)
    await enter(oybek, page.get_by_role("link", name="Preview"))
    await oybek.shows("So a learner sees it.")
    await expect(page.locator("article.lesson > p")).to_have_text(["Heat flows from warm to cold", "It never rests."])
    await judged(oybek)
    await enter(oybek, page.get_by_role("link", name="Go on writing"))
    await enter(oybek, oybek.button("Save"))
    await oybek.shows("Saved")


async def find_it_again(oybek: Phone) -> None:
    page = oybek.screen
    await enter(oybek, page.get_by_role("link", name="Edit").first)
    await expect(page.locator(".outline-title")).to_have_text(["Warm", "Cold"])
    await oybek.shows("to be sent")
    await enter(oybek, oybek.button("Publish"))
    await oybek.shows("the course has to reach the server")


async def publish(oybek: Phone) -> None:
    page = oybek.screen
    await expect(page.get_by_text("Everything has reached the server")).to_be_visible(timeout=60_000)
    await enter(oybek, oybek.button("Publish"))
    await expect(page.get_by_text("Published, revision 1")).to_be_visible(timeout=60_000)
    await judged(oybek)
    await enter(oybek, page.get_by_role("link", name="History"))
    await oybek.shows("published the course")
    await judged(oybek)
    await oybek.received_everything()


async def read(amina: Phone) -> None:
    page = amina.screen
    await amina.go("/courses")
    await page.get_by_text(TITLE).click()
    await page.get_by_role("button", name="Download").first.click()
    await page.get_by_role("link", name="Warm").click()
    await expect(page.locator("article.lesson > p")).to_have_text(
        ["Heat flows from warm to cold", "It never rests."], timeout=60_000
    )
    await expect(page.locator("article.lesson math")).to_be_visible()


async def add(oybek: Phone, kind: str) -> None:
    """By the button below all blocks."""
    page = oybek.screen
    await enter(oybek, page.get_by_role("button", name="Add", exact=True))
    await enter(oybek, page.get_by_role("button", name=kind, exact=True))
    await expect(page.locator(".block.open :focus")).to_be_visible()


async def enter(phone: Phone, thing: Locator) -> None:
    await reach(phone, thing)
    await phone.screen.keyboard.press("Enter")


async def reach(phone: Phone, thing: Locator) -> None:
    """With the Tab key alone, forwards."""
    await expect(thing).to_be_visible(timeout=WAIT_MS)
    for _ in range(TABS_MAX):
        if await thing.evaluate("element => element === document.activeElement"):
            return
        await phone.screen.keyboard.press("Tab")
    raise AssertionError(f"the Tab key never reaches {thing}")


async def judged(phone: Phone) -> None:
    """Nothing is wider than the phone, and axe finds nothing."""
    page = phone.screen
    await axe.come_to_rest(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert await axe.violations(page) == []
