"""Over a link that is cut, an educator is told what would come of a file, imports it, and saves the course again."""

import zipfile
from pathlib import Path
from random import Random

import pytest
from playwright.async_api import expect

from tests.e2e.test_two_people_one_phone import account
from tests.features.imports.test_dry_runs import with_quizzes
from tests.support.axe import violations
from tests.support.browser import phones
from tests.support.installation import Installation
from tests.support.proxy import Fate, proxy_to

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(240)]

PATIENCE_MS = 60_000


async def test_a_file_is_tried_then_imported_over_a_link_cut_ten_times_and_the_course_is_saved_as_a_file(
    installation: Installation, tmp_path: Path
) -> None:
    unit = tmp_path / "unit.imscc"
    unit.write_bytes(with_quizzes())
    with zipfile.ZipFile(unit, "a") as packed:
        packed.writestr("filler.bin", Random(1).randbytes(400_000))
    async with proxy_to(installation.url) as proxy, phones(tmp_path / "drawer", proxy.url) as drawer:
        proxy.fate_of = lambda _: Fate(up_max=40_000, piece=8 * 1024)
        phone = drawer["educator"]
        await phone.open()
        page = phone.screen
        await phone.sign_in(*account(installation, "Oybek"))
        await phone.go("/teach/import")
        await page.locator("input[type=file]").set_input_files(unit)
        await page.screenshot(path=str(tmp_path / "form.png"), full_page=True)
        await page.get_by_role("button", name="Check the file first").click()
        await expect(page.get_by_text("This is what would come of it.")).to_be_visible(timeout=PATIENCE_MS)
        assert proxy.cuts >= 10
        await phone.shows("1 of its 2 questions are kept for people to mark, and not asked.")
        await page.screenshot(path=str(tmp_path / "tried.png"), full_page=True)
        assert installation.psql("select count(*) from catalog_courses where title = 'Small course'") == [(0,)]
        assert await violations(page) == []
        await page.get_by_role("button", name="Import", exact=True).click()
        await expect(page.get_by_text("The import is done.")).to_be_visible(timeout=PATIENCE_MS)
        assert installation.psql("select count(*) from catalog_courses where title = 'Small course'") == [(1,)]

        await page.get_by_role("button", name="Import another").click()
        await page.get_by_role("link", name="Small course").click()
        await expect(phone.heading("Take the course elsewhere")).to_be_visible()
        assert await violations(page) == []
        await page.screenshot(path=str(tmp_path / "leaving.png"), full_page=True)
        async with page.expect_download(timeout=PATIENCE_MS) as saving:
            await page.get_by_role("button", name="Save the course’s file").click()
        saved = await (await saving.value).path()
        with zipfile.ZipFile(saved) as packed:
            assert {"course.json", "tests/2.json", "manifest.seal"} <= set(packed.namelist())
