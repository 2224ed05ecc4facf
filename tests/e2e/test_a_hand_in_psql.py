"""A title changed by hand in the database shows on an open phone, without a reload."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.test_two_people_one_phone import account
from tests.support.browser import Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


async def test_a_lesson_renamed_in_psql_is_renamed_on_the_screen(installation: Installation, drawer: Phones) -> None:
    phone = drawer["open"]
    page = await phone.open()
    await phone.sign_in(*account(installation, "Amina"))
    await phone.go("/courses")
    await page.get_by_role("link").filter(has=page.get_by_role("heading", name="How things move")).click()
    await page.get_by_role("button", name=re.compile(r"Download [\d.,]+ (KB|MB)")).click()
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible()

    installation.psql(
        "update catalog_lessons set title = 'Renamed by hand' where id = ("
        "select l.id from catalog_lessons l join catalog_courses c on c.id = l.course_id"
        " where c.title = 'How things move' order by l.rank limit 1)"
    )

    await expect(page.get_by_role("link", name=re.compile("Renamed by hand"))).to_be_visible()
