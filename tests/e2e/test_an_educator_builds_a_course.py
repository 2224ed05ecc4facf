"""Educators write courses on phones of 360 px, by keyboard alone and without a network; a learner reads them.

The second story is of two who change the same: both sides are shown, and what is chosen stays.
"""

import json
import re
from collections.abc import Callable

import pytest
from playwright.async_api import Locator, expect

from tests.support import axe
from tests.support.browser import PHONE, WAIT_MS, Phone, Phones
from tests.support.cartridges import picture
from tests.support.installation import Installation
from tests.support.proxy import Proxy, proxy_to

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

TABS_MAX = 120  # On the way to a thing: who uses a keyboard gets there, however long the screen is.
TITLE = "Warm and cold"
READ_SLOWLY = """() => {
  const decode = HTMLImageElement.prototype.decode;
  const held = new Promise((resolve) => { window.readOn = resolve; });
  HTMLImageElement.prototype.decode = async function () { await held; return decode.call(this); };
}"""  # A cheap phone is still reading the file while its words are typed and its block is closed.


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


async def test_a_script_that_was_cut_off_comes_once_the_link_is_back_and_nothing_typed_is_lost(
    installation: Installation, drawer: Phones
) -> None:
    """Before the service worker is in charge, which has all of them."""
    where = "from catalog_lessons l join catalog_courses c on c.id = l.course_id where c.title = 'How things move'"
    [(course, lesson, title)] = installation.psql(f"select c.id, l.id, l.title {where} order by l.rank limit 1")
    async with proxy_to(installation.url) as proxy:
        oybek = drawer["oybek"]
        oybek.url = proxy.url
        is_cut(proxy, "sw.js", "assets/lesson-")
        page = await oybek.open()
        await oybek.sign_in(*account_of(installation, "educator"))
        await page.evaluate("window.isTheSamePage = true")
        await oybek.go(f"/teach/{course}/edit/{lesson}")
        await expect(oybek.heading("This page did not open")).to_be_visible()
        is_cut(proxy, "sw.js", "assets/file-block-")
        await expect(page.get_by_role("heading", level=1, name=str(title))).to_be_visible()  # By itself.

        await page.get_by_role("button", name="Add", exact=True).click()
        await page.get_by_role("button", name="Text", exact=True).click()
        await expect(page.locator(".block.open :focus")).to_be_visible()
        await page.keyboard.type("What I typed.")
        await page.get_by_role("button", name="Add", exact=True).click()
        await page.get_by_role("button", name="Film", exact=True).click()
        is_waiting = page.locator(".block.open").get_by_text("It is not on this phone yet.")
        await expect(is_waiting).to_be_visible()
        is_cut(proxy, "sw.js")
        await expect(page.get_by_label("Choose a file")).to_be_attached()
        await expect(is_waiting).to_have_count(0)
        await expect(page.locator(".block.shown", has_text="What I typed.")).to_be_visible()
        assert await page.evaluate("window.isTheSamePage && !navigator.serviceWorker.controller")


def is_cut(proxy: Proxy, *names: str) -> None:
    """Whoever asks for one of these meets a dead link, from now on; and for nothing else."""
    asked = re.compile("|".join(f"GET /{re.escape(name)}" for name in names).encode())
    proxy.refuses = lambda piece: asked.match(piece) is not None


async def test_two_educators_who_change_the_same_see_both_and_choose(
    installation: Installation, drawer: Phones
) -> None:
    await meet(drawer, account_of(installation, "educator"), account_of(installation, "admin"), installation.psql)


async def meet(
    drawer: Phones, educator: tuple[str, str], other: tuple[str, str], psql: Callable[[str], object]
) -> None:
    oybek, siti = drawer["oybek"], drawer["siti"]
    await oybek.open()
    await oybek.sign_in(*educator)
    course, lesson = await lay_a_lesson(oybek)
    psql(
        "insert into catalog_course_staff (id, course_id, user_id, role) select gen_random_uuid(), "
        f"'{course}', id, 'editor' from identity_users where email = '{other[0]}'"
    )
    await siti.open()
    await siti.sign_in(*other)
    address = f"/teach/{course}/edit/{lesson}"

    await both_change(oybek, siti, address, "Heat is energy.", "Heat is motion.")
    await chosen(siti, "Keep the second")

    await published_unseen(oybek, siti, f"/teach/{course}/edit")
    await oybek.button("Publish").click()
    await oybek.button("Publish").click()
    await oybek.shows("Published, revision 1")
    await oybek.received_everything()
    await siti.go(f"/teach/{course}/edit")
    await siti.shows("Published, revision 1")

    await both_change(oybek, siti, address, "Heat is energy that moves.", "Heat is hurry.")
    await siti.button("Look at both").click()
    await chosen(siti, "Keep both")
    await siti.go(f"/teach/{course}/history")
    await expect(siti.screen.get_by_text("1 added", exact=True)).to_be_visible()
    await judged(siti)


async def lay_a_lesson(oybek: Phone) -> tuple[str, str]:
    """The ids of a course and of its lesson, which the server has."""
    page = oybek.screen
    await oybek.go("/teach/new")
    await page.get_by_label("Title").fill("Heat")
    await oybek.button("Create").click()
    await oybek.button("New lesson").click()
    await page.get_by_label("Name of the lesson").fill("What it is")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="What it is").click()
    for kind, words in (("Text", "Heat is a thing."), ("Exercise", "Try it.")):
        await add(oybek, kind)
        await page.keyboard.type(words)
        await page.keyboard.press("Escape")
    await oybek.button("Save").click()
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    course, lesson = page.url.split("/teach/")[1].split("/edit/")
    await oybek.received_everything()
    return course, lesson


async def both_change(oybek: Phone, siti: Phone, address: str, one: str, other: str) -> None:
    """The first block, each without a network; the first one's change arrives before the second's."""
    for phone, words in ((oybek, one), (siti, other)):
        await phone.go(address)
        await expect(phone.screen.locator(".block.shown")).to_have_count(2, timeout=WAIT_MS)
        await phone.offline()
        await phone.screen.locator(".block-door").first.click()
        await expect(phone.screen.locator(".block.open :focus")).to_be_visible()
        await phone.screen.keyboard.press("Control+a")
        await phone.screen.keyboard.type(words)
        await phone.screen.keyboard.press("Escape")
        await phone.button("Save").click()
        await expect(phone.screen.get_by_text("Saved", exact=True)).to_be_visible()
    await oybek.online()
    await oybek.received_everything()
    await siti.online()


async def published_unseen(oybek: Phone, siti: Phone, address: str) -> None:
    """One publishes without a network while the other changes the card: nobody publishes what they have not seen."""
    await oybek.go(address)
    await oybek.button("Publish").click()
    asked = oybek.screen.get_by_text("Learners will see the course")  # What was chosen has come.
    await expect(asked).to_be_visible(timeout=60_000)
    await oybek.offline()
    await oybek.button("Publish").click()
    await siti.go(address)
    await siti.screen.get_by_text("About the course").click()
    await siti.screen.get_by_label("Title").fill("Heat and warmth")
    await siti.screen.locator("form.about").get_by_role("button", name="Save").click()
    await siti.received_everything()
    await oybek.online()
    met = oybek.screen.get_by_text("Somebody changed the same thing meanwhile")
    await expect(met.last).to_be_visible(timeout=60_000)
    await expect(oybek.heading("Heat and warmth")).to_be_visible()  # Of the other one; and it is a draft still.
    await expect(oybek.screen.get_by_text("draft", exact=True)).to_be_visible()
    await judged(oybek)


async def chosen(siti: Phone, choice: str) -> None:
    await expect(siti.screen.get_by_text("Two people changed this")).to_be_visible(timeout=60_000)
    await judged(siti)
    await siti.button(choice).click()
    await siti.button("Save").click()
    await expect(siti.screen.get_by_text("Saved", exact=True)).to_be_visible()
    await siti.received_everything()


async def visit_the_studio(oybek: Phone) -> None:
    """Its screens come once somebody has been there."""
    await oybek.go("/teach")
    await expect(oybek.screen.get_by_role("link", name="New course")).to_be_visible(timeout=WAIT_MS)
    await oybek.until("async () => (await caches.match('/.kept/studio')) !== undefined")
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
    await add(oybek, "Picture", has_focus=False)
    await page.evaluate(READ_SLOWLY)
    await page.get_by_label("Choose a file").set_input_files(
        {"name": "spoon.png", "mimeType": "image/png", "buffer": picture()}
    )
    await reach(oybek, page.get_by_label("What is to be seen"))
    await page.keyboard.type("A spoon")
    await page.keyboard.press("Escape")
    await expect(oybek.button("Save")).to_be_disabled()
    await page.evaluate("readOn()")
    await expect(page.locator(".block.shown img")).to_have_attribute("alt", "A spoon")
    await expect(page.get_by_text("Kept on this phone", exact=True)).to_be_visible()
    await judged(oybek)
    await enter(oybek, page.get_by_role("link", name="Preview"))
    await oybek.shows("So a learner sees it.")
    await expect(page.locator("article.lesson > p")).to_have_text(["Heat flows from warm to cold", "It never rests."])
    await judged(oybek)
    await enter(oybek, page.get_by_role("link", name="Go on writing"))
    await enter(oybek, oybek.button("Save"))
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()  # The line above says "saved here" of all else.


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
    await expect(page.get_by_role("img", name="A spoon")).to_be_visible(timeout=WAIT_MS)


async def add(oybek: Phone, kind: str, *, has_focus: bool = True) -> None:
    """By the button below all blocks."""
    page = oybek.screen
    await enter(oybek, page.get_by_role("button", name="Add", exact=True))
    await enter(oybek, page.get_by_role("button", name=kind, exact=True))
    field = ":focus:not([tabindex='-1'])" if has_focus else "input[type=file]"  # Its fields come after the block.
    await expect(page.locator(f".block.open {field}")).to_be_visible()


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
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.set_viewport_size({"width": PHONE["width"], "height": axe.TALL})
    assert await axe.violations(page) == []
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
