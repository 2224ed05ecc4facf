"""Pictures of every screen, from a running school: `python -m tests.e2e.screens --data .data`.

Three people do what the screens are for; each screen is photographed on a phone, a tablet and a laptop and looked at by
axe-core. Exit code 1 names what axe found, what did not fit the width, and every error that the page logged.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

from tests.support import axe
from tests.support.browser import QUIET, chromium

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "screens"
SIZES = ((360, 740), (768, 1024), (1280, 800))
COLOURS = 256  # A screen has few; a picture of it weighs a third.
SETTLE_MS = 400
READ, TESTED = "Physics", "How things move"  # The course whose lessons are shown, and the one whose test is taken.
# By a piece of the question: what is chosen or typed. One of them is wrong, so that the result explains something.
ANSWERS: dict[str, tuple[str, ...]] = {
    "drives 120 km": ("60 km/h",),
    "Velocity says": ("True",),
    "have a direction": ("velocity", "force"),
    "dropped from rest": ("19.6",),
    "unit of force": ("newton",),
    "Match the quantity": (
        "distance",
        "metre",
        "time",
        "second",
        "speed",
        "metre per second",
        "acceleration",
        "metre per second squared",
    ),
    "hammer and a feather": ("The hammer, because it is heavier.",),
    "horizontal line": ("stands still",),
}
OFFLINE_NOISE = "ERR_INTERNET_DISCONNECTED"


@dataclass
class Camera:
    """Photographs a page and notes what is wrong with it."""

    folder: Path
    language: str
    questions: Path | None = None  # A GIFT file, imported for the picture of its report.
    wrong: list[str] = field(default_factory=list)

    def take(self, page: Page, name: str, *, path: str | None = None) -> None:
        if path is not None:
            go(page, path)
        page.wait_for_timeout(SETTLE_MS)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(SETTLE_MS // 2)
            self._check_width(page, f"{name} at {width}")
            self._save(page.screenshot(), f"{name}-{width}.png")
        self._check_access(page, name)

    def _save(self, picture: bytes, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS).save(self.folder / name, optimize=True)

    def _check_width(self, page: Page, where: str) -> None:
        if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            self.wrong.append(f"{where}: wider than the screen")

    def _check_access(self, page: Page, name: str) -> None:
        if not page.evaluate(axe.IS_THERE):
            page.evaluate(axe.source())
        page.set_viewport_size({"width": SIZES[0][0], "height": axe.TALL})
        self.wrong += [f"{name}: {found}" for found in page.evaluate(axe.JUDGE, list(axe.TAGS))]
        page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda line: self._hear(page, line.type, line.text))

    def _hear(self, page: Page, kind: str, text: str) -> None:
        if kind == "error" and OFFLINE_NOISE not in text:
            self.wrong.append(f"{page.url}: {text}")


@dataclass(frozen=True)
class School:
    url: str
    accounts: dict[str, tuple[str, str]]  # role → e-mail, password


def go(page: Page, path: str) -> None:
    """To another screen by its address, inside the running page."""
    page.evaluate("path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)
    page.wait_for_timeout(SETTLE_MS)


def person(play: Playwright, school: School, camera: Camera) -> tuple[BrowserContext, Page]:
    """A phone of its own, in the language of the camera."""
    browser = play.chromium.launch(executable_path=chromium(), args=list(QUIET))
    context = browser.new_context(
        viewport={"width": SIZES[0][0], "height": SIZES[0][1]},
        locale=camera.language,
        has_touch=True,
        reduced_motion="reduce",
    )
    page = context.new_page()
    camera.listen(page)
    page.goto(school.url)
    page.wait_for_selector("h1")
    if page.locator("html").get_attribute("lang") != camera.language:
        raise SystemExit(f"the app does not speak {camera.language}")
    page.select_option("main select", camera.language)  # Chosen by hand, so that it goes into the account.
    return context, page


def sign_in(page: Page, school: School, role: str) -> None:
    email, password = school.accounts[role]
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("form button[type=submit]")
    page.wait_for_selector("nav.tabs")
    page.wait_for_timeout(2_000)


def photograph_educator(page: Page, school: School, camera: Camera) -> None:
    sign_in(page, school, "educator")
    camera.take(page, "teach", path="/teach")
    camera.take(page, "import", path="/teach/import")
    if camera.questions is not None:
        page.locator("input[name=kind]").nth(1).check()
        page.select_option("select[name=course]", label=READ)
        page.fill("input[name=practice]", "Physics practice")
        page.set_input_files("input[type=file]", camera.questions)
        page.click("form button[type=submit]")
        page.wait_for_selector("main .list", timeout=60_000)
        camera.take(page, "import-report")
    page.click("a[href='/teach']")
    page.click(f".course-card:has(h2:text-is('{TESTED}')) a[href$='/results']")
    camera.take(page, "results")


def photograph_student(page: Page, school: School, camera: Camera) -> None:
    camera.take(page, "sign-in")
    camera.take(page, "register", path="/register")
    go(page, "/sign-in")
    sign_in(page, school, "student")
    camera.take(page, "today-first")
    camera.take(page, "courses", path="/courses")
    tested = download(page, TESTED)
    go(page, "/courses")
    open_course(page, READ)
    camera.take(page, "course-before")
    go(page, "/courses")
    download(page, READ)
    camera.take(page, "course-ready")
    page.context.set_offline(True)
    photograph_reading(page, camera)
    photograph_test(page, camera, course=tested)
    photograph_asking(page, camera)
    camera.take(page, "outbox-offline", path="/outbox")
    page.context.set_offline(False)
    expect(page.locator("main .empty")).to_be_visible(timeout=60_000)
    camera.take(page, "outbox-empty")
    for name in ("downloads", "profile", "more"):
        camera.take(page, name, path=f"/{name}")


def open_course(page: Page, title: str) -> str:
    """From the list of courses; returns the course's address."""
    page.click(f".course-card:has(h2:text-is('{title}'))")
    page.wait_for_selector("footer")
    return str(page.evaluate("location.pathname"))


def download(page: Page, title: str) -> str:
    address = open_course(page, title)
    page.click("section.card button.main")
    page.wait_for_selector(".chip.good", timeout=90_000)
    return address


def photograph_reading(page: Page, camera: Camera) -> None:
    page.click("a.line[href*='/lessons/'] >> nth=1")
    page.wait_for_selector("article.lesson")
    camera.take(page, "lesson")
    picture = page.locator("article.lesson img").first
    if picture.count():
        picture.scroll_into_view_if_needed()
        camera.take(page, "lesson-picture")


def photograph_test(page: Page, camera: Camera, *, course: str) -> None:
    go(page, course)
    page.click("a.line[href*='/tests/'] >> nth=0")
    camera.take(page, "test")
    page.click("main button.main, main a.button.main")
    page.wait_for_selector(".question")
    for place in range(len(ANSWERS)):
        answer_question(page)
        if place in (1, 4):
            camera.take(page, f"attempt-{place}")
        page.click(".action .button.main")
    camera.take(page, "attempt-review")
    page.click(".action .button.main")
    camera.take(page, "attempt-submit")
    page.click("dialog .button.main")
    camera.take(page, "result-offline")


def answer_question(page: Page) -> None:
    asked = page.locator(".question").inner_text()
    wanted = next(answer for piece, answer in ANSWERS.items() if piece in asked)
    form = page.locator("section[aria-labelledby]")
    if form.locator("select").count():
        for left, right in zip(wanted[::2], wanted[1::2], strict=True):
            form.get_by_label(left, exact=True).select_option(label=right)
    elif form.locator("input[type=radio], input[type=checkbox]").count():
        for text in wanted:
            is_true = text == "True"  # The app's own word, in its own language; it comes first.
            (form.locator("input").first if is_true else form.get_by_label(text, exact=True)).check()
    else:
        form.locator("input").fill(wanted[0])
        form.locator("input").blur()


def photograph_asking(page: Page, camera: Camera) -> None:
    go(page, "/questions/ask")
    page.locator("select[name=subject_id]").select_option(label="Physics")
    page.fill("input[name=title]", "Why is velocity negative on the way back?")
    page.fill("textarea[name=body]", "She walks back to the school. I get +1.7 m/s, the book says −1.7 m/s.")
    camera.take(page, "ask")
    page.click("form button[type=submit]")
    camera.take(page, "thread-offline")


def photograph_mentor(page: Page, school: School, camera: Camera) -> None:
    sign_in(page, school, "mentor")
    camera.take(page, "mentor", path="/mentor")
    page.click("main a.line >> nth=0")
    page.fill("textarea", "Look at the direction first: the way to school is positive, so the way back is negative.")
    camera.take(page, "mentor-answer")
    page.click("form button[type=submit]")
    page.wait_for_timeout(3_000)


def photograph_answers(page: Page, school: School, camera: Camera) -> None:
    """The student comes back on another phone: everything is there."""
    sign_in(page, school, "student")
    camera.take(page, "notifications", path="/notifications")
    camera.take(page, "questions", path="/questions")
    page.click("main a.line >> nth=0")
    camera.take(page, "thread")
    go(page, "/courses")
    download(page, TESTED)
    go(page, "/notifications")
    page.click("main ul a[href$='/result'] >> nth=0")
    camera.take(page, "result")
    go(page, "/courses")
    open_course(page, TESTED)
    page.click("a.line[href*='/lessons/'] >> nth=1")
    page.wait_for_timeout(3 * SETTLE_MS)
    camera.take(page, "today", path="/")


def photograph_people(page: Page, school: School, camera: Camera) -> None:
    """Two people on one phone."""
    sign_in(page, school, "student")
    go(page, "/sign-in")
    sign_in(page, school, "mentor")
    go(page, "/people")
    page.click("main .list button >> nth=0")
    camera.take(page, "people")


def read_school(data: Path, url: str) -> School:
    accounts = json.loads((data / "demo-accounts.json").read_text())
    by_role: dict[str, tuple[str, str]] = {}
    for account in accounts:
        by_role.setdefault(account["role"], (account["email"], account["password"]))
    return School(url=url, accounts=by_role)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".data", help="SPARK_DATA of the running school")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("--language", default="en", choices=("en", "uz", "ru", "id"))
    parser.add_argument("--questions", type=Path, help="a GIFT file to import, for the picture of its report")
    options = parser.parse_args(arguments)
    school = read_school(options.data, options.url)
    camera = Camera(options.out, options.language, options.questions)
    stories: tuple[Callable[[Page, School, Camera], None], ...] = (
        photograph_student,
        photograph_mentor,
        photograph_answers,
        photograph_educator,
        photograph_people,
    )
    with sync_playwright() as play:
        for story in stories:
            context, page = person(play, school, camera)
            story(page, school, camera)
            context.close()
    for line in dict.fromkeys(camera.wrong):
        print(line)
    return 1 if camera.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
