"""A test with pictures and a formula, from a cartridge: taken without a network, and changed by who teaches."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.test_two_people_one_phone import account
from tests.features.imports.test_pictures import unit
from tests.support.axe import violations
from tests.support.browser import Phone, Phones
from tests.support.cartridges import picture
from tests.support.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]

PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def course(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("cartridge") / "unit.imscc"
    file.write_bytes(unit())
    educator, _ = account(installation, "Oybek")
    installation.spark("import", "course", str(file), "--owner", educator, "--access", "free", "--publish")
    [(found,)] = installation.psql("select id from catalog_courses where title = 'Small course'")
    return str(found)


async def is_drawn(picture: Locator) -> None:
    """Fetched, decoded, and no placeholder."""
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("complete", value=True)
    await expect(picture).not_to_have_js_property("naturalWidth", 0)


async def test_pictures_of_a_question_and_of_its_answers_are_there_without_a_network(
    installation: Installation, course: str, drawer: Phones, tmp_path: Path
) -> None:
    phone = drawer["amina"]
    await phone.open()
    page = phone.screen
    await phone.sign_in(*account(installation, "Amina"))
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


async def test_an_educator_sees_describes_takes_out_and_adds_pictures_by_keyboard(
    installation: Installation, course: str, drawer: Phones, tmp_path: Path
) -> None:
    phone = drawer["oybek"]
    await phone.open()
    page = phone.screen
    await phone.sign_in(*account(installation, "Oybek"))
    await phone.go(f"/teach/{course}/bank")
    await page.get_by_role("button", name="Edit here: Shapes").click()
    await page.locator("a.line", has_text="One right answer").click(timeout=PATIENCE_MS)

    prompt = page.get_by_label("The question")
    await expect(prompt).to_have_value(r"What is ▣1 , of area \(a^2\)?")
    await expect(page.get_by_role("region", name="How learners see it").locator("math msup")).to_have_text("a2")
    await change_pictures(page, prompt)
    assert await violations(page) == []
    await page.screenshot(path=str(tmp_path / "editor.png"), full_page=True)
    await page.get_by_role("button", name="Save", exact=True).press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Question bank")).to_be_visible()
    await is_stored(installation, phone)


async def change_pictures(page: Page, prompt: Locator) -> None:
    """One is described anew, one is taken out of an answer, which gets words; one is added where the cursor stands."""
    await page.get_by_label("What picture 1 shows").first.fill("a red shape")
    await page.get_by_role("button", name="Take out: picture 1").nth(1).press("Enter")
    second = page.get_by_label(re.compile("^Answer [12]$")).filter(visible=True)
    for place in range(2):
        if await second.nth(place).input_value() == "":
            await second.nth(place).fill("A circle")
    await prompt.press("End")
    await page.get_by_role("button", name=re.compile("^Formula ?: The question$")).press("Enter")
    await expect(prompt).to_be_focused()
    await page.keyboard.type("b_1")
    await expect(prompt).to_have_value(r"What is ▣1 , of area \(a^2\)?\(b_1\)")
    await prompt.press("End")
    async with page.expect_file_chooser() as chosen:
        await page.get_by_role("button", name=re.compile("^Picture ?: The question$")).press("Enter")
    shape = {"name": "new.png", "mimeType": "image/png", "buffer": picture(color=(10, 90, 200))}
    await (await chosen.value).set_files(shape)
    await page.get_by_label("What picture 2 shows").fill("a blue one")
    await expect(prompt).to_have_value(r"What is ▣1 , of area \(a^2\)?\(b_1\) ▣2")
    await is_drawn(page.locator(".picture-row").get_by_role("img", name="a blue one"))


async def is_stored(installation: Installation, phone: Phone) -> None:
    """When the file has arrived, the words that wait for it have, too: and the course's staff may see it."""
    await phone.received_everything()
    [(question,)] = installation.psql("select question::text from assessments_drafts where title = 'Shape'")
    assert re.findall(r"!\[([^\]]*)\]\(file:", str(question)) == ["a red shape", "a blue one"]
    [(uses,)] = installation.psql(
        "select count(*) from media_uses u join media_files f on f.id = u.file_id where u.published_at is null"
        " and u.course_id = (select id from catalog_courses where title = 'Small course')"
    )
    assert int(str(uses)) == 1
