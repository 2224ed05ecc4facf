"""What makes a question whole: it can be asked, and one answer at least earns everything."""

import re
from collections.abc import Iterable
from decimal import Decimal

from server.assessments.interchange.document import (
    FULL_PPM,
    Body,
    ChoiceBody,
    ClozeBody,
    Gap,
    MatchBody,
    NumericBody,
    OpenBody,
    OrderBody,
    Question,
    ShortAnswer,
    ShortBody,
)
from server.assessments.interchange.reading import EXPONENT_MAX, Fault

TYPED_LENGTH_MAX = 64
"""Characters of what is typed into one gap: `schemas.AnswerValue` has room for so many."""

GAP = re.compile(r"\[\[(\d{1,2})\]\]")


def checked(question: Question) -> Question:
    """The same question. Raises Fault with what it lacks."""
    if not question.prompt.strip():
        raise Fault("it has no question text")
    check_body(question.body, prompt=question.prompt)
    return question


def check_body(body: Body, *, prompt: str) -> None:
    """Raises Fault."""
    match body:
        case ChoiceBody():
            _check_choice(body)
        case NumericBody(ranges=ranges):
            _check_numbers([end for part in ranges for end in (part.low, part.high)])
            if any(part.low > part.high for part in ranges):
                raise Fault("a range begins above its end")
            if not ranges or max(part.weight_ppm for part in ranges) < FULL_PPM:
                raise Fault("no number gives full marks")
        case ShortBody(answers=answers):
            _check_accepted(answers)
        case MatchBody(pairs=pairs, distractors=distractors):
            _check_texts([text for pair in pairs for text in pair] + list(distractors))
            _check_distinct(left for left, _ in pairs)
            if len(pairs) < 2:
                raise Fault("a matching question needs two pairs at least")
        case OrderBody(things=things):
            _check_texts(things)
            _check_distinct(things)
            if len(things) < 2:
                raise Fault("an order needs two things at least")
        case ClozeBody(gaps=gaps):
            _check_gaps(gaps, prompt)
        case _:
            pass


def is_gradable(body: Body) -> bool:
    """Whether the server can mark it without a person."""
    return not isinstance(body, OpenBody)


def _check_choice(body: ChoiceBody) -> None:
    texts = [choice.text for choice in body.choices]
    if len(texts) < 2:
        raise Fault("a choice needs two answers at least")
    _check_texts(texts)
    _check_distinct(texts)
    weights = [choice.weight_ppm for choice in body.choices]
    if max(weights) <= 0:
        raise Fault("no answer is right")
    if not body.is_multi and max(weights) < FULL_PPM:
        raise Fault("no single answer gives full marks")


def _check_accepted(answers: Iterable[ShortAnswer]) -> None:
    answers = list(answers)
    _check_texts(answer.text for answer in answers)
    if max((answer.weight_ppm for answer in answers), default=0) < FULL_PPM:
        raise Fault("no answer gives full marks")


def _check_gaps(gaps: tuple[Gap, ...], prompt: str) -> None:
    marks = GAP.findall(prompt)
    if not gaps or marks != [str(place) for place in range(1, len(gaps) + 1)]:
        raise Fault(f"the text needs the gaps [[1]] to [[{max(len(gaps), 1)}]], each once and in this order")
    for gap in gaps:
        _check_accepted(gap.answers)
        if any(len(answer.text) > TYPED_LENGTH_MAX for answer in gap.answers) and not gap.is_menu:
            raise Fault(f"an answer to a gap has at most {TYPED_LENGTH_MAX} characters")
        if gap.is_menu:
            _check_distinct(answer.text for answer in gap.answers)
            if len(gap.answers) < 2:
                raise Fault("a menu needs two answers at least")


def _check_texts(texts: Iterable[str]) -> None:
    if not all(text.strip() for text in texts):
        raise Fault("an answer has no text")


def _check_distinct(texts: Iterable[str]) -> None:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise Fault(f"the answer “{text[:40]}” stands twice")
        seen.add(text)


def _check_numbers(numbers: Iterable[Decimal]) -> None:
    if any(not number.is_finite() or abs(number.adjusted()) > EXPONENT_MAX for number in numbers):
        raise Fault("a number is out of range")
