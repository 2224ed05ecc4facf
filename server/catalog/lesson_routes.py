"""Sections and lessons over HTTP, for those who write them and for those who read online."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server.base.http.envelope import Success, success
from server.base.http.packing import PACKED
from server.base.tx import Tx
from server.catalog import courses, lessons, revisions
from server.catalog.blocks import TEXT_BYTES_MAX
from server.catalog.routes import with_etag
from server.catalog.schemas import EditLesson, LessonAnswer, NewLesson, NewSection, RevisionText, SectionRow

BODY_BYTES_MAX = TEXT_BYTES_MAX + 100_000


@post("/api/v1/courses/{course_id:uuid}/sections", operation_id="AddSection")
async def add_section(
    course_id: FromPath[UUID], data: JSONBody[NewSection], tx: NamedDependency[Tx]
) -> Success[SectionRow]:
    """A section at the end of the course."""
    section = await lessons.add_section(tx, course_id, data)
    return success(SectionRow(id=section.id, course_id=section.course_id, title=section.title, rank=section.rank))


@post("/api/v1/sections/{section_id:uuid}/lessons", operation_id="AddLesson", request_max_body_size=BODY_BYTES_MAX)
async def add_lesson(
    section_id: FromPath[UUID], data: JSONBody[NewLesson], tx: NamedDependency[Tx]
) -> Success[LessonAnswer]:
    """A lesson at the end of the course, in this section. Inline text goes through the sieve."""
    return success(await lessons.add_lesson(tx, section_id, data))


@get("/api/v1/lessons/{lesson_id:uuid}", operation_id="Lesson", middleware=[PACKED])
async def get_lesson(
    request: Request[Any, Any, Any], lesson_id: FromPath[UUID], tx: NamedDependency[Tx]
) -> Response[Success[LessonAnswer]]:
    """A lesson with its blocks, for who may open it. Answers 304 to the ETag of what it would say."""
    return with_etag(request, await lessons.read_lesson(tx, lesson_id))


@get("/api/v1/courses/{course_id:uuid}/revisions/{revision_id:uuid}/before", operation_id="LessonBefore")
async def get_lesson_before(
    course_id: FromPath[UUID], revision_id: FromPath[UUID], tx: NamedDependency[Tx]
) -> Success[RevisionText]:
    """What stood in a lesson before a change of what learners see, for the course's staff."""
    await courses.require_editor(tx, course_id)
    return success(await revisions.text_before(tx, course_id, revision_id))


@patch("/api/v1/lessons/{lesson_id:uuid}", operation_id="EditLesson", request_max_body_size=BODY_BYTES_MAX)
async def edit_lesson(
    lesson_id: FromPath[UUID], data: JSONBody[EditLesson], tx: NamedDependency[Tx]
) -> Success[LessonAnswer]:
    """Change what is given; what is left out stays."""
    return success(await lessons.edit_lesson(tx, lesson_id, data))


@delete("/api/v1/lessons/{lesson_id:uuid}", operation_id="DeleteLesson", status_code=204)
async def delete_lesson(lesson_id: FromPath[UUID], tx: NamedDependency[Tx]) -> None:
    """Take it out of the course and off phones."""
    await lessons.delete_lesson(tx, lesson_id)
