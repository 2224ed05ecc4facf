"""Tests: the bank and its keys, assessments with the items they pin, attempts.

Answers have no class: the sync engine writes them, grading reads them in one query.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class BankItem(Stamped, Model):
    """A question of the bank as it is now; its key is in ItemKey, under the same revision."""

    __tablename__ = "assessments_bank_items"

    owner_id: Mapped[UUID]
    course_id: Mapped[UUID | None]
    title: Mapped[str]
    kind: Mapped[str]
    prompt: Mapped[str]
    options: Mapped[list[Any]]
    points: Mapped[int] = mapped_column(server_default="1")
    difficulty: Mapped[str] = mapped_column(server_default="medium")
    topic_tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    category: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="en")
    status: Mapped[str] = mapped_column(server_default="active")
    revision: Mapped[int] = mapped_column(server_default="1")


class ItemKey(Stamped, Model):
    """What is right, and why. Read by grading alone: no collection, route or query for learners touches this table."""

    __tablename__ = "assessments_item_keys"

    bank_item_id: Mapped[UUID]
    revision: Mapped[int]
    key: Mapped[str]
    explanation: Mapped[str | None]


class Assessment(Stamped, Model):
    __tablename__ = "assessments_assessments"

    course_id: Mapped[UUID]
    lesson_id: Mapped[UUID | None]
    created_by_id: Mapped[UUID]
    kind: Mapped[str]
    title: Mapped[str]
    description: Mapped[str | None]
    revision: Mapped[int] = mapped_column(server_default="1")
    items_count: Mapped[int]
    points: Mapped[int]
    pass_ppm: Mapped[int]
    attempts_max: Mapped[int | None]
    duration_s: Mapped[int | None]
    grace_s: Mapped[int] = mapped_column(server_default="60")
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    answer_release: Mapped[str] = mapped_column(server_default="after_submit")
    content_sha256: Mapped[str]
    published_at: Mapped[datetime | None]


class Item(Stamped, Model):
    """A bank item as one revision of an assessment pins it: what learners see, without the key."""

    __tablename__ = "assessments_items"

    assessment_id: Mapped[UUID]
    course_id: Mapped[UUID]
    revision: Mapped[int]
    bank_item_id: Mapped[UUID]
    bank_revision: Mapped[int]
    kind: Mapped[str]
    prompt: Mapped[str]
    options: Mapped[list[Any]]
    formulas: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # What was typed → MathML.
    points: Mapped[int]
    rank: Mapped[int]
    published_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class QuestionDraft(Stamped, Model):
    """A question that a course's staff write, with its key: on their phones alone."""

    __tablename__ = "assessments_drafts"

    course_id: Mapped[UUID]
    owner_id: Mapped[UUID]
    title: Mapped[str]
    question: Mapped[dict[str, Any]]  # interchange.document.StoredQuestion
    formulas: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # Of all of it, the key too.
    kind: Mapped[str]
    points: Mapped[int]
    difficulty: Mapped[str]
    topic_tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    language: Mapped[str]
    status: Mapped[str]
    merge_state: Mapped[dict[str, Any] | None]


class TestDraft(Stamped, Model):
    """Which drafts make a test; published, it is the assessment of the same id."""

    __tablename__ = "assessments_tests"
    __test__ = False  # No case of pytest's.

    course_id: Mapped[UUID]
    lesson_id: Mapped[UUID | None]
    owner_id: Mapped[UUID]
    title: Mapped[str]
    kind: Mapped[str]
    draft_ids: Mapped[list[Any]]
    pass_ppm: Mapped[int]
    attempts_max: Mapped[int | None]
    duration_s: Mapped[int | None]
    assessment_id: Mapped[UUID | None]
    merge_state: Mapped[dict[str, Any] | None]


class Attempt(Stamped, Model):
    __tablename__ = "assessments_attempts"

    user_id: Mapped[UUID]
    learner_name: Mapped[str]
    assessment_id: Mapped[UUID]
    course_id: Mapped[UUID]
    revision: Mapped[int]
    number: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="in_progress")
    started_at: Mapped[datetime]  # The device's claim, never later than `received_at`.
    received_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    graded_at: Mapped[datetime | None]
    score_ppm: Mapped[int | None]
    result: Mapped[dict[str, Any] | None]

    @property
    def is_open(self) -> bool:
        return self.state == "in_progress"
