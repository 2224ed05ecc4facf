"""Gaps of Moodle's texts: `{1:SHORTANSWER:=…}` written into them, and words that are chosen for `[[3]]`."""

import re
from decimal import Decimal

from server.assessments.interchange.document import ANSWERS_MAX, FULL_PPM, GAPS_MAX, ClozeBody, Gap, ShortAnswer
from server.assessments.interchange.reading import Fault, Notes, Skipped, number
from server.assessments.interchange.xml import Element, children, text_at

GAP_KINDS = (
    "SHORTANSWER_C|SHORTANSWER|SAC|SA|MWC|MW|MULTICHOICE_[VH]S?|MULTICHOICE_S|MULTICHOICE|MC[VH]?S?|NUMERICAL|NM"
)
MENUS = ("MULTICHOICE", "MC")
NUMBERS = frozenset({"NUMERICAL", "NM"})

_GAP = re.compile(r"\{\d{0,4}:(" + GAP_KINDS + r"):((?:\\.|[^\\{}])*)\}", re.DOTALL)
_STRAY = re.compile(r"\{\d{0,4}:([A-Z][A-Z_]{0,30}):")  # Its key would stand in the text.
_WEIGHTS = re.compile(r"\{(\d{0,4}):(?:" + GAP_KINDS + "):")
_PART = re.compile(r"(?:\\.|[^\\~])+", re.DOTALL)
_SHIELD = re.compile(r"\\([}#~/\"\\{])")
_WEIGHT = re.compile(r"\s*(=|%(-?\d{1,3}(?:\.\d{1,8})?)%)?(.*)\Z", re.DOTALL)


def cloze_of(prompt: str, notes: Notes) -> tuple[str, ClozeBody]:
    gaps: list[Gap] = []

    def put(found: re.Match[str]) -> str:
        gaps.append(_gap(found.group(1), found.group(2), notes))
        return f"[[{len(gaps)}]]"

    if re.search(r"\[\[\d{1,2}\]\]", prompt):
        raise Fault("its text holds [[1]], which is how gaps are written here")
    replaced = _GAP.sub(put, prompt)
    if left := _STRAY.search(replaced):
        raise Skipped(f"gaps of the kind “{left.group(1)[:20]}” are not taken")
    if len({hit.group(1) or "1" for hit in _WEIGHTS.finditer(prompt)}) > 1:
        notes.lose("gaps count alike here")
    if len(gaps) > GAPS_MAX:
        raise Fault(f"it has {len(gaps)} gaps; at most {GAPS_MAX} are taken")
    return replaced, ClozeBody(tuple(gaps))


def chosen_words(element: Element, prompt: str, notes: Notes) -> tuple[str, ClozeBody]:
    """`[[3]]` in the text is where the third word belongs; all words of its group are offered."""
    offered = [
        (notes.either(text_at(one, "text")), text_at(one, "group").strip() or "1")
        for one in children(element, "selectoption", "dragbox")
    ]
    gaps: list[Gap] = []

    def put(found: re.Match[str]) -> str:
        place = int(found.group(1)) - 1
        if not 0 <= place < len(offered):
            raise Fault(f"its text names the word {place + 1}, and it has {len(offered)}")
        right, group = offered[place]
        words = dict.fromkeys(text for text, of in offered if of == group)
        gaps.append(Gap(tuple(ShortAnswer(text, FULL_PPM if text == right else 0) for text in words), is_menu=True))
        return f"[[{len(gaps)}]]"

    replaced = re.sub(r"\[\[(\d{1,2})\]\]", put, prompt)
    if len(gaps) > GAPS_MAX:
        raise Fault(f"it has {len(gaps)} gaps; at most {GAPS_MAX} are taken")
    return replaced, ClozeBody(tuple(gaps))


def _gap(kind: str, source: str, notes: Notes) -> Gap:
    answers = []
    for part in _PART.findall(source):
        mark, percent, words = _WEIGHT.match(part).groups()  # type: ignore[union-attr]  # It fits anything.
        text, _, feedback = _cut(words)
        weight = FULL_PPM if mark == "=" else int(Decimal(percent) * 10_000) if percent else 0
        if kind in NUMBERS:
            text = _exact(text, notes)
        if text.strip() == "*" and weight == 0:
            continue
        answers.append(
            ShortAnswer(notes.plain(text), min(max(weight, -FULL_PPM), FULL_PPM), notes.plain(feedback) or None)
        )
    if kind in ("SAC", "MWC", "SHORTANSWER_C"):
        notes.lose("capitals and small letters count the same here")
    is_menu = kind.startswith(MENUS)
    if any(answer.feedback for answer in answers):
        notes.lose("the feedback of gaps was left out")
    kept = tuple(ShortAnswer(one.text, one.weight_ppm) for one in answers)
    if len(kept) > ANSWERS_MAX:
        raise Fault(f"a gap has {len(kept)} answers; at most {ANSWERS_MAX} are taken")
    return Gap(kept, is_menu)


def _cut(words: str) -> tuple[str, str, str]:
    """The answer and its feedback, shields taken off."""
    at = next((hit.start() for hit in re.finditer(r"\\.|#", words) if hit.group() == "#"), len(words))
    return _SHIELD.sub(r"\1", words[:at]), "#", _SHIELD.sub(r"\1", words[at + 1 :])


def _exact(text: str, notes: Notes) -> str:
    value, _, margin = text.partition(":")
    if margin.strip() and number(margin):
        notes.lose("the margin of a number in a gap was left out")
    return value
