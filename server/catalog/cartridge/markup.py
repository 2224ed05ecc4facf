"""XML and HTML from strangers as plain trees: no entities of theirs, no network, no depth without end.

Pages call themselves XHTML and often are not: what is not well formed is read as a browser would read HTML.
"""

import re
import unicodedata
from dataclasses import dataclass
from html import escape
from html.entities import html5
from typing import TypeAlias

from lxml import etree

DEPTH_MAX = 120
NODES_MAX = 200_000

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml names its element type with an underscore

_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,500}>", re.IGNORECASE)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_MATH_TAG = re.compile(r"<math\b[^<>]{0,500}>", re.IGNORECASE)
_NAMESPACE = re.compile(r"""\sxmlns\s*=\s*("[^"]*"|'[^']*')""")
_TAG = re.compile(r"[a-z][a-z0-9._-]{0,40}")
_XML_ENTITIES = {"amp", "lt", "gt", "quot", "apos"}
_ENCODING = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""")
_HARMLESS = {"ERR_ATTRIBUTE_REDEFINED", "HTML_UNKNOWN_TAG", "ERR_ATTLIST_NOT_STARTED", "NS_ERR_UNDEFINED_NAMESPACE"}
HEAD_BYTES = 2_048


class BadMarkup(Exception):
    """This text cannot be read. `code` is for the report."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


# Old editors wrote Windows' quotes and dashes as if they were Latin 1, and exporters kept them as control characters
# (U+0092 for ’). Browsers read such numbers as Windows means them; so do we. Source: WHATWG HTML, 13.2.5.80.
_WINDOWS = {code: sign for code in range(0x80, 0xA0) if (sign := bytes([code]).decode("cp1252", errors="ignore"))}
_NUMBERED = re.compile(r"&#(1[2-5]\d);")


@dataclass(frozen=True)
class Parsed:
    root: Element
    mended: str = ""  # Where and how the markup was broken; empty when it was not, or not so that it matters.


def parse_xml(content: bytes, *, what: str) -> Element:
    """A well-formed document without document type. Raises BadMarkup."""
    text, wrong = decode(content)
    if wrong:
        raise BadMarkup("xml.encoding", f"{what} is not in the encoding that it names.")
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise BadMarkup("xml.doctype", f"{what} declares a document type or entities; we take neither.")
    source = _DECLARATION.sub("", text.lstrip(), count=1).encode()
    try:
        root = etree.fromstring(source, _xml_parser())
    except etree.XMLSyntaxError as error:
        root = _without_namespaces(source)
        if root is None:
            raise BadMarkup("xml.broken", f"{what} is not well-formed XML: {_first_line(error)}.") from error
    return _bare(root, what=what)


def _without_namespaces(source: bytes) -> Element | None:
    """Some exporters write namespaces that are none, and nothing else is wrong: names are read without them anyway."""
    parser = _xml_parser(recover=True)
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError:
        return None
    return root if all(entry.domain_name == "NAMESPACE" for entry in parser.error_log) else None


def parse_page(content: bytes, *, what: str) -> Parsed:
    """A page as a tree with lower-case names and no namespaces. Raises BadMarkup for what no browser would show."""
    text, wrong = decode(content)
    if "<!ENTITY" in text.upper():
        raise BadMarkup("page.entities", f"{what} declares entities of its own; we do not take that.")
    text = _DOCTYPE.sub("", _DECLARATION.sub("", text.replace("\x00", ""), count=1), count=1)
    if not text.strip():
        raise BadMarkup("page.empty", f"{what} is empty.")
    mended = "its letters are not in the encoding that it names; unknown ones show as �" if wrong else ""
    try:
        root = etree.fromstring(_MATH_TAG.sub(_without_namespace, _ENTITY.sub(_entity, text)).encode(), _xml_parser())
    except etree.XMLSyntaxError:
        root, broken = _parse_html(text, what=what)
        mended = mended or broken
    return Parsed(_bare(root, what=what), mended)


def decode(content: bytes) -> tuple[str, bool]:
    """Text by its byte order mark, by the encoding it names, else UTF-8. True: it was wrong, letters are lost."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _decode_as(content, encoding)
    named = _ENCODING.search(content[:HEAD_BYTES])
    encoding = named.group(1).decode("ascii") if named else "utf-8"
    if encoding.lower().startswith(("utf-16", "utf-32", "ucs")):
        encoding = "utf-8"  # Its own declaration could be read byte by byte, so it is none of these.
    return _decode_as(content, encoding)


def _decode_as(content: bytes, encoding: str) -> tuple[str, bool]:
    try:
        return _as_windows(content.decode(encoding)), False
    except (LookupError, UnicodeError):
        return _as_windows(content.decode("utf-8", errors="replace")), True


def _as_windows(text: str) -> str:
    return _NUMBERED.sub(lambda match: chr(int(match.group(1))), text).translate(_WINDOWS)


def _entity(match: "re.Match[str]") -> str:
    name = match.group(1)
    if name in _XML_ENTITIES:
        return match.group(0)
    known = html5.get(f"{name};")
    return escape(known) if known is not None else match.group(0)


def _without_namespace(tag: "re.Match[str]") -> str:
    # Some exporters write xmlns twice on <math>, which alone would make the whole page no XML.
    return _NAMESPACE.sub("", tag.group(0))


def _xml_parser(*, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        recover=recover,
        encoding="utf-8",  # What we hand over, whatever a broken declaration says.
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _parse_html(text: str, *, what: str) -> tuple[Element, str]:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadMarkup("page.broken", f"{what} cannot be read: {_first_line(error)}.") from error
    if root is None:
        raise BadMarkup("page.empty", f"{what} holds nothing to read.")
    for entry in parser.error_log:
        if entry.type_name not in _HARMLESS:
            return root, f"its markup is broken at line {entry.line} ({entry.message[:120]})"
    return root, ""


def _bare(root: Element, *, what: str) -> Element:
    """Take namespaces off and check the tree's size, without recursion."""
    count = 0
    stack = [(root, 1)]
    while stack:
        element, depth = stack.pop()
        count += 1
        if count > NODES_MAX or depth > DEPTH_MAX:
            raise BadMarkup("page.too_large", f"{what} has more than {NODES_MAX} elements or {DEPTH_MAX} levels.")
        element.tag = _tag(str(element.tag))
        stack.extend((child, depth + 1) for child in element)
    return root


def _tag(name: str) -> str:
    """The local name in lower case; what no element of ours can be called becomes "unknown", and is looked through."""
    local = re.split(r"[}:]", name)[-1].lower()
    return local if _TAG.fullmatch(local) else "unknown"


def plain(text: str | None, *, length_max: int) -> str:
    """One line of text: NFC, no control characters, single spaces, cut at a length."""
    kept = "".join(
        char if unicodedata.category(char) not in {"Cc", "Cs", "Co", "Cn"} else " "
        for char in unicodedata.normalize("NFC", text or "")
    )
    return " ".join(kept.split())[:length_max].strip()


def text_of(element: Element, *, length_max: int = 500) -> str:
    """All text inside, in one line."""
    return plain("".join(str(piece) for piece in element.itertext()), length_max=length_max)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
