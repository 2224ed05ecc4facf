"""From what an author wrote to what a phone may see (prompt and options) and what it may not (the key)."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from server.assessments.gift.document import (
    Body,
    ChoiceBody,
    GiftQuestion,
    MatchBody,
    NumericBody,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.keys import (
    AcceptedText,
    ChoiceKey,
    Key,
    MatchKey,
    MultiKey,
    NumberRange,
    NumericKey,
    ShortKey,
    TrueFalseKey,
)
from server.assessments.values import Kind, Option

OPTION_ID_LENGTH = 10


@dataclass(frozen=True)
class Draft:
    """One item of a bank: the public half, and the half that stays here."""

    kind: Kind
    prompt: str
    options: tuple[Option, ...]
    key: Key
    explanation: str | None


def draft_item(bank_item_id: UUID, question: GiftQuestion) -> Draft:
    """Options get ids hashed from the item's id and their text, and are laid out by id: file order tells nothing."""
    kind, options, key = _halves(bank_item_id, question.body)
    return Draft(kind, question.prompt, tuple(sorted(options, key=_place)), key, question.explanation)


def option_id(bank_item_id: UUID, text: str, side: str = "") -> str:
    digest = hashlib.sha256(f"{bank_item_id}:{side}:{text}".encode()).hexdigest()
    return digest[:OPTION_ID_LENGTH]


def _place(option: Option) -> tuple[str, str]:
    return option.side or "", option.id


def _halves(item: UUID, body: Body) -> tuple[Kind, list[Option], Key]:
    match body:
        case ChoiceBody():
            return _choice(item, body)
        case TrueFalseBody(is_true, wrong, right):
            words = {name: text for name, text in (("right", right), ("wrong", wrong)) if text}
            return "true_false", [], TrueFalseKey(is_true, words)
        case NumericBody(ranges):
            words = {str(place): part.feedback for place, part in enumerate(ranges) if part.feedback}
            return "numeric", [], NumericKey(tuple(NumberRange(r.low, r.high, r.weight_ppm) for r in ranges), words)
        case ShortBody(answers):
            words = {str(place): answer.feedback for place, answer in enumerate(answers) if answer.feedback}
            return "short", [], ShortKey(tuple(AcceptedText(a.text, a.weight_ppm) for a in answers), words)
        case MatchBody():
            return _match(item, body)


def _choice(item: UUID, body: ChoiceBody) -> tuple[Kind, list[Option], Key]:
    options = [Option(option_id(item, choice.text), choice.text) for choice in body.choices]
    weights = {option.id: choice.weight_ppm for option, choice in zip(options, body.choices, strict=True)}
    words = {
        option.id: choice.feedback for option, choice in zip(options, body.choices, strict=True) if choice.feedback
    }
    if body.is_multi:
        return "multi", options, MultiKey(weights, words)
    return "mcq", options, ChoiceKey(weights, words)


def _match(item: UUID, body: MatchBody) -> tuple[Kind, list[Option], Key]:
    rights = dict.fromkeys([*(right for _, right in body.pairs), *body.distractors])
    options = [Option(option_id(item, left, "left"), left, "left") for left, _ in body.pairs]
    options += [Option(option_id(item, right, "right"), right, "right") for right in rights]
    pairs = {option_id(item, left, "left"): option_id(item, right, "right") for left, right in body.pairs}
    return "match", options, MatchKey(pairs)
