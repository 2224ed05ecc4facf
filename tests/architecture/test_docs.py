"""Docs that a newcomer can trust: every path they name exists, every rule has its test."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE_PATH = re.compile(r"`((?:server|sync|pwa|tests|bench|docs|migrations|requirements|examples)/[\w./-]+)`")
RULE = re.compile(r"^\*\*([A-Z]\d+)\*\*", re.MULTILINE)
CITED = re.compile(r"def test_((?:[A-Z]\d+_)+)")
CITED_BY_THE_BROWSER = re.compile(r"""["'`]((?:[A-Z]\d+ )*[A-Z]\d+): """)  # How a vitest name begins.


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sync").rglob("*.md")]


def test_every_link_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages()
        for target in LINK.findall(page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_path_in_the_docs_exists() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in pages()
        for name in CODE_PATH.findall(page.read_text())
        if not (ROOT / name.rstrip(".")).exists()
    ]

    assert broken == []


def test_every_page_is_found_from_the_index() -> None:
    docs = ROOT / "docs"
    named = {(docs / target).resolve() for target in LINK.findall((docs / "index.md").read_text())}
    lost = [
        str(page.relative_to(docs))
        for page in docs.rglob("*.md")
        if page.name != "index.md" and page not in named and page.parent not in named
    ]

    assert lost == []


def test_every_rule_of_the_engine_has_a_test_and_every_test_cites_a_rule_that_exists() -> None:
    rules = set(RULE.findall((ROOT / "sync" / "SPEC.md").read_text()))
    # The last holds the contract that every store keeps.
    folders = ("tests/sync", "tests/simulation", "tests/e2e", "tests/journeys", "sync/testing")
    sources = [path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py")]
    cited = {rule for source in sources for names in CITED.findall(source) for rule in names.strip("_").split("_")}
    browser = [path.read_text() for path in (ROOT / "pwa" / "test" / "sync").glob("*.test.ts")]
    cited |= {rule for source in browser for names in CITED_BY_THE_BROWSER.findall(source) for rule in names.split()}

    assert rules
    assert sorted(cited - rules) == []
    assert sorted(rules - cited) == []


def test_every_scene_has_the_tests_that_the_page_names() -> None:
    rows = [line for line in (ROOT / "docs" / "reference" / "scenes.md").read_text().splitlines() if "` `" in line]
    named = [pair for line in rows for pair in re.findall(r"`([\w./-]+\.(?:py|ts))` `([^`]+)`", line)]
    lost = [
        f"{path}: {name}"
        for path, name in named
        if (f"def {name}(" if path.endswith(".py") else f'"{name}"') not in (ROOT / path).read_text()
    ]

    assert len(rows) > 60
    assert lost == []
