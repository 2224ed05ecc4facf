"""Sending a file in, and asking how far it is."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.base.actor import Actor
from server.base.db import Database
from server.base.errors import Forbidden, Invalid
from server.base.http.envelope import Success, success
from server.base.ids import new_id
from server.base.limits import UPLOAD, Limiter
from server.base.tx import Tx
from server.catalog import policy
from server.catalog.importing import Access
from server.identity.queries import is_verified_educator
from server.imports import queries, uploads
from server.imports.queries import NewImport
from server.imports.schemas import ImportAnswer, ImportKind, ImportTicket
from server.settings import Settings

NAME_LENGTH_MAX = 200


class WhereTo(Invalid):
    """Questions go into a course, as a practice test with a title."""

    code = "import.where_to"


@post(
    "/api/v1/imports",
    operation_id="StartImport",
    status_code=202,
    request_max_body_size=uploads.FILE_BYTES_MAX + uploads.FORM_EXTRA_BYTES,
)
async def start_import(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    kind: FromQuery[ImportKind],
    publish: FromQuery[bool] = False,  # noqa: FBT002 - the address's own word
    access: FromQuery[Access] = "free",
    course: Annotated[str | None, QueryParameter(max_length=255)] = None,
    practice: Annotated[str | None, QueryParameter(min_length=1, max_length=200)] = None,
) -> Success[ImportTicket]:
    """Take a file of at most 200 MB, as the body or as the first file of a form, and import it in the background.

    `kind=cartridge` makes a course; `kind=gift` a practice test called `practice` in the course with slug `course`.
    """
    if kind == "gift" and not (course and practice):
        missing = {"course": course, "practice": practice}
        raise WhereTo(fields={name: "Is needed for questions." for name, value in missing.items() if not value})
    await _refuse_early(request, actor)
    settings: Settings = request.app.state.settings
    import_id = new_id()
    path = uploads.path_of(settings.tmp, import_id)
    size = await uploads.receive(_body(request), path, boundary=_boundary(request))
    new = NewImport(
        id=import_id,
        kind=kind,
        name=_file_name(request),
        bytes=size,
        publish=publish,
        access=access,
        course_slug=course,
        practice_title=practice,
    )
    try:
        async with _database(request).transaction(actor) as tx:
            await queries.add_import(tx, new)
            await tx.audit("imports.import.start", kind="import", id_=import_id, file=new.name, bytes=size)
    except BaseException:  # No row, no file.
        uploads.forget(path)
        raise
    return success(ImportTicket(id=import_id))


@get("/api/v1/imports/{import_id:uuid}", operation_id="Import", opt={"own_budget": True})
async def get_import(import_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[ImportAnswer]:
    """How far it is, and what became of each item. Asked every second or so by whoever waits."""
    return success(await queries.read_import(tx, import_id))


async def _refuse_early(request: Request[Any, Any, Any], actor: Actor) -> None:
    """Before a single byte of the body is read."""
    async with _database(request).transaction(actor) as tx:
        if not policy.may_import(actor, is_verified=await is_verified_educator(tx, actor.id)):
            raise Forbidden("Educators import once staff have checked who they are; ask to be verified.")
        await queries.refuse_too_many(tx)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > uploads.FILE_BYTES_MAX + uploads.FORM_EXTRA_BYTES:
        raise uploads.FileTooLarge(f"The file is larger than {uploads.FILE_BYTES_MAX // 1024 // 1024} MB.")
    limiter: Limiter = request.app.state.limiter
    await limiter.take(UPLOAD, str(actor.id))


async def _body(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk


def _boundary(request: Request[Any, Any, Any]) -> str | None:
    """Of a form; None for a bare body."""
    media_type, options = request.content_type
    return options.get("boundary") if media_type == "multipart/form-data" else None


def _file_name(request: Request[Any, Any, Any]) -> str:
    """What the sender calls the file: for showing, never for a path."""
    name = unquote(request.headers.get("x-file-name", ""))
    return "".join(char if char.isprintable() else " " for char in name)[:NAME_LENGTH_MAX].strip() or "file"


def _database(request: Request[Any, Any, Any]) -> Database:
    database: Database = request.app.state.database
    return database
