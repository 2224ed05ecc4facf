"""An educator writes a test of five kinds without a network; a student takes it, and each kind is marked."""

import json
import re

import pytest
from playwright.async_api import Page, expect

from tests.support import axe
from tests.support.browser import Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

COURSE = "How things move"
TEST = "Made on the bus"


def account(installation: Installation, role: str) -> tuple[str, str]:
    accounts = json.loads((installation.data / "demo-accounts.json").read_text())
    found = next(account for account in accounts if account["role"] == role)
    return found["email"], found["password"]


async def test_a_test_of_five_kinds_is_made_offline_and_taken_by_a_student(
    installation: Installation, drawer: Phones
) -> None:
    [(course_id,)] = installation.psql(f"select id::text from catalog_courses where title = '{COURSE}'")
    oybek, amina = drawer["oybek"], drawer["amina"]
    await oybek.open()
    await oybek.sign_in(*account(installation, "educator"))
    await oybek.go(f"/teach/{course_id}/bank")
    await expect(oybek.heading("Question bank")).to_be_visible()
    for path in ("new", "x"):  # The screens' own scripts are on the phone before it goes away.
        await oybek.go(f"/teach/{course_id}/{'bank' if path == 'new' else 'tests'}/{path}")
        await expect(oybek.screen.get_by_role("heading", level=1)).to_be_visible()
    await oybek.go(f"/teach/{course_id}/bank")

    await oybek.offline()
    await write_the_test(oybek)
    await half_a_question_outlives_the_browser(oybek, str(course_id))
    await oybek.online()
    await oybek.received_everything()

    await amina.open()
    await amina.sign_in(*account(installation, "student"))
    await take_it(amina, str(course_id))


async def write_the_test(educator: Phone) -> None:
    page = educator.screen
    await page.get_by_label("New test").fill(TEST)
    await page.get_by_role("button", name="Make the test").click()
    await expect(page.get_by_role("heading", level=1, name=TEST)).to_be_visible()
    assert await axe.violations(page) == []

    await begin_question(page, "One right answer", "Which has a direction?")
    await page.get_by_label("Answer 1", exact=True).fill("velocity")
    await page.get_by_label("Answer 2", exact=True).fill("mass")
    assert await axe.violations(page) == []
    await save(page, 1)

    await begin_question(page, "True or false", "Ice floats.")
    await save(page, 2)

    await begin_question(page, "Number", "What is g, in m/s²?")
    await page.get_by_label("Number", exact=True).fill("9,7")
    await page.get_by_label("Up to (for a range)").fill("9.9")
    await save(page, 3)

    await begin_question(page, "Put in order", "From slow to fast.")
    for place, thing in enumerate(("a walk", "a bus", "a plane"), start=1):
        if place == 3:
            await page.get_by_role("button", name="One more").click()
        await page.get_by_label(f"Answer {place}", exact=True).fill(thing)
    await save(page, 4)

    await begin_question(page, "Fill the gaps", "The unit of force is the ")
    await page.get_by_label("The question").focus()
    await page.keyboard.press("End")
    await page.get_by_role("button", name="Put a gap here").click()
    await page.get_by_label("Right answers, one a line").fill("newton\nN")
    assert await axe.violations(page) == []
    await save(page, 5)

    await page.get_by_role("button", name="Publish the test").click()
    await educator.shows("will be published when it has reached the server")


async def begin_question(page: Page, kind: str, prompt: str) -> None:
    await page.get_by_role("link", name="New question").click()
    await expect(page.get_by_role("heading", level=1, name="New question")).to_be_visible()
    await page.get_by_label("Kind of question").select_option(label=kind)
    await page.get_by_label("The question").fill(prompt)


async def save(page: Page, count: int) -> None:
    await expect(page.get_by_text("Ready for a test")).to_be_visible()
    await page.get_by_role("button", name="Save into the test").click()
    await expect(page.get_by_role("heading", name=re.compile(f"^{count} question"))).to_be_visible()


async def half_a_question_outlives_the_browser(educator: Phone, course_id: str) -> None:
    page = educator.screen
    await educator.go(f"/teach/{course_id}/bank")
    await page.get_by_role("link", name="New question").click()
    await page.get_by_label("The question").fill("Half a thou")
    path = await page.evaluate("location.pathname")
    await expect(page.get_by_label("The question")).to_have_value("Half a thou")
    await page.wait_for_timeout(1_000)  # It is kept half a second after the last letter.
    await educator.close()

    page = await educator.open(path, offline=True)
    await expect(page.get_by_label("The question")).to_have_value("Half a thou")
    await educator.shows("You had not saved this yet.")


async def take_it(student: Phone, course_id: str) -> None:
    page = student.screen
    await student.go(f"/courses/{course_id}")
    await page.get_by_role("button", name=re.compile(r"Download [\d.,]+ (KB|MB|B)")).click()
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible(timeout=90_000)
    await student.offline()
    await page.get_by_role("link", name=re.compile(TEST)).click()
    await page.get_by_role("button", name="Begin the test").click()
    for _ in range(5):
        await answer(page)
        await page.get_by_role("button", name=re.compile("^(Next|Review)")).last.click()
    await page.get_by_role("button", name="Hand in").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="Hand in").click()
    await student.shows("Saved on this phone")
    await student.online()
    await expect(page.get_by_role("img", name="100%")).to_be_visible(timeout=60_000)
    await student.shows("1 → newton")


async def answer(page: Page) -> None:
    asked = await page.locator(".question").inner_text()
    if "direction" in asked:
        await page.get_by_label("velocity").check()
    elif "Ice" in asked:
        await page.get_by_label("True").check()
    elif "g, in" in asked:
        await page.get_by_label("Your number").fill("9,81")
        await page.get_by_label("Your number").blur()
    elif "slow" in asked:
        await put_in_order(page, ["a walk", "a bus", "a plane"])
    else:
        assert "____ (1)" in asked
        await page.get_by_label("Your answer (1)").fill(" Newton ")
        await page.get_by_label("Your answer (1)").blur()


async def put_in_order(page: Page, wanted: list[str]) -> None:
    """Up with each, until it stands where it belongs; the first turn counts as an answer, too."""
    await page.get_by_role("button", name=re.compile("^Move up")).last.click()
    for place, name in enumerate(wanted):
        for _ in range(len(wanted)):
            shown = [text.strip() for text in await page.locator("ol.list .prompt").all_inner_texts()]
            if shown.index(name) <= place:
                break
            await page.get_by_role("button", name=f"Move up: {name}").click()
            await expect(page.locator("ol.list .prompt").nth(shown.index(name) - 1)).to_have_text(name)
