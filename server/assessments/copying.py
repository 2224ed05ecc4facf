"""A course's tests go with its copy: questions, keys and drafts, for whoever copies it, who may change both courses."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select

from server.assessments.authoring import Placing, put_assessment
from server.assessments.exporting import document_of_test
from server.assessments.imports import bank_drafts
from server.assessments.models import Assessment, QuestionDraft, TestDraft
from server.base.ids import derived_id
from server.base.tx import Tx
from server.catalog.events import CourseCopied
from server.catalog.models import Course, Lesson
from server.catalog.trees import copied_lesson_id, put_tests

D = TypeVar("D", QuestionDraft, TestDraft)
Lessons = Mapping[UUID | None, UUID]  # Of the course → of its copy.

_DRAFTED = ("title", "question", "formulas", "kind", "points", "difficulty", "topic_tags", "language", "status")
_COMPOSED = ("title", "kind", "pass_ppm", "attempts_max", "duration_s")


async def copy_tests(tx: Tx, event: CourseCopied) -> None:
    """They open with the copy. Nobody's attempts come along."""
    course = await tx.get(Course, event.course_id)
    lessons = await _copied_lessons(tx, course.id, event.of_id)
    made = await _copy_assessments(tx, course, event.of_id, lessons)
    drafted = await _copy_drafts(tx, course, event.of_id, lessons)
    tests = {id_: copied_id(course.id, id_) for id_ in (*made, *drafted)}
    await put_tests(tx, course_id=course.id, of_id=event.of_id, tests=tests)


def copied_id(course_id: UUID, id_: UUID) -> UUID:
    """Of a test, or a draft, in a copy of its course: a drafted test has the id of what it was published as."""
    return derived_id("assessments.copies", course_id, id_)


async def _copied_lessons(tx: Tx, course_id: UUID, of_id: UUID) -> Lessons:
    """Of each lesson that is there; a test beside one that was deleted goes with the course."""
    statement = select(Lesson.id).where(Lesson.course_id == of_id, Lesson.deleted_at.is_(None))
    return {id_: copied_lesson_id(course_id, id_) for id_ in (await tx.db.execute(statement)).scalars()}


async def _copy_assessments(tx: Tx, course: Course, of_id: UUID, lessons: Lessons) -> list[UUID]:
    wanted = select(Assessment).where(Assessment.course_id == of_id, Assessment.deleted_at.is_(None))
    found = (await tx.db.execute(wanted.order_by(Assessment.created_at, Assessment.id))).scalars().all()
    for test in found:
        document = await document_of_test(tx, test)
        placing = Placing(
            course_id=course.id,
            owner_id=course.created_by_id,
            title=test.title,
            language=course.language,
            kind=test.kind,
            id=copied_id(course.id, test.id),
            lesson_id=lessons.get(test.lesson_id),
            pass_ppm=test.pass_ppm,
            attempts_max=test.attempts_max,
            duration_s=test.duration_s,
        )
        drafts = bank_drafts(document, course_id=course.id, title=test.title)
        await put_assessment(tx, placing, drafts, publish=False)
    return [test.id for test in found]


async def _copy_drafts(tx: Tx, course: Course, of_id: UUID, lessons: Lessons) -> list[UUID]:
    """Questions and tests as they stand on the phones of the course's staff."""
    for draft in await _of(tx, QuestionDraft, of_id):
        values = {name: getattr(draft, name) for name in _DRAFTED}
        id_ = copied_id(course.id, draft.id)
        tx.db.add(QuestionDraft(id=id_, course_id=course.id, owner_id=course.created_by_id, **values))
    tests = await _of(tx, TestDraft, of_id)
    for test in tests:
        tx.db.add(
            TestDraft(
                id=copied_id(course.id, test.id),
                course_id=course.id,
                owner_id=course.created_by_id,
                lesson_id=lessons.get(test.lesson_id),
                draft_ids=[str(copied_id(course.id, UUID(str(id_)))) for id_ in test.draft_ids],
                assessment_id=None if test.assessment_id is None else copied_id(course.id, test.assessment_id),
                **{name: getattr(test, name) for name in _COMPOSED},
            )
        )
    await tx.db.flush()
    return [test.id for test in tests]


async def _of(tx: Tx, model: type[D], course_id: UUID) -> Sequence[D]:
    statement = select(model).where(model.course_id == course_id, model.deleted_at.is_(None)).order_by(model.id)
    return (await tx.db.execute(statement)).scalars().all()
