"""axe-core as the judge of a page: the rules of WCAG 2.2 A and AA; what axe calls best practice is not an error."""

from functools import cache
from pathlib import Path

from playwright.async_api import Page

_FILE = Path(__file__).resolve().parents[2] / "pwa" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
COLOURS = ("color-contrast", "link-in-text-block")  # The rules that look at colours: by night nothing else is other.
JUDGE = """tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(found =>
    found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(' ')).slice(0, 3).join(' | ')}`))"""
TALL = 6_000  # Px: a page seen whole. Bars that float over a scrolled one are not what axe should judge.
REST_MS = 200
ARRIVED = """() => Promise.allSettled(document.getAnimations()
    .filter(moving => Number.isFinite(moving.effect?.getComputedTiming().endTime))
    .map(moving => moving.finished))"""
REST = """quiet_ms => new Promise(rested => {
    const arrived = ARRIVED;
    const end = () => { seen.disconnect(); clearTimeout(last); arrived().then(() => rested()); };
    let quiet = setTimeout(end, quiet_ms);
    const last = setTimeout(() => { clearTimeout(quiet); end(); }, 20 * quiet_ms);
    const seen = new MutationObserver(() => { clearTimeout(quiet); quiet = setTimeout(end, quiet_ms); });
    seen.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
})""".replace("ARRIVED", ARRIVED)
IS_THERE = "typeof axe === 'object'"


@cache
def source() -> str:
    """To be evaluated in the page: its policy forbids a script tag."""
    return _FILE.read_text()


async def violations(page: Page) -> list[str]:
    """What axe finds on the screen as it stands, one line a rule, with the first three places."""
    await _be_there(page)
    return list(await page.evaluate(JUDGE, list(TAGS)))


async def violations_of_colours(page: Page) -> list[str]:
    """The same, by the rules that look at colours alone."""
    await _be_there(page)
    return list(await page.evaluate(JUDGE.replace("'tag'", "'rule'"), list(COLOURS)))


async def come_to_rest(page: Page) -> None:
    """Until nothing was written on the screen for a while, and what moves on it has arrived."""
    await page.evaluate(REST, REST_MS)


async def arrive(page: Page) -> None:
    """Until what moves on the screen has arrived: where nothing is written, as when its colours change."""
    await page.evaluate(ARRIVED)


async def _be_there(page: Page) -> None:
    if not await page.evaluate(IS_THERE):
        await page.evaluate(source())
