"""Questions as values, whatever file they came from or go to: the one shape that all formats meet in.

Marks are parts of a million (`_ppm`); numbers are decimals, never floats. The same values are what a phone writes as a
draft (`StoredQuestion`), so their bounds are declared here; what makes a question whole is asked by `checking.py`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from server.assessments.interchange.pictures import Picture

PROMPT_LENGTH_MAX = 10_000
TEXT_LENGTH_MAX = 2_000
TITLE_LENGTH_MAX = 255
CATEGORY_LENGTH_MAX = 500
TAG_LENGTH_MAX = 60
TAGS_MAX = 20
ANSWERS_MAX = 50
GAPS_MAX = 30
POINTS_MAX = 100
FULL_PPM = 1_000_000

Outcome = Literal["ok", "partial", "skipped", "failed"]
Difficulty = Literal["easy", "medium", "hard"]
OpenKind = Literal["essay", "code", "speaking", "writing"]
Kind = Literal["mcq", "multi", "true_false", "short", "numeric", "match", "order", "cloze"] | OpenKind

Words = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
LongWords = Annotated[str, Meta(max_length=PROMPT_LENGTH_MAX)]
Ppm = Annotated[int, Meta(ge=-FULL_PPM, le=FULL_PPM)]


class _Value(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A value: compared by what it holds, written without what it leaves at its default."""


class _Body(_Value, frozen=True, tag_field="kind"):
    """What is asked for, and what is right."""


class Choice(_Value, frozen=True):
    text: Words
    weight_ppm: Ppm  # −1,000,000…1,000,000 of the question's points.
    feedback: Words | None = None


class ChoiceBody(_Body, frozen=True, tag="choice"):
    choices: Annotated[tuple[Choice, ...], Meta(max_length=ANSWERS_MAX)]
    is_multi: bool  # Several may be ticked.


class TrueFalseBody(_Body, frozen=True, tag="true_false"):
    is_true: bool
    feedback_wrong: Words | None = None
    feedback_right: Words | None = None


class NumericRange(_Value, frozen=True):
    low: Decimal  # Both ends belong to it.
    high: Decimal
    weight_ppm: Ppm
    feedback: Words | None = None


class NumericBody(_Body, frozen=True, tag="numeric"):
    ranges: Annotated[tuple[NumericRange, ...], Meta(max_length=ANSWERS_MAX)]


class ShortAnswer(_Value, frozen=True):
    text: Words  # `*` stands for any run of characters; `\\*` for a star.
    weight_ppm: Ppm
    feedback: Words | None = None


class ShortBody(_Body, frozen=True, tag="short"):
    answers: Annotated[tuple[ShortAnswer, ...], Meta(max_length=ANSWERS_MAX)]


class MatchBody(_Body, frozen=True, tag="match"):
    pairs: Annotated[tuple[tuple[Words, Words], ...], Meta(max_length=ANSWERS_MAX)]  # Left and its right.
    distractors: Annotated[tuple[Words, ...], Meta(max_length=ANSWERS_MAX)] = ()  # Rights that belong to nothing.


class OrderBody(_Body, frozen=True, tag="order"):
    things: Annotated[tuple[Words, ...], Meta(max_length=ANSWERS_MAX)]  # First to last.


class Gap(_Value, frozen=True):
    """A place in the text: words are typed into it, or one of a few is chosen."""

    answers: Annotated[tuple[ShortAnswer, ...], Meta(max_length=ANSWERS_MAX)]  # Of a menu: all that is offered.
    is_menu: bool = False


class ClozeBody(_Body, frozen=True, tag="cloze"):
    """The prompt holds `[[1]]`, `[[2]]` … where the gaps are."""

    gaps: Annotated[tuple[Gap, ...], Meta(max_length=GAPS_MAX)]


class OpenBody(_Body, frozen=True, tag="open"):
    """A person reads, runs or hears the answer: written and kept, not yet in tests."""

    asks: OpenKind
    guide: LongWords | None = None  # For whoever marks it.


Body = ChoiceBody | TrueFalseBody | NumericBody | ShortBody | MatchBody | OrderBody | ClozeBody | OpenBody


class StoredQuestion(_Value, frozen=True):
    """What a draft holds, half-finished perhaps."""

    prompt: LongWords
    body: Body
    explanation: LongWords | None = None


class Question(_Value, frozen=True):
    title: str
    prompt: str  # Plain text; the one gap inside a sentence is `_____`, several are `[[1]]` …; pictures: `pictures.py`.
    body: Body
    explanation: str | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    points: int = 1
    difficulty: Difficulty = "medium"


@dataclass(frozen=True)
class Entry:
    """What became of one question of the file. `reason` is None only when nothing at all was lost."""

    line: int  # Where it begins, counted from 1; 0 where the file has no lines.
    title: str
    outcome: Outcome
    reason: str | None
    question: Question | None  # None when skipped or failed.
    where: str = ""  # How the file names it, where a line says little: the path of an item in a package.
    pictures: tuple["Picture", ...] = ()  # Those that marks of the question name.
    is_in_order: bool = False  # The file shows its answers in an order of their own; here they are mixed.

    @property
    def place(self) -> str:
        return self.where or f"line {self.line}"


@dataclass(frozen=True)
class QuestionDocument:
    entries: tuple[Entry, ...]
    title: str | None = None  # Of the test, where the file says it; so are the next two.
    attempts_max: int | None = None
    duration_s: int | None = None
    for_people: tuple[Question, ...] = ()  # Set aside, in no entry: only people can mark them.

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(entry.question for entry in self.entries if entry.question is not None)


def document_of(*questions: Question, title: str | None = None) -> QuestionDocument:
    """Questions of our own, to be written."""
    return QuestionDocument(tuple(Entry(0, one.title, "ok", None, one) for one in questions), title)


def kind_of(body: Body) -> Kind:  # noqa: PLR0911 - one a kind
    match body:
        case ChoiceBody(is_multi=is_multi):
            return "multi" if is_multi else "mcq"
        case TrueFalseBody():
            return "true_false"
        case NumericBody():
            return "numeric"
        case ShortBody():
            return "short"
        case MatchBody():
            return "match"
        case OrderBody():
            return "order"
        case ClozeBody():
            return "cloze"
        case OpenBody(asks=asks):
            return asks
