"""Tables of a page: rows of inline cells; what lies in a cell as a block is flattened, and the report says so."""

from typing import TYPE_CHECKING

from server.catalog.blocks import COLUMNS_MAX, ROWS_MAX, Block, Cell, Row, Table
from server.catalog.cartridge.markup import Element
from server.catalog.cartridge.runs import NEVER, Run

if TYPE_CHECKING:  # The reader calls us; naming its type would close a circle.
    from server.catalog.cartridge.page import _Reader

CELL_LENGTH_MAX = 18_000
_BREAKS = {"p", "div", "li", "section", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "dt", "dd"}
_FLATTENED = {"ul", "ol", "dl", "pre", "blockquote"}


def read_table(reader: "_Reader", element: Element, *, depth: int) -> list[Block]:
    """The table, then the images that lay in its cells. A table around tables is layout: its inside is read as text."""
    if any(inner is not element for inner in element.iter("table")):
        reader.note("table.nested", "A table within a table was taken apart.")
        return reader.flow(element, depth=depth)
    run_images: list[Element] = []
    files: list[Block] = []
    head: list[Row] = []
    rows: list[Row] = []
    for line in element.iter("tr"):
        cells = [_cell(reader, cell, run_images, files) for cell in line if cell.tag in {"td", "th"}]
        if not any(cell.html for cell in cells):
            continue
        is_head = not rows and (_is_in_head(line) or all(cell.tag == "th" for cell in line))
        (head if is_head else rows).append(cells[:COLUMNS_MAX])
        if len(cells) > COLUMNS_MAX:
            reader.note("table.cut", f"A table is wider than {COLUMNS_MAX} columns; the rest was left out.")
    images = [block for image in run_images for block in reader.image(image, caption="")]
    if run_images:
        reader.note("image.moved", "Images of a table stand below it.")
    caption = next((reader.inline(found) for found in element if found.tag == "caption"), "")
    return [*_tables(head[:20], rows or [], caption), *images, *files]


def _tables(head: list[Row], rows: list[Row], caption: str) -> list[Block]:
    if not rows:
        rows, head = head, []
    parts = [rows[start : start + ROWS_MAX] for start in range(0, len(rows), ROWS_MAX)]
    return [Table(rows=part, head=head, caption=caption) for part in parts]


def _is_in_head(line: Element) -> bool:
    parent = line.getparent()
    return parent is not None and parent.tag == "thead"


def _cell(reader: "_Reader", element: Element, images: list[Element], files: list[Block]) -> Cell:
    run = Run()
    _write_cell(reader, run, element)
    images.extend(run.images)
    files.extend(reader.fresh(run.files))
    return Cell(
        html=_without_edges(run.html())[:CELL_LENGTH_MAX],
        across=_span(element.get("colspan"), COLUMNS_MAX),
        down=_span(element.get("rowspan"), ROWS_MAX),
    )


def _write_cell(reader: "_Reader", run: Run, element: Element) -> None:
    run.text(element.text)
    for child in element:
        tag = child.tag
        if tag in _FLATTENED:
            reader.note("table.flattened", f"A <{tag}> in a table became lines of text.")
        if tag not in NEVER and (tag in _BREAKS or tag in _FLATTENED):
            run.pieces.append("<br>")
            _write_cell(reader, run, child)
        else:
            reader.write(run, child)
        run.text(child.tail)


def _without_edges(html: str) -> str:
    while html.startswith("<br>"):
        html = html[4:].lstrip()
    while html.endswith("<br>"):
        html = html[:-4].rstrip()
    return html


def _span(text: str | None, most: int) -> int:
    return min(most, max(1, int(text))) if text and text.isascii() and text.isdigit() and len(text) < 5 else 1
