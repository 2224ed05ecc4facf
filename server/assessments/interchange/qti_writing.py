"""QTI 2.1, 2.2 and 3.0: writing items, with version 2's names. `qti_packing.py` puts them into a package."""

import re
from decimal import Decimal

from lxml import etree

from server.assessments.interchange.document import (
    FULL_PPM,
    Body,
    ChoiceBody,
    ClozeBody,
    MatchBody,
    NumericBody,
    OpenBody,
    OrderBody,
    Question,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.formulas import formulas_in
from server.assessments.interchange.loss import Unwritable, also_lost
from server.assessments.interchange.mathml import math_of
from server.assessments.interchange.pictures import pieces_of
from server.assessments.interchange.qti_interactions import TOOL
from server.assessments.interchange.reading import Notes
from server.assessments.interchange.xml import Element, add, clean

GAP = "_____"

_MARK = re.compile(r"\[\[(\d{1,2})\]\]")


# --- items ----------------------------------------------------------------------------------------------------------


def item_of(ident: str, question: Question, notes: Notes) -> Element:
    also_lost(question, notes)
    root = etree.Element(
        "assessmentItem",
        identifier=ident,
        title=clean(question.title),
        adaptive="false",
        timeDependent="false",
        toolName=TOOL,
    )
    if question.tags:
        if any(";" in tag for tag in question.tags):
            notes.lose("a tag with a semicolon became two")
        root.set("label", clean("; ".join(question.tags)))
    body = etree.Element("itemBody")
    _write(root, body, question, notes)
    add(
        root,
        "outcomeDeclaration",
        identifier="SCORE",
        cardinality="single",
        baseType="float",
        normalMaximum=str(question.points),
    )
    root.append(body)
    _processing(root, question.body)
    for name, words in _feedbacks(question):
        made = add(root, "modalFeedback", outcomeIdentifier="FEEDBACK", identifier=name, showHide="show")
        _paragraphs(made, words, notes)
    return root


def _write(root: Element, body: Element, question: Question, notes: Notes) -> None:
    asked = question.body
    if isinstance(asked, ClozeBody):
        _cloze(root, body, question.prompt, asked, notes)
        return
    if isinstance(asked, (ShortBody, NumericBody)):
        _typed(root, body, question.prompt, asked, notes)
        return
    _paragraphs(body, question.prompt, notes)
    match asked:
        case ChoiceBody():
            _choice(root, body, asked, notes)
        case TrueFalseBody(is_true=is_true):
            _declare(root, "RESPONSE", "identifier", "single", [str(is_true).lower()])
            made = add(body, "choiceInteraction", responseIdentifier="RESPONSE", maxChoices="1", shuffle="false")
            for truth in ("true", "false"):
                add(made, "simpleChoice", truth.capitalize(), identifier=truth)
        case MatchBody():
            _match(root, body, asked, notes)
        case OrderBody(things=things):
            names = [f"o{place}" for place in range(1, len(things) + 1)]
            _declare(root, "RESPONSE", "identifier", "ordered", names)
            made = add(body, "orderInteraction", responseIdentifier="RESPONSE", shuffle="true")
            for name, thing in zip(names, things, strict=True):
                _line(add(made, "simpleChoice", identifier=name), thing, notes)
        case OpenBody(asks=asks, guide=guide):
            if asks != "essay":
                notes.lose(f"a question of kind “{asks}” became an essay")
            if guide:
                _paragraphs(add(body, "rubricBlock", view="scorer"), guide, notes)
            _declare(root, "RESPONSE", "string", "single", [])
            add(body, "extendedTextInteraction", responseIdentifier="RESPONSE")


def _paragraphs(parent: Element, words: str, notes: Notes) -> None:
    _note_blanks(words, notes)
    for line in words.split("\n"):
        if line.strip():
            _say(add(parent, "p"), line)


def _say(element: Element, words: str) -> None:
    """At the end of the element: words, and pictures where they stand."""
    for piece in pieces_of(words):
        if isinstance(piece, str):
            _say_words(element, piece)
        else:
            add(element, "img", src=f"../pictures/{piece[0]}", alt=piece[1])


def _say_words(element: Element, words: str) -> None:
    """Formulas as MathML, which QTI's players draw, with what was typed beside it."""
    at = 0
    for formula in formulas_in(words):
        start = words.index(formula.typed, at)
        math = math_of(formula)
        if math is not None:
            _append(element, words[at:start])
            element.append(math)
            at = start + len(formula.typed)
    _append(element, words[at:])


def _append(element: Element, words: str) -> None:
    last = element[-1] if len(element) else None
    if last is None:
        element.text = (element.text or "") + clean(words)
    else:
        last.tail = (last.tail or "") + clean(words)


def _line(parent: Element, words: str, notes: Notes) -> None:
    """Inside a choice: breaks between lines."""
    _note_blanks(words, notes)
    lines = [line for line in words.split("\n") if line.strip()]
    _say(parent, lines[0] if lines else "")
    for line in lines[1:]:
        add(parent, "br")
        _say(parent, line)


def _note_blanks(words: str, notes: Notes) -> None:
    lines = [" ".join(line.split()) for line in words.split("\n")]
    if "\n".join(line for line in lines if line) != words:
        notes.lose("empty lines and runs of blanks were left out")


def _declare(
    root: Element, ident: str, base: str, cardinality: str, right: list[str], marks: dict[str, int] | None = None
) -> None:
    made = add(root, "responseDeclaration", identifier=ident, cardinality=cardinality, baseType=base)
    if right:
        values = add(made, "correctResponse")
        for value in right:
            add(values, "value", value)
    if marks:
        mapping = add(made, "mapping", defaultValue="0")
        for key, share in marks.items():
            add(mapping, "mapEntry", mapKey=key, mappedValue=f"{(Decimal(share) / FULL_PPM).normalize():f}")


def _choice(root: Element, body: Element, asked: ChoiceBody, notes: Notes) -> None:
    names = [f"c{place}" for place in range(1, len(asked.choices) + 1)]
    marks = {name: choice.weight_ppm for name, choice in zip(names, asked.choices, strict=True) if choice.weight_ppm}
    right = [name for name, share in marks.items() if (share > 0 if asked.is_multi else share == FULL_PPM)]
    if asked.is_multi and sum(share for share in marks.values() if share > 0) != FULL_PPM:
        notes.lose("marks were scaled so that the right answers make a whole")
    _declare(
        root,
        "RESPONSE",
        "identifier",
        "multiple" if asked.is_multi else "single",
        right if asked.is_multi else right[:1],
        marks,
    )
    most = "0" if asked.is_multi else "1"
    made = add(body, "choiceInteraction", responseIdentifier="RESPONSE", maxChoices=most, shuffle="true")
    for name, choice in zip(names, asked.choices, strict=True):
        option = add(made, "simpleChoice", identifier=name)
        _line(option, choice.text, notes)
        if choice.feedback:
            feedback = add(option, "feedbackInline", outcomeIdentifier="FEEDBACK", identifier=name, showHide="show")
            _line(feedback, choice.feedback, notes)


def _match(root: Element, body: Element, asked: MatchBody, notes: Notes) -> None:
    rights = list(dict.fromkeys([*(right for _, right in asked.pairs), *asked.distractors]))
    names = {text: f"r{place}" for place, text in enumerate(rights, start=1)}
    pairs = [f"l{place} {names[right]}" for place, (_, right) in enumerate(asked.pairs, start=1)]
    _declare(root, "RESPONSE", "directedPair", "multiple", pairs, dict.fromkeys(pairs, FULL_PPM // len(pairs)))
    made = add(body, "matchInteraction", responseIdentifier="RESPONSE", maxAssociations="0", shuffle="true")
    left_set, right_set = add(made, "simpleMatchSet"), add(made, "simpleMatchSet")
    for place, (left, _) in enumerate(asked.pairs, start=1):
        _line(add(left_set, "simpleAssociableChoice", identifier=f"l{place}", matchMax="1"), left, notes)
    for text, name in names.items():
        _line(add(right_set, "simpleAssociableChoice", identifier=name, matchMax="0"), text, notes)


def _typed(root: Element, body: Element, prompt: str, asked: ShortBody | NumericBody, notes: Notes) -> None:
    if isinstance(asked, ShortBody):
        _declare_texts(root, "RESPONSE", asked.answers, notes)
    else:
        _declare_numbers(root, asked, notes)
    if any(one.feedback for one in (asked.answers if isinstance(asked, ShortBody) else asked.ranges)):
        notes.lose("feedback was left out")
    before, gap, after = prompt.partition(GAP)
    if gap and before.strip() and not after.strip():
        notes.lose("the line for the answer stands behind the text")
    _note_blanks(prompt, notes)
    lines = [line for line in before.split("\n") if line.strip()] or [""]
    for line in lines[:-1]:
        _say(add(body, "p"), line)
    if not gap:
        _say(add(body, "p"), lines[-1])
        add(add(body, "p"), "textEntryInteraction", responseIdentifier="RESPONSE")
        return
    made = add(body, "p")
    _say(made, lines[-1])
    first, *rest = after.split("\n")
    add(made, "textEntryInteraction", responseIdentifier="RESPONSE")
    _say(made, first)
    for line in rest:
        if line.strip():
            _say(add(body, "p"), line)


def _declare_texts(root: Element, ident: str, answers: tuple[ShortAnswer, ...], notes: Notes) -> None:
    texts: dict[str, int] = {}
    for answer in answers:
        if "*" in answer.text.replace("\\*", ""):
            raise Unwritable("QTI has no answers with “*” for any characters")
        words = answer.text.replace("\\*", "*")
        if " ".join(words.split()) != words:
            notes.lose("line ends and runs of blanks in an answer were left out")
        words = " ".join(words.split())
        texts[words] = max(answer.weight_ppm, texts.get(words, -FULL_PPM))
    if len(texts) != len(answers):
        notes.lose("an answer that stood twice was kept once")
    right = [text for text, share in texts.items() if share == FULL_PPM]
    _declare(root, ident, "string", "single", right[:1], texts)


def _declare_numbers(root: Element, asked: NumericBody, notes: Notes) -> None:
    margins = {(part.high - part.low) / 2 for part in asked.ranges}
    if len(margins) > 1:
        raise Unwritable("QTI has one margin for all right numbers")
    marks: dict[str, int] = {}
    for part in asked.ranges:
        centre = str(part.low + (part.high - part.low) / 2)
        marks[centre] = max(part.weight_ppm, marks.get(centre, -FULL_PPM))
    if len(marks) != len(asked.ranges):
        notes.lose("a number that stood twice was kept once")
    right = [text for text, share in marks.items() if share == FULL_PPM]
    _declare(root, "RESPONSE", "float", "single", right[:1], marks)


def _cloze(root: Element, body: Element, prompt: str, asked: ClozeBody, notes: Notes) -> None:
    _note_blanks(prompt, notes)
    for line in prompt.split("\n"):
        if not line.strip():
            continue
        parts = _MARK.split(line)
        made = add(body, "p")
        _say(made, parts[0])
        for place, tail in zip(parts[1::2], parts[2::2], strict=True):
            _gap(root, made, int(place), asked, notes)
            _say(made, tail)


def _gap(root: Element, line: Element, place: int, asked: ClozeBody, notes: Notes) -> None:
    gap, ident = asked.gaps[place - 1], f"RESPONSE{place}"
    if any(answer.feedback for answer in gap.answers):
        notes.lose("the feedback of gaps was left out")
    if not gap.is_menu:
        if len(asked.gaps) == 1:
            notes.lose("a text with one gap became a short answer")
        _declare_texts(root, ident, gap.answers, notes)
        add(line, "textEntryInteraction", responseIdentifier=ident)
        return
    names = [f"g{place}c{index}" for index in range(1, len(gap.answers) + 1)]
    marks = {name: answer.weight_ppm for name, answer in zip(names, gap.answers, strict=True) if answer.weight_ppm}
    _declare(
        root, ident, "identifier", "single", [name for name, share in marks.items() if share == FULL_PPM][:1], marks
    )
    made = add(line, "inlineChoiceInteraction", responseIdentifier=ident, shuffle="true")
    for name, answer in zip(names, gap.answers, strict=True):
        if " ".join(answer.text.split()) != answer.text:
            notes.lose("line ends and runs of blanks in an answer were left out")
        add(made, "inlineChoice", answer.text, identifier=name)


def _processing(root: Element, body: Body) -> None:
    """A margin is a comparison of its own; all else is what the declarations map."""
    made = add(root, "responseProcessing")
    margin = (
        (body.ranges[0].high - body.ranges[0].low) / 2 if isinstance(body, NumericBody) and body.ranges else Decimal(0)
    )
    if margin:
        branch = add(add(made, "responseCondition"), "responseIf")
        equal = add(branch, "equal", toleranceMode="absolute", tolerance=f"{margin} {margin}")
        add(equal, "variable", identifier="RESPONSE")
        add(equal, "correct", identifier="RESPONSE")
        add(add(branch, "setOutcomeValue", identifier="SCORE"), "baseValue", "1", baseType="float")
        return
    for place in range(1, len(body.gaps) + 1) if isinstance(body, ClozeBody) else ():
        add(add(made, "setOutcomeValue", identifier=f"SCORE{place}"), "mapResponse", identifier=f"RESPONSE{place}")
    if not isinstance(body, (ClozeBody, OpenBody, OrderBody, TrueFalseBody)):
        add(add(made, "setOutcomeValue", identifier="SCORE"), "mapResponse", identifier="RESPONSE")
    if isinstance(body, (OrderBody, TrueFalseBody)):
        branch = add(add(made, "responseCondition"), "responseIf")
        equal = add(branch, "match")
        add(equal, "variable", identifier="RESPONSE")
        add(equal, "correct", identifier="RESPONSE")
        add(add(branch, "setOutcomeValue", identifier="SCORE"), "baseValue", "1", baseType="float")


def _feedbacks(question: Question) -> list[tuple[str, str]]:
    found = []
    if isinstance(question.body, TrueFalseBody):
        right, wrong = ("true", "false") if question.body.is_true else ("false", "true")
        pairs = ((right, question.body.feedback_right), (wrong, question.body.feedback_wrong))
        found += [(name, words) for name, words in pairs if words]
    if question.explanation:
        found.append(("explanation", question.explanation))
    return found
