"""From what an author wrote to what a phone may see (prompt and options) and what it may not (the key)."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

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
    ShortBody,
    TrueFalseBody,
)
from server.assessments.keys import (
    AcceptedText,
    ChoiceKey,
    ClozeKey,
    GapKey,
    Key,
    MatchKey,
    MultiKey,
    NumberRange,
    NumericKey,
    OrderKey,
    ShortKey,
    TrueFalseKey,
)
from server.assessments.values import Kind, Option
from server.base.errors import Invalid

OPTION_ID_LENGTH = 10


class NotGradable(Invalid):
    """Essays, programs, speech and writing are marked by people, and no test asks for them yet; leave it out."""

    code = "assessment.not_gradable"


@dataclass(frozen=True)
class Draft:
    """One item of a bank: the public half, and the half that stays here."""

    kind: Kind
    prompt: str
    options: tuple[Option, ...]
    key: Key
    explanation: str | None
    points: int = 1


def draft_item(bank_item_id: UUID, question: Question) -> Draft:
    """Options get ids hashed from the item's id and their text, and are laid out by id: file order tells nothing.

    Raises NotGradable.
    """
    kind, options, key = _halves(bank_item_id, question.body)
    laid_out = tuple(sorted(options, key=_place))
    return Draft(kind, question.prompt, laid_out, key, question.explanation, question.points)


def option_id(bank_item_id: UUID, text: str, side: str = "") -> str:
    digest = hashlib.sha256(f"{bank_item_id}:{side}:{text}".encode()).hexdigest()
    return digest[:OPTION_ID_LENGTH]


def _place(option: Option) -> tuple[str, str]:
    return f"{option.side or ''}{option.gap or ''}", option.id


def _halves(item: UUID, body: Body) -> tuple[Kind, list[Option], Key]:  # noqa: PLR0911 - one a kind
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
        case OrderBody(things):
            options = [Option(option_id(item, thing), thing) for thing in things]
            return "order", options, OrderKey(tuple(option.id for option in options))
        case ClozeBody(gaps):
            halves = [_gap(item, place, gap) for place, gap in enumerate(gaps, start=1)]
            offered = [option for options, _ in halves for option in options]
            return "cloze", offered, ClozeKey(tuple(key for _, key in halves))
        case OpenBody(asks):
            raise NotGradable(f"“{asks}” is marked by people, and no test asks for it yet; leave it out.")


def _gap(item: UUID, place: int, gap: Gap) -> tuple[list[Option], GapKey]:
    """Of a menu the accepted texts are the ids of what it offers."""
    if not gap.is_menu:
        return [], GapKey(tuple(AcceptedText(a.text, a.weight_ppm) for a in gap.answers))
    options = [Option(option_id(item, answer.text, f"gap{place}"), answer.text, gap=place) for answer in gap.answers]
    pairs = zip(options, gap.answers, strict=True)
    return options, GapKey(tuple(AcceptedText(option.id, answer.weight_ppm) for option, answer in pairs), is_menu=True)


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
