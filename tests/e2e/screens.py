"""Pictures of every screen, from a running school: `python -m tests.e2e.screens --data .data`.

Its people do what the screens are for; each screen is photographed on a phone, a tablet and a laptop and looked at by
axe-core. Exit code 1 names what axe found, what did not fit the width, and every error that the page logged.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.camera import SETTLE_MS, Camera, School, go, person, read_school, sign_in
from tests.e2e.studio_screens import photograph_library, photograph_staff, photograph_studio

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "screens"
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


def photograph_educator(page: Page, school: School, camera: Camera) -> None:
    sign_in(page, school, "educator")
    camera.take(page, "teach", path="/teach")
    camera.take(page, "import", path="/teach/import")
    if camera.questions is not None:
        page.check("input[name=what][value=questions]")
        page.select_option("select[name=course]", label=READ)
        page.fill("input[name=practice]", "Physics practice")
        page.set_input_files("input[type=file]", camera.questions)
        page.click("form button[value=try]")
        page.click("section[aria-live] .button.main", timeout=60_000)
        expect(page.locator("section[aria-live] .notice.good")).to_be_visible(timeout=60_000)
        camera.take(page, "import-report")
    go(page, "/teach")
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
    go(page, "/downloads")
    page.fill("input[name=price]", "100")
    page.locator("input[name=price]").blur()
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


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".data", help="SPARK_DATA of the running school")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("--language", default="en", choices=("en", "uz", "ru", "id"))
    parser.add_argument("--dark", action="store_true", help="by night")
    parser.add_argument("--only", help="of the stories those whose names have this in them")
    parser.add_argument("--questions", type=Path, help="a GIFT file to import, for the picture of its report")
    parser.add_argument("--cartridge", type=Path, help="a Common Cartridge, for the picture of what would come of it")
    options = parser.parse_args(arguments)
    school = read_school(options.data, options.url)
    camera = Camera(options.out, options.language, options.dark, options.questions, options.cartridge)
    stories: tuple[Callable[[Page, School, Camera], None], ...] = (
        photograph_student,
        photograph_mentor,
        photograph_answers,
        photograph_educator,
        photograph_people,
        photograph_studio,
        photograph_library,
        photograph_staff,
    )
    with sync_playwright() as play:
        for story in stories:
            if options.only and options.only not in story.__name__:
                continue
            with person(play, school, camera) as page:
                story(page, school, camera)
    for line in dict.fromkeys(camera.wrong):
        print(line)
    return 1 if camera.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
