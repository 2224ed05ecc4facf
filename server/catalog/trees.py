"""A course made whole, with all that is in it: copies of courses, and courses from files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
from sqlalchemy import text

from server.base.ids import derived_id, new_id
from server.base.tx import Tx
from server.catalog import courses, lessons, packs
from server.catalog.blocks import Block, encode_blocks, words_of
from server.catalog.models import Course, Lesson, LessonText, Section
from sync.merge import place_at


@dataclass(frozen=True, kw_only=True)
class TreeLesson:
    title: str
    blocks: Sequence[Block]  # Already through the sieve.
    id: UUID | None = None  # Default: a new one.
    description: str = ""
    status: str = "published"  # Any other: learners do not see it when the course is published.


@dataclass(frozen=True, kw_only=True)
class TreeSection:
    title: str
    lessons: Sequence[TreeLesson]
    id: UUID | None = None
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """`file_ids`: what its lessons show; rows of `media_files` that are there already."""

    title: str
    language: str
    sections: Sequence[TreeSection]
    id: UUID | None = None
    description: str = ""
    level: str | None = None
    subject_id: UUID | None = None
    access: str = "free"
    licence: str | None = None
    attribution: str | None = None
    source_url: str | None = None
    source_sha256: str | None = None
    file_ids: Collection[UUID] = field(default_factory=tuple)


async def add_course_tree(tx: Tx, tree: Tree, *, owner_id: UUID) -> Course:
    """A draft with everything in it, in the caller's transaction. Raises CourseFull, BadContent."""
    if len(tree.sections) > lessons.SECTIONS_MAX:
        raise lessons.CourseFull
    if sum(len(section.lessons) for section in tree.sections) > lessons.LESSONS_MAX:
        raise lessons.CourseFull
    course = Course(
        id=tree.id or new_id(),
        slug=await courses.free_slug(tx, tree.title),
        title=tree.title,
        description=tree.description,
        language=tree.language,
        level=tree.level,
        subject_id=tree.subject_id,
        access=tree.access,
        licence=tree.licence,
        attribution=tree.attribution,
        source_url=tree.source_url,
        source_sha256=tree.source_sha256,
        created_by_id=owner_id,
    )
    await courses.add_course(tx, course, owner_id=owner_id)
    await lessons.use_files(tx, course.id, tree.file_ids)
    rank = 0
    for place, planned in enumerate(tree.sections):
        section_id = planned.id or new_id()
        section = Section(id=section_id, course_id=course.id, title=planned.title, description=planned.description)
        section.rank = place_at(place, section_id)
        tx.db.add(section)
        await tx.db.flush()  # Lessons refer to it.
        made = [_lesson(course.id, section_id, lesson, rank + index) for index, lesson in enumerate(planned.lessons)]
        rank += len(made)
        tx.db.add_all([lesson for lesson, _text in made])
        await tx.db.flush()  # Texts refer to lessons.
        tx.db.add_all([written for _lesson, written in made])
    await lessons.sum_up(tx, course.id)
    await tx.db.refresh(course)
    return course


def _lesson(course_id: UUID, section_id: UUID, planned: TreeLesson, rank: int) -> tuple[Lesson, LessonText]:
    id_ = planned.id or new_id()
    blocks = list(planned.blocks)
    place = place_at(rank, id_)
    lesson = Lesson(
        id=id_,
        course_id=course_id,
        section_id=section_id,
        title=planned.title,
        description=planned.description,
        status=planned.status,
        rank=place,
        minutes=lessons.minutes_of(words_of(blocks)),
        text_bytes=len(encode_blocks(blocks)),
    )
    return lesson, LessonText(id=id_, course_id=course_id, rank=place, blocks=msgspec.to_builtins(blocks))


async def copy_of(tx: Tx, course: Course, *, id_: UUID, title: str) -> Tree:
    """The course as a tree under new ids, without doors to its tests: who copies those opens them (`put_tests`)."""
    rows = (await tx.db.execute(_LESSONS, {"course": course.id})).mappings().all()
    by_section: dict[UUID, list[TreeLesson]] = {}
    for row in rows:
        lesson = TreeLesson(
            id=copied_lesson_id(id_, row["id"]),
            title=row["title"],
            description=row["description"],
            status=row["status"],
            blocks=lessons.with_tests(row["blocks"], {}),
        )
        by_section.setdefault(row["section_id"], []).append(lesson)
    sections = (await tx.db.execute(_SECTIONS, {"course": course.id})).mappings().all()
    files = (await tx.db.execute(_FILES, {"course": course.id})).scalars()
    return Tree(
        id=id_,
        title=title,
        description=course.description,
        language=course.language,
        level=course.level,
        subject_id=course.subject_id,
        licence=course.licence,
        attribution=course.attribution,
        source_url=course.source_url,
        file_ids=list(files),
        sections=[
            TreeSection(
                id=derived_id("catalog.sections", id_, row["id"]),
                title=row["title"],
                description=row["description"],
                lessons=by_section.get(row["id"], []),
            )
            for row in sections
        ],
    )


def copied_lesson_id(course_id: UUID, lesson_id: UUID) -> UUID:
    """Of a lesson in a copy of its course."""
    return derived_id("catalog.lessons", course_id, lesson_id)


async def put_tests(tx: Tx, *, course_id: UUID, of_id: UUID, tests: Mapping[UUID, UUID]) -> None:
    """Have a copy's exercises open the copied tests, by the old ones' ids; doors to others stay left out."""
    changed: list[UUID] = []
    for row in (await tx.db.execute(_LESSONS, {"course": of_id})).mappings().all():
        blocks = lessons.with_tests(row["blocks"], tests)
        if blocks == lessons.with_tests(row["blocks"], {}):
            continue
        id_ = copied_lesson_id(course_id, row["id"])
        lesson, written = await tx.get(Lesson, id_), await tx.get(LessonText, id_)
        written.blocks = msgspec.to_builtins(blocks)
        lessons.note_length(lesson, blocks)
        changed.append(id_)
    if changed:  # Summed once: each sum reads the whole course.
        await packs.count_lessons(tx, course_id, lesson_ids=changed)
        await lessons.sum_up(tx, course_id)


_SECTIONS = text(
    "select id, title, description from catalog_sections where course_id = :course and deleted_at is null"
    " order by rank, id"
)
_LESSONS = text(
    "select l.id, l.section_id, l.title, l.description, l.status, t.blocks from catalog_lessons l"
    " join catalog_lesson_texts t on t.id = l.id"
    " where l.course_id = :course and l.deleted_at is null order by l.rank, l.id"
)
_FILES = text("select file_id from media_uses where course_id = :course and deleted_at is null")
