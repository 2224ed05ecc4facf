"""What a QTI 1.2 item holds before anybody asks what kind of question it is: texts, metadata, rules, feedback.

Systems differ in each: Canvas and cartridges name kinds in `qtimetadatafield`, Desire2Learn in `qti_metadatafield`,
Blackboard in elements of its own; scores are counted to 100, to the points, or to the word `SCORE.max`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from server.assessments.interchange.document import ANSWERS_MAX, FULL_PPM, POINTS_MAX, PROMPT_LENGTH_MAX
from server.assessments.interchange.reading import Fault, Notes, number
from server.assessments.interchange.xml import (
    Element,
    attribute,
    child,
    children,
    inner_html,
    name,
    text_at,
    within,
)

TESTS = ("varequal", "varsubstring", "vargte", "vargt", "varlte", "varlt")
RESPONSES = ("response_lid", "response_str", "response_num", "response_grp")
_TEXTS = ("mattext", "mat_formattedtext", "matemtext")
_MEDIA = {"mataudio": "a sound", "matvideo": "a film", "matapplet": "a program", "matapplication": "a program"}
_RIGHT = frozenset({"correct", "correct_fb"})


@dataclass(frozen=True)
class Rule:
    """One condition: which answers it wants, which it does not, what it sets and what it shows."""

    wanted: tuple[tuple[str, str], ...]  # (the response's id, the answer)
    unwanted: tuple[str, ...]
    bounds: dict[str, str]  # vargte, varlte …
    score: float | None  # As the file counts; None where it sets none.
    shown: tuple[str, ...]
    is_substring: bool
    is_strict: bool  # Capitals count.


@dataclass
class Item:
    element: Element
    notes: Notes
    rules: list[Rule]
    score_max: float
    feedback: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # Of the feedback.

    def share(self, rule: Rule) -> int:
        points = rule.score or 0.0
        return max(-FULL_PPM, min(FULL_PPM, round(points / self.score_max * FULL_PPM)))

    def feedback_of(self, answer: str) -> str | None:
        """For the one answer, by a rule that wants just it."""
        for rule in self.rules:
            if [text for _, text in rule.wanted] == [answer] and not rule.unwanted:
                for ident in rule.shown:
                    if ident not in _GENERAL and self.feedback.get(ident):
                        self.used.add(ident)
                        return self.feedback[ident]
        return None

    def general(self, *idents: str) -> str | None:
        """The first of these that says anything."""
        found = next((ident for ident in idents if self.feedback.get(ident)), None)
        if found is None:
            return None
        self.used.add(found)
        return self.feedback[found]


_GENERAL = frozenset({"correct", "incorrect", "correct_fb", "general_fb", "general_incorrect_fb", "general_correct_fb"})


def item_of(element: Element, notes: Notes) -> Item:
    tops, top = _tops(element)
    rules = [_rule(one, tops) for one in within(element, "respcondition")]
    item = Item(element, notes, rules, _scale(rules, top, notes))
    for one in within(element, "itemfeedback"):
        item.feedback[attribute(one, "ident")] = material(one, notes, length_max=PROMPT_LENGTH_MAX)
    return item


def _tops(element: Element) -> tuple[dict[str, float], float | None]:
    """The most of each variable, and of the score."""
    tops: dict[str, float] = {}
    for one in within(element, "decvar"):
        if attribute(one, "maxvalue"):
            tops[attribute(one, "varname").upper() or "SCORE"] = float(number(attribute(one, "maxvalue")))
    most = max(tops.values(), default=0.0)
    return tops, most if most > 0 else None


def _scale(rules: list[Rule], top: float | None, notes: Notes) -> float:
    """What counts as all: what is declared, or the most that the rules give where nobody says, or says too much."""
    scores = [rule.score for rule in rules if rule.score is not None and rule.score > 0]
    best, total = max(scores, default=0.0), sum(scores)
    if top is not None and (total >= top * 0.99 or not best):
        return top
    if top is not None and top not in (1.0, 100.0):
        notes.lose("marks were scaled so that the right answer makes a whole")
    return best or 100.0


def _rule(element: Element, tops: dict[str, float]) -> Rule:
    wanted, unwanted, bounds = [], [], {}
    is_substring = is_strict = False
    for one in within(child(element, "conditionvar"), *TESTS):
        words = (one.text or "").strip()
        is_not = sum(name(above) == "not" for above in one.iterancestors("{*}not")) % 2 == 1
        if name(one) in ("varequal", "varsubstring"):
            is_substring = is_substring or name(one) == "varsubstring"
            is_strict = is_strict or attribute(one, "case").lower() == "yes"
            if is_not:
                unwanted.append(words)
            else:
                wanted.append((attribute(one, "respident"), words))
        elif not is_not:
            bounds[name(one)] = words
    shown = tuple(attribute(one, "linkrefid") for one in children(element, "displayfeedback"))
    score = _score(element, tops)
    if score is None and wanted and set(shown) & _RIGHT:  # Blackboard marks such an answer by its feedback alone.
        score = tops.get("SCORE", 100.0)
    return Rule(tuple(wanted), tuple(unwanted), bounds, score, shown, is_substring, is_strict)


def _score(element: Element, tops: dict[str, float]) -> float | None:
    for one in children(element, "setvar"):
        variable = (attribute(one, "varname") or attribute(one, "variablename")).upper()
        if variable.endswith(("FEEDBACK", "HINT")):
            continue
        words = (one.text or "").strip() or "0"
        if words.lower().endswith(".max"):
            value = tops.get(words[:-4].upper(), 100.0)
        elif words.lower().endswith(".min"):
            value = 0.0
        else:
            value = float(number(words))
        return -value if attribute(one, "action").lower() == "subtract" or "INCORRECT" in variable else value
    return None


# --- metadata ---------------------------------------------------------------------------------------------------------


def metadata(element: Element, *labels: str) -> str:
    """What stands under the first of the labels that the element itself carries."""
    for label in labels:
        for one in within(element, "qtimetadatafield", "qti_metadatafield", label):
            if name(one) == label:
                found = (one.text or "").strip()
            else:
                found = text_at(one, "fieldentry").strip() if text_at(one, "fieldlabel").strip() == label else ""
            if found:
                return found
    return ""


def points(element: Element, notes: Notes) -> int:
    for label in ("points_possible", "cc_weighting", "qmd_weighting", "qmd_absolutescore_max"):
        written = metadata(element, label)
        if not written or not re.fullmatch(r"[\d.,]{1,20}", written):
            continue
        found = number(written)
        if found == 0 and label.startswith("qmd_"):
            continue
        whole = min(max(int(found), 1), POINTS_MAX)
        if whole != found:
            notes.lose(f"its points, {written.rstrip('0').rstrip('.') or '0'}, became {whole}")
        return whole
    return 1


# --- texts ------------------------------------------------------------------------------------------------------------


def material(element: Element, notes: Notes, *, length_max: int = 2_000, shows: bool = False) -> str:
    parts = [texts(one, notes, length_max, shows=shows) for one in within(element, "material")]
    return notes.plain("\n".join(part for part in parts if part), length_max=length_max)


def texts(element: Element, notes: Notes, length_max: int, *, shows: bool = False) -> str:
    parts = [_text(one, notes, length_max, shows=shows) for one in element.iter()]
    return "\n".join(part for part in parts if part)


def _text(one: Element, notes: Notes, length_max: int, *, shows: bool) -> str:
    label = name(one)
    if label in _TEXTS:
        markup = (attribute(one, "texttype") or attribute(one, "type")).lower()
        if len(one):  # Markup that nobody escaped.
            return notes.html(inner_html(one), length_max=length_max, shows=shows)
        if markup == "text/plain":
            return notes.plain(one.text or "", length_max=length_max)
        read = notes.html if markup in ("text/html", "text/xhtml", "html") else notes.either
        return read(one.text or "", length_max=length_max, shows=shows)
    if label == "matimage":
        src, alt = attribute(one, "uri"), attribute(one, "label")
        if shows:
            return notes.show(src, alt)
        notes.lose("a picture where only words can stand was left out")
    elif label in _MEDIA:
        notes.lose(f"{_MEDIA[label]} was left out")
    return ""


def responses(presentation: Element) -> list[Element]:
    return [one for one in within(presentation, *RESPONSES) if not _is_inside(one, presentation)]


def _is_inside(response: Element, presentation: Element) -> bool:
    for above in response.iterancestors():
        if above is presentation:
            return False
        if name(above) in RESPONSES:
            return True
    return False


def in_order(presentation: Element) -> Iterator[Element]:
    """Materials and responses as they are read; not what stands inside a response."""
    for one in presentation:
        if name(one) in ("material", *RESPONSES):
            yield one
        elif name(one).startswith("flow"):
            yield from in_order(one)


def labels(item: Item, response: Element, *, shows: bool = True) -> dict[str, str]:
    found = {
        attribute(one, "ident"): material(one, item.notes, shows=shows) for one in within(response, "response_label")
    }
    if len(found) > ANSWERS_MAX:
        raise Fault(f"it has {len(found)} answers; at most {ANSWERS_MAX} are taken")
    return found
