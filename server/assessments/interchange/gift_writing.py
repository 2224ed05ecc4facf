"""GIFT: writing. All on one line a part, so that no line of a text can look like a comment or a category."""

import re
from collections.abc import Iterable
from decimal import Decimal

from server.assessments.interchange.document import (
    FULL_PPM,
    Body,
    ChoiceBody,
    MatchBody,
    NumericBody,
    OpenBody,
    Question,
    QuestionDocument,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.loss import Report, Unwritable, also_lost
from server.assessments.interchange.markup import looks_like_html
from server.assessments.interchange.reading import Notes

_SPECIAL = re.compile(r"[~=#{}:\\]")
_BREAK = re.compile(r"\n(?!(?:u|e|eq|i|ot|abla|mid|earrow)(?![a-z]))")
_FORMAT = re.compile(r"\s*\[(html|moodle|plain|markdown)\]", re.IGNORECASE)


def write_gift(document: QuestionDocument) -> tuple[bytes, QuestionDocument]:
    report = Report()
    pieces: list[str] = []
    category: str | None = None
    for question in document.questions:
        if question.category != category:
            category = question.category
            pieces.append(f"$CATEGORY: {' '.join((category or '').split())}\n")
        made = report.take(question, _written)
        if made is not None:
            pieces.append(made)
    return "\n".join(pieces).encode(), report.document


def _written(question: Question, notes: Notes) -> str:
    also_lost(question, notes, category=False, points=True)
    answers = _answers(question.body, notes)
    explanation = f"####{_text(question.explanation)}" if question.explanation else ""
    tags = "".join(f" [tag:{tag}]" for tag in question.tags if "]" not in tag)
    if any("]" in tag for tag in question.tags):
        notes.lose("a tag with a bracket was left out")
    return "".join(
        (
            f"//{tags}\n" if tags else "",
            f"::{_title(question.title)}::{_prompt(question)} {{{answers}{explanation}}}\n",
        )
    )


def _title(title: str) -> str:
    return f"[plain]{_text(title)}" if looks_like_html(title) or _FORMAT.match(title) else _text(title)


def _prompt(question: Question) -> str:
    """Marked as plain where Moodle would take it, or one of its answers, for HTML."""
    texts = [question.prompt, question.explanation or "", *_texts(question.body)]
    is_marked = any(looks_like_html(text) or _FORMAT.match(text) for text in texts)
    return f"[plain]{_text(question.prompt)}" if is_marked else _text(question.prompt)


def _texts(body: Body) -> list[str]:
    match body:
        case ChoiceBody(choices=choices):
            return [text for choice in choices for text in (choice.text, choice.feedback or "")]
        case TrueFalseBody():
            return [body.feedback_right or "", body.feedback_wrong or ""]
        case ShortBody(answers=answers):
            return [text for answer in answers for text in (answer.text, answer.feedback or "")]
        case NumericBody(ranges=ranges):
            return [part.feedback or "" for part in ranges]
        case MatchBody(pairs=pairs, distractors=distractors):
            return [*(text for pair in pairs for text in pair), *distractors]
        case _:
            return []


def _text(words: str) -> str:
    r"""Shielded; a line end becomes `\n`, unless LaTeX would be read out of it (`\nu`)."""
    shielded = _SPECIAL.sub(lambda found: "\\" + found.group(), words)
    return _BREAK.sub(r"\\n", shielded)


def _answers(body: Body, notes: Notes) -> str:
    match body:
        case ChoiceBody():
            return _choices(body)
        case TrueFalseBody(is_true=is_true):
            tail = f"#{_text(body.feedback_wrong or '')}" if body.feedback_wrong or body.feedback_right else ""
            tail += f"#{_text(body.feedback_right)}" if body.feedback_right else ""
            return ("T" if is_true else "F") + tail
        case NumericBody(ranges=ranges):
            parts = []
            for part in ranges:
                words = str(part.low) if part.low == part.high else f"{part.low}..{part.high}"
                parts.append(f"={_weight(part.weight_ppm, words)}{words}{_feedback(part.feedback)}")
            return "#" + " ".join(parts)
        case ShortBody(answers=answers):
            _refuse_arrows(answer.text for answer in answers)
            return " ".join(
                f"={_weight(one.weight_ppm, one.text)}{_text(one.text)}{_feedback(one.feedback)}" for one in answers
            )
        case MatchBody(pairs=pairs, distractors=distractors):
            _refuse_arrows([text for pair in pairs for text in pair] + list(distractors))
            every = [*pairs, *(("", text) for text in distractors)]
            return " ".join(f"={_text(left)} -> {_text(right)}" for left, right in every)
        case OpenBody(asks=asks, guide=guide):
            if asks != "essay":
                notes.lose(f"a question of kind “{asks}” became an essay")
            if guide:
                notes.lose("the words for whoever marks it were left out")
            return ""
        case _:
            raise Unwritable("GIFT has no questions of this kind")


def _choices(body: ChoiceBody) -> str:
    if not body.is_multi and all(choice.weight_ppm == FULL_PPM for choice in body.choices):
        raise Unwritable("GIFT has no choice without a wrong answer")
    parts = []
    for choice in body.choices:
        is_right = not body.is_multi and choice.weight_ppm == FULL_PPM
        weight = "" if choice.weight_ppm == (FULL_PPM if is_right else 0) else _percent(choice.weight_ppm)
        if not weight and choice.text.startswith("%"):
            weight = _percent(choice.weight_ppm)
        parts.append(f"{'=' if is_right else '~'}{weight}{_text(choice.text)}{_feedback(choice.feedback)}")
    return " ".join(parts)


def _weight(weight_ppm: int, words: str) -> str:
    return "" if weight_ppm == FULL_PPM and not words.startswith("%") else _percent(weight_ppm)


def _percent(weight_ppm: int) -> str:
    return f"%{(Decimal(weight_ppm) / 10_000).normalize():f}%"


def _feedback(words: str | None) -> str:
    return f"#{_text(words)}" if words else ""


def _refuse_arrows(texts: Iterable[str]) -> None:
    if any("->" in text for text in texts):
        raise Unwritable("an answer holds “->”, which GIFT keeps for pairs")
