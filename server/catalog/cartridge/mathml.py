"""MathML of a page, made small for the wire, and the same said in a line of text."""

from html import escape

from server.catalog.cartridge.markup import Element, plain
from server.catalog.inline import MATH_ATTRIBUTES, MATH_TAGS, clean_math

_TOKENS = {"mi", "mn", "mo", "mtext", "ms"}
_BETWEEN = {"mfrac": " / ", "msub": "_", "msup": "^", "munder": "_", "mover": "^"}
_ACCENTS = {"¯", "→", "^", "‾", "˙"}
_DROPPED = {"annotation", "annotation-xml"}
TEXT_LENGTH_MAX = 500


def math_html(math: Element) -> str:
    """One <math> element without namespaces, without white space between elements; empty when nothing is left."""
    return clean_math(_serialise(math))


def _serialise(element: Element) -> str:
    if element.tag in _DROPPED:
        return ""
    inner = "".join(_serialise(child) for child in element)
    if element.tag in _TOKENS:
        inner = escape(_token_text(element), quote=False)
    if element.tag not in MATH_TAGS:
        return inner
    allowed = MATH_ATTRIBUTES.get(element.tag, set())
    attributes = "".join(f' {name}="{escape(str(value))}"' for name, value in element.attrib.items() if name in allowed)
    return f"<{element.tag}{attributes}>{inner}</{element.tag}>"


def _token_text(element: Element) -> str:
    """Text of a token, its own white space kept to single spaces: ' km' is not 'km'."""
    text = "".join(str(piece) for piece in element.itertext())
    return " ".join(text.split(" ")) if "\n" not in text else " ".join(text.split())


def math_text(math: Element) -> str:
    """The formula in a line of plain text, for those who cannot see it and for search."""
    return plain(_say(math), length_max=TEXT_LENGTH_MAX)


def _say(element: Element) -> str:
    if element.tag in _DROPPED:
        return ""
    if element.tag in _TOKENS:
        return _token_text(element)
    if element.tag == "mspace":
        return " "
    parts = [_say(child).strip() if element.tag in _BETWEEN else _say(child) for child in element]
    if element.tag in _BETWEEN and len(parts) == 2:
        return _say_pair(element.tag, *parts)
    match element.tag:
        case "msqrt":
            said = f"√({''.join(parts)})"
        case "mtr":
            said = " ".join(part for part in parts if part) + "; "
        case _:
            said = "".join(parts)
    return said


def _say_pair(tag: str, base: str, second: str) -> str:
    if tag == "mover" and second in _ACCENTS:
        return base + second
    if tag == "mfrac":
        base, second = _bracketed(base), _bracketed(second)
    return base + _BETWEEN[tag] + second


def _bracketed(part: str) -> str:
    return part if part.isalnum() else f"({part})"
