"""A worksheet is shared, approved by another educator and an admin, found in other letters, saved and rated."""

import os
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.async_api import expect

from tests.e2e.test_two_people_one_phone import account
from tests.support.axe import violations
from tests.support.browser import Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(240)]

SHOTS = os.environ.get("SPARK_SHOTS")
PASSWORD = "Correct-horse-7"


async def look(phone: Phone, name: str) -> None:
    """Nothing for axe to find; a picture where somebody wants one."""
    assert await violations(phone.screen) == [], name
    if SHOTS:
        await phone.screen.screenshot(path=Path(SHOTS) / f"{name}-360.png", full_page=True)


async def peer_says(installation: Installation, verdict: str) -> None:
    """Nodira, an educator whom staff have checked, reviews what waits."""
    async with httpx.AsyncClient(base_url=installation.url, timeout=20) as client:
        person = {"email": "nodira@example.org", "password": PASSWORD, "full_name": "Nodira Alieva", "role": "educator"}
        assert (await client.post("/api/v1/auth/register", json=person)).status_code < 300
        installation.psql("update identity_educator_profiles set verified_at = now() where true returning 1")
        answer = await client.post("/api/v1/auth/login", json={"email": person["email"], "password": PASSWORD})
        client.headers["authorization"] = f"Bearer {answer.json()['data']['access_token']}"
        [item] = (await client.get("/api/v1/library/review")).json()["data"]
        body = {"item_id": item["id"], "revision": item["revision"], "verdict": verdict}
        answer = await client.post(f"/api/v1/library/{item['id']}/reviews", json=body)
        assert answer.status_code == 200, answer.text
        file = await client.get(f"/content/{item['id']}/file", follow_redirects=True)
        assert (file.status_code, file.headers["content-type"]) == (200, "image/webp")


async def test_a_worksheet_goes_from_its_educator_over_two_reviews_to_a_learner(
    installation: Installation, drawer: Phones, tmp_path: Path
) -> None:
    sheet = tmp_path / "toʻlqinlar.png"
    Image.effect_noise((400, 300), 60).convert("RGB").save(sheet)
    educator, admin, learner = drawer["educator"], drawer["admin"], drawer["learner"]
    await educator.open()
    await educator.sign_in(*account(installation, "Oybek"))
    await educator.go("/teach/library")
    await look(educator, "library-mine-empty")
    await educator.screen.get_by_role("link", name="Share something").click()
    page = educator.screen
    await page.get_by_label("Title").fill("Oʻquv varaqasi: toʻlqinlar")
    await expect(page.get_by_label("Subject")).to_have_value("")  # Nobody's choice is made for them.
    await page.get_by_label("Subject").select_option(label="Physics")
    await page.get_by_label("File").set_input_files(sheet)
    await look(educator, "library-write")
    await educator.button("Send to review").click()
    await expect(page.get_by_text("Waits for review")).to_be_visible(timeout=90_000)
    await look(educator, "library-mine")

    await peer_says(installation, "approve")
    await admin.open()
    await admin.sign_in(*account(installation, "Siti"))
    await admin.go("/teach/review")
    await look(admin, "library-review")
    await admin.screen.get_by_text("Oʻquv varaqasi").click()
    await look(admin, "library-verdict")
    await admin.button("Approve").click()
    await expect(admin.screen.get_by_text("Published")).to_be_visible()
    await admin.go("/staff/jobs")
    await expect(admin.screen.locator("main .empty, main li.card").first).to_be_visible()
    await look(admin, "staff-jobs")

    await learner.open()
    await learner.sign_in(*account(installation, "Amina"))
    await learner.go("/library")
    await learner.screen.get_by_label("Search").fill("nowhere")
    await learner.shows("Nothing found")
    await learner.screen.get_by_label("Search").fill("ўқув тўлқинлар")
    await learner.shows("Oʻquv varaqasi")
    await look(learner, "library")
    await learner.screen.get_by_text("Oʻquv varaqasi").click()
    async with learner.screen.expect_download() as saved:
        await learner.button("Save to this phone").click()
    await (await saved.value).save_as(tmp_path / "saved")
    assert len((tmp_path / "saved").read_bytes()) > 1000
    await learner.screen.get_by_label("4").check()
    await look(learner, "library-item")
    await learner.received_everything()
    assert installation.psql("select downloads_count, ratings_count, stars_sum from library_shelf") == [(1, 1, 4)]
