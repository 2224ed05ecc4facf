"""kill −9 of the browser, offline, in the middle of a test: what the screen had taken is there afterwards."""

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Error, expect

from tests.e2e.test_two_people_one_phone import account
from tests.support.browser import Phone, Phones
from tests.support.installation import Installation

ITEMS = 8  # Of the demo test; four of them have choices.
ANSWERED = 3

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


def kill_browser(profile: Path) -> int:
    """SIGKILL to every process of the browser on this profile; how many there were."""
    killed = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):
            if str(profile).encode() in (folder / "cmdline").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)
                killed += 1
    return killed


async def begin_a_test_offline(phone: Phone) -> None:
    page = phone.screen
    await phone.go("/courses")
    await page.get_by_role("link").filter(has=page.get_by_role("heading", name="How things move")).click()
    await page.get_by_role("button", name=re.compile(r"Download [\d.,]+ (KB|MB)")).click()
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible()
    await phone.offline()
    await page.locator("main a[href*='/tests/']").first.click()
    await page.get_by_role("button", name="Begin the test").click()


async def answer_one_choice(phone: Phone) -> str:
    """Go to the next question with choices that has no answer, and take the first; the words of the choice."""
    page = phone.screen
    for _ in range(ITEMS):
        choices = page.get_by_role("radio")
        if await choices.count() and not await page.get_by_role("radio", checked=True).count():
            await choices.first.click()
            return str(await choices.first.evaluate("input => input.closest('label').innerText"))
        await page.get_by_role("button", name="Next").click()
    raise AssertionError("the demo test has a question with choices")


async def expect_answered(phone: Phone, count: int) -> None:
    """What the screen says of the whole test."""
    await expect(phone.screen.get_by_role("progressbar", name=f"{count} of {ITEMS} answered")).to_be_visible()


async def test_an_answer_that_was_taken_survives_the_death_of_the_browser(
    installation: Installation, drawer: Phones
) -> None:
    phone = drawer["killed"]
    await phone.open()
    await phone.sign_in(*account(installation, "Brian"))
    await begin_a_test_offline(phone)
    chosen = []
    for count in range(1, ANSWERED + 1):
        chosen.append(await answer_one_choice(phone))
        await expect_answered(phone, count)
    address = phone.screen.url.removeprefix(installation.url)

    assert kill_browser(phone.profile) > 1
    with suppress(Error):  # The driver only learns that its browser is gone.
        await phone.close()

    page = await phone.open(address, offline=True)
    await expect_answered(phone, ANSWERED)
    assert await chosen_everywhere(phone) == chosen

    await page.get_by_role("button", name="Hand in").click()
    await page.get_by_role("dialog").get_by_role("button", name="Hand in").click()
    await phone.shows("Saved on this phone")
    await phone.online()
    await phone.go("/sign-in")  # A cookie that was half a minute young at the kill is gone, so the server asks again.
    await phone.sign_in(*account(installation, "Brian"))
    await phone.received_everything()
    [(kept,)] = installation.psql("select count(*) from assessments_answers where value is not null")
    assert kept == ANSWERED


async def chosen_everywhere(phone: Phone) -> list[str]:
    """Leaf through all questions to the review; the words of each choice that is taken, in their order."""
    page = phone.screen
    chosen = []
    for place in range(1, ITEMS + 1):
        await expect(page.get_by_text(f"Question {place} of {ITEMS}")).to_be_visible()
        taken = page.get_by_role("radio", checked=True)
        if await taken.count():
            chosen.append(str(await taken.evaluate("input => input.closest('label').innerText")))
        await page.locator(".action .button.main").click()
    return chosen
