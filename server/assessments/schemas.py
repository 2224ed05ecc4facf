"""What crosses the wire about tests. Nothing here has room for a key."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from server.assessments.interchange.document import POINTS_MAX, TAG_LENGTH_MAX, TAGS_MAX, Difficulty, StoredQuestion
from server.assessments.values import TEXT_LENGTH_MAX, Option

CHOICES_MAX = 50
QUESTIONS_OF_TEST_MAX = 200
ATTEMPTS_MAX = 1_000
DURATION_S_MAX = 86_400

AnswerText = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
OptionId = Annotated[str, Meta(max_length=64)]
AnswerValue = (
    AnswerText
    | bool
    | int
    | float
    | Annotated[list[OptionId], Meta(max_length=CHOICES_MAX)]
    | Annotated[dict[OptionId, OptionId], Meta(max_length=CHOICES_MAX)]
    | None
)


class AssessmentRow(Struct):
    """`assessments.assessments`."""

    id: UUID
    course_id: UUID
    lesson_id: UUID | None
    kind: str
    title: str
    revision: int
    items_count: int
    points: int
    pass_ppm: int
    attempts_max: int | None


class ItemRow(Struct):
    """`assessments.items`."""

    id: UUID
    assessment_id: UUID
    revision: int
    kind: str
    prompt: str
    options: list[Option]
    formulas: dict[str, str] | None  # Of the prompt and the options: what was typed, marks and all → MathML.
    points: int
    rank: int


class AttemptRow(Struct):
    """`assessments.attempts`. `result` is a `grading.Result`, there once the state is `graded`."""

    id: UUID
    assessment_id: UUID
    revision: Annotated[int, Meta(ge=1, le=1_000_000)]
    state: str  # in_progress → submitted → graded
    started_at: datetime
    submitted_at: datetime | None
    score_ppm: int | None
    result: dict[str, Any] | None
    user_id: UUID
    learner_name: str  # The public one, for the course's staff.


class AnswerRow(Struct):
    """`assessments.answers`. `value` by kind of item: see `values.py`."""

    id: UUID
    attempt_id: UUID
    item_id: UUID
    value: AnswerValue


Title = Annotated[str, Meta(max_length=255)]
Tag = Annotated[str, Meta(max_length=TAG_LENGTH_MAX)]
TestKind = Literal["quiz", "lesson_test", "practice_test"]
TEST_KINDS = frozenset({"quiz", "lesson_test", "practice_test"})


class DraftRow(Struct):
    """`assessments.drafts`: a question with its key, for the course's staff."""

    id: UUID
    course_id: UUID
    title: Title
    question: StoredQuestion
    formulas: dict[str, str] | None  # The server's, of all the question: what was typed → MathML, empty if none can be.
    kind: str  # By the question: the server's.
    points: Annotated[int, Meta(ge=1, le=POINTS_MAX)]
    difficulty: Difficulty
    topic_tags: Annotated[list[Tag], Meta(max_length=TAGS_MAX)]
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
    status: Literal["draft", "active", "retired"]


class TestRow(Struct):
    """`assessments.tests`: which drafts make a test, for the course's staff."""

    __test__ = False  # No case of pytest's.

    id: UUID
    course_id: UUID
    lesson_id: UUID | None
    title: Title
    kind: TestKind
    draft_ids: Annotated[list[UUID], Meta(max_length=QUESTIONS_OF_TEST_MAX)]
    pass_ppm: Annotated[int, Meta(ge=0, le=1_000_000)]
    attempts_max: Annotated[int, Meta(ge=1, le=ATTEMPTS_MAX)] | None
    duration_s: Annotated[int, Meta(ge=60, le=DURATION_S_MAX)] | None
    assessment_id: UUID | None  # Once published: this row's own id.


class NameTest(Struct, forbid_unknown_fields=True):
    id: UUID


class NameAssessment(Struct, forbid_unknown_fields=True):
    assessment_id: UUID


class SubmitAttempt(Struct, forbid_unknown_fields=True):
    attempt_id: UUID
