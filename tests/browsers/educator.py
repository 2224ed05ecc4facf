"""Oybek's story: a course with a formula, a picture, a film, a package and a test, over a link that goes away."""

from tests.browsers.people import has_sent_everything, sign_in
from tests.browsers.walk import Scene, Step

LESSON, TEST = "The kettle", "Did you see it?"
COMING_S = 180.0
SLOW_BYTES_A_S = 5_000
IS_PUBLISHED = "Published, revision 1"
ORDER = ("ice", "tea", "steam")
ALT = "A page of a book about heat"


def signs_in(scene: Scene) -> None:
    sign_in(scene, "educator")
    scene.page.until("return navigator.serviceWorker.controller !== null", what="a service worker in charge")


def makes_a_course_and_a_lesson(scene: Scene) -> None:
    page = scene.page
    page.go("/teach")
    page.press("link", "New course")
    count = scene.installation.psql("select count(*) from catalog_courses where title like 'Heat for %'")
    title = f"Heat for {scene.engine} {count[0][0]}"
    page.fill("Title", title)
    page.press("button", "Create", exact=True)
    page.press("button", "New lesson")
    page.fill("Name of the lesson", LESSON)
    page.stroke("Enter")
    page.press_until(LESSON, lambda: page.has("heading", LESSON, exact=True), kind="link")
    scene.found["lesson"] = page.js("return location.pathname")


def types_with_bold_words_by_keys_and_by_a_button(scene: Scene) -> None:
    page = scene.page
    add(scene, "Text")
    page.type("Heat flows to ")
    page.stroke("Control", "b")
    page.type("cold")
    page.stroke("Control", "b")
    page.type(" things.")
    page.stroke("Shift", "Enter")
    page.type("Always.")
    page.stroke("Enter")
    page.type("It never rests.")
    page.js(
        """
        const field = document.querySelector(".block.open [role=textbox]");
        getSelection().setBaseAndExtent(field.firstChild, 3, field.firstChild, 8);
        """
    )
    page.press("button", "B: ")
    written = page.js('return document.querySelector(".block.open [role=textbox]").innerText')
    assert "It never rests." in written, written
    done(scene)
    told = page.js('return [...document.querySelectorAll(".block.shown .lesson > p")].map((p) => p.innerHTML)')
    assert told == ["Heat flows to <strong>cold</strong> things.<br>Always.", "It <strong>never</strong> rests."], told


def keeps_its_buttons_while_one_is_pressed(scene: Scene) -> None:
    """On an iPhone a button takes no focus, and a field that loses it would take its buttons along."""
    page = scene.page
    page.click(page.select(".block.shown .block-door, .block-door"))
    page.find("button", "B: ")
    held = page.js(
        """
        return [...document.querySelectorAll(".block.open .rich ~ .tools button")].map((one) =>
          one.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true })));
        """
    )
    done(scene)
    assert held == [False] * 5, held


def writes_a_link(scene: Scene) -> None:
    page = scene.page
    page.click(page.select(".block-door"))
    page.until(
        """
        const text = document.querySelector(".block.open [role=textbox]")?.firstChild;
        if (!text?.textContent.startsWith("Heat")) return false;
        getSelection().setBaseAndExtent(text, 0, text, 4);
        return true;
        """,
        what="the first words",
    )
    page.press("button", "Link", exact=True)
    page.fill("Address of the link", "example.org/heat")
    page.press("button", "Add", exact=True)
    done(scene)
    page.until("return document.querySelector('.block.shown a')?.href === 'https://example.org/heat'", what="the link")


def writes_a_formula(scene: Scene) -> None:
    """It is drawn when the server has read it."""
    page = scene.page
    add(scene, "Formula")
    page.type(r"Q = m c \Delta T")
    done(scene)
    page.until(r"return document.querySelector('.desk').innerText.includes('\\Delta T')", what="a formula")


def chooses_a_picture_and_a_film(scene: Scene) -> None:
    page = scene.page
    add(scene, "Picture")
    page.give("Choose a file", scene.folder / "page.jpg")
    page.fill("What is to be seen", ALT)
    page.until("return document.querySelector('.block.open img')?.naturalWidth > 400", what="the picture")
    done(scene)
    scene.line.is_slow(up=SLOW_BYTES_A_S)
    add(scene, "Film")
    page.give("Choose a file", scene.folder / "kettle.mp4")
    page.until("return document.querySelector('video')?.duration > 30", what="the film, as it lies on the phone")
    page.fill("Title of the file", "The kettle boils")
    done(scene)
    save(scene)


def loses_the_network_in_the_middle_of_a_part(scene: Scene) -> None:
    page = scene.page
    page.go("/teach/uploads")
    page.see("Sending, ")
    scene.line.is_dead()
    page.see("Waits for the network", within_s=COMING_S)
    page.until("return (await caches.match('/.kept/studio')) !== undefined", what="the studio kept on this phone")


def opens_the_studio_again_without_a_network(scene: Scene) -> None:
    scene.page = scene.again()
    page = scene.page
    page.open(scene.found["lesson"])
    page.until("return document.querySelectorAll('.block.shown').length === 5", what="five blocks")
    page.until("return document.querySelector('.block.shown img')?.naturalWidth > 400", what="the picture")
    page.until("return document.querySelector('.block.shown video')?.duration > 30", what="the film")


def makes_a_test_without_a_network(scene: Scene) -> None:
    page = scene.page
    course = scene.found["lesson"].split("/")[2]
    page.go(f"/teach/{course}/bank")
    page.fill("New test", TEST)
    page.press("button", "Make the test")
    page.find("heading", TEST, exact=True)
    question(scene, "One right answer", "What becomes warm first?")
    page.fill("Answer 1", "the kettle", exact=True)
    page.fill("Answer 2", "the water", exact=True)
    keep_question(scene, 1)
    question(scene, "Number", "What is g, in m/s²?")
    page.fill("Number", "9,7", exact=True)
    page.fill("Up to (for a range)", "9.9")
    keep_question(scene, 2)
    question(scene, "Put in order", "From cold to hot.")
    page.press("button", "One more")
    for place, thing in enumerate(ORDER, start=1):
        page.fill(f"Answer {place}", thing, exact=True)
    keep_question(scene, 3)
    page.press("button", "Publish the test")
    page.see("will be published when it has reached the server")


def puts_the_test_into_the_lesson(scene: Scene) -> None:
    page = scene.page
    page.go(scene.found["lesson"])
    add(scene, "Exercise")
    page.type("Now try what you saw.")
    page.choose("Test", TEST)
    done(scene)
    save(scene)


def sees_a_preview(scene: Scene) -> None:
    page = scene.page
    page.press("link", "Preview")
    page.see("So a learner sees it.")
    page.until("return document.querySelector('article.lesson strong') !== null", what="strong words")
    page.press("link", "Go on writing")


def comes_back_and_all_is_sent(scene: Scene) -> None:
    scene.line.is_alive()
    scene.page.go("/teach/uploads")
    scene.page.until(
        "return document.body.innerText.split('Ready to use').length > 2", within_s=COMING_S, what="two files"
    )
    has_sent_everything(scene)


def brings_a_package_in(scene: Scene) -> None:
    page = scene.page
    page.go("/teach/import")
    page.tick("A SCORM package")
    page.choose("Which course gets it?", scene.course)
    page.session.send(page.select("input[type=file]"), str(scene.folder / "fire.zip"))
    page.press("button", "Import", exact=True)
    page.see("The import is done.", within_s=COMING_S)


def publishes(scene: Scene) -> None:
    page = scene.page
    page.go("/".join(scene.found["lesson"].split("/")[:4]))
    page.see("Everything has reached the server", within_s=COMING_S)
    # It may be asked whether it is meant.
    page.press_until("Publish", lambda: page.has("text", IS_PUBLISHED), within_s=COMING_S)
    has_sent_everything(scene)


def question(scene: Scene, kind: str, prompt: str) -> None:
    scene.page.press("link", "New question")
    scene.page.find("heading", "New question", exact=True)
    scene.page.choose("Kind of question", kind)
    scene.page.fill("The question", prompt)


def keep_question(scene: Scene, count: int) -> None:
    scene.page.see("Ready for a test")
    scene.page.press("button", "Save into the test")
    scene.page.find("heading", f"{count} question")


def save(scene: Scene) -> None:
    page = scene.page
    page.press_until("Save", lambda: page.has("text", "Saved", exact=True))


def add(scene: Scene, kind: str) -> None:
    """By the button below all blocks."""
    page = scene.page
    page.press_until("Add", lambda: page.has("button", kind, exact=True))
    page.press("button", kind, exact=True)
    page.until(
        "const open = document.querySelector('.block.open');"
        "const field = document.activeElement;"
        "const isReady = open?.contains(field) && field.matches('input, textarea, select, [role=textbox]');"
        "return isReady || open?.querySelector('input[type=file]');",
        what=f"an open block: {kind}",
    )


def done(scene: Scene) -> None:
    page = scene.page
    page.press_until("Done", lambda: page.js("return document.querySelector('.block.open') === null"))


STORY: tuple[Step, ...] = (
    signs_in,
    makes_a_course_and_a_lesson,
    types_with_bold_words_by_keys_and_by_a_button,
    keeps_its_buttons_while_one_is_pressed,
    writes_a_link,
    writes_a_formula,
    chooses_a_picture_and_a_film,
    loses_the_network_in_the_middle_of_a_part,
    opens_the_studio_again_without_a_network,
    makes_a_test_without_a_network,
    puts_the_test_into_the_lesson,
    sees_a_preview,
    comes_back_and_all_is_sent,
    brings_a_package_in,
    publishes,
)
