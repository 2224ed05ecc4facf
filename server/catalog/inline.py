"""The sieve for inline text: a tiny allow list of HTML, and MathML's presentation elements.

What passes is safe to hand to a browser's HTML parser: no scripts, styles, classes, ids, events; links are https only.
"""

import re

import msgspec
import nh3

from server.catalog.blocks import (
    Block,
    Definition,
    Exercise,
    Image,
    ListBlock,
    ListItem,
    Math,
    Note,
    Paragraph,
    Quote,
    Row,
    Table,
)

INLINE_TAGS = {"em", "strong", "sub", "sup", "code", "a", "br", "dfn"}
MATH_TAGS = {
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "mtext",
    "mspace",
    "ms",
    "mfrac",
    "msqrt",
    "mroot",
    "mstyle",
    "merror",
    "mpadded",
    "mphantom",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "mtable",
    "mtr",
    "mtd",
}
_LAYOUT = {"mathvariant", "dir"}
MATH_ATTRIBUTES: dict[str, set[str]] = {
    "math": {"display"},
    "mstyle": {"mathvariant", "displaystyle", "scriptlevel"},
    "mi": _LAYOUT,
    "mn": _LAYOUT,
    "mtext": _LAYOUT,
    "mo": {
        "stretchy",
        "form",
        "fence",
        "separator",
        "lspace",
        "rspace",
        "minsize",
        "maxsize",
        "symmetric",
        "largeop",
        "movablelimits",
    },
    "mspace": {"width", "height", "depth"},
    "mpadded": {"width", "height", "depth", "lspace", "voffset"},
    "mfrac": {"linethickness"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "munderover": {"accent", "accentunder"},
    "mtd": {"columnspan", "rowspan"},
    "mtable": {"columnalign"},
}
_ATTRIBUTES = {**MATH_ATTRIBUTES, "a": {"href"}}
_SILENCED = {
    "script",
    "style",
    "template",
    "annotation",
    "annotation-xml",
    "title",
    "noscript",
    "iframe",
    "svg",
}
_PLAIN = re.compile(r"[^<>&\x00-\x08\x0b\x0e-\x1f\x7f-\xa0]*")
_VALUE = re.compile(r"[A-Za-z0-9 .%+-]{1,60}")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_HOST = re.compile(r"https://[^/?#\s@]+\.[^/?#\s@]+(?:[/?#]|$)", re.IGNORECASE)


def _filter_attribute(element: str, name: str, value: str) -> str | None:
    if element == "a" and name == "href":
        return value if _HOST.match(value) and len(value) <= 2_000 else None
    return value if _VALUE.fullmatch(value) else None


def _sieve(tags: set[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        clean_content_tags=_SILENCED,
        attributes={tag: names for tag, names in _ATTRIBUTES.items() if tag in tags},
        attribute_filter=_filter_attribute,
        url_schemes={"https"},
        url_relative="deny",
        link_rel="noopener noreferrer",
    )


_INLINE = _sieve(INLINE_TAGS | MATH_TAGS)
_MATH = _sieve(MATH_TAGS)


def clean_inline(html: str) -> str:
    """Keep what the allow list knows, drop the rest (a dropped element's text stays, a script's or style's goes)."""
    if _PLAIN.fullmatch(html):  # Most of what is in a table: nothing to sift.
        return _SPACES.sub(" ", html).strip()
    return _SPACES.sub(" ", _INLINE.clean(html)).strip()


def clean_math(mathml: str) -> str:
    """One <math> element of presentation MathML, or an empty string where there is none."""
    cleaned = _SPACES.sub(" ", _MATH.clean(mathml)).strip()
    return cleaned if cleaned.startswith("<math") and cleaned.endswith("</math>") else ""


def clean_blocks(blocks: list[Block]) -> list[Block]:
    """The same blocks with every piece of inline text put through the sieve: for what people write themselves."""
    return [_clean_block(block) for block in blocks]


def _clean_block(block: Block) -> Block:  # noqa: PLR0911 - one line for each kind of block
    match block:
        case Paragraph(html):
            return Paragraph(html=clean_inline(html))
        case ListBlock():
            items = [ListItem(html=clean_inline(item.html), blocks=clean_blocks(item.blocks)) for item in block.items]
            return ListBlock(ordered=block.ordered, items=items)
        case Table():
            return Table(
                rows=_clean_rows(block.rows), head=_clean_rows(block.head), caption=clean_inline(block.caption)
            )
        case Image():
            return msgspec.structs.replace(block, caption=clean_inline(block.caption))
        case Math():
            return msgspec.structs.replace(block, mathml=clean_math(block.mathml))
        case Note() | Quote():
            return msgspec.structs.replace(block, blocks=clean_blocks(block.blocks))
        case Definition():
            return Definition(term=clean_inline(block.term), html=clean_inline(block.html))
        case Exercise():
            return msgspec.structs.replace(block, prompt=clean_inline(block.prompt))
        case _:
            return block  # The rest is plain text.


def _clean_rows(rows: list[Row]) -> list[Row]:
    return [[msgspec.structs.replace(cell, html=clean_inline(cell.html)) for cell in row] for row in rows]
