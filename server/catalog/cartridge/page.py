"""A page of a cartridge as blocks: one walk over its tree, top to bottom.

Text gathers in a run until a block begins or ends; then the run becomes a paragraph. Elements we do not know are looked
through. Whatever cannot be represented becomes a reason in the page's report, never a silent loss.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec

from server.base.ids import derived_id
from server.base.import_report import Reason
from server.catalog.blocks import (
    DEPTH_MAX,
    Block,
    Code,
    Definition,
    Heading,
    Image,
    ListBlock,
    ListItem,
    Math,
    Note,
    NoteKind,
    Paragraph,
    Quote,
)
from server.catalog.cartridge import tables
from server.catalog.cartridge.files import CAPTIONS, FilmOrPaper, block_of, kind_of_file
from server.catalog.cartridge.markup import Element, parse_page, plain, text_of
from server.catalog.cartridge.mathml import math_html, math_text
from server.catalog.cartridge.runs import LOST, NEVER, Inliner, Run, split_long

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
CONTAINERS = {
    "html",
    "body",
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "nav",
    "address",
    "center",
    "fieldset",
    "li",
    "dt",
    "dd",
    "figcaption",
    "summary",
    "tbody",
    "thead",
    "tfoot",
    "tr",
    "td",
    "th",
    "caption",
    "hr",
}
SPECIAL = {*HEADINGS, "ul", "ol", "dl", "table", "figure", "aside", "details", "blockquote", "pre"}
BLOCKY = CONTAINERS | SPECIAL
LIST_ITEMS_MAX = 400
ALT_LENGTH_MAX = 2_000

_KINDS: tuple[tuple[re.Pattern[str], NoteKind], ...] = (
    (re.compile(r"teacher|instructor", re.IGNORECASE), "teacher"),
    (re.compile(r"\b(solution|answer)", re.IGNORECASE), "solution"),
    (re.compile(r"example|worked", re.IGNORECASE), "example"),
    (re.compile(r"exercise|problem|practice|try it|activity|lab\b", re.IGNORECASE), "exercise"),
    (re.compile(r"warning|caution|danger", re.IGNORECASE), "warning"),
    (re.compile(r"\btips?\b|hint|success", re.IGNORECASE), "tip"),
)

Locate = Callable[[str], "str | Reason"]  # src → path in the zip, or why not


@dataclass(frozen=True)
class Page:
    """What became of a page. Images carry a place's id (`place_id`) until their files exist."""

    title: str
    language: str
    blocks: list[Block]
    images: list[str]  # Paths in the zip, each once, in order; so are the next.
    files: list[str]  # Films, sound, papers, captions.
    problems: list[Reason]


def place_id(path: str) -> UUID:
    """Stands for an image of the zip in a block, until the file has an id of its own."""
    return derived_id("catalog.cartridge_image", path)


def read_page(content: bytes, *, what: str, title: str, locate: Locate) -> Page:
    """Raises BadMarkup for what cannot be read at all."""
    parsed = parse_page(content, what=what)
    reader = _Reader(locate)
    if parsed.mended:
        reader.note("page.mended", f"The page was mended: {parsed.mended}; compare it with the original.")
    head_title = next((text_of(found) for found in parsed.root.iter("title")), "")
    body = next(parsed.root.iter("body"), parsed.root)
    blocks = reader.flow(body, depth=1)
    return Page(
        title=title or head_title,
        language=plain(parsed.root.get("lang"), length_max=10).lower().partition("-")[0],
        blocks=tidy_headings(blocks, reader.levels, title=title or head_title),
        images=list(dict.fromkeys(reader.images)),
        files=list(reader.files),
        problems=reader.problems,
    )


class _Reader(Inliner):
    def __init__(self, locate: Locate) -> None:
        super().__init__([])
        self.locate = locate
        self.levels: dict[str, int] = {}  # heading id → level in the source
        self.images: list[str] = []
        self.files: dict[str, None] = {}
        self.shown: set[UUID] = set()

    def find_file(self, src: str, title: str, tracks: list[str]) -> FilmOrPaper | None:
        path = self.locate(src)
        if isinstance(path, Reason) or not kind_of_file(path):
            return None
        found = [self.locate(track) for track in tracks]
        captions = [one for one in found if not isinstance(one, Reason) and CAPTIONS.search(one)]
        self.files |= dict.fromkeys([path, *captions])
        return block_of(path, title, captions)

    def fresh(self, found: list[FilmOrPaper]) -> list[FilmOrPaper]:
        """Each once a page: where it is named again, the words are enough."""
        new = [one for one in found if one.file_id not in self.shown]
        self.shown |= {one.file_id for one in new}
        return list({one.file_id: one for one in new}.values())

    def flow(self, element: Element, *, depth: int) -> list[Block]:
        """Everything inside, as blocks that will lie at `depth`."""
        blocks: list[Block] = []
        run = Run()
        run.text(element.text)
        for child in element:
            if self._breaks_run(child):
                self._end_run(run, blocks)
                blocks.extend(self.block(child, depth=depth))
                run = Run()
            else:
                self.write(run, child)
            run.text(child.tail)
        self._end_run(run, blocks)
        return blocks

    def _breaks_run(self, element: Element) -> bool:
        tag = element.tag
        if tag in NEVER:
            return False
        if tag == "math":
            return element.get("display") == "block"
        # An inline element around blocks (<span><h6>…) is looked through.
        return tag in BLOCKY or (tag not in LOST and any(inner.tag in BLOCKY for inner in element.iter()))

    def _end_run(self, run: Run, blocks: list[Block]) -> None:
        html = run.html()
        if run.lone_math is not None:
            blocks.append(_math_block(run.lone_math))
        elif html:
            if len(parts := list(split_long(html, re.sub(r"<[^>]+>", "", html)))) > 1:
                self.note("text.flattened", "A paragraph was too long; its emphasis and formulas became plain text.")
            blocks.extend(Paragraph(html=part) for part in parts)
        for image in run.images:
            blocks.extend(self.image(image, caption=""))
        blocks.extend(self.fresh(run.files))

    def block(self, element: Element, *, depth: int) -> list[Block]:  # noqa: PLR0911 - one line for each kind of element
        tag = str(element.tag)
        if tag in HEADINGS:
            return self._heading(element)
        match tag:
            case "math":
                return [_math_block(element)] if math_html(element) else []
            case "ul" | "ol":
                return self._list(element, depth=depth)
            case "table":
                return tables.read_table(self, element, depth=depth)
            case "figure":
                return self._figure(element, depth=depth)
            case "aside" | "details":
                return self._note(element, depth=depth)
            case "blockquote":
                inner = self.flow(element, depth=depth + 1)
                return [Quote(blocks=inner)] if inner and depth < DEPTH_MAX else inner
            case "pre":
                text = "".join(str(piece) for piece in element.itertext()).strip("\n")
                return [Code(text=text[:18_000])] if text.strip() else []
            case "dl":
                return self._definitions(element, depth=depth)
            case _:
                return self.flow(element, depth=depth)

    def _heading(self, element: Element) -> list[Block]:
        text = text_of(element, length_max=300)
        images = [block for image in element.iter("img") for block in self.image(image, caption="")]
        if not text:
            return images
        id_ = self._heading_id(text)
        self.levels[id_] = HEADINGS[str(element.tag)]
        return [Heading(level=4, text=text, id=id_), *images]

    def _heading_id(self, text: str) -> str:
        base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:48] or "part"
        id_, number = base, 1
        while id_ in self.levels:
            number += 1
            id_ = f"{base}-{number}"
        return id_

    def _list(self, element: Element, *, depth: int) -> list[Block]:
        before: list[Block] = []
        items: list[ListItem] = []
        for child in element:
            if child.tag == "li":
                items.extend(_list_item(self.flow(child, depth=depth + 1)))
            elif child.tag in {"ul", "ol"} and items:  # A list right inside a list belongs to the item before it.
                last = items[-1]
                items[-1] = msgspec.structs.replace(last, blocks=[*last.blocks, *self.block(child, depth=depth + 1)])
            elif child.tag not in NEVER:
                before.extend(self.block(child, depth=depth))
        if depth >= DEPTH_MAX:
            return [*before, *(block for item in items for block in _unlisted(item))]
        ordered = element.tag == "ol"
        parts = [items[start : start + LIST_ITEMS_MAX] for start in range(0, len(items), LIST_ITEMS_MAX)]
        return [*before, *(ListBlock(ordered=ordered, items=part) for part in parts)]

    def _figure(self, element: Element, *, depth: int) -> list[Block]:
        captions = [child for child in element if child.tag == "figcaption"]
        images = list(element.iter("img"))
        if not images or any(inner.tag in {"table", "ul", "ol", "pre"} for inner in element.iter()):
            return self.flow(element, depth=depth)
        caption = " ".join(self.inline(found) for found in captions)
        blocks: list[Block] = []
        for image in images:
            blocks.extend(self.image(image, caption=caption if image is images[-1] else ""))
        return blocks

    def inline(self, element: Element) -> str:
        """The element's inside as html; images in it are noted as lost."""
        run = Run()
        self._write_inside(run, element)
        for image in run.images:
            self.note(
                "image.misplaced", f"An image in a caption was left out: {plain(image.get('src'), length_max=120)}."
            )
        for file in self.fresh(run.files):
            self.note("file.misplaced", f"{file.title} stands in a caption or a definition and was left out.")
        return run.html()[:18_000]

    def image(self, element: Element, *, caption: str) -> list[Block]:
        alt = plain(element.get("alt"), length_max=ALT_LENGTH_MAX)
        found = self.locate(element.get("src") or "")
        if isinstance(found, Reason):
            self.problems.append(found)
            words = caption or alt
            return [Paragraph(html=f"<em>{_escaped(words)}</em>")] if words else []
        self.images.append(found)
        return [Image(file_id=place_id(found), alt=alt, width=1, height=1, caption=caption)]

    def _note(self, element: Element, *, depth: int) -> list[Block]:
        blocks = self.flow(element, depth=depth + 1)
        summary = next((text_of(child, length_max=300) for child in element if child.tag == "summary"), "")
        title = summary
        if summary and blocks and blocks[0] == Paragraph(html=_escaped(summary)):
            blocks = blocks[1:]
        if not title and blocks and isinstance(blocks[0], Heading):
            title, blocks = blocks[0].text, blocks[1:]
        if not blocks and not title:
            return []
        if len(blocks) == 1 and isinstance(inner := blocks[0], Note) and not inner.title:
            blocks = inner.blocks  # A box in a box, one of them nameless.
        if depth >= DEPTH_MAX:
            return [*([Paragraph(html=f"<strong>{_escaped(title)}</strong>")] if title else []), *blocks]
        return [
            Note(
                kind=_kind_of(title, blocks, folded=element.tag == "details"),
                title=title,
                blocks=blocks,
                folded=element.tag == "details",
            )
        ]

    def _definitions(self, element: Element, *, depth: int) -> list[Block]:
        blocks: list[Block] = []
        term = ""
        for child in (inner for inner in element.iter("dt", "dd")):
            if child.tag == "dt":
                term = self.inline(child)
            elif any(inner.tag in SPECIAL or inner.tag == "img" for inner in child.iter()):
                blocks.extend([Paragraph(html=f"<strong>{term}</strong>")] if term else [])
                blocks.extend(self.flow(child, depth=depth))
            else:
                blocks.append(Definition(term=term, html=self.inline(child)))
        return blocks


def _math_block(element: Element) -> Math:
    return Math(mathml=math_html(element), alt=math_text(element))


def _list_item(blocks: list[Block]) -> list[ListItem]:
    if not blocks:
        return []
    if isinstance(blocks[0], Paragraph):
        return [ListItem(html=blocks[0].html, blocks=blocks[1:])]
    return [ListItem(blocks=blocks)]


def _unlisted(item: ListItem) -> list[Block]:
    return [*([Paragraph(html=f"• {item.html}")] if item.html else []), *item.blocks]


def _kind_of(title: str, blocks: list[Block], *, folded: bool) -> NoteKind:
    for pattern, kind in _KINDS:
        if pattern.search(title):
            return kind
    if any(isinstance(block, Note) and block.kind == "solution" for block in blocks):
        return "example"
    return "solution" if folded else "info"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def tidy_headings(blocks: list[Block], levels: dict[str, int], *, title: str) -> list[Block]:
    """Drop the title's repetition and headings over nothing; number the rest 2, 3, 4 by the ranks that occur."""
    if blocks and isinstance(blocks[0], Heading) and blocks[0].text.casefold() == title.casefold():
        blocks = blocks[1:]
    kept: list[Block] = []
    for block in reversed(blocks):
        after = kept[-1] if kept else None
        is_over_nothing = isinstance(block, Heading) and (
            after is None or (isinstance(after, Heading) and levels[after.id] <= levels[block.id])
        )
        if not is_over_nothing:
            kept.append(block)
    kept.reverse()
    ranks = sorted({levels[block.id] for block in kept if isinstance(block, Heading)})
    return [
        msgspec.structs.replace(block, level=min(4, 2 + ranks.index(levels[block.id])))
        if isinstance(block, Heading)
        else block
        for block in kept
    ]
