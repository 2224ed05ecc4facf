"""Pictures of what educators and staff have: a course with films and tests, files on their way, the library, jobs."""

import re
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import httpx
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e.camera import Camera, School, another_phone, go, psql, sign_in
from tests.support.material import captions, photographed_page, recording, small_film
from tests.support.packages import quiz_and_spy, zipped

WIDTHS = ((360, 740), (1280, 800))
COMING_MS = 120_000
TITLE = "Heat at home"
KINDS = (  # As the editor offers them.
    *("paragraph", "heading", "list", "table", "note", "math", "image", "video", "audio", "document"),
    *("exercise", "quote", "definition", "code"),
)
QUESTIONS = ("mcq", "multi", "true_false", "short", "numeric", "match", "order", "cloze")
PASSWORD = "Correct-horse-7"


def photograph_studio(page: Page, school: School, camera: Camera) -> None:
    camera.sizes = WIDTHS
    sign_in(page, school, "educator")
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(page, camera)
        write_lesson(page, camera, Path(folder))
        lesson = page.url.rpartition("/")[2]
        ask_questions(page, camera, course)
        publish(page, camera, course, lesson)
        meet_another(page, school, camera, course, lesson)
        bring_in(page, camera, Path(folder))
        send_files(page, camera, Path(folder))
        take_out(page, camera, course)


def make_course(page: Page, camera: Camera) -> str:
    """Its id."""
    go(page, "/teach/new")
    page.fill("input[name=title]", TITLE)
    page.fill(
        "textarea[name=description]", "Why tea gets cold, and what keeps it warm. Four lessons with things to try."
    )
    page.select_option("select[name=subject_id]", "other")
    page.fill("input[name=subject_name]", "Kitchen physics")
    camera.take(page, "studio-new")
    page.click("form button[type=submit]")
    page.wait_for_url(re.compile("/edit$"))
    camera.take(page, "studio-outline-empty")
    page.click(".outline > .button.quiet")
    for name in ("The kettle", "Why tea gets cold", "What keeps warm"):
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.locator(".outline-title").get_by_text(name)).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".outline-line [aria-expanded]").nth(1).click()
    camera.take(page, "studio-outline")
    page.locator(".outline-line [aria-expanded]").nth(1).click()
    return page.url.split("/teach/")[1].split("/")[0]


def write_lesson(page: Page, camera: Camera, folder: Path) -> None:
    """One block of each kind that is often used, each photographed while it is written."""
    page.locator(".outline-title").first.click()
    page.wait_for_selector(".desk")
    camera.take(page, "studio-lesson-empty")
    page.click(".desk > .button.wide")
    camera.take(page, "studio-kinds")
    page.keyboard.press("Escape")

    begin(page, "paragraph")
    page.keyboard.type("Heat flows from what is warm to what is ")
    page.keyboard.press("Control+b")
    page.keyboard.type("cold")
    page.keyboard.press("Control+b")
    page.keyboard.type(". It never rests until both are equally warm.")
    shoot(page, camera, "text")
    begin(page, "list")
    page.locator(".block.open .rich:focus").wait_for()
    for thing in ("a kettle with water", "a thermometer"):
        page.keyboard.type(thing)
        page.keyboard.press("Enter")
    page.keyboard.type("a clock")
    shoot(page, camera, "list")
    begin(page, "table")
    page.locator(".block.open .cells").wait_for()
    page.locator(".block.open .tools:not([aria-labelledby]) .button").first.click()
    cells = page.locator(".block.open .cells .rich")
    for place, words in enumerate(("Minute", "Degrees", "0", "18", "4", "97")):
        cells.nth(place).fill(words)
    shoot(page, camera, "table")
    write_note(page, camera)
    begin(page, "math")
    page.locator(".block.open textarea").fill(r"Q = m c \Delta T")
    page.locator(".block.open input").last.fill("Heat is mass times specific heat times the change of temperature")
    shoot(page, camera, "formula")
    show_files(page, camera, folder)
    begin(page, "exercise")
    page.locator(".block.open .rich:focus").wait_for()
    page.keyboard.type("Boil a litre of water and note the temperature each minute.")
    shoot(page, camera, "exercise")
    camera.take(page, "studio-lesson", to=".desk")
    page.click(".action .button.main")
    expect(page.locator("main > .stack > p[role=status]").first).not_to_be_empty()
    page.click(".action a.button")
    page.wait_for_selector("article.lesson")
    camera.take(page, "studio-preview", to="main")
    page.go_back()
    page.wait_for_selector(".desk")


def write_note(page: Page, camera: Camera) -> None:
    """With a text inside."""
    begin(page, "note")
    page.locator(".block.open select").first.select_option("tip")
    page.locator(".block.open input").first.fill("Without a thermometer")
    page.locator(".block.open .inside .block-door").first.click()
    page.keyboard.type("Count the bubbles: the first come at about 60 degrees.")
    camera.take(page, "studio-note", to=".block.open")
    page.keyboard.press("Escape")
    page.locator(".block.open > .stack > .tools .button.main").last.click()


def show_files(page: Page, camera: Camera, folder: Path) -> None:
    scan = folder / "worksheet.pdf"
    photo = photographed_page(folder)
    Image.open(photo).save(scan)
    begin(page, "image")
    page.set_input_files(".block.open input[type=file]", photo)
    page.wait_for_selector(".block.open img")
    page.locator(".block.open input:not([type=file])").first.fill("A page of a book about heat")
    shoot(page, camera, "picture")
    begin(page, "video")
    page.set_input_files(
        ".block.open input[type=file]",
        small_film(folder, seconds=20, shows="gradients=size=320x180:rate=10:seed=5:n=4"),
    )
    captioned = page.locator(".block.open fieldset input[type=file]")
    expect(captioned).to_be_visible(timeout=COMING_MS)
    captioned.set_input_files(captions(folder, seconds=20))
    expect(page.locator(".block.open fieldset ul li")).to_have_count(1)
    shoot(page, camera, "film")
    for kind, file in (("audio", recording(folder, seconds=20)), ("document", scan)):
        begin(page, kind)
        page.set_input_files(".block.open input[type=file]", file)
        expect(page.locator(".block.open [role=status]").first).to_be_visible(timeout=COMING_MS)
        shoot(page, camera, "sound" if kind == "audio" else kind)


def begin(page: Page, kind: str) -> None:
    page.locator(".desk > .button.wide").last.click()
    page.locator(".kinds .button").nth(KINDS.index(kind)).click()
    expect(page.locator(".block.open").locator(":focus, input[type=file]").first).to_be_visible()


def shoot(page: Page, camera: Camera, name: str) -> None:
    """The open block, which is closed then."""
    camera.take(page, f"studio-{name}", to=".block.open")
    page.locator(".block.open .tools .button.main").last.click()
    expect(page.locator(".block.open")).to_have_count(0)


def ask_questions(page: Page, camera: Camera, course: str) -> None:
    camera.take(page, "bank-empty", path=f"/teach/{course}/bank")
    page.fill("main form input[name=title]", "Did you see it?")
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile("/tests/"))
    test = page.url
    for count, kind in enumerate(QUESTIONS, start=1):
        page.click("main a.button.wide[href*='/bank/']")
        page.wait_for_url(re.compile("/bank/"))
        page.locator("main form select").first.select_option(kind)
        page.locator("main form textarea").first.fill(f"What becomes warm first, the kettle or the water? ({count})")
        fill_answers(page.locator("main form"), kind)
        camera.take(page, f"question-{kind}", to="main form")
        page.click("main form button[type=submit]")
        page.wait_for_url(test)
        expect(page.locator(".test-line")).to_have_count(count)
    camera.take(page, "test-draft")
    page.locator("main section .button.main").last.click()
    camera.take(page, "test-publishing", to="main section:has(.button.main)")
    camera.take(page, "bank", path=f"/teach/{course}/bank")


def fill_answers(form: Locator, kind: str) -> None:
    if kind == "cloze":
        form.locator("textarea").first.press("End")
        form.locator("div:not([class]) > .button:not(.quiet)").first.click()
        form.locator("textarea.answers").first.fill("joule\nJ")
        return
    if kind == "numeric":
        form.locator("fieldset input").first.fill("9.7")
        form.locator("fieldset input").nth(1).fill("9.9")
        return
    words = ("the kettle", "the water", "the steam", "the spoon")
    if kind in ("mcq", "multi"):
        for place, row in enumerate(form.locator(".answer-row").all()):
            row.locator("input:not([type=radio], [type=checkbox], [type=file])").first.fill(words[place])
        form.locator(".answer-row input").first.check()
        return
    fields = form.locator("fieldset :is(input:not([type=radio], [type=checkbox], [type=file]), textarea)")
    for place in range(min(fields.count(), len(words))):
        fields.nth(place).fill(words[place])


def publish(page: Page, camera: Camera, course: str, lesson: str) -> None:
    go(page, f"/teach/{course}/edit")
    publishing = page.locator("section.card:has(a[href$='/history'])")
    expect(page.locator(".stack > p[role=status] use[href$='#check-check']")).to_be_attached(timeout=COMING_MS)
    publishing.locator(".button.main").click()
    expect(publishing.locator(".button.main")).to_be_visible()
    camera.take(page, "studio-publish", to="section.card:has(a[href$='/history'])")
    publishing.locator(".button.main").click()
    expect(publishing.locator(".chip.good")).to_be_visible(timeout=COMING_MS)
    rewrite(page, course, lesson, "Heat flows from what is warm to what is cold, never back.")
    go(page, f"/teach/{course}/history")
    expect(page.locator("main .list > li")).to_have_count(2, timeout=COMING_MS)
    camera.take(page, "studio-history")
    page.click("main .list a.button")
    page.wait_for_selector("main ol")
    camera.take(page, "studio-before")


def rewrite(page: Page, course: str, lesson: str, words: str) -> None:
    """The first block; saved."""
    go(page, f"/teach/{course}/edit/{lesson}")
    page.locator(".block-door").first.click()
    page.wait_for_selector(".block.open :focus")
    page.keyboard.press("Control+a")
    page.keyboard.type(words)
    page.keyboard.press("Escape")
    page.click(".action .button.main")
    expect(page.locator(".action .button.main")).to_be_disabled()


def meet_another(page: Page, school: School, camera: Camera, course: str, lesson: str) -> None:
    """Two change the same paragraph of what learners read, one of them without a network."""
    email = school.accounts["admin"][0]
    psql(
        school,
        "insert into catalog_course_staff (id, course_id, user_id, role) select gen_random_uuid(), "
        f"'{course}', id, 'editor' from identity_users where email = '{email}' on conflict do nothing",
    )
    browser = page.context.browser
    assert browser is not None
    other = another_phone(browser, school, camera)
    sign_in(other, school, "admin")
    go(other, f"/teach/{course}/edit/{lesson}")
    other.wait_for_selector(".block.shown", timeout=COMING_MS)
    page.context.set_offline(True)
    rewrite(page, course, lesson, "Heat goes where it is cold.")
    camera.take(page, "studio-offline")
    rewrite(other, course, lesson, "Warmth is motion, and motion spreads.")
    expect(other.locator("main a[href='/outbox']")).to_have_count(0)
    other.wait_for_timeout(3_000)
    page.context.set_offline(False)
    page.locator(".notice.warn .button").first.click(timeout=COMING_MS)
    page.wait_for_selector(".sides")
    camera.take(page, "studio-conflict", to="main section:has(.sides)")
    other.context.close()


def bring_in(page: Page, camera: Camera, folder: Path) -> None:
    """A course of another system tried, and a package brought in."""
    package = folder / "fire.zip"
    package.write_bytes(zipped(quiz_and_spy()))
    for kind, file in (("cartridge", camera.cartridge), ("scorm", package)):
        if file is None:
            continue
        go(page, "/teach")
        go(page, "/teach/import")
        page.check(f"input[name=what][value={kind}]")
        page.set_input_files("input[type=file]", file)
        page.click("form button[value=try]")
        page.wait_for_selector("section[aria-live] .button.main", timeout=COMING_MS)
        camera.take(page, f"import-tried-{kind}")


def send_files(page: Page, camera: Camera, folder: Path) -> None:
    """One ready, one refused, one that waits, one paused."""
    fake = folder / "diagram.png"
    fake.write_text("<!DOCTYPE html><script>alert(1)</script>")
    camera.take(page, "uploads-empty", path="/teach/uploads")
    add = page.locator("main label input[type=file]").first
    add.set_input_files([folder / "page.jpg", fake])
    expect(page.locator("main .chip.bad")).to_be_visible(timeout=COMING_MS)
    page.context.set_offline(True)
    add.set_input_files([folder / "kettle.mp4"])
    add.set_input_files([folder / "worksheet.pdf"])
    page.locator("main li .button:has(use[href$='#pause'])").last.click()
    camera.take(page, "uploads")
    page.context.set_offline(False)


def take_out(page: Page, camera: Camera, course: str) -> None:
    camera.take(page, "export", path=f"/teach/{course}/export")
    camera.take(page, "ready-phones", path=f"/teach/{course}/ready")


def photograph_library(page: Page, school: School, camera: Camera) -> None:
    camera.sizes = WIDTHS
    sign_in(page, school, "educator")
    camera.take(page, "library-mine-empty", path="/teach/library")
    page.click(".action .button.main")
    page.fill("input[name=title]", "Oʻquv varaqasi: issiqlik")
    page.locator("select[name=subject_id]").select_option(index=2)
    page.fill("input[name=topic]", "Heat")
    page.fill("textarea[name=description]", "A worksheet for two lessons: measure, draw the curve, explain it.")
    with tempfile.TemporaryDirectory() as folder:
        page.set_input_files("input[type=file]", photographed_page(Path(folder), width=760))
        camera.take(page, "library-write")
        page.click("form button[type=submit]")
        expect(page.locator("main li .card")).to_be_visible(timeout=COMING_MS)
        item = str(page.locator("main li a.card").first.get_attribute("href")).rpartition("/")[2]
        peer_approves(school, item)
        camera.take(page, "library-mine")
    browser = page.context.browser
    assert browser is not None
    admin, learner = (another_phone(browser, school, camera) for _ in range(2))
    sign_in(admin, school, "admin")
    camera.take(admin, "library-review", path="/teach/review")
    go(admin, f"/library/{item}")
    admin.wait_for_selector("main textarea", timeout=COMING_MS)
    camera.take(admin, "library-verdict")
    admin.click("main section.card .button.main")
    expect(admin.locator("main .chip.good")).to_be_visible(timeout=COMING_MS)
    sign_in(learner, school, "student")
    camera.take(learner, "library", path="/library")
    go(learner, f"/library/{item}")
    learner.click("main li .button", timeout=COMING_MS)
    learner.locator("main .stars input").nth(3).check(timeout=COMING_MS)
    camera.take(learner, "library-item")


def peer_approves(school: School, item: str) -> None:
    """An educator whom staff have checked, over HTTP; waits until the file has come."""
    with httpx.Client(base_url=school.url, timeout=20) as client:
        email = f"nodira-{uuid4().hex[:8]}@example.org"
        person = {"email": email, "password": PASSWORD, "full_name": "Nodira Alieva", "role": "educator"}
        client.post("/api/v1/auth/register", json=person).raise_for_status()
        psql(school, "update identity_educator_profiles set verified_at = now() where true")
        answer = client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()
        client.headers["authorization"] = f"Bearer {answer.json()['data']['access_token']}"
        for _ in range(60):
            waiting = {one["id"]: one for one in client.get("/api/v1/library/review").json()["data"]}
            if item in waiting:
                break
            time.sleep(0.5)
        body = {"item_id": item, "revision": waiting[item]["revision"], "verdict": "approve"}
        client.post(f"/api/v1/library/{item}/reviews", json=body).raise_for_status()


def photograph_staff(page: Page, school: School, camera: Camera) -> None:
    camera.sizes = WIDTHS
    sign_in(page, school, "admin")
    camera.take(page, "jobs-none", path="/staff/jobs")
    for kind, attempts, why in (
        ("media.make_film", 12, "ffmpeg: moov atom not found"),
        ("imports.run_import", 1, "job.ends_its_worker: five workers ended in it"),
    ):
        psql(
            school,
            "insert into base_outbox (kind, payload, attempts, failed_at, error) values"
            f' (\'{kind}\', \'{{"kind": "{kind}", "upload_id": "{uuid4()}"}}\', {attempts}, now(), \'{why}\')',
        )
    go(page, "/more")
    camera.take(page, "jobs", path="/staff/jobs")
    camera.take(page, "subjects", path="/staff/subjects")
