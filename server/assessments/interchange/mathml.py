r"""MathML of other systems: as LaTeX (`\(x^{2}\)`), else in a line of plain words: x², (a + b)/c."""

import re
from collections.abc import Callable
from typing import Any

from lxml import etree

from server.assessments.interchange.formulas import PARTS, Formula, formulas_in, why_not
from server.catalog.latex import mathml_of

TEXT_LENGTH_MAX = 500
DEPTH_MAX = 40

Element = etree._Element  # noqa: SLF001 - lxml gives its element no public name

MATHML = "http://www.w3.org/1998/Math/MathML"

_LATEX = frozenset({"application/x-tex", "application/x-latex", "latex", "tex"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_DROPPED = frozenset({"annotation", "annotation-xml"})
_TOKENS = frozenset({"mi", "mn", "mo", "mtext", "ms"})
_SPACED = frozenset("+-−=<>≤≥≠≈·×÷→±")
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")


def in_text(math: Element) -> tuple[str, bool]:
    """What stands in a text for it, and whether its layout was lost on the way."""
    is_block = math.get("display") == "block" or math.get("mode") == "display"
    for latex in (_noted(math), _latex_of(math)):
        marked = f"\\[{latex}\\]" if is_block else f"\\({latex}\\)"
        for typed in (latex, marked):
            found = formulas_in(typed)
            if len(found) == 1 and found[0].typed == typed and not why_not(found[0]):
                return typed, False
    words = in_a_line(math)
    return words, bool(words)


def _noted(math: Element) -> str:
    """The LaTeX that somebody keeps beside it: of ours with its marks, of others without."""
    notes = (one for one in math.iter() if _name(one) == "annotation" and one.get("encoding", "").lower() in _LATEX)
    return next(("".join(map(str, one.itertext())).strip() for one in notes), "")


def math_of(formula: Formula) -> Element | None:
    """MathML for other systems, with what was typed beside it; None where none can be made."""
    if why_not(formula) or _CONTROL.search(formula.typed):
        return None
    page = etree.fromstring(mathml_of(formula.latex, formula.display), etree.HTMLParser(no_network=True))
    own: Any = {None: MATHML}  # Any: the stubs want a prefix.
    made = etree.Element(f"{{{MATHML}}}math", nsmap=own, display=formula.display)
    meant = etree.SubElement(made, f"{{{MATHML}}}semantics")
    _copy(next(page.iter("math")), etree.SubElement(meant, f"{{{MATHML}}}mrow"))
    noted = etree.SubElement(meant, f"{{{MATHML}}}annotation", encoding="application/x-tex")
    noted.text = formula.typed
    return made


def _copy(source: Element, target: Element) -> None:
    target.text = source.text
    for one in source:
        made = etree.SubElement(target, f"{{{MATHML}}}{one.tag}")
        made.attrib.update(one.attrib)
        _copy(one, made)


# --- as LaTeX ---------------------------------------------------------------------------------------------------------

_SHIELDED = {**{sign: f"\\{sign}" for sign in "{}%$#&_"}, "\\": "\\backslash ", "^": "\\hat{}", "~": "\\sim "}
_FUNCTIONS = frozenset(
    {"arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "csc", "deg", "det", "dim", "exp", "gcd", "inf", "ker"}
    | {"lg", "lim", "ln", "log", "max", "min", "sec", "sin", "sinh", "sup", "tan", "tanh"}
)
_OPERATORS = {
    "≤": "\\le ",
    "≥": "\\ge ",
    "≠": "\\ne ",
    "≈": "\\approx ",
    "×": "\\times ",
    "÷": "\\div ",
    "·": "\\cdot ",
    "⋅": "\\cdot ",
    "±": "\\pm ",
    "−": "-",
    "→": "\\to ",
    "∈": "\\in ",
    "∑": "\\sum ",
    "∏": "\\prod ",
    "∫": "\\int ",
}
_ABOVE = {
    "¯": "\\overline",
    "‾": "\\overline",
    "_": "\\overline",
    "→": "\\vec",
    "⃗": "\\vec",
    "^": "\\hat",
    "ˆ": "\\hat",
    "˙": "\\dot",
    "~": "\\tilde",
    "˜": "\\tilde",
}
_UNSAID = frozenset("\u2061\u2062\u2063\u2064")  # Apply, times, comma and plus that nobody sees.


class _Unsayable(Exception):
    """An element for which there is no LaTeX here."""


def _latex_of(math: Element) -> str:
    """Empty where it cannot be said."""
    try:
        return " ".join(_write(math, 0).split())
    except _Unsayable:
        return ""


def _name(element: Element) -> str:
    label: object = element.tag  # Of comments it is a function.
    return label.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(label, str) else ""


def _write(element: Element, depth: int) -> str:
    tag = _name(element)
    if not tag or tag in _DROPPED:
        return ""
    if depth > DEPTH_MAX:
        raise _Unsayable
    if tag in _TOKENS:
        return _token(tag, " ".join("".join(map(str, element.itertext())).split()))
    parts = [_write(one, depth + 1) for one in element if _name(one)]
    if tag in PARTS and len(parts) != PARTS[tag]:
        raise _Unsayable
    return _put_together(tag, element, parts)


def _token(tag: str, words: str) -> str:
    words = "".join(sign for sign in words if sign not in _UNSAID)
    if tag in ("mtext", "ms"):
        plain = "".join(" " if sign in "{}\\$" else sign for sign in words)
        return f"\\text{{{plain}}}" if plain.strip() else "\\ "
    if words in _FUNCTIONS:
        return f"\\{words} "
    if words in _OPERATORS:
        return _OPERATORS[words]
    shielded = "".join(_SHIELDED.get(sign, sign) for sign in words)
    return f"\\mathrm{{{shielded}}}" if tag == "mi" and len(words) > 1 and words.isalpha() else shielded


def _put_together(tag: str, element: Element, parts: list[str]) -> str:
    if tag in _BETWEEN:
        left, right = _BETWEEN[tag]
        return f"{left}{''.join(parts)}{right}"
    written = _WRITTEN.get(tag)
    if written is None:
        raise _Unsayable
    return written(element, parts)


def _base(element: Element, written: str) -> str:
    """One sign needs no braces; others are bound together."""
    return written if len(written.strip()) == 1 or _name(element) in {"mo", "mn"} else f"{{{written}}}"


def _over(element: Element, parts: list[str]) -> str:
    accent = "".join(map(str, element[1].itertext())).strip()
    if accent in _ABOVE:
        return f"{_ABOVE[accent]}{{{parts[0]}}}"
    return f"\\overset{{{parts[1]}}}{{{parts[0]}}}"


_FENCES = {"{": "\\{", "}": "\\}", "": ".", "⟨": "\\langle ", "⟩": "\\rangle "}


def _fenced(element: Element, parts: list[str]) -> str:
    inside = (element.get("separators", ",") or " ")[:1].join(parts)
    left, right = element.get("open", "("), element.get("close", ")")
    return f"\\left{_FENCES.get(left, left)}{inside}\\right{_FENCES.get(right, right)}"


_BETWEEN = {
    **dict.fromkeys(("math", "mrow", "mstyle", "mpadded", "mtd", "merror"), ("", "")),
    "msqrt": ("\\sqrt{", "}"),
}
_WRITTEN: dict[str, Callable[[Element, list[str]], str]] = {
    "semantics": lambda _element, parts: "".join(parts[:1]),
    "mspace": lambda _element, _parts: "\\ ",
    "mphantom": lambda _element, _parts: "",
    "mfrac": lambda _element, parts: f"\\frac{{{parts[0]}}}{{{parts[1]}}}",
    "mroot": lambda _element, parts: f"\\sqrt[{parts[1]}]{{{parts[0]}}}",
    "msup": lambda element, parts: f"{_base(element[0], parts[0])}^{{{parts[1]}}}",
    "msub": lambda element, parts: f"{_base(element[0], parts[0])}_{{{parts[1]}}}",
    "msubsup": lambda element, parts: f"{_base(element[0], parts[0])}_{{{parts[1]}}}^{{{parts[2]}}}",
    "munderover": lambda element, parts: f"{_base(element[0], parts[0])}_{{{parts[1]}}}^{{{parts[2]}}}",
    "mover": _over,
    "munder": lambda _element, parts: f"\\underset{{{parts[1]}}}{{{parts[0]}}}",
    "mfenced": _fenced,
    "mtable": lambda _element, parts: "\\begin{matrix}" + " \\\\ ".join(parts) + "\\end{matrix}",
    "mtr": lambda _element, parts: " & ".join(parts),
}


# --- in a line --------------------------------------------------------------------------------------------------------


def in_a_line(math: Element) -> str:
    return " ".join(_say(math, 0).split())[:TEXT_LENGTH_MAX]


def _say(element: Element, depth: int) -> str:
    tag = _name(element)
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
