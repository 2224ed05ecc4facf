"""Amina's story: she downloads what Oybek made, learns with no network, comes back, and nothing is lost or doubled."""

from tests.browsers.educator import ALT, LESSON, ORDER, TEST
from tests.browsers.page import Page
from tests.browsers.people import has_sent_everything, sign_in
from tests.browsers.walk import Scene, Step

COMING_S = 180.0
WAYS = {
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


def signs_in(scene: Scene) -> None:
    sign_in(scene, "student")
    scene.page.until("return navigator.serviceWorker.controller !== null", what="a service worker in charge")


def downloads_the_course(scene: Scene) -> None:
    open_course(scene)
    page = scene.page
    page.tick("Everything")
    page.press("button", "Download")
    page.see("Ready offline", within_s=COMING_S)
    scene.found["course"] = page.js("return location.pathname")
    page.until("return (await caches.match('/packages/frame')) !== undefined", what="what opens packages")


def loads_the_page_again_without_a_network(scene: Scene) -> None:
    scene.line.is_dead()
    scene.page.open(scene.found["course"])
    scene.page.find("heading", scene.course, exact=True)
    scene.page.see("Ready offline")


def reads_words_a_formula_and_a_picture(scene: Scene) -> None:
    page = scene.page
    open_lesson(scene)
    page.until(
        """
        const all = [...document.querySelectorAll("article.lesson > p")].map((one) => one.innerHTML);
        return all.some((one) => one.endsWith("flows to <strong>cold</strong> things.<br>Always."));
        """,
        what="strong words, and a line of their own",
    )
    formula = "document.querySelector('article.lesson math').getBoundingClientRect()"
    page.until(f"return {formula}.height > 8 && {formula}.width > 30", what="a formula that is drawn")
    page.js("document.querySelector('article.lesson img').scrollIntoView()")
    page.until(
        "const image = document.querySelector('article.lesson img');"
        "return image.alt === args[0] && image.naturalWidth > 400",
        ALT,
        what="the picture",
    )


def plays_the_film_and_goes_on_elsewhere_in_it(scene: Scene) -> None:
    open_lesson(scene)
    plays(scene.page, "video", at=25)
    assert scene.page.js("return new URL(document.querySelector('video').currentSrc).pathname.startsWith('/media/')"), (
        "it did not play from the service worker"
    )
    assert scene.page.js("return document.querySelector('video').videoWidth") == 320


def hears_the_sound_alone(scene: Scene) -> None:
    """Brought with a network, played without one: Ogg Opus where the browser has it, else MP3."""
    page = scene.page
    scene.line.is_alive()
    open_lesson(scene)
    page.js("document.querySelector('details.others').open = true")
    page.press("button", "Sound only", within_s=COMING_S)
    page.until(
        "return [...document.querySelectorAll('details.others button')].some((one) => "
        "one.innerText.startsWith('Sound only') && !/KB|MB/.test(one.innerText))",
        within_s=COMING_S,
        what="the sound kept",
    )
    scene.line.is_dead()
    page.press("button", "Sound only")
    plays(page, "audio", at=None)  # WebKitGTK learns the length of an Ogg sound too late to go on elsewhere.


def opens_a_package_in_a_frame_without_an_origin(scene: Scene) -> None:
    page = scene.page
    page.open(scene.found["course"])
    page.press("link", "Fire safety")
    page.press("link", "Open", exact=True)
    page.press("button", "Fire safety")
    page.into("iframe")
    reads(page, "#told", "Добро пожаловать ?lang=en")
    reads(page, "#late", "came later")
    page.until("return getComputedStyle(document.querySelector('h1')).color === 'rgb(0, 100, 0)'", what="its style")
    page.until("return document.querySelector('#pic').naturalWidth === 40", what="its picture")
    assert page.js("return self.origin") == "null"
    page.out()
    page.press("button", "Contents")


def turns_a_page_of_the_package_without_a_network(scene: Scene) -> None:
    """By a link of its own, in the frame."""
    page = scene.page
    page.open(scene.found["course"])
    page.press("link", "Fire safety")
    page.press("link", "Open", exact=True)
    page.press("button", "Fire safety")
    page.into("iframe")
    page.session.click(page.select("#next"))
    page.out()
    page.into("iframe")
    page.until("return document.querySelector('#before')?.innerText.includes('page=1 Amina')", what="its second page")
    page.session.click(page.select("#finish"))
    reads(page, "#done", "finished true 0")
    page.out()
    page.see("Score 80")


def finds_the_package_s_own_files_in_every_way(scene: Scene) -> None:
    page = scene.page
    page.press("button", "Ways")
    page.into("iframe")
    lines = "[...document.querySelectorAll('#found li')].map((line) => line.textContent)"
    try:
        page.until(f"return {lines}.length === args[0]", len(WAYS), what="all ways")
    finally:
        missing = WAYS - set(page.js(f"return {lines}"))
        assert missing == set(), missing
        page.out()
    page.press("button", "Contents")


def lets_a_spy_reach_nothing(scene: Scene) -> None:
    page = scene.page
    scene.line.is_alive()
    page.press("button", "Spy")
    page.into("iframe")
    page.until("return document.body.innerText.includes('all told')", what="the spy's last word")
    told = page.js("return [...document.querySelectorAll('#told li')].map((line) => line.textContent)")
    page.out()
    scene.line.is_dead()
    assert len(told) == 18, told
    assert [line for line in told if not line.endswith(": nothing")] == [], told
    assert page.js("return location.pathname").startswith("/courses/")


def takes_the_test_without_a_network(scene: Scene) -> None:
    page = scene.page
    open_lesson(scene)
    page.press("link", "Open the test")
    page.press("button", "Begin the test")
    for _ in range(3):
        answer(page)
        page.click(page.select(".action .button.main"))
    page.press("button", "Hand in")
    page.until("return document.querySelector('dialog[open]') !== null", what="a question before handing in")
    page.click(page.select("dialog[open] .button.main"))
    page.see("Saved on this phone")
    scene.found["result"] = page.js("return location.pathname")


def asks_a_question_without_a_network(scene: Scene) -> None:
    page = scene.page
    page.go("/questions/ask")
    page.choose("Subject", "Physics")
    page.fill("Your question in short", f"Why does {scene.engine} boil?")
    page.fill("Tell more", "It is warm already.")
    page.press("button", "Send", exact=True)
    page.see(f"Why does {scene.engine} boil?")


def finds_all_of_it_again(scene: Scene) -> None:
    scene.page = scene.again()
    page = scene.page
    page.open("/outbox")
    page.see("saved on this phone", f"Why does {scene.engine} boil?")
    page.open(scene.found["result"])
    page.see("Saved on this phone")
    page.open(scene.found["course"])
    page.see("Ready offline")


def comes_back_and_is_graded_once(scene: Scene) -> None:
    scene.line.is_alive()
    has_sent_everything(scene)
    scene.page.go(scene.found["result"])
    scene.page.until("return document.querySelector('[role=img][aria-label*=\"100\"]') !== null", what="100 %")
    count = scene.installation.psql(
        "select count(*), min(a.score_ppm) from assessments_attempts a join assessments_assessments t"
        " on t.id = a.assessment_id join catalog_courses c on c.id = t.course_id"
        f" where c.title = '{scene.course}' and t.title = '{TEST}'"
    )
    assert count == [(1, 1_000_000)], count


def open_course(scene: Scene) -> None:
    page = scene.page
    page.go("/courses")
    page.press("link", scene.course, within_s=COMING_S)
    page.find("heading", scene.course, exact=True)


def open_lesson(scene: Scene) -> None:
    page = scene.page
    page.go(scene.found["course"])
    page.press("link", LESSON)
    page.find("heading", LESSON, exact=True)
    page.select("article.lesson")


def answer(page: Page) -> None:
    asked = page.until("return document.querySelector('.question')?.innerText", what="a question")
    if "first" in asked:
        page.tick("the kettle")
    elif "g, in" in asked:
        page.fill("Your number", "9,81")
    else:
        put_in_order(page)


def put_in_order(page: Page) -> None:
    """Up with each, until it stands where it belongs; the first turn counts as an answer, too."""
    prompts = "[...document.querySelectorAll('ol.list .prompt')].map((one) => one.innerText.trim())"
    shown = list(page.js(f"return {prompts}"))

    def up(place: int) -> None:
        page.press("button", f"Move up: {shown[place]}", exact=True)
        shown.insert(place - 1, shown.pop(place))
        page.until(f"return {prompts}.join() === args[0]", ",".join(shown), what=f"the order {shown}")

    up(len(shown) - 1)
    for place, name in enumerate(ORDER):
        while shown.index(name) > place:
            up(shown.index(name))


def plays(page: Page, tag: str, *, at: int | None) -> None:
    """It runs from the beginning, and goes on where it is put."""
    page.select(tag)
    where = "document.getElementsByTagName(args[0])[0]"
    page.until(
        f"const player = {where}; player.muted = true; if (player.paused) player.play().catch(() => undefined);"
        "return player.currentTime > 0.3",
        tag,
        what=f"a {tag} that runs",
    )
    if at is not None:
        page.js(f"{where}.currentTime = args[1]", tag, at)
        page.until(
            f"return !{where}.seeking && {where}.currentTime > args[1] + 0.2", tag, at, what=f"a {tag} that goes on"
        )
    page.js(f"{where}.pause()", tag)


def reads(page: Page, css: str, words: str) -> None:
    page.until("return document.querySelector(args[0])?.innerText === args[1]", css, words, what=f"{css}: {words}")


STORY: tuple[Step, ...] = (
    signs_in,
    downloads_the_course,
    loads_the_page_again_without_a_network,
    reads_words_a_formula_and_a_picture,
    plays_the_film_and_goes_on_elsewhere_in_it,
    hears_the_sound_alone,
    opens_a_package_in_a_frame_without_an_origin,
    finds_the_package_s_own_files_in_every_way,
    lets_a_spy_reach_nothing,
    turns_a_page_of_the_package_without_a_network,
    takes_the_test_without_a_network,
    asks_a_question_without_a_network,
    finds_all_of_it_again,
    comes_back_and_is_graded_once,
)
