"""What crosses the wire about help questions."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

Title = Annotated[str, Meta(min_length=1, max_length=255)]
Body = Annotated[str, Meta(min_length=1, max_length=10_000)]
Why = Annotated[str, Meta(min_length=1, max_length=500)]
Visibility = Literal["public", "private"]


class QuestionRow(Struct):
    """`questions.questions`. `author_name` is the public one: first name and initial, or what the person chose."""

    id: UUID
    subject_id: UUID
    lesson_id: UUID | None
    author_id: UUID
    author_name: str
    title: str
    body: str
    visibility: str
    state: str  # open → answered → closed
    answers_count: int
    asked_at: datetime


class AnswerRow(Struct):
    """`questions.answers`."""

    id: UUID
    question_id: UUID
    subject_id: UUID
    asker_id: UUID
    visibility: str
    author_id: UUID
    author_name: str
    body: str
    is_accepted: bool
    posted_at: datetime
    late_at: datetime | None  # Set when the question had been closed before the answer came.


class Ask(Struct, forbid_unknown_fields=True):
    id: UUID
    subject_id: UUID
    title: Title
    body: Body
    visibility: Visibility
    lesson_id: UUID | None = None


class EditQuestion(Struct, forbid_unknown_fields=True):
    question_id: UUID
    body: Body  # The new text; once the question is answered, a note that is put under the old one.
    title: Title | None = None


class NameQuestion(Struct, forbid_unknown_fields=True):
    question_id: UUID


class PostAnswer(Struct, forbid_unknown_fields=True):
    id: UUID
    question_id: UUID
    body: Body


class AcceptAnswer(Struct, forbid_unknown_fields=True):
    answer_id: UUID


class MakeReport(Struct, forbid_unknown_fields=True):
    id: UUID  # Of the question or the answer that is reported.
    reason: Why


class ReviewReports(Struct, forbid_unknown_fields=True):
    id: UUID  # Of the question or the answer that was reported.
    verdict: Literal["keep", "remove"]
