"""MathML in a line of plain text: x², (a + b)/c, √(2). Questions hold words alone."""

from collections.abc import Callable

from lxml import etree

TEXT_LENGTH_MAX = 500
DEPTH_MAX = 40

Element = etree._Element  # noqa: SLF001 - lxml gives its element no public name

_DROPPED = frozenset({"annotation", "annotation-xml"})
_TOKENS = frozenset({"mi", "mn", "mo", "mtext", "ms"})
_SPACED = frozenset("+-−=<>≤≥≠≈·×÷→±")
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")


def in_a_line(math: Element) -> str:
    return " ".join(_say(math, 0).split())[:TEXT_LENGTH_MAX]


def _say(element: Element, depth: int) -> str:
    label: object = element.tag  # Of comments it is a function.
    tag = label.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(label, str) else ""
    if not tag or tag in _DROPPED or depth > DEPTH_MAX:
        return ""
    if tag in _TOKENS:
        words = " ".join("".join(map(str, element.itertext())).split())
        return f" {words} " if tag == "mo" and words in _SPACED else words
    return _joined(tag, [_say(one, depth + 1) for one in element])


def _joined(tag: str, parts: list[str]) -> str:
    made = _PAIRED.get(tag)
    if made is not None and len(parts) >= 2:
        return made(*(part.strip() for part in parts[:2])) + "".join(_scripted(part, "^") for part in parts[2:])
    match tag:
        case "msqrt" | "mroot":
            said = f"√({''.join(parts[:1] if tag == 'mroot' else parts).strip()})"
        case "mtr":
            said = " ".join(part.strip() for part in parts) + "; "
        case "mfenced":
            said = f"({', '.join(part.strip() for part in parts)})"
        case "mspace":
            said = " "
        case _:
            said = "".join(parts)
    return said


def _scripted(part: str, sign: str) -> str:
    part = part.strip()
    table = _RAISED if sign == "^" else _LOWERED
    if part and all(ord(character) in table for character in part):
        return part.translate(table)
    return f"{sign}{part}" if len(part) == 1 else f"{sign}({part})"


def _whole(part: str) -> str:
    return part if part.isalnum() else f"({part})"


_PAIRED: dict[str, Callable[[str, str], str]] = {
    "mfrac": lambda above, below: f"{_whole(above)}/{_whole(below)}",
    "msup": lambda base, script: base + _scripted(script, "^"),
    "msub": lambda base, script: base + _scripted(script, "_"),
    "msubsup": lambda base, script: base + _scripted(script, "_"),
    "mover": lambda base, script: base + script if len(script) == 1 and not script.isalnum() else f"{base}^{script}",
    "munder": lambda base, script: base + _scripted(script, "_"),
    "munderover": lambda base, script: base + _scripted(script, "_"),
}
