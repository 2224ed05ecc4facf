"""Marking: from a key and an answer to parts of a million. Pure, exact, the same on every run."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec

from server.assessments.interchange.formulas import drawn
from server.assessments.keys import (
    FULL_PPM,
    ChoiceKey,
    ClozeKey,
    Feedback,
    GapKey,
    Key,
    MatchKey,
    MultiKey,
    NumericKey,
    OrderKey,
    ShortKey,
    TrueFalseKey,
)
from server.assessments.values import Value

EXPONENT_MAX = 400
NUMBER_LENGTH_MAX = 64


@dataclass(frozen=True)
class Marked:
    """One item of a paper with its key, on its way to a mark."""

    item_id: UUID
    points: int  # ≥ 1
    key: Key
    explanation: str | None = None


class ItemResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one item. `right`, `explanation` and `feedback` are there only when answers are released."""

    item_id: UUID
    correct: bool
    points: int | float  # Earned; two decimals at the most.
    max: int
    chosen: Value = None  # None: left blank.
    right: Value = None
    explanation: str | None = None
    feedback: str | None = None
    formulas: dict[str, str] = {}  # Of the two: what was typed, marks and all → MathML.


class Result(msgspec.Struct, frozen=True):
    """A marked paper, as it crosses the wire in `assessments.attempts.result`."""

    points: int | float
    max: int
    correct_count: int
    items_count: int
    passed: bool
    items: list[ItemResult]


def grade_paper(
    items: Sequence[Marked], answers: Mapping[UUID, Value], *, pass_ppm: int, is_released: bool
) -> tuple[int, Result]:
    """Mark every item, blanks as nothing. Answers to items that are not of the paper are not looked at.

    Returns the score in parts of a million (rounded down, so that a pass is never a rounding) and the result.
    """
    earned = [grade_item(item.key, answers.get(item.item_id)) for item in items]
    points_ppm = sum(item.points * share for item, share in zip(items, earned, strict=True))
    points_max = sum(item.points for item in items)
    score_ppm = points_ppm // points_max if points_max else 0
    return score_ppm, Result(
        points=_points(points_ppm),
        max=points_max,
        correct_count=sum(share == FULL_PPM for share in earned),
        items_count=len(items),
        passed=score_ppm >= pass_ppm,
        items=[
            _item_result(item, share, answers.get(item.item_id), is_released=is_released)
            for item, share in zip(items, earned, strict=True)
        ],
    )


def grade_item(key: Key, value: Value) -> int:
    """The share of the item's points that the answer earns, 0…FULL_PPM. A blank or misshapen answer earns nothing."""
    match key, value:
        case ChoiceKey(weights=weights), str():
            share = weights.get(value, 0)
        case MultiKey(weights=weights), list():
            share = _grade_multi(weights, set(value))
        case TrueFalseKey(is_true=is_true), bool():
            share = FULL_PPM if value is is_true else 0
        case NumericKey(), (str() | int() | float()) if not isinstance(value, bool):
            share = max((part.weight_ppm for _, part in _ranges_hit(key, value)), default=0)
        case ShortKey(), str():
            share = max((answer.weight_ppm for _, answer in _texts_hit(key, value)), default=0)
        case MatchKey(pairs=pairs), dict():
            share = FULL_PPM * sum(value.get(left) == right for left, right in pairs.items()) // len(pairs)
        case OrderKey(order=order), list():
            share = FULL_PPM * sum(mine == theirs for mine, theirs in zip(value, order, strict=False)) // len(order)
        case ClozeKey(gaps=gaps), dict():
            shares = [_grade_gap(gap, value.get(str(place), "")) for place, gap in enumerate(gaps, start=1)]
            share = sum(shares) // len(shares)
        case _:
            share = 0
    return min(max(share, 0), FULL_PPM)


def right_value(key: Key) -> Value:  # noqa: PLR0911 - one a kind
    """An answer that earns everything, in the shape of an answer (a range of numbers as `low … high`)."""
    match key:
        case ChoiceKey(weights=weights):
            return max(weights, key=lambda option: (weights[option], option))
        case MultiKey(weights=weights):
            return sorted(option for option, weight in weights.items() if weight > 0)
        case TrueFalseKey(is_true=is_true):
            return is_true
        case NumericKey(ranges=ranges):
            best = max(ranges, key=lambda part: part.weight_ppm)
            return (
                _number_text(best.low)
                if best.low == best.high
                else f"{_number_text(best.low)} … {_number_text(best.high)}"
            )
        case ShortKey(accepted=accepted):
            return max(accepted, key=lambda answer: answer.weight_ppm).text
        case MatchKey(pairs=pairs):
            return dict(pairs)
        case OrderKey(order=order):
            return list(order)
        case ClozeKey(gaps=gaps):
            best_of = [max(gap.accepted, key=lambda answer: answer.weight_ppm).text for gap in gaps]
            return {str(place): text for place, text in enumerate(best_of, start=1)}


def read_number(value: str | float) -> Decimal | None:
    """The number somebody meant: `1,5`, `−2`, `1 000`, `3×10^8`, `٣٫٥`; None when it is none."""
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if len(text) > NUMBER_LENGTH_MAX:
        return None
    text = "".join(str(unicodedata.digit(sign)) if sign.isdecimal() else sign for sign in text if not sign.isspace())
    text = (
        text.replace("−", "-")
        .replace("–", "-")
        .replace("٫", ".")
        .replace("×10^", "e")
        .replace("*10^", "e")
        .replace("·10^", "e")
    )
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if not set(text) <= set("0123456789+-.eE"):
        return None  # Also the NaN and Infinity that Decimal would take.
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if abs(number.adjusted()) <= EXPONENT_MAX else None


def same_words(text: str) -> str:
    """Trimmed, without doubled spaces, case folded, NFKC: what differs only in this is the same answer."""
    return unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", text).casefold().split()))


def _grade_multi(weights: Mapping[str, int], ticked: set[str]) -> int:
    """Right − wrong. A wrong tick costs its own penalty, or as much as one right tick brings on average."""
    right_sum = sum(weight for weight in weights.values() if weight > 0)
    rights_count = sum(weight > 0 for weight in weights.values())
    if not right_sum:
        return 0
    if ticked == {option for option, weight in weights.items() if weight > 0}:
        return FULL_PPM  # Exactly: thirds never sum to a million.
    earned = 0
    for option in ticked:
        weight = weights.get(option, 0)
        earned += weight * FULL_PPM // right_sum if weight > 0 else weight or -(FULL_PPM // rights_count)
    return min(earned, FULL_PPM - 1)


def _grade_gap(gap: GapKey, value: str) -> int:
    if gap.is_menu:
        share = next((answer.weight_ppm for answer in gap.accepted if answer.text == value), 0)
    else:
        share = max((part.weight_ppm for _, part in _texts_hit(ShortKey(gap.accepted), value)), default=0)
    return min(max(share, 0), FULL_PPM)


def _ranges_hit(key: NumericKey, value: str | float) -> list[tuple[int, Any]]:
    number = read_number(value)
    if number is None:
        return []
    return [(place, part) for place, part in enumerate(key.ranges) if part.low <= number <= part.high]


def _texts_hit(key: ShortKey, value: str) -> list[tuple[int, Any]]:
    words = same_words(value)
    if not words:
        return []
    return [(place, answer) for place, answer in enumerate(key.accepted) if _fits(words, answer.text)]


def _fits(words: str, pattern: str) -> bool:
    """Compare with a pattern of literal runs between stars. Each run is found once, left to right: linear."""
    runs = [same_words_within(run.replace("\0", "*")) for run in pattern.replace("\\*", "\0").split("*")]
    if len(runs) == 1:
        return words == runs[0].strip()
    first, last = runs[0].lstrip(), runs[-1].rstrip()
    if len(words) < len(first) + len(last) or not words.startswith(first) or not words.endswith(last):
        return False
    at, end = len(first), len(words) - len(last)
    for run in runs[1:-1]:
        found = words.find(run, at, end)
        if found < 0:
            return False
        at = found + len(run)
    return True


def same_words_within(run: str) -> str:
    """As `same_words`, but keeps one space at an end that had any: `a *` wants the space."""
    words = same_words(run)
    lead = " " if run[:1].isspace() else ""
    return lead + words + (" " if words and run[-1:].isspace() else "")


def _item_result(item: Marked, share: int, chosen: Value, *, is_released: bool) -> ItemResult:
    explanation = item.explanation if is_released else None
    feedback = _feedback(item.key, share, chosen) if is_released else None
    return ItemResult(
        item_id=item.item_id,
        correct=share == FULL_PPM,
        points=_points(item.points * share),
        max=item.points,
        chosen=chosen,
        right=right_value(item.key) if is_released else None,
        explanation=explanation,
        feedback=feedback,
        formulas=drawn(words for words in (explanation, feedback) if words),
    )


def _feedback(key: Key, share: int, chosen: Value) -> str | None:
    """The author's words for just this answer."""
    match key, chosen:
        case ChoiceKey(feedback=words), str():
            return words.get(chosen)
        case MultiKey(feedback=words), list():
            return "\n".join(words[option] for option in sorted(chosen) if option in words) or None
        case TrueFalseKey(feedback=words), bool():
            return words.get("right" if share == FULL_PPM else "wrong")
        case NumericKey(), (str() | int() | float()) if not isinstance(chosen, bool):
            return _best(_ranges_hit(key, chosen), key.feedback)
        case ShortKey(), str():
            return _best(_texts_hit(key, chosen), key.feedback)
        case _:
            return None


def _best(hits: list[tuple[int, Any]], words: Feedback) -> str | None:
    if not hits:
        return None
    place, _ = max(hits, key=lambda hit: (hit[1].weight_ppm, -hit[0]))
    return words.get(str(place))


def _points(points_ppm: int) -> int | float:
    """Points with two decimals, rounded down; whole ones as integers."""
    hundredths = points_ppm * 100 // FULL_PPM
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def _number_text(number: Decimal) -> str:
    """`1500`, not `1.5E+3`; very large and very small ones stay in powers of ten."""
    return f"{number:f}" if -7 < number.adjusted() < 15 else str(number)
