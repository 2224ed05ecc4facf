"""What crosses the wire about tests. Nothing here has room for a key."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from server.assessments.values import TEXT_LENGTH_MAX, Option

CHOICES_MAX = 50

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


class NameAssessment(Struct, forbid_unknown_fields=True):
    assessment_id: UUID


class SubmitAttempt(Struct, forbid_unknown_fields=True):
    attempt_id: UUID
