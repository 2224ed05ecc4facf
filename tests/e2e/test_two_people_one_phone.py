"""Two people share one phone without seeing each other, offline too."""

import json
import re

import pytest
from playwright.async_api import expect

from tests.support.browser import Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def account(installation: Installation, name: str) -> tuple[str, str]:
    accounts = json.loads((installation.data / "demo-accounts.json").read_text())
    found = next(account for account in accounts if account["name"].startswith(name))
    return found["email"], found["password"]


async def switch_to(phone: Phone, name: str, password: str) -> None:
    """By the list of people, with their own password; no network is needed."""
    page = phone.screen
    await phone.go("/people")
    await page.get_by_role("button", name=re.compile(name)).first.click()
    field = page.get_by_label(re.compile(f"Password of {name}"))
    await field.fill(password)
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page.get_by_role("heading", level=1, name=re.compile(f"Hello, {name}"))).to_be_visible()


async def ask(phone: Phone, title: str) -> None:
    page = phone.screen
    await phone.go("/questions/ask")
    await page.get_by_label("Subject").select_option(label="Physics")
    await page.get_by_label("Your question in short").fill(title)
    await page.get_by_label("Tell more").fill("I do not see it yet.")
    await page.get_by_role("button", name="Send").click()
    await phone.shows(title)


async def test_each_sees_only_their_own_and_what_waits_is_sent_as_its_author(
    installation: Installation, drawer: Phones
) -> None:
    amina, brian = account(installation, "Amina"), account(installation, "Brian")
    phone = drawer["shared"]
    await phone.open()
    await phone.sign_in(*amina, shared=True)
    await phone.go("/people")
    await phone.screen.get_by_text("Somebody else").click()
    await phone.sign_in(*brian, shared=True)
    await phone.shows("How things move")

    await phone.offline()
    await ask(phone, "Brian asks about springs")
    await switch_to(phone, "Amina", amina[1])
    await phone.go("/questions")
    await expect(phone.screen.get_by_role("heading", level=1, name="My questions")).to_be_visible()
    await expect(phone.screen.get_by_text("Brian asks about springs")).to_have_count(0)
    await phone.go("/outbox")
    await expect(phone.screen.get_by_text("Brian asks about springs")).to_have_count(0)
    await ask(phone, "Amina asks about light")

    await phone.online()
    await switch_to(phone, "Brian", brian[1])
    await phone.received_everything()
    await expect_author(installation, "Brian asks about springs", brian[0])
    await switch_to(phone, "Amina", amina[1])
    await phone.received_everything()
    await expect_author(installation, "Amina asks about light", amina[0])


async def test_a_wrong_password_opens_nothing(installation: Installation, drawer: Phones) -> None:
    amina = account(installation, "Amina")
    phone = drawer["locked"]
    await phone.open()
    await phone.sign_in(*amina, shared=True)
    await phone.close()

    page = await phone.open("/", offline=True)
    await page.get_by_role("button", name=re.compile("Amina")).first.click()
    await page.get_by_label(re.compile("Password of Amina")).fill("Not-hers-1")
    await page.get_by_role("button", name="Open", exact=True).click()

    await phone.shows("This password does not open it.")
    await expect(page.get_by_text("How things move")).to_have_count(0)


async def expect_author(installation: Installation, title: str, email: str) -> None:
    rows = installation.psql(
        "select u.email from questions_questions q join identity_users u on u.id = q.author_id where q.title = '"
        + title
        + "'"
    )
    assert rows == [(email,)]


async def test_who_leaves_is_asked_for_again_although_they_stay_unlocked(
    installation: Installation, drawer: Phones
) -> None:
    phone = drawer["left"]
    page = await phone.open()
    await phone.sign_in(*account(installation, "Brian"))
    await phone.go("/more")
    await page.get_by_text("Switch person").click()
    await expect(page.get_by_role("heading", level=1, name="Who is learning?")).to_be_visible()

    await page.goto(installation.url)

    await expect(page.get_by_role("heading", level=1, name="Who is learning?")).to_be_visible()
    await expect(page.get_by_text("Hello, Brian")).to_have_count(0)
