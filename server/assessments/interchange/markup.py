"""HTML in a question becomes plain text. What text cannot say is named, so that the report can tell it."""

import re
from collections.abc import Callable
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import unquote

import nh3
from lxml import etree

from server.assessments.interchange.mathml import in_text

_NAMES = (
    "abbr|article|audio|big|blockquote|br|button|caption|center|code|dd|del|div|dl|dt|em|embed|figcaption|figure|font|form"
    "|h[1-6]|hr|iframe|img|input|ins|kbd|label|li|link|mark|math|meta|object|ol|option|picture|pre|samp|script|section"
    "|select|small|source|span|strike|strong|style|sub|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|tr|tt|ul|var"
    "|video"
)
# A name of one letter is a tag only with what a tag has: `a<b and b>c` is an inequality.
_TAG = rf"/?(?:(?:{_NAMES})\b|[abipqsu](?=\s*/?>|\s+[a-z-]+\s*=))"
_KNOWN_TAG = re.compile(rf"<{_TAG}[^<>]*>", re.IGNORECASE)
_KNOWN_NAME = re.compile(rf"{_NAMES}|[abipqsu]", re.IGNORECASE)
_MATH = re.compile(r"<math\b[^<>]*>(?:(?!</?math\b).){1,20000}</math>", re.IGNORECASE | re.DOTALL)
_LESS_THAN = re.compile(rf"<(?!{_TAG}|!--)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|deg|micro|times|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_BREAKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6"})
_SILENT = {"script", "style", "template", "object", "iframe"}  # Vanish with their content.
_READ = {*_BREAKS, "td", "th", "sup", "sub", "img"}
_LOST = {
    "img": "a picture",
    "audio": "a sound",
    "video": "a film",
    "iframe": "an embedded page",
    "object": "an embedded object",
    "table": "the layout of a table",
    "script": "a script",
    "math": "the layout of a formula",
    "svg": "a drawing",
}
Show = Callable[[str, str], str]  # (src, alt) → what stands in the text instead
_LOST_TAG = re.compile(rf"<({'|'.join(_LOST)})\b", re.IGNORECASE)
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")

# Canvas and Moodle keep formulas as pictures of their own server, with the LaTeX beside them.
_FORMULA = re.compile(r"<img\b[^<>]*\b(?:equation_image|texrender)\b[^<>]*>", re.IGNORECASE)
_LATEX = re.compile(
    r"""data-equation-content=(["'])(?P<beside>.*?)\1|/equation_images/(?P<named>[^"'?\s]+)"""
    r"""|\balt=(["'])(?:LaTeX:)?(?P<said>.*?)\4""",
    re.IGNORECASE | re.DOTALL,
)


def _formula(tag: re.Match[str]) -> str:
    hits = {hit.lastgroup: hit for hit in _LATEX.finditer(tag.group())}
    found = hits.get("beside") or hits.get("named") or hits.get("said")
    latex = "" if found is None else unescape(str(found.group(str(found.lastgroup))))
    if found is not None and found.lastgroup == "named":
        latex = unquote(unquote(latex))
    return escape(f" \\({latex.strip()}\\) ", quote=False) if latex.strip() else tag.group()


def _said(math: re.Match[str]) -> str:
    """MathML would leave its numbers in a row: x2 for x²."""
    root = etree.fromstring(math.group(), etree.HTMLParser(no_network=True, huge_tree=False))
    found = None if root is None else next(root.iter("math"), None)
    if found is None:
        return ""
    words, is_lost = in_text(found)
    return f"{'<math></math>' * is_lost}{escape(words, quote=False)}"


def is_known(tag: str) -> bool:
    return _KNOWN_NAME.fullmatch(tag) is not None


def looks_like_html(text: str) -> bool:
    """Moodle's default format is HTML in disguise: a known tag or entity gives it away; `a < b` does not."""
    return bool(_KNOWN_TAG.search(text) or _ENTITY.search(text))


def to_plain(html: str, show: Show | None = None) -> tuple[str, tuple[str, ...]]:
    """The text, and what of it was lost (in words, each once). `show` says what stands where a picture was."""
    # html5ever first: its output is well formed. Python's own parser takes quadratic time over broken markup.
    # A `<` that begins no tag we know is a sign of its own: `v <c` must not vanish as a tag.
    html = _MATH.sub(_said, _FORMULA.sub(_formula, html))
    clean = nh3.clean(
        _LESS_THAN.sub("&lt;", html),
        tags=_READ,
        clean_content_tags=_SILENT,
        attributes={"img": {"alt", "src"}},
        link_rel=None,
        url_schemes={"data", "file", "http", "https"},
    )
    reader = _Reader(show)
    reader.feed(clean)
    reader.close()
    lines = (re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    lost = dict.fromkeys(_LOST[found.group(1).lower()] for found in _LOST_TAG.finditer(html))
    if show is not None:
        lost.pop(_LOST["img"], None)  # Told by who shows it.
    return "\n".join(line for line in lines if line), tuple(lost)


class _Reader(HTMLParser):
    """Keeps words and line breaks, x² and v₀."""

    def __init__(self, show: Show | None) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._show = show
        self._script: list[str] = []  # Open <sup> and <sub>, innermost last.

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.parts.append("\n")
        elif tag in {"td", "th"}:
            self.parts.append(" ")
        elif tag in {"sup", "sub"}:
            self._script.append(tag)
        elif tag == "img":
            said = dict(attrs)
            src, alt = said.get("src") or "", said.get("alt") or ""
            words = (f"[{alt}]" if alt else "") if self._show is None else self._show(src, alt)
            self.parts.append(f" {words} " if words else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.parts.append("\n")
        elif tag in {"sup", "sub"} and self._script:
            self._script.pop()

    def handle_data(self, data: str) -> None:
        if not self._script:
            self.parts.append(data)
        elif self._script[-1] == "sup":
            self.parts.append(_scripted(data, _RAISED, "^"))
        else:
            self.parts.append(_scripted(data, _LOWERED, "_"))


def _scripted(text: str, table: dict[int, int], mark: str) -> str:
    if all(ord(character) in table for character in text):
        return text.translate(table)
    return f"{mark}{text}" if len(text) == 1 else f"{mark}({text})"
