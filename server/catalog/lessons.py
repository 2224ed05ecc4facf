"""Sections and lessons written by hand: added, changed, read one by one. The course's sums follow each change."""

from collections.abc import Collection, Mapping
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import text

from server.base.errors import Forbidden, Invalid
from server.base.ids import derived_id, new_id
from server.base.tx import Tx
from server.catalog import courses, packs, policy, queries
from server.catalog.blocks import Block, Exercise, decode_blocks, encode_blocks, files_of, words_of
from server.catalog.inline import clean_blocks
from server.catalog.latex import with_mathml
from server.catalog.models import Course, Lesson, LessonText, Section
from server.catalog.revisions import TITLE_LENGTH_MAX, Summary, note_revision, summary_of
from server.catalog.schemas import EditLesson, LessonAnswer, NewLesson, NewSection
from sync.merge import place_between

WORDS_A_MINUTE = 180
SECTIONS_MAX = 300
LESSONS_MAX = 2_000


class CourseFull(Invalid):
    """The course has as many sections or lessons as we take; make a second course."""

    code = "course.full"


class FileUnknown(Invalid):
    """An image names a file that this course does not have."""

    code = "content.unknown_file"


class LessonClosed(Forbidden):
    """The lesson is not open to you."""

    code = "lesson.closed"


_LAST_RANK = {
    "catalog_sections": text("select max(rank), count(*) from catalog_sections where course_id = :course"),
    "catalog_lessons": text("select max(rank), count(*) from catalog_lessons where course_id = :course"),
}
_SUMS = text(
    """
    update catalog_courses c set
        lessons_count = (select count(*) from catalog_lessons l where l.course_id = c.id and l.deleted_at is null),
        text_bytes = (select coalesce(sum(l.text_bytes), 0) from catalog_lessons l
                      where l.course_id = c.id and l.deleted_at is null),
        media_bytes = (select coalesce(sum((f.variants -> -1 ->> 'bytes')::bigint), 0)
                       from media_uses u join media_files f on f.id = u.file_id
                       where u.course_id = c.id and u.deleted_at is null and f.deleted_at is null)
    where c.id = :course
    """
)


_USED = text("select file_id from media_uses where course_id = :course and deleted_at is null")
_OWN = text(  # Held until the use is written, so that no sweep of unused files takes it meanwhile.
    "select id from media_files where id = any(:files) and owner_id = :me and deleted_at is null for key share"
)
_USE = text(
    "insert into media_uses (id, file_id, course_id, published_at)"
    " values (:id, :file, :course, (select published_at from catalog_courses where id = :course))"
    " on conflict (id) do update set deleted_at = null, published_at = excluded.published_at"
)


async def add_section(tx: Tx, course_id: UUID, new: NewSection, *, id_: UUID | None = None) -> Section:
    """The last of the course. Raises NotFound, Forbidden, CourseFull."""
    course = await courses.editable(tx, course_id)
    id_ = id_ or new_id()
    rank = await next_rank(tx, "catalog_sections", course.id, row_id=id_)
    section = Section(id=id_, course_id=course.id, title=new.title.strip(), rank=rank, published_at=course.published_at)
    tx.db.add(section)
    return section


async def add_lesson(tx: Tx, section_id: UUID, new: NewLesson) -> LessonAnswer:
    """The last of the course, in this section. Raises NotFound, Forbidden, CourseFull, BadContent, FileUnknown."""
    section = await tx.get(Section, section_id)
    course = await courses.editable(tx, section.course_id)
    lesson, written = await put_lesson(tx, course, section, id_=new_id(), title=new.title, blocks=new.blocks)
    return _answer(lesson, written)


async def put_lesson(
    tx: Tx, course: Course, section: Section, *, id_: UUID, title: str, blocks: list[Block], rank: str | None = None
) -> tuple[Lesson, LessonText]:
    """A new lesson of a course that the actor edits; without a place the last.

    Raises CourseFull, BadContent, FileUnknown.
    """
    last = await next_rank(tx, "catalog_lessons", course.id, row_id=id_)
    lesson = Lesson(
        id=id_,
        course_id=course.id,
        section_id=section.id,
        title=title.strip(),
        rank=rank or last,
        published_at=course.published_at,
    )
    tx.db.add(lesson)
    await tx.db.flush()  # The text refers to it.
    written = LessonText(id=id_, course_id=course.id, rank=lesson.rank, blocks=[], published_at=course.published_at)
    tx.db.add(written)
    await _write(tx, lesson, written, blocks)
    await note_lesson(tx, lesson, "added")
    return lesson, written


async def edit_lesson(tx: Tx, lesson_id: UUID, change: EditLesson) -> LessonAnswer:
    """Change what is given. Raises NotFound, Forbidden, BadContent, FileUnknown."""
    found = await tx.get(Lesson, lesson_id)
    await courses.editable(tx, found.course_id)
    lesson = await tx.get_locked(Lesson, lesson_id)
    written = await tx.get_locked(LessonText, lesson_id)
    if change.title is not None:
        lesson.title = change.title.strip()
    if change.blocks is not None:
        before = written.blocks
        await _write(tx, lesson, written, change.blocks)
        await note_text(tx, lesson, before, written.blocks)
    return _answer(lesson, written)


async def delete_lesson(tx: Tx, lesson_id: UUID) -> None:
    """Softly; learners' progress in it stays. Raises NotFound, Forbidden."""
    found = await tx.get(Lesson, lesson_id)
    await courses.editable(tx, found.course_id)
    lesson = await tx.get_locked(Lesson, lesson_id)
    written = await tx.get_locked(LessonText, lesson_id)
    lesson.deleted_at = written.deleted_at = tx.now
    await sum_up(tx, lesson.course_id)
    await note_lesson(tx, lesson, "removed")


async def read_lesson(tx: Tx, lesson_id: UUID) -> LessonAnswer:
    """For who may open it. Raises NotFound (a draft of others), LessonClosed with PRG-20's reason in `fields`."""
    lesson = await tx.get(Lesson, lesson_id)
    course = await tx.get_visible(Course, lesson.course_id)
    reason = policy.why_closed(tx.actor, await queries.door_of(tx, course, lesson), now=tx.now)
    if reason is not None:
        raise LessonClosed(fields={"reason": reason})
    return _answer(lesson, await tx.get(LessonText, lesson_id))


async def _write(tx: Tx, lesson: Lesson, written: LessonText, blocks: list[Block]) -> None:
    cleaned = await cleaned_for(tx, lesson.course_id, blocks)
    written.blocks = msgspec.to_builtins(cleaned)
    await measure(tx, lesson, cleaned)


async def cleaned_for(tx: Tx, course_id: UUID, blocks: list[Block]) -> list[Block]:
    """The blocks as they may be stored in a lesson of this course. Raises BadContent, FileUnknown."""
    cleaned = await with_mathml(clean_blocks(blocks))
    encode_blocks(cleaned)
    await _require_files(tx, course_id, cleaned)
    return cleaned


async def note_lesson(tx: Tx, lesson: Lesson, what: Literal["added", "removed", "renamed"]) -> None:
    """For the history of a course that learners see."""
    if lesson.published_at is not None:
        summary = Summary(lesson=what, title=lesson.title[:TITLE_LENGTH_MAX])
        await note_revision(tx, lesson.course_id, "edit", summary, lesson_id=lesson.id)


async def note_text(tx: Tx, lesson: Lesson, before: list[Any], after: list[Any]) -> None:
    """The same for what stands in a lesson."""
    if lesson.published_at is not None and before != after:
        summary = summary_of(before, after, title=lesson.title)
        await note_revision(tx, lesson.course_id, "edit", summary, lesson_id=lesson.id, before=before)


async def measure(tx: Tx, lesson: Lesson, blocks: list[Block]) -> None:
    """Say how long the lesson is, and the course with it."""
    note_length(lesson, blocks)
    await use_files(tx, lesson.course_id, files_of(blocks))
    await packs.count_lessons(tx, lesson.course_id, lesson_ids=[lesson.id])
    await sum_up(tx, lesson.course_id)


def note_length(lesson: Lesson, blocks: list[Block]) -> None:
    """Of the lesson alone; `sum_up` is to follow."""
    lesson.text_bytes = len(encode_blocks(blocks))
    lesson.minutes = minutes_of(words_of(blocks))


def minutes_of(words: int) -> int:
    return max(1, round(words / WORDS_A_MINUTE))


async def _require_files(tx: Tx, course_id: UUID, blocks: list[Block]) -> None:
    """The course has them, or the writer has: a file that somebody sent in may be put into their own courses."""
    missing = set(files_of(blocks))
    if missing:
        missing -= set((await tx.db.execute(_USED, {"course": course_id})).scalars())
    if missing:
        missing -= set((await tx.db.execute(_OWN, {"files": list(missing), "me": tx.actor.id})).scalars())
    if missing:
        raise FileUnknown(f"The course has no file {next(iter(missing))}.")


async def use_files(tx: Tx, course_id: UUID, file_ids: Collection[UUID]) -> None:
    """The course shows these files from now on, and so do the phones that hold it. Twice is once."""
    if not file_ids:
        return
    known = set((await tx.db.execute(_USED, {"course": course_id})).scalars())
    rows = [
        {"id": derived_id("media.uses", file_id, course_id), "file": file_id, "course": course_id}
        for file_id in file_ids
        if file_id not in known
    ]
    if rows:
        await tx.db.flush()  # The course may be new.
        await tx.db.execute(_USE, rows)


def with_tests(stored: list[Any], tests: Mapping[UUID, UUID]) -> list[Block]:
    """A lesson's blocks with doors to these tests instead, and to no others; an exercise on paper stays."""
    found: list[Block] = []
    for block in decode_blocks(msgspec.json.encode(stored)):
        match block:
            case Exercise(prompt, assessment_id) if assessment_id is not None:
                moved = tests.get(assessment_id)
                found += [Exercise(prompt=prompt, assessment_id=moved)] if moved or prompt else []
            case _:
                found.append(block)
    return found


async def next_rank(
    tx: Tx, table: Literal["catalog_sections", "catalog_lessons"], course_id: UUID, *, row_id: UUID
) -> str:
    """The place behind the last of the course. Raises CourseFull."""
    last, count = (await tx.db.execute(_LAST_RANK[table], {"course": course_id})).one()
    if count >= (SECTIONS_MAX if table == "catalog_sections" else LESSONS_MAX):
        raise CourseFull
    return place_between(last, None, row_id)


async def sum_up(tx: Tx, course_id: UUID) -> None:
    await tx.db.flush()  # Counted in the database.
    await tx.db.execute(_SUMS, {"course": course_id})
    await packs.sum_packs(tx, course_id)


def _answer(lesson: Lesson, written: LessonText) -> LessonAnswer:
    return LessonAnswer(
        id=lesson.id,
        course_id=lesson.course_id,
        section_id=lesson.section_id,
        title=lesson.title,
        rank=lesson.rank,
        minutes=lesson.minutes,
        text_bytes=lesson.text_bytes,
        blocks=written.blocks,
    )
