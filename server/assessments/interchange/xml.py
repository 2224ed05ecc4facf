"""XML from strangers: no entities, no network, no DTDs, a depth and a size; and XML of our own.

Nothing is ever expanded or fetched: a file that declares entities is refused before anything of it is read.
"""

import io
import re
from typing import Any

from lxml import etree

from server.assessments.interchange.markup import is_known
from server.assessments.interchange.mathml import in_text
from server.assessments.interchange.refusals import (
    BYTES_MAX,
    BadEncoding,
    EntitiesInside,
    NotThisFormat,
    TooManyQuestions,
    check_size,
)

DEPTH_MAX = 50
ELEMENTS_MAX = 600_000

Element = etree._Element  # noqa: SLF001 - lxml gives its element no public name

_SAFE = {"resolve_entities": False, "no_network": True, "huge_tree": False, "load_dtd": False, "remove_pis": True}
_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CAMEL = re.compile(r"-([a-z])")


def parse_xml(content: bytes, *, bytes_max: int = BYTES_MAX) -> Element:
    """The root. Raises NotThisFormat, BadEncoding, EntitiesInside, TooManyQuestions."""
    check_size(content, bytes_max=bytes_max)
    content = content.lstrip()  # Some editors leave a line before the declaration.
    depth = count = 0
    root: Element | None = None
    try:
        for event, element in etree.iterparse(io.BytesIO(content), events=("start", "end"), **_SAFE):
            if event == "end":
                depth -= 1
                continue
            if root is None:
                root = element
                _refuse_entities(element)
            depth += 1
            count += 1
            if depth > DEPTH_MAX:
                raise NotThisFormat(f"The file nests deeper than {DEPTH_MAX} elements.")
            if count > ELEMENTS_MAX:
                raise TooManyQuestions(f"The file has more than {ELEMENTS_MAX:,} elements. Split it.")
    except etree.XMLSyntaxError as error:
        raise _explained(error) from None
    except (LookupError, UnicodeError):
        raise BadEncoding from None
    if root is None:
        raise NotThisFormat("The file is empty.")
    return root


def _refuse_entities(root: Element) -> None:
    """Names of a DTD are harmless (old tools write them); declarations inside the file are not."""
    declared: Any = root.getroottree().docinfo.internalDTD  # Any: the stubs know no entities.
    if declared is not None and any(True for _ in declared.iterentities()):
        raise EntitiesInside


def _explained(error: etree.XMLSyntaxError) -> NotThisFormat | BadEncoding | EntitiesInside:
    words = (error.msg or "it is not XML").split(", line ")[0]
    if "ntity" in words:
        return EntitiesInside(f"The file uses an entity that is not XML's own: {words[:150]}.")
    if "ncoding" in words:
        return BadEncoding(f"The file is not in the encoding that it names: {words[:150]}.")
    return NotThisFormat(f"The file is not well-formed XML: line {error.lineno or 1}: {words[:150]}.")


# --- looking --------------------------------------------------------------------------------------------------------


def name(element: Element) -> str:
    """Without namespace; QTI 3's `qti-choice-interaction` under QTI 2's name `choiceInteraction`. Comments: empty."""
    tag: object = element.tag
    if not isinstance(tag, str):
        return ""
    local = tag.rpartition("}")[2]
    return camel(local[4:]) if local.startswith("qti-") else local


def line_of(element: Element) -> int:
    line: Any = element.sourceline  # Any: the stubs do not say.
    return int(line or 0)


def camel(words: str) -> str:
    return _CAMEL.sub(lambda found: found.group(1).upper(), words)


def attribute(element: Element, wanted: str) -> str:
    """By QTI 2's name, whichever version wrote it; empty where it is missing."""
    found = element.get(wanted)
    if found is None:
        found = element.get(re.sub(r"[A-Z]", lambda hit: "-" + hit.group().lower(), wanted))
    return (found or "").strip()


def children(element: Element | None, *wanted: str) -> list[Element]:
    return [] if element is None else [one for one in element if name(one) in wanted]


def child(element: Element | None, *path: str) -> Element | None:
    for step in path:
        if element is None:
            return None
        element = next((one for one in element if name(one) == step), None)
    return element


def within(element: Element | None, *wanted: str) -> list[Element]:
    """All below it of these names, in the order of the file."""
    return [] if element is None else [one for one in element.iter() if one is not element and name(one) in wanted]


def text_at(element: Element | None, *path: str) -> str:
    found = child(element, *path)
    return "" if found is None else "".join(str(part) for part in found.itertext())


def inner_html(element: Element, *, without: frozenset[str] = frozenset()) -> str:
    """What stands inside, as HTML; elements named in `without` leave no words."""
    parts: list[str] = [_flowing(element.text)]
    for one in element:
        label = name(one)
        if label == "math":
            words, is_lost = in_text(one)
            parts.append(f"{'<math></math>' * is_lost}{_escaped(words)}")
        elif label and label not in without:
            parts.append(_tagged(one, label.lower(), inner_html(one, without=without) if label != "img" else ""))
        parts.append(_flowing(one.tail))
    return "".join(parts)


def _tagged(element: Element, tag: str, inside: str) -> str:
    """Elements that HTML does not have are looked through."""
    told = "".join(f' {key}="{_escaped(element.get(key) or "")}"' for key in ("alt", "src") if element.get(key))
    if tag == "object" and (element.get("type") or "").startswith("image/"):
        return f'<img src="{_escaped(element.get("data") or "")}" alt="{_escaped(text_at(element))}">'
    if tag in ("br", "img"):
        return f"<{tag}{told}>"
    return f"<{tag}{told}>{inside}</{tag}>" if is_known(tag) else inside


def _flowing(text: str | None) -> str:
    """Line ends between tags are how the file is laid out, not what it says."""
    return _escaped(re.sub(r"[ \t\r\n]+", " ", text or ""))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


# --- writing --------------------------------------------------------------------------------------------------------


def add(parent: Element, tag: str, text: str | None = None, /, **attributes: str) -> Element:
    """A child with text that XML can hold."""
    made = etree.SubElement(parent, tag, {key.rstrip("_"): clean(value) for key, value in attributes.items()})
    if text is not None:
        made.text = clean(text)
    return made


def clean(text: str) -> str:
    return _TEXT.sub("", text)


def to_bytes(root: Element, *, is_indented: bool = True) -> bytes:
    if is_indented:
        etree.indent(root, space=" ")
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written
