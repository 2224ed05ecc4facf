"""A SCORM package: brought in by an educator, learned from with no network, its score at the server once; and a spy."""

from pathlib import Path

import pytest
from playwright.async_api import FrameLocator, Response, expect

from tests.e2e.test_two_people_one_phone import account
from tests.support import axe
from tests.support.browser import Phone, Phones
from tests.support.installation import Installation
from tests.support.packages import quiz_and_spy, zipped

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

COURSE = "How things move"


async def test_a_package_is_imported_learned_from_offline_and_reaches_nothing_of_ours(
    installation: Installation, drawer: Phones, tmp_path: Path
) -> None:
    oybek, amina = drawer["oybek"], drawer["amina"]
    await oybek.open()
    await oybek.sign_in(*account(installation, "Oybek"))
    await bring_in(oybek, tmp_path)

    await amina.open()
    await amina.sign_in(*account(installation, "Amina"))
    await download(amina)
    await amina.offline()
    await learn(amina)
    await find_its_own(amina)
    await meet_the_spy(amina)
    await amina.online()
    await amina.received_everything()

    assert installation.psql("select score_ppm, seconds, passed_at is not null from packages_results") == [
        (800_000, 125, False)
    ]
    kept = "select item, data::json -> 'values' ->> 'cmi.suspend_data' from packages_states order by item"
    assert installation.psql(kept) == [("i1", "page=1"), ("i3", None)]
    await oybek.go("/teach")
    await oybek.screen.locator("a[href$='/results']").first.click()
    await oybek.shows("Score 80")
    assert await axe.violations(oybek.screen) == []


async def bring_in(oybek: Phone, tmp_path: Path) -> None:
    """Told first what would come of it."""
    file = tmp_path / "fire.zip"
    file.write_bytes(zipped(quiz_and_spy()))
    page = oybek.screen
    await oybek.go("/teach/import")
    await page.get_by_label("A SCORM package").check()
    await page.get_by_label("Which course gets it?").select_option(label=COURSE)
    await page.locator("input[type=file]").set_input_files(file)
    await oybek.button("Check the file first").click()
    await oybek.shows("This is what would come of it.")
    await oybek.shows("Lessons: 1 · Pictures and files: 19")
    await oybek.shows("is made of frames")
    await oybek.button("Import").click()
    await oybek.shows("The import is done.")


async def download(amina: Phone) -> None:
    page = amina.screen
    await amina.go("/courses")
    await page.get_by_role("link", name=COURSE).click()
    await page.get_by_role("button", name="Download").first.click()
    await amina.shows("Ready offline")
    await page.evaluate(
        "async () => { while (!(await caches.match('/packages/frame'))) await new Promise((r) => setTimeout(r, 50)); }"
    )


async def learn(amina: Phone) -> None:
    page = amina.screen
    await page.get_by_role("link", name="Fire safety").click()
    await page.get_by_role("link", name="Open", exact=True).click()
    await expect(amina.heading("Fire safety")).to_be_visible()
    assert await axe.violations(page) == []
    await page.get_by_role("navigation", name="Contents").get_by_role("button", name="Fire safety").click()
    frame = page.frame_locator("iframe")
    await expect(frame.locator("#told")).to_have_text("Добро пожаловать ?lang=en")
    await expect(frame.locator("#late")).to_have_text("came later")
    await expect(frame.locator("h1")).to_have_css("color", "rgb(0, 100, 0)")
    await is_drawn(frame)
    await frame.get_by_role("link", name="Next page").click()
    await expect(frame.locator("#before")).to_contain_text("page=1 Amina")
    await frame.get_by_role("button", name="Finish").click()
    await expect(frame.locator("#done")).to_have_text("finished true 0")
    await expect(page.get_by_text("Score 80")).to_be_visible()
    await amina.button("Contents").click()


async def is_drawn(frame: FrameLocator) -> None:
    width = "image => image.complete && image.naturalWidth"
    assert await frame.locator("#pic").evaluate(width) == 40


async def find_its_own(amina: Phone) -> None:
    """In every way that authoring programs use, frames and old encodings among them."""
    await amina.screen.get_by_role("navigation", name="Contents").get_by_role("button", name="Ways").click()
    frame = amina.screen.frame_locator("iframe")
    wanted = {
        "address: /ways/index.html?one=1#two",
        "fetch: Добро пожаловать",
        "missing: 404",
        "at once: seven",
        "worker: 42",
        "written: 40",
        "inside: 40",
        "copied: 40",
        "own storage: kept",
        "module: named",
        "lazy: named late",
    }
    await expect(frame.locator("#found li")).to_have_count(len(wanted))
    assert set(await frame.locator("#found li").all_text_contents()) == wanted
    await expect(frame.frame_locator("#inner").locator("#p")).to_have_text("from the frame: inner")
    await expect(frame.frame_locator("#later").get_by_text("Привет")).to_be_visible()
    await amina.button("Contents").click()


async def meet_the_spy(amina: Phone) -> None:
    page = amina.screen
    answered: list[str] = []

    def note(response: Response) -> None:
        if "stolen" in response.url:
            answered.append(response.url)

    await amina.online()
    amina.context.on("response", note)
    await page.get_by_role("navigation", name="Contents").get_by_role("button", name="Spy").click()
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_text("all told")).to_be_visible()
    told = await frame.locator("#told li").all_text_contents()
    assert len(told) == 18
    assert [line for line in told if not line.endswith(": nothing")] == []
    assert answered == []
    assert "/packages/" in page.url
