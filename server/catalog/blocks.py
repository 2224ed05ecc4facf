"""A lesson's content: a list of typed blocks, each small enough to be drawn by itself.

`docs/reference/blocks.md` is the page for those who draw them. Inline text is HTML of a tiny allow list (`inline.py`);
nothing else in a block is ever HTML, but `math.mathml`, which went through the same sieve.
"""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from server.base.errors import Invalid

BLOCKS_MAX = 2_000
DEPTH_MAX = 8
TEXT_BYTES_MAX = 1_000_000
HTML_LENGTH_MAX = 20_000
ITEMS_MAX = 500
COLUMNS_MAX = 30
ROWS_MAX = 500
PIXELS_MAX = 40_000
CAPTIONS_MAX = 8

Html = Annotated[str, Meta(max_length=HTML_LENGTH_MAX)]
Line = Annotated[str, Meta(max_length=500)]
Title = Annotated[str, Meta(min_length=1, max_length=500)]
Text = Annotated[str, Meta(max_length=5_000)]
Pixels = Annotated[int, Meta(ge=1, le=PIXELS_MAX)]
NoteKind = Literal["info", "example", "solution", "exercise", "teacher", "tip", "warning"]


class Wire(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of all blocks: compact, strict."""


class Heading(Wire, frozen=True, tag="heading"):
    level: Annotated[int, Meta(ge=2, le=4)]  # 1 is the lesson's title.
    text: Line
    id: Annotated[str, Meta(max_length=60, pattern=r"^[a-z0-9-]+$")]  # Unique within the lesson: where a link may land.


class Paragraph(Wire, frozen=True, tag="paragraph"):
    html: Html


class ListItem(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    html: Html = ""  # Its first line; empty when it begins with a block.
    blocks: "list[Block]" = []


class ListBlock(Wire, frozen=True, tag="list"):
    ordered: bool
    items: Annotated[list[ListItem], Meta(min_length=1, max_length=ITEMS_MAX)]


class Cell(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    html: Html = ""
    across: Annotated[int, Meta(ge=1, le=COLUMNS_MAX)] = 1  # Columns it covers.
    down: Annotated[int, Meta(ge=1, le=ROWS_MAX)] = 1  # Rows it covers.


Row = Annotated[list[Cell], Meta(max_length=COLUMNS_MAX)]


class Table(Wire, frozen=True, tag="table"):
    rows: Annotated[list[Row], Meta(min_length=1, max_length=ROWS_MAX)]
    head: Annotated[list[Row], Meta(max_length=20)] = []
    caption: Html = ""


class Image(Wire, frozen=True, tag="image"):
    file_id: UUID  # Of `media.files`, in the same bucket; the phone chooses a variant.
    alt: Text
    width: Pixels  # Of the largest variant; with `height` it keeps the place free while the image loads.
    height: Pixels
    caption: Html = ""
    attribution: Text = ""


class Video(Wire, frozen=True, tag="video"):
    file_id: UUID  # Of `media.files`, as are those of the next three; the phone chooses a rendition.
    title: Title
    captions: bool = False  # Shown from the start.
    captions_ids: Annotated[list[UUID], Meta(max_length=CAPTIONS_MAX)] = []  # Files of captions, one a language.


class Audio(Wire, frozen=True, tag="audio"):
    file_id: UUID
    title: Title


class Document(Wire, frozen=True, tag="document"):
    file_id: UUID
    title: Title


class Package(Wire, frozen=True, tag="package"):
    package_id: UUID  # The id of its file.
    title: Title


class Math(Wire, frozen=True, tag="math"):
    mathml: Html  # One <math> element; empty where `latex` could not be made into one: then `alt` is read.
    alt: Text  # The same in a line of plain text.
    display: Literal["block", "inline"] = "block"
    latex: Annotated[str, Meta(max_length=2_000)] = ""  # As its author typed it, for the next time it is edited.


class Note(Wire, frozen=True, tag="note"):
    kind: NoteKind
    blocks: "list[Block]"
    title: Line = ""
    folded: bool = False  # Closed until the reader opens it: solutions.


class Quote(Wire, frozen=True, tag="quote"):
    blocks: "list[Block]"
    source: Line = ""


class Code(Wire, frozen=True, tag="code"):
    text: Annotated[str, Meta(max_length=HTML_LENGTH_MAX)]
    language: Annotated[str, Meta(max_length=30)] = ""


class Definition(Wire, frozen=True, tag="definition"):
    term: Html
    html: Html


class Exercise(Wire, frozen=True, tag="exercise"):
    """A door to an assessment (`assessment_id`), or a task to do on paper (`prompt`)."""

    prompt: Html = ""
    assessment_id: UUID | None = None


Block = (
    Heading
    | Paragraph
    | ListBlock
    | Table
    | Image
    | Video
    | Audio
    | Document
    | Package
    | Math
    | Note
    | Quote
    | Code
    | Definition
    | Exercise
)


class BadContent(Invalid):
    """A lesson's content is outside the limits."""

    code = "content.invalid"


def decode_blocks(content: bytes | str) -> list[Block]:
    """Parse and check a lesson's content. Raises BadContent with the reason and the place."""
    if len(content) > TEXT_BYTES_MAX:
        raise BadContent(f"The lesson is larger than {TEXT_BYTES_MAX} bytes; make two of it.")
    try:
        blocks = msgspec.json.decode(content, type=list[Block])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadContent(f"The content is not a list of blocks: {error}.") from error
    check_blocks(blocks)
    return blocks


def encode_blocks(blocks: list[Block]) -> bytes:
    """Compact JSON, as it is stored and synced. Raises BadContent past the limits."""
    check_blocks(blocks)
    content = msgspec.json.encode(blocks)
    if len(content) > TEXT_BYTES_MAX:
        raise BadContent(f"The lesson is larger than {TEXT_BYTES_MAX} bytes; make two of it.")
    return content


def check_blocks(blocks: list[Block]) -> None:
    """Raises BadContent for too many blocks or too deep a nesting."""
    for count, (_block, depth) in enumerate(walk(blocks), start=1):
        if depth > DEPTH_MAX:
            raise BadContent(f"Blocks lie deeper than {DEPTH_MAX} within each other.")
        if count > BLOCKS_MAX:
            raise BadContent(f"The lesson has more than {BLOCKS_MAX} blocks; make two of it.")


def walk(blocks: list[Block], depth: int = 1) -> Iterator[tuple[Block, int]]:
    """Every block with its depth, in reading order."""
    for block in blocks:
        yield block, depth
        for inner in children(block):
            yield from walk(inner, depth + 1)


def children(block: Block) -> Iterator[list[Block]]:
    match block:
        case Note() | Quote():
            yield block.blocks
        case ListBlock():
            for item in block.items:
                yield item.blocks
        case _:
            return


def files_of(blocks: list[Block]) -> list[UUID]:
    """The files that the blocks show, in reading order, each once."""
    found: dict[UUID, None] = {}
    for block, _depth in walk(blocks):
        match block:
            case Video():
                found |= dict.fromkeys([block.file_id, *block.captions_ids])
            case Image() | Audio() | Document():
                found[block.file_id] = None
            case Package():
                found[block.package_id] = None
            case _:
                continue
    return list(found)


def words_of(blocks: list[Block]) -> int:
    """How many words a reader reads, roughly: markup not counted."""
    count = 0
    for block, _depth in walk(blocks):
        match block:
            case Heading() | Code():
                count += len(block.text.split())
            case Paragraph() | Definition():
                count += len(block.html.split())
            case ListBlock():
                count += sum(len(item.html.split()) for item in block.items)
            case Table():
                count += sum(len(cell.html.split()) for row in block.rows for cell in row)
            case _:
                continue
    return count
