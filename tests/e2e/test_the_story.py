"""The main job, as people do it: import, publish, download, learn without a network, come back, be graded."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support.browser import Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

CONTENT = Path(__file__).resolve().parents[3] / "shared" / "content"
CARTRIDGE = CONTENT / "physics-motion.imscc"
QUESTIONS = CONTENT / "high-school-physics.gift"
PRACTICE = "High-school physics"
IMPORT_MS = 90_000
ANSWERED = 4


def password_of(installation: Installation, role: str) -> tuple[str, str]:
    accounts = json.loads((installation.data / "demo-accounts.json").read_text())
    account = next(account for account in accounts if account["role"] == role)
    return account["email"], account["password"]


async def test_a_student_learns_without_a_network_and_nothing_is_lost(
    installation: Installation, drawer: Phones
) -> None:
    """Goal: every step on real parts. Method: three people, each with a phone and a browser of their own."""
    if not CARTRIDGE.exists():
        pytest.fail(f"the course material is not at {CONTENT}")
    oybek, amina, madina = drawer["oybek"], drawer["amina"], drawer["madina"]

    await oybek.open()
    await oybek.sign_in(*password_of(installation, "educator"))
    await import_course(oybek)
    await import_questions(oybek)
    await oybek.close()

    await amina.open()
    await amina.sign_in(*password_of(installation, "student"))
    await download(amina)

    await amina.offline()
    assert installation.stop() == 0
    await read_a_lesson(amina)
    await take_the_test(amina)
    await ask(amina)
    await amina.close()

    await amina.open("/outbox", offline=True)
    await finds_everything(amina)

    installation.start()
    await amina.online()
    await amina.received_everything()
    await is_graded(amina)

    await madina.open()
    await madina.sign_in(*password_of(installation, "mentor"))
    await answer(madina)
    await is_answered(amina)


async def import_course(educator: Phone) -> None:
    page = educator.screen
    await educator.go("/teach/import")
    await page.get_by_text("A course", exact=True).click()
    await page.locator("input[type=file]").set_input_files(CARTRIDGE)
    await ensure_publishing(educator)
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_text("The import is done.")).to_be_visible(timeout=IMPORT_MS)


async def import_questions(educator: Phone) -> None:
    page = educator.screen
    await educator.go("/teach/import")
    again = page.get_by_role("button", name="Import another")
    if await again.is_visible():
        await again.click()
    await page.get_by_text("Questions", exact=True).first.click()
    await page.get_by_label("For the course").select_option(label="Physics")
    await page.get_by_label("Title of the practice test").fill(PRACTICE)
    await page.locator("input[type=file]").set_input_files(QUESTIONS)
    await ensure_publishing(educator)
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_text("The import is done.")).to_be_visible(timeout=IMPORT_MS)
    await educator.shows(
        "stood twice and is kept once"
    )  # The one item that lost something is named, with what it lost.


async def ensure_publishing(educator: Phone) -> None:
    await educator.screen.get_by_role("checkbox", name=re.compile("Publish at once")).check()


async def download(student: Phone) -> None:
    page = student.screen
    await student.go("/courses")
    await page.get_by_role("link").filter(has=page.get_by_role("heading", name="Physics", exact=True)).click()
    await expect(page.get_by_role("heading", level=1, name="Physics")).to_be_visible()
    await student.shows("OpenStax")  # Whose work it is.
    await page.get_by_role("button", name=re.compile(r"Download [\d.,]+ (KB|MB)")).click()
    await expect(page.get_by_role("progressbar", name="Download progress")).to_be_visible()
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible(timeout=90_000)


async def read_a_lesson(student: Phone) -> None:
    page = student.screen
    await page.get_by_role("link", name=re.compile("Speed and Velocity")).click()
    await expect(page.get_by_role("heading", level=1, name="Speed and Velocity")).to_be_visible()
    assert await page.locator("math").count() > 5
    pictures = page.locator("article img, main img")
    await expect(pictures.first).to_be_attached()
    await pictures.first.scroll_into_view_if_needed()
    await expect(pictures.first).to_have_js_property("complete", value=True)
    assert await pictures.first.evaluate("image => image.naturalWidth") > 100


async def take_the_test(student: Phone) -> None:
    page = student.screen
    await page.go_back()
    await page.get_by_role("link", name=re.compile(PRACTICE)).click()
    await page.get_by_role("button", name="Begin the test").click()
    for _ in range(ANSWERED):
        await page.get_by_role("radio").first.check()
        await page.get_by_role("button", name="Next").click()
    await student.screen.get_by_role("button", name=re.compile("Review|All questions")).first.click()
    await page.get_by_role("button", name="Hand in").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="Hand in").click()
    await student.shows("Saved on this phone")


async def ask(student: Phone) -> None:
    page = student.screen
    await student.go("/questions/ask")
    await page.get_by_label("Subject").select_option(label="Physics")
    await page.get_by_label("Your question in short").fill("Why is velocity negative here?")
    await page.get_by_label("Tell more").fill("The graph goes down, but she is still walking.")
    await page.get_by_role("button", name="Send").click()
    await student.shows("Why is velocity negative here?")


async def finds_everything(student: Phone) -> None:
    """After the browser was closed, with no network and no server."""
    page = student.screen
    await expect(page.get_by_text("saved on this phone").first).to_be_visible()
    await student.shows("Why is velocity negative here?")
    await student.go("/courses")
    await page.get_by_role("link").filter(has=page.get_by_role("heading", name="Physics", exact=True)).click()
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible()
    await page.get_by_role("link", name=re.compile("Speed and Velocity")).click()
    await expect(page.locator("main img").first).to_be_attached()
    await student.go("/outbox")


async def is_graded(student: Phone) -> None:
    await student.go("/notifications")
    await expect(student.screen.get_by_text("Your score:")).to_be_visible(timeout=60_000)


async def answer(mentor: Phone) -> None:
    page = mentor.screen
    await mentor.go("/mentor")
    await page.get_by_role("link", name=re.compile("Why is velocity negative here")).click()
    await page.get_by_label("Your answer").fill(
        "Her position falls: she walks back, so the velocity points the other way."
    )
    await page.get_by_role("button", name="Send the answer").click()
    await mentor.received_everything()


async def is_answered(student: Phone) -> None:
    await student.go("/notifications")
    await expect(student.screen.get_by_text("Your question was answered")).to_be_visible(timeout=60_000)
    await student.go("/questions")
    await student.screen.get_by_role("link", name=re.compile("Why is velocity negative here")).click()
    await student.shows("she walks back")
