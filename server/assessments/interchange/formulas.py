r"""Formulas inside the texts of questions: where one stands, what is drawn of it, why another stays as it was typed.

    \( x^2 \)  stands in its line,    \[ x^2 \]  and  $$ x^2 $$  stand in a line of their own

Nothing else is one: `$5 and $6` are prices, and so is `$$5 and $$6`. The text keeps a formula as it was typed, marks
and all; what is drawn of it lies beside the text, under the very words, and can be made again at any time.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from lxml import etree

from server.catalog.latex import DEPTH_MAX, FORMULAS_KEPT, LATEX_LENGTH_MAX, depth_of, mathml_of

FORMULAS_MAX = 200  # Different ones, of one question.
MATHML_LENGTH_MAX = 128 * 1024  # Characters of all that is drawn of one question.
TOLD_MAX = 3
SHOWN_LENGTH = 40

# Within `\(` and `\)` a backslash shields whatever is no mark: `\\[2pt]` is LaTeX's own.
_INSIDE = r"(?:[^\\]|\\[^()\[\]])+"
_TYPED = re.compile(
    rf"(?<!\\)\\\((?P<line>{_INSIDE})\\\)|(?<!\\)\\\[(?P<block>{_INSIDE})\\\]"
    r"|(?<![\\$])\$\$(?!\$)(?P<moodle>(?:[^\\$]|\\.)+)\$\$(?![$\d])",
    re.DOTALL,
)
_SIGN = re.compile(r"[\\^_{}=+<>*/|]")
_GAP = re.compile(r"\[\[\d{1,2}\]\]|_{3,}")
_SPACE = re.compile(r"\\(?:hfill?|nonumber|notag)(?![A-Za-z])")
_WORDS_AROUND = re.compile(r"\\(?:text|mbox)\{([^{}$]*)\$([^{}$]*)\$([^{}$]*)\}")
_UNKNOWN = re.compile(r"\\[A-Za-z]+")
_BARE = re.compile(r"\\(?:d?frac|sqrt|int|sum|vec|overline|mathrm|times|cdot|begin)\b|(?<!\\)\\[(\[]")


PARTS = {"mfrac": 2, "mroot": 2, "msup": 2, "msub": 2, "mover": 2, "munder": 2, "msubsup": 3, "munderover": 3}


@dataclass(frozen=True)
class Formula:
    typed: str  # Marks and all.
    latex: str
    display: Literal["block", "inline"]


def formulas_in(text: str) -> list[Formula]:
    """In the order of the text."""
    if "\\" not in text and "$$" not in text:
        return []  # Nearly all there are.
    return [formula for hit in _TYPED.finditer(text) if (formula := _formula(hit)) is not None]


def _formula(hit: re.Match[str]) -> Formula | None:
    latex = next(inside for inside in hit.groups() if inside is not None).strip()
    if not latex or (hit.lastgroup == "moodle" and not _SIGN.search(latex) and len(latex.split()) > 1):
        return None
    return Formula(hit.group(), _eased(latex), "inline" if hit.lastgroup == "line" else "block")


def _eased(latex: str) -> str:
    """Without what only sets space in print; a formula inside words of a formula stands beside them."""
    return _WORDS_AROUND.sub(r"\\text{\1}\2\\text{\3}", _SPACE.sub(" ", latex))


def drawn(texts: Iterable[str]) -> dict[str, str]:
    """MathML by what was typed. What cannot be drawn, or is beyond the bounds of a question, is not in it."""
    found: dict[str, str] = {}
    room = MATHML_LENGTH_MAX
    for place, formula in enumerate(_different(texts)):
        mathml = "" if place >= FORMULAS_MAX or why_not(formula) else mathml_of(formula.latex, formula.display)
        if mathml and len(mathml) <= room:
            found[formula.typed] = mathml
            room -= len(mathml)
    return found


def drawn_or_not(texts: Iterable[str]) -> dict[str, str]:
    """As `drawn`, with nothing under each that cannot be: for those who wrote it."""
    texts = list(texts)
    made = drawn(texts)
    return {formula.typed: made.get(formula.typed, "") for formula in _different(texts)}


def _different(texts: Iterable[str]) -> Iterator[Formula]:
    return iter({formula.typed: formula for text in texts for formula in formulas_in(text)}.values())


@lru_cache(maxsize=FORMULAS_KEPT)
def why_not(formula: Formula) -> str:
    """What keeps it from being drawn; empty where nothing does."""
    if len(formula.latex) > LATEX_LENGTH_MAX:
        return f"it has more than {LATEX_LENGTH_MAX:,} characters"
    if depth_of(formula.latex) > DEPTH_MAX:
        return f"it is nested deeper than {DEPTH_MAX}"
    if _GAP.search(formula.latex):
        return "a gap stands in it"
    mathml = mathml_of(formula.latex, formula.display)
    unknown = _UNKNOWN.search(mathml)  # What is not known is passed on as it stands.
    if unknown:
        return f"{unknown.group()} is not known"
    return "" if mathml and _is_whole(mathml) else "it is no LaTeX that can be read"


def _is_whole(mathml: str) -> bool:
    """A fraction without its lower half is no fraction."""
    root = etree.fromstring(mathml, etree.HTMLParser(no_network=True, huge_tree=False))
    return all(len(one) == PARTS.get(str(one.tag), len(one)) for one in root.iter())


def told_of(texts: Iterable[str]) -> list[str]:
    """What of the formulas stays as it was typed, and why: for the report of who brought them."""
    texts = [text for text in texts if "\\" in text or "$$" in text]
    made = drawn(texts)
    undrawn = [formula for formula in _different(texts) if formula.typed not in made]
    told = [
        f"the formula “{_shown(formula.typed)}” stays as it is typed: {why_not(formula) or _TOO_MANY}"
        for formula in undrawn[:TOLD_MAX]
    ]
    if len(undrawn) > TOLD_MAX:
        told.append(f"{len(undrawn) - TOLD_MAX} more formulas stay as they are typed")
    bare = next((hit for text in texts if (hit := _BARE.search(_TYPED.sub(" ", text)))), None)
    if bare is not None:
        words = _shown(bare.string[bare.start() :])
        told.append(f"“{words}” stays as it is typed: a formula stands between \\( and \\), \\[ and \\], or two $$")
    return told


_TOO_MANY = f"a question has at most {FORMULAS_MAX}, and {MATHML_LENGTH_MAX // 1024} KB of what is drawn"


def _shown(typed: str) -> str:
    words = " ".join(typed.split())
    return words if len(words) <= SHOWN_LENGTH else f"{words[: SHOWN_LENGTH - 1]}…"
