"""Short ways to write blocks and formulas by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from server.catalog.blocks import (
    Block,
    Cell,
    Definition,
    Heading,
    ListBlock,
    ListItem,
    Math,
    Note,
    NoteKind,
    Paragraph,
    Table,
)
from server.catalog.inline import clean_inline, clean_math


@dataclass(frozen=True)
class Picture:
    """A drawing's place among the blocks."""

    draw: Callable[[], bytes]
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class DemoLesson:
    section: str
    title: str
    content: list[Block | Picture]


def say(html: str) -> Paragraph:
    return Paragraph(html=clean_inline(html))


def head(text: str) -> Heading:
    return Heading(level=2, text=text, id="-".join("".join(c if c.isalnum() else " " for c in text.lower()).split()))


def points(*items: str, ordered: bool = False) -> ListBlock:
    return ListBlock(ordered=ordered, items=[ListItem(html=clean_inline(item)) for item in items])


def box(kind: NoteKind, title: str, *blocks: Block) -> Note:
    return Note(kind=kind, title=title, blocks=list(blocks), folded=kind == "solution")


def means(term: str, html: str) -> Definition:
    return Definition(term=term, html=html)


def table(head_row: list[str], *rows: list[str]) -> Table:
    return Table(
        head=[[Cell(html=text) for text in head_row]],
        rows=[[Cell(html=clean_inline(text)) for text in row] for row in rows],
    )


def formula(alt: str, *parts: str) -> Math:
    return Math(mathml=clean_math(f'<math display="block"><mrow>{"".join(parts)}</mrow></math>'), alt=alt)


def i(name: str) -> str:
    return f"<mi>{escape(name)}</mi>"


def n(number: str) -> str:
    return f"<mn>{number}</mn>"


def o(sign: str) -> str:
    return f"<mo>{escape(sign)}</mo>"


def unit(words: str) -> str:
    return f'<mspace width="0.2em"></mspace><mtext>{words}</mtext>'


def over(top: str, bottom: str) -> str:
    return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"


def small(base: str, below: str) -> str:
    return f"<msub>{base}<mtext>{below}</mtext></msub>"


def squared(base: str) -> str:
    return f"<msup>{base}<mn>2</mn></msup>"


CHANGE = o("Δ")
