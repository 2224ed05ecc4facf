"""A test of five kinds of questions: put together in the studio, and answered without a mistake."""

import re
from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

COUNT = 5
IN_ORDER = ("ice", "tea", "steam")


async def write_questions(page: Page, look: Callable[[Page], Awaitable[None]]) -> None:
    """Into the test that stands on the screen; `look` judges two of the screens on the way."""
    await begin_question(page, "One right answer", "What becomes warm first?")
    await page.get_by_label("Answer 1", exact=True).fill("the kettle")
    await page.get_by_label("Answer 2", exact=True).fill("the water")
    await look(page)
    await keep_question(page, 1)

    await begin_question(page, "True or false", "Heat flows to what is colder.")
    await keep_question(page, 2)

    await begin_question(page, "Number", "What is g, in m/s²?")
    await page.get_by_label("Number", exact=True).fill("9,7")
    await page.get_by_label("Up to (for a range)").fill("9.9")
    await keep_question(page, 3)

    await begin_question(page, "Put in order", "From cold to hot.")
    for place, thing in enumerate(IN_ORDER, start=1):
        if place == 3:
            await page.get_by_role("button", name="One more").click()
        await page.get_by_label(f"Answer {place}", exact=True).fill(thing)
    await keep_question(page, 4)

    await begin_question(page, "Fill the gaps", "The unit of heat is the ")
    await page.get_by_label("The question").focus()
    await page.keyboard.press("End")
    await page.get_by_role("button", name="Put a gap here").click()
    await page.get_by_label("Right answers, one a line").fill("joule\nJ")
    await look(page)
    await keep_question(page, 5)


async def begin_question(page: Page, kind: str, prompt: str) -> None:
    await page.get_by_role("link", name="New question").click()
    await expect(page.get_by_role("heading", level=1, name="New question")).to_be_visible()
    await page.get_by_label("Kind of question").select_option(label=kind)
    await page.get_by_label("The question").fill(prompt)


async def keep_question(page: Page, count: int) -> None:
    await expect(page.get_by_text("Ready for a test")).to_be_visible()
    await page.get_by_role("button", name="Save into the test").click()
    await expect(page.get_by_role("heading", name=re.compile(f"^{count} question"))).to_be_visible()


async def answer(page: Page) -> None:
    asked = await page.locator(".question").inner_text()
    if "first" in asked:
        await page.get_by_label("the kettle").check()
    elif "colder" in asked:
        await page.get_by_label("True").check()
    elif "g, in" in asked:
        await page.get_by_label("Your number").fill("9,81")
        await page.get_by_label("Your number").blur()
    elif "hot" in asked:
        await put_in_order(page)
    else:
        await page.get_by_label("Your answer (1)").fill(" Joule ")
        await page.get_by_label("Your answer (1)").blur()


async def put_in_order(page: Page) -> None:
    """Up with each, until it stands where it belongs; the first turn counts as an answer, too."""
    prompts = page.locator("ol.list .prompt")
    shown = [text.strip() for text in await prompts.all_inner_texts()]

    async def up(name: str) -> None:
        place = shown.index(name)
        await page.get_by_role("button", name=f"Move up: {name}").click()
        shown.insert(place - 1, shown.pop(place))
        await expect(prompts).to_have_text(shown)

    await up(shown[-1])
    for place, name in enumerate(IN_ORDER):
        while shown.index(name) > place:
            await up(name)
