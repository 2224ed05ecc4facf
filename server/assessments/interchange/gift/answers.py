"""The part between the braces: which kind of question it is, and what is right."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from server.assessments.interchange.document import (
    ANSWERS_MAX,
    FULL_PPM,
    Body,
    Choice,
    ChoiceBody,
    MatchBody,
    NumericBody,
    NumericRange,
    ShortAnswer,
    ShortBody,
    TrueFalseBody,
)
from server.assessments.interchange.gift.source import ESCAPE
from server.assessments.interchange.reading import Fault, number

_MARK = re.compile(f"{ESCAPE}|[=~]")
_WEIGHT = re.compile(r"\s*%\s*(-?\d{1,3}(?:[.,]\d{1,8})?)\s*%")
_TRUE, _FALSE = frozenset({"T", "TRUE"}), frozenset({"F", "FALSE"})

Text = Callable[[str], str]  # Escapes and markup resolved.


@dataclass(frozen=True)
class Segment:
    """One answer as it stands: its mark, weight, words and feedback."""

    is_right: bool  # `=`, not `~`.
    weight_ppm: int | None
    words: str
    feedback: str | None


def parse_body(source: str, text: Text, losses: list[str]) -> Body:
    """Read a filled answer block. Adds to `losses` what cannot be kept. Raises Fault."""
    head, feedback = cut(source, "#")
    word = head.strip().upper()
    if word in _TRUE | _FALSE:
        return _true_false(feedback, text, is_true=word in _TRUE)
    if source.lstrip().startswith("#"):
        return _numeric(source.lstrip()[1:], text, losses)
    segments = _segments(source)
    if not segments:
        raise Fault("the answer block has neither = nor ~ before an answer")
    if any(not segment.is_right for segment in segments):
        return _choices(segments, text, losses)
    if any(find(segment.words, "->") >= 0 for segment in segments):
        return _matching(segments, text, losses)
    return _short(segments, text)


def find(source: str, sign: str, start: int = 0) -> int:
    """Where the sign stands unescaped, or −1."""
    for found in re.compile(f"{ESCAPE}|{re.escape(sign)}").finditer(source, start):
        if found.group() == sign:
            return found.start()
    return -1


def cut(source: str, sign: str) -> tuple[str, str | None]:
    """Before and after the first unescaped sign; None when there is none."""
    at = find(source, sign)
    return (source, None) if at < 0 else (source[:at], source[at + len(sign) :])


def _segments(source: str) -> list[Segment]:
    starts = [found.start() for found in _MARK.finditer(source) if found.group() in "=~"]
    before = source[: starts[0]] if starts else source
    if before.strip():
        raise Fault(f"“{before.strip()[:40]}” stands in the answer block before any = or ~")
    if len(starts) > ANSWERS_MAX:
        raise Fault(f"it has {len(starts)} answers; at most {ANSWERS_MAX} are taken")
    ends = [*starts, len(source)][1:]
    return [_segment(source[start:end]) for start, end in zip(starts, ends, strict=True)]


def _segment(source: str) -> Segment:
    rest = source[1:]
    weight = _WEIGHT.match(rest)
    words, feedback = cut(rest[weight.end() :] if weight else rest, "#")
    return Segment(source[0] == "=", _weight_ppm(weight) if weight else None, words.strip(), feedback)


def _weight_ppm(weight: re.Match[str]) -> int:
    percent = Decimal(weight.group(1).replace(",", "."))
    if abs(percent) > 100:
        raise Fault(f"the weight %{weight.group(1)}% is not between −100 and 100")
    return int((percent * 10_000).to_integral_value())


def _feedback(source: str | None, text: Text) -> str | None:
    return (text(source) or None) if source else None


# --- the kinds --------------------------------------------------------------------------------------------------


def _true_false(feedback: str | None, text: Text, *, is_true: bool) -> TrueFalseBody:
    if feedback is None:
        return TrueFalseBody(is_true)
    wrong, right = cut(feedback, "#")  # Moodle's order: the first is for the wrong answer.
    return TrueFalseBody(is_true, _feedback(wrong, text), _feedback(right, text))


def _choices(segments: list[Segment], text: Text, losses: list[str]) -> ChoiceBody:
    is_multi = not any(segment.is_right for segment in segments)
    choices: dict[str, Choice] = {}
    for segment in segments:
        weight = segment.weight_ppm if segment.weight_ppm is not None else FULL_PPM if segment.is_right else 0
        choice = Choice(_words(segment, text), weight, _feedback(segment.feedback, text))
        twin = choices.setdefault(choice.text, choice)
        if twin is not choice:
            if twin.weight_ppm != choice.weight_ppm:
                raise Fault(f"the answer “{choice.text[:40]}” stands twice, with different marks")
            losses.append(f"the answer “{choice.text[:40]}” stood twice and is kept once")
    body = ChoiceBody(tuple(choices.values()), is_multi)
    if len(body.choices) < 2:
        raise Fault("a choice needs two answers at least")
    _check_reachable(body)
    return body


def _check_reachable(body: ChoiceBody) -> None:
    weights = [choice.weight_ppm for choice in body.choices if choice.weight_ppm > 0]
    if not weights:
        raise Fault("no answer is right: mark one with =, or give one a weight above %0%")
    if not body.is_multi and max(weights) < FULL_PPM:
        raise Fault("no single answer gives full marks: mark one with = and no weight")


def _words(segment: Segment, text: Text) -> str:
    words = text(segment.words)
    if not words:
        raise Fault("an answer has no text")
    return words


def _short(segments: list[Segment], text: Text) -> ShortBody:
    answers = tuple(
        ShortAnswer(
            _words(segment, text),
            FULL_PPM if segment.weight_ppm is None else segment.weight_ppm,
            _feedback(segment.feedback, text),
        )
        for segment in segments
    )
    if max(answer.weight_ppm for answer in answers) < FULL_PPM:
        raise Fault("no answer gives full marks")
    return ShortBody(answers)


def _matching(segments: list[Segment], text: Text, losses: list[str]) -> MatchBody:
    pairs: dict[str, str] = {}
    distractors: list[str] = []
    for segment in segments:
        left, right = cut(segment.words, "->")
        left, right = text(left), text(right or "")
        if not right:
            raise Fault(f"“{left[:40]}” has nothing to match after ->")
        if not left:
            distractors.append(right)
        elif pairs.setdefault(left, right) != right:
            raise Fault(f"“{left[:40]}” is matched twice, with different answers")
        if segment.feedback and segment.feedback.strip():
            losses.append("the feedback of a pair was left out")
    if len(pairs) < 2:
        raise Fault("a matching question needs two pairs at least")
    rights = set(pairs.values())
    return MatchBody(tuple(pairs.items()), tuple(dict.fromkeys(text for text in distractors if text not in rights)))


def _numeric(source: str, text: Text, losses: list[str]) -> NumericBody:
    if find(source, "=") < 0:
        words, feedback = cut(source, "#")
        segments = [_segment("=" + words + ("" if feedback is None else "#" + feedback))]
    else:
        segments = _segments(source)
    ranges = []
    for segment in segments:
        if not segment.is_right:
            losses.append("the feedback for any other number was left out")
            continue
        low, high = _range(text(segment.words))
        weight = FULL_PPM if segment.weight_ppm is None else segment.weight_ppm
        ranges.append(NumericRange(low, high, weight, _feedback(segment.feedback, text)))
    if not ranges or max(part.weight_ppm for part in ranges) < FULL_PPM:
        raise Fault("no number gives full marks")
    return NumericBody(tuple(ranges))


def _range(words: str) -> tuple[Decimal, Decimal]:
    if ".." in words:
        first, _, last = words.partition("..")
        low, high = number(first), number(last)
        if low > high:
            raise Fault(f"the range {words} begins above its end")
        return low, high
    middle, _, margin = words.partition(":")
    centre, tolerance = number(middle), abs(number(margin)) if margin.strip() else Decimal(0)
    return centre - tolerance, centre + tolerance
