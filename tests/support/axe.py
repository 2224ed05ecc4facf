"""axe-core as the judge of a page: the rules of WCAG 2.2 A and AA; what axe calls best practice is not an error."""

from functools import cache
from pathlib import Path

from playwright.async_api import Page

_FILE = Path(__file__).resolve().parents[2] / "pwa" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
JUDGE = """tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(found =>
    found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(' ')).slice(0, 3).join(' | ')}`))"""
TALL = 6_000  # Px: a page seen whole. Bars that float over a scrolled one are not what axe should judge.
IS_THERE = "typeof axe === 'object'"


@cache
def source() -> str:
    """To be evaluated in the page: its policy forbids a script tag."""
    return _FILE.read_text()


async def violations(page: Page) -> list[str]:
    """What axe finds on the screen as it stands, one line a rule, with the first three places."""
    if not await page.evaluate(IS_THERE):
        await page.evaluate(source())
    return list(await page.evaluate(JUDGE, list(TAGS)))
