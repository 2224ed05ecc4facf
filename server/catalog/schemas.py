"""What crosses the wire of the catalogue: rows on phones, and the answers of the API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from server.catalog.blocks import BLOCKS_MAX, Block

SECONDS_MAX = 10_000_000  # Four months of reading one lesson.

Ppm = Annotated[int, Meta(ge=0, le=1_000_000)]
Rank = Annotated[str, Meta(max_length=200)]  # A place in a list; texts that sort as ASCII.
Title = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
Description = Annotated[str, Meta(max_length=5_000)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
Level = Annotated[str, Meta(max_length=50)]
Status = Literal["draft", "published", "archived"]


class SubjectRow(Struct, frozen=True):
    id: UUID
    slug: str
    name: str


class PackBytes(Struct, frozen=True):
    """What a course costs to download, by quality; each holds all that the phone gets."""

    text: int
    audio: int
    low: int
    normal: int


class CourseRow(Struct, frozen=True):
    """`catalog.courses`: a card."""

    id: UUID
    slug: str
    title: Title
    description: Description
    language: Language
    level: Level | None
    access: str
    subject_id: UUID | None
    lessons_count: int
    text_bytes: int  # Of all lessons.
    media_bytes: int  # Of each file's largest variant.
    licence: str | None
    attribution: str | None
    source_url: str | None
    status: Status
    revision: int  # Rises with each change of what is published.
    pack_bytes: PackBytes | None


class SectionRow(Struct, frozen=True):
    id: UUID
    course_id: UUID
    title: Title
    rank: Rank


class LessonRow(Struct, frozen=True):
    id: UUID
    course_id: UUID
    section_id: UUID
    title: Title
    rank: Rank  # Reading order within the course.
    minutes: int
    text_bytes: int


class LessonTextRow(Struct, frozen=True):
    id: UUID  # The lesson's.
    course_id: UUID
    blocks: list[Any]  # server/catalog/blocks.py; checked when written, sent as stored


RevisionKind = Literal["publish", "edit", "unpublish", "duplicate"]


class RevisionRow(Struct, frozen=True):
    """`catalog.revisions`: who changed what learners see, when, and how much."""

    id: UUID
    course_id: UUID
    lesson_id: UUID | None
    number: int
    by_name: str
    kind: RevisionKind
    summary: dict[str, Any]  # server/catalog/revisions.py: at most 4 KB
    created_at: datetime


class RevisionText(Struct, frozen=True):
    """A lesson as it stood before one change of what learners see."""

    id: UUID
    lesson_id: UUID
    number: int
    blocks: list[Any]


class ProgressRow(Struct, frozen=True):
    id: UUID
    lesson_id: UUID
    seen_ppm: Ppm
    seconds: Annotated[int, Meta(ge=0, le=SECONDS_MAX)]
    completed_at: datetime | None = None


# --- commands of phones -------------------------------------------------------------------------------------------

Blocks = Annotated[list[Any], Meta(max_length=BLOCKS_MAX)]  # server/catalog/blocks.py checks each


class CreateCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """`catalog.course.create`. The phone mints the ids; with `section_id` the first section comes with it."""

    id: UUID
    title: Title
    language: Language = "en"
    description: Description = ""
    level: Level | None = None
    subject_id: UUID | None = None
    section_id: UUID | None = None
    section_title: Title = "1"


class AddLesson(Struct, frozen=True, forbid_unknown_fields=True):
    """`catalog.lesson.add`. Without `rank` it stands last in the course."""

    id: UUID
    course_id: UUID
    section_id: UUID
    title: Title
    rank: Rank | None = None
    blocks: Blocks = []


class DuplicateCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """`catalog.course.duplicate`: a draft `id` with all that is in the course `of`, but for its tests."""

    id: UUID
    of: UUID
    title: Title


# --- the API ------------------------------------------------------------------------------------------------------


class ProposeSubject(Struct, frozen=True, forbid_unknown_fields=True):
    """`catalog.subject.propose`: a name that the list does not have. The phone mints `id`, and names it at once."""

    id: UUID
    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]


class MergeSubject(Struct, frozen=True, forbid_unknown_fields=True):
    into_id: UUID


class NewCourse(Struct, frozen=True, forbid_unknown_fields=True):
    title: Title
    language: Language = "en"
    description: Description = ""
    level: Level | None = None
    subject_id: UUID | None = None


class EditCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    title: Title | None = None
    language: Language | None = None
    description: Description | None = None
    level: Level | None = None
    subject_id: UUID | None = None


class CourseCard(Struct, frozen=True):
    id: UUID
    slug: str
    title: str
    description: str
    language: str
    level: str | None
    access: str
    subject_id: UUID | None
    lessons_count: int
    text_bytes: int
    media_bytes: int
    licence: str | None
    attribution: str | None
    source_url: str | None
    status: str
    published_at: datetime | None
    updated_at: datetime
    pack_bytes: PackBytes | None


class LessonStub(Struct, frozen=True):
    id: UUID
    title: str
    rank: str
    minutes: int
    text_bytes: int
    is_locked: bool
    status: str
    seen_ppm: int  # The caller's own.
    completed_at: datetime | None


class SectionTree(Struct, frozen=True):
    id: UUID
    title: str
    rank: str
    lessons: list[LessonStub]


class CourseTree(Struct, frozen=True):
    course: CourseCard
    is_staff: bool
    can_open: bool
    reason: str | None  # PRG-20's first failing reason
    sections: list[SectionTree]


class NewSection(Struct, frozen=True, forbid_unknown_fields=True):
    title: Title


class NewLesson(Struct, frozen=True, forbid_unknown_fields=True):
    title: Title
    blocks: list[Block] = []


class EditLesson(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    title: Title | None = None
    blocks: list[Block] | None = None


class LessonAnswer(Struct, frozen=True):
    id: UUID
    course_id: UUID
    section_id: UUID
    title: str
    rank: str
    minutes: int
    text_bytes: int
    blocks: list[Any]  # As stored: server/catalog/blocks.py
