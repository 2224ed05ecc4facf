"""Every screen that a person meets, as axe-core judges it (WCAG 2.2 A and AA), in two languages, on a narrow phone."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.test_two_people_one_phone import account
from tests.support.browser import Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

AXE = Path(__file__).resolve().parents[2] / "pwa" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
JUDGE = """tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(found =>
    found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(' ')).slice(0, 3).join(' | ')}`))"""
SETTLE_MS = 500

EVERYBODY = ("/", "/courses", "/questions", "/notifications", "/outbox", "/downloads", "/profile", "/more", "/people")
LEARNER = (*EVERYBODY, "/questions/ask")
EDUCATOR = ("/teach", "/teach/import")
MENTOR = ("/mentor",)


async def findings(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than the phone."""
    await page.wait_for_timeout(SETTLE_MS)
    await page.evaluate(AXE.read_text())
    found = list(await page.evaluate(JUDGE, TAGS))
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("wider than the phone")
    return found


async def walk(phone: Phone, paths: tuple[str, ...]) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    for path in paths:
        await phone.go(path)
        if found := await findings(phone.screen):
            wrong[path] = found
    return wrong


async def choose_language(phone: Phone, locale: str) -> None:
    await phone.go("/profile")
    await phone.screen.get_by_role("combobox").last.select_option(value=locale)
    await expect(phone.screen.locator("html")).to_have_attribute("lang", locale)


@pytest.mark.parametrize("locale", ["en", "ru"])
@pytest.mark.parametrize(
    ("name", "paths"),
    [("Amina", LEARNER), ("Oybek", EDUCATOR), ("Madina", MENTOR)],
    ids=["student", "educator", "mentor"],
)
async def test_nothing_stands_in_anybodys_way(
    installation: Installation, drawer: Phones, name: str, paths: tuple[str, ...], locale: str
) -> None:
    phone = drawer[f"{name}-{locale}"]
    page = await phone.open()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    at_the_door = await findings(page)
    await phone.sign_in(*account(installation, name))
    if locale != "en":
        await choose_language(phone, locale)

    wrong = await walk(phone, paths)

    assert at_the_door == []
    assert json.dumps(wrong, indent=1) == "{}"
    assert said == []


async def test_a_lesson_and_a_test_are_for_everybody(installation: Installation, drawer: Phones) -> None:
    phone = drawer["reader"]
    page = await phone.open()
    await phone.sign_in(*account(installation, "Brian"))
    await phone.go("/courses")
    await page.get_by_role("link").filter(has=page.get_by_role("heading", name="How things move")).click()
    await page.get_by_role("button", name=re.compile(r"Download [\d.,]+ (KB|MB)")).click()
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible()
    seen = {"course": await findings(page)}
    await page.locator("main a[href*='/lessons/']").first.click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    seen["lesson"] = await findings(page)
    await page.go_back()
    await page.locator("main a[href*='/tests/']").first.click()
    await page.get_by_role("button", name="Begin the test").click()
    seen["attempt"] = await findings(page)

    assert seen == {"course": [], "lesson": [], "attempt": []}
