"""Every screen that a person meets, as axe-core judges it (WCAG 2.2 A and AA), in two languages, on a narrow phone.

Screens are found by their addresses and parts, not by their words: the same walk is taken in each language.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Page, expect

from tests.e2e.test_two_people_one_phone import account
from tests.support import axe
from tests.support.browser import PHONE, Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

TESTED = "How things move"
ITEMS = 8
OFFLINE_NOISE = "ERR_INTERNET_DISCONNECTED"  # The browser's own line about each try; that there is no network is meant.
WIDER = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"

OPENED = {3: ".cells", 0: ".rich:focus", 4: ".inside", 7: "input[type=file]"}  # A table, a text, a note, a film.
STUDIO = {  # What is to be seen before it is judged.
    "/teach/{course}/bank": "main form input[name=title]",
    "/teach/uploads": "main .empty, main li .chip",
}
ALONE = ("/", "/courses", "/questions", "/notifications", "/outbox", "/downloads", "/profile", "/more", "/people")


@dataclass
class Judge:
    """Looks at one person's screens; `wrong` has what it found, by screen."""

    phone: Phone
    by_night: bool = True
    wrong: dict[str, list[str]] = field(default_factory=dict)

    async def look(self, name: str) -> None:
        """By day, and by night, when the colours are others."""
        page = self.phone.screen
        await axe.come_to_rest(page)
        width = await page.evaluate(WIDER)
        found = [f"{width} px wide"] if width > PHONE["width"] else []
        await page.set_viewport_size({"width": PHONE["width"], "height": axe.TALL})
        found += await axe.violations(page)
        if self.by_night:
            await page.emulate_media(color_scheme="dark")
            await axe.arrive(page)
            found += [f"dark: {line}" for line in await axe.violations_of_colours(page)]
            await page.emulate_media(color_scheme="light")
        await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        if found:
            self.wrong.setdefault(name, []).extend(found)

    async def walk(self, paths: Sequence[str]) -> None:
        for path in paths:
            await self.phone.go(path)
            await expect(self.phone.screen.locator("main h1").first).to_be_attached()
            await self.look(path)

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.wrong.setdefault("script", []).append(str(error)))
        page.on("console", lambda line: self._hear(line.type, line.text))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and OFFLINE_NOISE not in text:
            self.wrong.setdefault("console", []).append(text)


async def enter(phone: Phone, who: tuple[str, str], locale: str) -> Judge:
    """At the door: choose the language, then sign in. The night looks alike in each language: it is judged in one."""
    page = await phone.open()
    judge = Judge(phone, by_night=locale == "en")
    judge.listen(page)
    await page.locator("main select").select_option(value=locale)
    await expect(page.locator("html")).to_have_attribute("lang", locale)
    await judge.walk(("/register", "/sign-in"))
    await page.locator("input[name=email]").fill(who[0])
    await page.locator("input[name=password]").fill(who[1])
    await page.locator("form button[type=submit]").click()
    await expect(page.locator("nav.tabs")).to_be_visible()
    return judge


async def learn(judge: Judge) -> None:
    """A course before and after its download, a lesson and a whole test without a network."""
    phone, page = judge.phone, judge.phone.screen
    await phone.go("/courses")
    await page.locator(f".course-card:has(h2:text-is('{TESTED}'))").click()
    await expect(page.locator("section.card button.main")).to_be_visible()
    await judge.look("course to download")
    await page.locator("section.card button.main").click()
    await expect(page.locator(".chip.good").first).to_be_visible()
    await judge.look("course here")
    await phone.offline()
    await page.locator("a.line[href*='/lessons/']").first.click()
    await expect(page.locator("article.lesson")).to_be_visible()
    await judge.look("lesson")
    await page.go_back()
    await page.locator("a.line[href*='/tests/']").first.click()
    await judge.look("test")
    await page.locator("main button.main, main a.button.main").click()
    await take_the_test(judge)


async def take_the_test(judge: Judge) -> None:
    page = judge.phone.screen
    for place in range(1, ITEMS + 1):
        await expect(page.locator(".question")).to_be_visible()
        if await page.locator("main input[type=radio]").count():
            await page.locator("main input[type=radio]").first.check()
        await judge.look(f"question {place}")
        await page.locator(".action .button.main").click()
    await judge.look("review")
    await page.locator(".action .button.main").click()
    await expect(page.locator("dialog .button.main")).to_be_visible()
    await judge.look("hand in?")
    await page.locator("dialog .button.main").click()
    await expect(page).to_have_url(re.compile("/result$"))
    await judge.look("result to come")


async def ask(judge: Judge, title: str) -> None:
    page = judge.phone.screen
    await judge.walk(("/questions/ask",))
    await page.locator("select[name=subject_id]").select_option(label="Physics")
    await page.locator("input[name=title]").fill(title)
    await page.locator("textarea[name=body]").fill("She walks back, and the graph goes down.")
    await page.locator("form button[type=submit]").click()
    await expect(page.get_by_text(title).first).to_be_visible()
    await judge.look("question asked")
    await judge.walk(("/outbox",))
    await judge.phone.online()
    await expect(page.locator("main .empty")).to_be_visible(timeout=60_000)


async def write(judge: Judge, course: str) -> None:
    """A course's outline, a lesson with blocks of some kinds open in turn, its bank, and files on their way."""
    phone, page = judge.phone, judge.phone.screen
    await phone.go(f"/teach/{course}/edit")
    await expect(page.locator(".outline-title").first).to_be_visible()
    await judge.look("outline")
    await page.locator(".outline-title").first.click()
    await expect(page.locator(".block.shown").first).to_be_visible()
    for place, shown in list(OPENED.items())[: None if judge.by_night else 1]:
        await page.locator(".desk > .button.wide").click()
        await page.locator(".kinds .button").nth(place).click()
        await expect(page.locator(".block.open").locator(shown).first).to_be_visible()
        await judge.look(f"block {place} open")
        await page.locator(".block.open > .stack > .tools .button.main").click()
        await expect(page.locator(".block.open")).to_have_count(0)
    for path, shown in STUDIO.items() if judge.by_night else ():
        await phone.go(path.format(course=course))
        await expect(page.locator(shown).first).to_be_visible()
        await judge.look(path)


@pytest.mark.parametrize(("locale", "student"), [("en", "Amina"), ("ru", "Brian")])
async def test_nothing_stands_in_anybodys_way(
    installation: Installation, drawer: Phones, locale: str, student: str
) -> None:
    question = f"Why is velocity negative? {student}"
    learner = await enter(drawer[f"student-{locale}"], account(installation, student), locale)
    await learn(learner)
    await ask(learner, question)
    await learner.walk(ALONE)

    mentor = await enter(drawer[f"mentor-{locale}"], account(installation, "Madina"), locale)
    await mentor.walk(("/mentor",))
    await mentor.phone.screen.locator("main a.line").filter(has_text=question).click()
    await expect(mentor.phone.screen.locator("textarea")).to_be_visible()
    await mentor.look("answer")

    educator = await enter(drawer[f"educator-{locale}"], account(installation, "Oybek"), locale)
    await educator.walk(("/teach", "/teach/import"))
    await educator.phone.go("/teach")
    results = educator.phone.screen.locator("a[href$='/results']").first
    course = str(await results.get_attribute("href")).split("/")[2]
    await results.click()
    await educator.look("results")
    await write(educator, course)

    found = {"student": learner.wrong, "mentor": mentor.wrong, "educator": educator.wrong}
    assert found == {"student": {}, "mentor": {}, "educator": {}}
    for who in (learner, mentor, educator):
        assert await who.phone.screen.locator("html").get_attribute("lang") == locale


async def test_the_judge_sees_what_is_wrong(drawer: Phones) -> None:
    """Given a page made bad on purpose: a picture without words, pale text, a wide line, dark on dark, an error."""
    judge = Judge(drawer["bad"])
    judge.listen(await judge.phone.open())
    await expect(judge.phone.screen.locator("main h1")).to_be_visible()
    await judge.phone.screen.evaluate(
        """() => {
            const [picture, pale] = ['img', 'p'].map(name => document.createElement(name));
            picture.src = '/icon.svg';
            pale.textContent = 'pale and wide';
            Object.assign(pale.style, {color: '#ccc', background: '#fff', width: '500px'});
            document.querySelector('main').append(picture, pale);
            const night = document.createElement('p');
            night.id = 'night';
            night.textContent = 'good by day, dark on dark by night';
            night.style.cssText = 'color: #000; background: light-dark(#fff, #111); color-scheme: light dark';
            document.querySelector('main').append(night);
            console.error('something broke');
        }"""
    )

    await judge.look("bad")

    said = "\n".join(judge.wrong["bad"])
    assert "image-alt" in said
    assert "color-contrast" in said
    assert [line.startswith("dark: color-contrast") for line in judge.wrong["bad"] if "#night" in line] == [True]
    assert "px wide" in said
    assert judge.wrong["console"] == ["something broke"]
