"""Sending a file in, and asking how far it is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.base.actor import Actor
from server.base.db import Database
from server.base.errors import AppError, BadRequest, Invalid
from server.base.http.envelope import Success, success
from server.base.ids import new_id
from server.base.limits import UPLOAD, Limiter
from server.base.tx import Tx
from server.base.work import Work
from server.catalog.importing import Access
from server.imports import queries, uploads
from server.imports.files import hand_over, own_upload, require_whole, take_back
from server.imports.queries import NewImport
from server.imports.schemas import ImportAnswer, ImportKind, ImportOrder, ImportTicket
from server.settings import Settings

NAME_LENGTH_MAX = 200
ORDER_BYTES_MAX = 16_384
COURSES = frozenset({"cartridge", "course", "scorm"})  # Kinds that can make a course; questions go into one.


class WhereTo(Invalid):
    """Questions go into a course, as a practice test with a title."""

    code = "import.where_to"


class KindMissing(Invalid):
    """Say as `kind` what the file is."""

    code = "import.kind"


class OrderBroken(BadRequest):
    """The order cannot be read."""

    code = "import.bad_order"


@post(
    "/api/v1/imports",
    operation_id="StartImport",
    status_code=202,
    request_max_body_size=uploads.FILE_BYTES_MAX + uploads.FORM_EXTRA_BYTES,
)
async def start_import(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    kind: FromQuery[ImportKind | None] = None,
    dry_run: FromQuery[bool] = False,  # noqa: FBT002 - the address's own word
    publish: FromQuery[bool] = False,  # noqa: FBT002 - the address's own word
    access: FromQuery[Access] = "free",
    course: Annotated[str | None, QueryParameter(max_length=255)] = None,
    practice: Annotated[str | None, QueryParameter(min_length=1, max_length=200)] = None,
) -> Success[ImportTicket]:
    """Import a file in the background.

    It came as an upload and is named in JSON; or it is the body, or the first file of a form, of at most 200 MB.
    `cartridge` and `course` make a course, and so does `scorm`, unless it goes into the one with slug `course`; files
    of questions make a practice test called `practice` in that course. With `dry_run` nothing is made: the report says
    what would be, and `apply` makes it of the same file.
    """
    if request.content_type[0] == "application/json":
        return success(await _start_from_upload(request, actor))
    if kind is None:
        raise KindMissing
    wanted = _Wanted(kind, dry_run, publish, access, course, practice)
    wanted.check()
    await _refuse_early(request, actor)
    settings: Settings = request.app.state.settings
    import_id, name = new_id(), _file_name(request)
    path = uploads.path_of(settings.tmp, import_id)
    work: Work = request.app.state.work
    try:
        size = await uploads.receive(_body(request), path, boundary=_boundary(request))
        upload_id = await hand_over(work, actor, path, name=name)
    finally:
        uploads.forget(path)
    try:
        async with work.database.transaction(actor) as tx:
            await _add(tx, wanted.of(import_id, upload_id=upload_id, name=name, size=size))
    except AppError:
        await take_back(work, actor, upload_id)
        raise
    return success(ImportTicket(id=import_id))


@post("/api/v1/imports/{import_id:uuid}/apply", operation_id="ApplyImport", status_code=202)
async def apply_import(import_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[ImportTicket]:
    """Make what a dry run said, of the same file. Twice is once."""
    await queries.apply(tx, import_id)
    return success(ImportTicket(id=import_id))


@dataclass(frozen=True)
class _Wanted:
    kind: ImportKind
    dry_run: bool
    publish: bool
    access: Access
    course: str | None
    practice: str | None

    def check(self) -> None:
        """Raises WhereTo."""
        if self.kind in COURSES:
            return
        missing = {"course": self.course, "practice": self.practice}
        if not all(missing.values()):
            raise WhereTo(fields={name: "Is needed for questions." for name, value in missing.items() if not value})

    def of(self, import_id: UUID, *, upload_id: UUID, name: str, size: int) -> NewImport:
        """This of that upload."""
        return NewImport(
            id=import_id,
            kind=self.kind,
            name=name,
            bytes=size,
            publish=self.publish,
            access=self.access,
            course_slug=self.course,
            practice_title=self.practice,
            dry_run=self.dry_run,
            upload_id=upload_id,
        )


async def _start_from_upload(request: Request[Any, Any, Any], actor: Actor) -> ImportTicket:
    order = await _order(request)
    wanted = _Wanted(order.kind, order.dry_run, order.publish, order.access, order.course, order.practice)
    wanted.check()
    async with _database(request).transaction(actor) as tx:
        await queries.require_importer(tx)
        upload = await own_upload(tx, order.upload_id)
        new = wanted.of(new_id(), upload_id=upload.id, name=upload.name, size=upload.bytes)
        found = await queries.find_same(tx, new)
        if found is not None:  # The answer was lost on its way.
            return ImportTicket(id=found)
        require_whole(upload)
        upload.touched_at = tx.now
        await _add(tx, new)
    return ImportTicket(id=new.id)


async def _order(request: Request[Any, Any, Any]) -> ImportOrder:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > ORDER_BYTES_MAX:
            raise OrderBroken(f"The order is longer than {ORDER_BYTES_MAX} bytes.")
    try:
        return msgspec.json.decode(body, type=ImportOrder)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise OrderBroken(f"The order cannot be read: {error}.") from error


async def _add(tx: Tx, new: NewImport) -> None:
    """Raises TooManyOpen."""
    await queries.add_import(tx, new)
    await tx.audit(
        "imports.import.start", kind="import", id_=new.id, file=new.name, bytes=new.bytes, dry_run=new.dry_run
    )


@get("/api/v1/imports/{import_id:uuid}", operation_id="Import", opt={"own_budget": True})
async def get_import(import_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[ImportAnswer]:
    """How far it is, and what became of each item. Asked every second or so by whoever waits."""
    return success(await queries.read_import(tx, import_id))


async def _refuse_early(request: Request[Any, Any, Any], actor: Actor) -> None:
    """Before a single byte of the body is read."""
    async with _database(request).transaction(actor) as tx:
        await queries.require_importer(tx)
        await queries.refuse_too_many(tx)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > uploads.FILE_BYTES_MAX + uploads.FORM_EXTRA_BYTES:
        raise uploads.too_large()
    limiter: Limiter = request.app.state.limiter
    await limiter.take(UPLOAD, str(actor.id))


async def _body(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk


def _boundary(request: Request[Any, Any, Any]) -> str | None:
    """Of a form; None for a bare body. Raises FormBroken."""
    media_type, options = request.content_type
    if media_type != "multipart/form-data":
        return None
    if not options.get("boundary"):
        raise uploads.FormBroken("The form does not say its boundary; send it as your program makes it.")
    return options["boundary"]


def _file_name(request: Request[Any, Any, Any]) -> str:
    """What the sender calls the file: for showing, never for a path."""
    name = unquote(request.headers.get("x-file-name", ""))
    return "".join(char if char.isprintable() else " " for char in name)[:NAME_LENGTH_MAX].strip() or "file"


def _database(request: Request[Any, Any, Any]) -> Database:
    database: Database = request.app.state.database
    return database
