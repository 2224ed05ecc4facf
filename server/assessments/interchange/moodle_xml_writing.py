"""Moodle XML: writing."""

import base64
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from html import escape
from uuid import UUID

from lxml import etree

from server.assessments.interchange.document import (
    Body,
    ChoiceBody,
    ClozeBody,
    Gap,
    MatchBody,
    NumericBody,
    OpenBody,
    OrderBody,
    Question,
    QuestionDocument,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.formulas import formulas_in
from server.assessments.interchange.loss import Report, also_lost
from server.assessments.interchange.markup import to_plain
from server.assessments.interchange.pictures import MARK, Picture, in_words, named_in, pictures_of, pieces_of
from server.assessments.interchange.reading import Notes
from server.assessments.interchange.xml import Element, add, to_bytes

_MARK = re.compile(r"\[\[(\d{1,2})\]\]")
_SHIELDED = re.compile(r"([}#~/\"\\{])")


def write_moodle_xml(document: QuestionDocument) -> tuple[bytes, QuestionDocument]:
    root = etree.Element("quiz")
    report = Report()
    written = partial(_written, pictures_of(document))
    category: str | None = None
    for question in document.questions:
        if question.category != category:
            category = question.category
            words = (category or "").replace("//", "/")
            _text(add(add(root, "question", type="category"), "category"), f"$course$/{words}" if words else "$course$")
        made = report.take(question, written)
        if made is not None:
            root.append(made)
    return to_bytes(root), report.document


def _text(element: Element, words: str) -> Element:
    add(element, "text", words)
    return element


def _part(parent: Element, tag: str, words: str, **attributes: str) -> Element:
    """In plain text, so that `<` and `&` are what they are."""
    return _text(add(parent, tag, format="plain_text", **attributes), words)


def _with_files(root: Element, pictures: Mapping[UUID, Picture]) -> None:
    """Parts that show pictures become HTML, with the files beside their texts."""
    for element in root.iter("questiontext", "answer", "subquestion"):
        words = element.findtext("text") or ""
        if element.get("format") is None or not MARK.search(words):
            continue
        element.set("format", "html")
        text = element.find("text")
        if text is not None:
            text.text = "".join(_html(piece) for piece in pieces_of(words))
        for picture in (pictures[id_] for id_ in named_in([words]) if id_ in pictures):
            file = base64.b64encode(picture.content).decode()
            add(element, "file", file, name=str(picture.id), path="/", encoding="base64")


def _html(piece: str | tuple[UUID, str]) -> str:
    if isinstance(piece, str):
        return _with_breaks(piece)
    return f'<img src="@@PLUGINFILE@@/{piece[0]}" alt="{escape(piece[1])}">'


def _with_breaks(words: str) -> str:
    """Lines end by a tag, but not inside a formula: there it would be no LaTeX."""
    made: list[str] = []
    at = 0
    for formula in formulas_in(words):
        start = words.index(formula.typed, at)
        made += [escape(words[at:start], quote=False).replace("\n", "<br>"), escape(formula.typed, quote=False)]
        at = start + len(formula.typed)
    return "".join([*made, escape(words[at:], quote=False).replace("\n", "<br>")])


def _with_formulas(root: Element) -> None:
    """Moodle draws none in plain text: parts that hold some become HTML, if it says the very same."""
    typed = set() if root.get("type") in ("multichoice", "ordering") else {"answer"}
    for element in root.iter("questiontext", "generalfeedback", "answer", "subquestion", "feedback"):
        text = element.find("text")
        words = "" if text is None else text.text or ""
        if element.get("format") != "plain_text" or element.tag in typed or not formulas_in(words):
            continue
        html = _with_breaks(words)
        if text is not None and to_plain(html)[0] == words:
            element.set("format", "html")
            text.text = html


def _written(pictures: Mapping[UUID, Picture], question: Question, notes: Notes) -> Element:
    root = etree.Element("question")
    _text(add(root, "name"), question.title)
    body = question.body
    prompt = question.prompt
    if isinstance(body, ClozeBody):
        prompt = _MARK.sub(lambda found: _gap(body.gaps[int(found.group(1)) - 1], notes), prompt)
    _part(root, "questiontext", prompt)
    if question.explanation:
        _part(root, "generalfeedback", question.explanation)
    add(root, "defaultgrade", str(question.points))
    root.set("type", _body(root, body, notes))
    if question.tags:
        tags = add(root, "tags")
        for tag in question.tags:
            _text(add(tags, "tag"), tag)
    also_lost(question, notes, category=False)
    _with_files(root, pictures)
    _with_formulas(root)
    return root


def _body(root: Element, body: Body, notes: Notes) -> str:  # noqa: C901, PLR0911, PLR0912 - one a kind
    """Add the answers; Moodle's name of the kind."""
    match body:
        case ChoiceBody(choices=choices, is_multi=is_multi):
            add(root, "single", "false" if is_multi else "true")
            for choice in choices:
                _answer(root, choice.text, choice.weight_ppm, choice.feedback)
            return "multichoice"
        case TrueFalseBody(is_true=is_true):
            for truth in (True, False):
                feedback = body.feedback_right if truth is is_true else body.feedback_wrong
                _answer(root, str(truth).lower(), 1_000_000 if truth is is_true else 0, feedback)
            return "truefalse"
        case ShortBody(answers=answers):
            for one in answers:
                _answer(root, one.text, one.weight_ppm, one.feedback)
            return "shortanswer"
        case NumericBody(ranges=ranges):
            for part in ranges:
                margin = (part.high - part.low) / 2
                made = _answer(root, str(part.low + margin), part.weight_ppm, part.feedback)
                add(made, "tolerance", str(margin))
            return "numerical"
        case MatchBody(pairs=pairs, distractors=distractors):
            for left, right in (*pairs, *(("", one) for one in distractors)):
                if MARK.search(right):
                    notes.lose("pictures to match with were left out: Moodle offers words")
                _text(add(_part(root, "subquestion", left), "answer"), in_words(right))
            return "matching"
        case OrderBody(things=things):
            for place, thing in enumerate(things, start=1):
                _part(root, "answer", thing, fraction=str(place))
            return "ordering"
        case ClozeBody():
            return "cloze"
        case OpenBody(asks=asks, guide=guide):
            if asks != "essay":
                notes.lose(f"a question of kind “{asks}” became an essay")
            if guide:
                _part(root, "graderinfo", guide)
            return "essay"


def _answer(root: Element, words: str, weight_ppm: int, feedback: str | None) -> Element:
    made = _part(root, "answer", words, fraction=_percent(weight_ppm))
    if feedback:
        _part(made, "feedback", feedback)
    return made


def _percent(weight_ppm: int) -> str:
    return f"{(Decimal(weight_ppm) / 10_000).normalize():f}"


def _gap(gap: Gap, notes: Notes) -> str:
    if any(answer.feedback for answer in gap.answers):
        notes.lose("the feedback of gaps was left out")
    kind = "MULTICHOICE" if gap.is_menu else "SHORTANSWER"
    return "{1:" + kind + ":" + "~".join(_gap_answer(answer) for answer in gap.answers) + "}"


def _gap_answer(answer: ShortAnswer) -> str:
    mark = "=" if answer.weight_ppm == 1_000_000 else f"%{_percent(answer.weight_ppm)}%"
    return mark + _SHIELDED.sub(r"\\\1", answer.text)
