"""A test whose questions and answers are pictures, from a cartridge, taken on a phone without a network."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.test_two_people_one_phone import account
from tests.features.imports.test_pictures import unit
from tests.support.axe import violations
from tests.support.browser import Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]

PATIENCE_MS = 180_000


async def is_drawn(picture: Locator) -> None:
    """Fetched, decoded, and no placeholder."""
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("complete", value=True)
    await expect(picture).not_to_have_js_property("naturalWidth", 0)


async def test_pictures_of_a_question_and_of_its_answers_are_there_without_a_network(
    installation: Installation, drawer: Phones, tmp_path: Path
) -> None:
    file = tmp_path / "unit.imscc"
    file.write_bytes(unit())
    educator, _ = account(installation, "Oybek")
    installation.spark("import", "course", str(file), "--owner", educator, "--access", "free", "--publish")
    phone = drawer["amina"]
    await phone.open()
    page = phone.screen
    await phone.sign_in(*account(installation, "Amina"))
    [(course,)] = installation.psql("select id from catalog_courses where title = 'Small course'")
    await phone.go(f"/courses/{course}")
    await page.get_by_role("button", name=re.compile(r"Download [\d.,]+ (KB|MB)")).click()
    await expect(page.get_by_text(re.compile("Ready offline"))).to_be_visible(timeout=PATIENCE_MS)

    await phone.offline()
    [(test,)] = installation.psql("select id from assessments_assessments where title = 'Shapes'")
    await phone.go(f"/courses/{course}/tests/{test}")
    await page.get_by_role("button", name="Begin the test").click()
    await is_drawn(page.get_by_role("img", name="a shape"))
    await is_drawn(page.locator("label.choice img"))
    await expect(page.locator(".question math msup")).to_have_text("a2")
    assert await violations(page) == []
    await page.screenshot(path=str(tmp_path / "question.png"), full_page=True)
    await page.get_by_role("radio").first.check()
    await expect(page.get_by_role("radio").first).to_be_checked()
