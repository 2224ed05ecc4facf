"""Inline content of a page as HTML of the allow list, with what does not fit (images) set aside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape

from server.base.import_report import Reason
from server.catalog.cartridge.files import FilmOrPaper
from server.catalog.cartridge.markup import Element, plain, text_of
from server.catalog.cartridge.mathml import math_html, math_text
from server.catalog.inline import clean_inline

RENAMED = {
    "em": "em",
    "i": "em",
    "var": "em",
    "strong": "strong",
    "b": "strong",
    "sub": "sub",
    "sup": "sup",
    "code": "code",
    "tt": "code",
    "kbd": "code",
    "samp": "code",
    "dfn": "dfn",
}
NEVER = {
    "script",
    "style",
    "template",
    "head",
    "title",
    "meta",
    "link",
    "noscript",
    "param",
    "source",
    "track",
    "base",
    "col",
    "colgroup",
}
LOST = {
    "iframe",
    "video",
    "audio",
    "object",
    "embed",
    "svg",
    "canvas",
    "form",
    "input",
    "select",
    "textarea",
    "button",
    "applet",
}
RUN_LENGTH_MAX = 18_000

ImageAt = Callable[[Element, str], "FoundImage | None"]  # (img element, caption) → where it is; None and a problem


@dataclass(frozen=True)
class FoundImage:
    path: str  # In the zip.
    alt: str
    caption: str  # html


@dataclass
class Run:
    """Inline pieces between two blocks."""

    pieces: list[str] = field(default_factory=list)
    maths: list[Element] = field(default_factory=list)
    images: list[Element] = field(default_factory=list)
    files: list[FilmOrPaper] = field(default_factory=list)  # They stand below the words.
    has_words: bool = False  # Text other than spaces and full stops.

    def text(self, text: str | None) -> None:
        if text:
            self.pieces.append(escape(text, quote=False))
            self.has_words = self.has_words or bool(text.strip(" \t\r\n\xa0.,;"))

    def html(self) -> str:
        return clean_inline("".join(self.pieces)).removesuffix("<br>").strip()

    @property
    def lone_math(self) -> Element | None:
        """The formula, when it stands alone."""
        return self.maths[0] if len(self.maths) == 1 and not self.has_words else None


class Inliner:
    """Writes elements into runs, and notes what is lost on the way."""

    def __init__(self, problems: list[Reason]) -> None:
        self.problems = problems

    def note(self, code: str, message: str) -> None:
        self.problems.append(Reason(code, message))

    def find_file(self, _src: str, _title: str, _tracks: list[str]) -> FilmOrPaper | None:
        """A film, sound or paper of the zip that `src` names."""
        return None

    def write(self, run: Run, element: Element) -> None:
        """The element and its inside; not its tail."""
        tag = element.tag
        if tag in NEVER:
            self._note_removed(element)
        elif tag == "math":
            self._write_math(run, element)
        elif tag == "img":
            run.images.append(element)
        elif tag == "br":
            run.pieces.append("<br>")
        elif tag in LOST:
            self._write_lost(run, element)
        elif tag == "a":
            self._write_link(run, element)
        elif tag in RENAMED:
            run.pieces.append(f"<{RENAMED[tag]}>")
            self._write_inside(run, element)
            run.pieces.append(f"</{RENAMED[tag]}>")
        else:
            self._write_inside(run, element)

    def _write_inside(self, run: Run, element: Element) -> None:
        run.text(element.text)
        for child in element:
            self.write(run, child)
            run.text(child.tail)

    def _write_math(self, run: Run, element: Element) -> None:
        mathml = math_html(element)
        if not mathml:
            self.note("math.empty", f"A formula could not be kept: {text_of(element, length_max=80) or 'it is empty'}.")
            return
        run.pieces.append(mathml)
        run.maths.append(element)

    def _write_link(self, run: Run, element: Element) -> None:
        href = (element.get("href") or "").strip()
        if not href or href.startswith("#"):
            self._write_inside(run, element)
            return
        if (shown := self.find_file(href, text_of(element, length_max=300), [])) is not None:
            self._write_inside(run, element)
            run.files.append(shown)
            return
        if not href.lower().startswith("https://"):
            code = "link.not_https" if "://" in href else "link.internal"
            self.note(code, f"The link {plain(href, length_max=120)!r} became plain text; we keep https links only.")
            self._write_inside(run, element)
            return
        run.pieces.append(f'<a href="{escape(href)}">')
        self._write_inside(run, element)
        run.pieces.append("</a>")

    def _write_lost(self, run: Run, element: Element) -> None:
        """What a phone cannot hold: keep a link to it where there is one, and say so."""
        sources = [
            element.get("src") or element.get("data") or "",
            *(one.get("src") or "" for one in element.iter("source")),
        ]
        tracks = [one.get("src") or "" for one in element.iter("track")]
        title = plain(element.get("title") or element.get("aria-label"), length_max=300)
        for one in sources:
            if one and (shown := self.find_file(one, title, tracks)) is not None:
                run.files.append(shown)
                return
        source = next((one for one in sources if one), "")
        self.note("content.unsupported", f"<{element.tag}> {plain(source, length_max=120)} is not kept.")
        if element.tag == "iframe" and source.lower().startswith("https://"):
            title = plain(element.get("title"), length_max=120) or source
            run.pieces.append(f'<a href="{escape(source)}">{escape(title, quote=False)}</a>')
        elif element.tag == "form":
            self._write_inside(run, element)

    def _note_removed(self, element: Element) -> None:
        if element.tag == "script":
            self.note("script.removed", "A script of the page was left out.")


def math_alt(element: Element) -> str:
    return math_text(element)


def split_long(html: str, text: str) -> Iterator[str]:
    """The run itself, or its plain text in parts that a paragraph may hold."""
    if len(html) <= RUN_LENGTH_MAX:
        yield html
        return
    for start in range(0, len(text), RUN_LENGTH_MAX // 2):
        yield escape(text[start : start + RUN_LENGTH_MAX // 2], quote=False)
