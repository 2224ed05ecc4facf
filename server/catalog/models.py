"""The catalogue's tables. `published_at` is copied onto every row: who may see a row follows from the row."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class Subject(Stamped, Model):
    __tablename__ = "catalog_subjects"

    direction_id: Mapped[UUID | None]
    name: Mapped[str]
    slug: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    proposed_by_id: Mapped[UUID | None]  # Not active and not merged: its name waits for an admin.
    merged_into: Mapped[UUID | None]
    order_index: Mapped[int] = mapped_column(server_default="0")


class Course(Stamped, Model):
    __tablename__ = "catalog_courses"

    direction_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    slug: Mapped[str]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    category: Mapped[str | None]
    language: Mapped[str]
    level: Mapped[str | None]
    access: Mapped[str] = mapped_column(server_default="free")
    status: Mapped[str] = mapped_column(server_default="draft")
    published_at: Mapped[datetime | None]
    created_by_id: Mapped[UUID]
    order_index: Mapped[int] = mapped_column(server_default="0")
    lessons_count: Mapped[int] = mapped_column(server_default="0")
    text_bytes: Mapped[int] = mapped_column(server_default="0")
    media_bytes: Mapped[int] = mapped_column(server_default="0")
    licence: Mapped[str | None]
    attribution: Mapped[str | None]
    source_url: Mapped[str | None]
    source_sha256: Mapped[str | None]
    revision: Mapped[int] = mapped_column(server_default="0")
    pack_bytes: Mapped[dict[str, Any] | None]  # PackBytes as plain values.
    merge_state: Mapped[dict[str, Any] | None]


class CourseStaff(Stamped, Model):
    __tablename__ = "catalog_course_staff"

    course_id: Mapped[UUID]
    user_id: Mapped[UUID]
    role: Mapped[str]  # "owner" or "editor"


class Section(Stamped, Model):
    __tablename__ = "catalog_sections"

    course_id: Mapped[UUID]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    rank: Mapped[str]  # Its place among the course's sections: sync/merge/place.py
    published_at: Mapped[datetime | None]
    merge_state: Mapped[dict[str, Any] | None]


class Lesson(Stamped, Model):
    __tablename__ = "catalog_lessons"

    course_id: Mapped[UUID]
    section_id: Mapped[UUID]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    rank: Mapped[str]  # Its place in the course's reading order: sync/merge/place.py
    minutes: Mapped[int] = mapped_column(server_default="1")
    text_bytes: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str] = mapped_column(server_default="published")
    is_locked: Mapped[bool] = mapped_column(server_default="false")
    published_at: Mapped[datetime | None]
    merge_state: Mapped[dict[str, Any] | None]


class LessonText(Stamped, Model):
    """A lesson's blocks; the id is the lesson's."""

    __tablename__ = "catalog_lesson_texts"

    course_id: Mapped[UUID]
    rank: Mapped[str]  # The lesson's.
    blocks: Mapped[list[Any]]
    published_at: Mapped[datetime | None]
    merge_state: Mapped[dict[str, Any] | None]


class Revision(Stamped, Model):
    """One change of what learners see, for the course's staff. Append-only."""

    __tablename__ = "catalog_revisions"

    course_id: Mapped[UUID]
    lesson_id: Mapped[UUID | None]
    number: Mapped[int]
    by_id: Mapped[UUID | None]
    by_name: Mapped[str]
    kind: Mapped[str]  # RevisionKind
    summary: Mapped[dict[str, Any]]  # Summary as plain values.
    before_sha256: Mapped[str | None]  # Of the lesson's blocks that it replaced.


class Progress(Stamped, Model):
    """How far a learner has come in a lesson: never goes back, on any device."""

    __tablename__ = "catalog_progress"

    user_id: Mapped[UUID]
    lesson_id: Mapped[UUID]
    seen_ppm: Mapped[int] = mapped_column(server_default="0")
    seconds: Mapped[int] = mapped_column(server_default="0")
    completed_at: Mapped[datetime | None]
