"""Taking a course, or its questions, elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO, Literal
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from server.base.actor import Actor
from server.base.ids import new_id
from server.base.limits import UPLOAD, Limiter
from server.base.work import Work
from server.imports.course_file import export_course, export_questions
from server.imports.uploads import folder_of, forget

Format = Literal["course", "gift", "aiken", "csv", "moodle_xml", "qti21", "qti22", "qti30"]
CHUNK_BYTES = 256 * 1024


@get("/api/v1/courses/{course_id:uuid}/export", operation_id="ExportCourse", opt={"own_budget": True})
async def get_export(
    request: Request[Any, Any, Any],
    course_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    format_: Annotated[Format, QueryParameter(name="format")] = "course",
) -> Stream | Response[bytes]:
    """The course's own file, with its tests and their keys; or its questions alone in another format.

    For the course's staff. `export-losses` counts the questions that the format cannot hold whole.
    """
    limiter: Limiter = request.app.state.limiter
    await limiter.take(UPLOAD, str(actor.id))
    work: Work = request.app.state.work
    if format_ != "course":
        written = await export_questions(work, actor, course_id, format_)
        lost = sum(entry.outcome != "ok" for entry in written.losses.entries)
        headers = {"content-disposition": _saved_as(course_id, written.extension), "export-losses": str(lost)}
        return Response(written.content, media_type=written.media_type, headers=headers)
    file, size = await _packed(work, actor, course_id)
    headers = {"content-disposition": _saved_as(course_id, "spark.zip"), "content-length": str(size)}
    return Stream(_given(file), media_type="application/zip", headers=headers)


async def _packed(work: Work, actor: Actor, course_id: UUID) -> tuple[BinaryIO, int]:
    """The course's file, open and without a name: it is gone with whoever reads it, and after a crash."""
    path = folder_of(work.settings.tmp) / f"{new_id()}.upload"
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True, mode=0o700)
    try:
        size = await export_course(work, actor, course_id, path)
        return await asyncio.to_thread(path.open, "rb"), size
    finally:
        forget(path)


async def _given(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk


def _saved_as(course_id: UUID, extension: str) -> str:
    return f'attachment; filename="course-{course_id}.{extension}"'
