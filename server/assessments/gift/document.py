"""What a GIFT file says, as values. Marks are parts of a million (`_ppm`); numbers are decimals, never floats."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Outcome = Literal["ok", "partial", "skipped", "failed"]


@dataclass(frozen=True)
class Choice:
    text: str
    weight_ppm: int  # −1,000,000…1,000,000 of the question's points.
    feedback: str | None = None


@dataclass(frozen=True)
class ChoiceBody:
    choices: tuple[Choice, ...]
    is_multi: bool  # Several may be ticked: the file marks none of them with `=`.


@dataclass(frozen=True)
class TrueFalseBody:
    is_true: bool
    feedback_wrong: str | None = None
    feedback_right: str | None = None


@dataclass(frozen=True)
class NumericRange:
    low: Decimal
    high: Decimal
    weight_ppm: int
    feedback: str | None = None


@dataclass(frozen=True)
class NumericBody:
    ranges: tuple[NumericRange, ...]


@dataclass(frozen=True)
class ShortAnswer:
    text: str  # `*` stands for any run of characters; `\\*` for a star.
    weight_ppm: int
    feedback: str | None = None


@dataclass(frozen=True)
class ShortBody:
    answers: tuple[ShortAnswer, ...]


@dataclass(frozen=True)
class MatchBody:
    pairs: tuple[tuple[str, str], ...]  # Left and its right.
    distractors: tuple[str, ...] = ()  # Rights that belong to nothing.


Body = ChoiceBody | TrueFalseBody | NumericBody | ShortBody | MatchBody


@dataclass(frozen=True)
class GiftQuestion:
    title: str
    prompt: str  # Plain text; a gap inside the sentence is `_____`.
    body: Body
    explanation: str | None
    category: str | None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """What became of one question of the file. `reason` is None only when nothing at all was lost."""

    line: int  # Where it begins, counted from 1.
    title: str
    outcome: Outcome
    reason: str | None
    question: GiftQuestion | None  # None when skipped or failed.


@dataclass(frozen=True)
class GiftDocument:
    entries: tuple[Entry, ...]

    @property
    def questions(self) -> tuple[GiftQuestion, ...]:
        return tuple(entry.question for entry in self.entries if entry.question is not None)
