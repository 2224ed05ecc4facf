"""Madina's stories: a private window, and a browser that is told to keep nothing at all."""

from tests.browsers.people import has_sent_everything, sign_in
from tests.browsers.walk import Scene, Step

COURSE = "How things move"
COMING_S = 120.0


def signs_in(scene: Scene) -> None:
    sign_in(scene, "student")


def downloads_and_reads_without_a_network_while_the_window_is_open(scene: Scene) -> None:
    page = scene.page
    page.go("/courses")
    page.press("link", COURSE)
    page.press("button", "Download")
    page.see("Ready offline", within_s=COMING_S)
    scene.line.is_dead()
    page.go("/courses")
    page.press("link", COURSE)
    page.click(page.select("a.line[href*='/lessons/']"))
    page.select("article.lesson p")


def writes_something_that_arrives(scene: Scene) -> None:
    page = scene.page
    page.go("/questions/ask")
    page.choose("Subject", "Physics")
    page.fill("Your question in short", f"Is {scene.engine} private?")
    page.fill("Tell more", "It is a private window.")
    page.press("button", "Send", exact=True)
    page.see(f"Is {scene.engine} private?")
    scene.line.is_alive()
    has_sent_everything(scene)


def says_that_nothing_can_be_kept(scene: Scene) -> None:
    """And not a white page."""
    scene.page.open("/")
    scene.page.until(
        """
        const words = document.querySelector(".late [lang=en]");
        const isSeen = words !== null && getComputedStyle(words).visibility === "visible";
        return isSeen && words.innerText.includes("cookies");
        """,
        what="why it does not open",
        within_s=5,
    )


PRIVATE: tuple[Step, ...] = (
    signs_in,
    downloads_and_reads_without_a_network_while_the_window_is_open,
    writes_something_that_arrives,
)
CLOSED: tuple[Step, ...] = (says_that_nothing_can_be_kept,)
