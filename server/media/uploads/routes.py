"""Uploads over HTTP: sessions as JSON, parts as bodies.

`/uploads/{token}/{number}` is written for ASGI alone: a body is kept as it comes, also of a link that is cut.
"""

import re
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, asgi, delete, get, post
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import Receive, Scope, Send

from server.base.actor import Actor
from server.base.db import Database
from server.base.http.envelope import Success, success
from server.base.http.operations import operation
from server.base.http.patience import UNREAD
from server.base.limits import Limit, Limiter
from server.base.tx import Tx
from server.base.work import Work
from server.media.uploads import sessions
from server.media.uploads.errors import LengthMissing, PartHash, PartNumber, UploadUnknown, WrongOffset
from server.media.uploads.parts import Receiving, SenderGone, check_part, read_kept
from server.media.uploads.places import Places, UnderWay
from server.media.uploads.schemas import CompleteRequest, UploadAnswer, UploadRequest
from server.media.uploads.sessions import NewUpload
from server.media.uploads.token import key_of, read_token

PARTS = Limit("upload-part", count=1200, per_s=60, burst=1200)  # of one upload
SESSIONS = Limit("upload-session", count=600, per_s=60, burst=600)  # of one person: asked after each cut, too
# A browser whose connection is cut sends the whole request again by itself, if it had used the connection before: parts
# go over fresh ones, so that what was sent is not sent twice behind our back.
FRESH = {"connection": "close"}
_NUMBER = re.compile(r"[0-9]{1,5}")
_LENGTH = re.compile(r"[0-9]{1,10}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

places = Places()  # of this process: its memory is what they share


@post(
    ["/api/v1/uploads", "/api/v1/media/uploads", "/api/v1/content/upload-url"],
    operation_id=operation("BeginUpload"),
    opt={"own_budget": True},
)
async def begin_upload(
    request: Request[Any, Any, Any], data: JSONBody[UploadRequest], actor: NamedDependency[Actor]
) -> Response[Success[UploadAnswer]]:
    """Begin sending a file, or go on with it: the answer says what is here already, and where the parts go.

    201 when the session is new, 200 when it was there. The same file of the same owner is `ready` at once.
    """
    limiter: Limiter = request.app.state.limiter
    await limiter.take(SESSIONS, str(actor.id))
    new = NewUpload(
        id=data.id,
        name=data.name,
        bytes=data.bytes,
        mime=data.mime,
        sha256=data.sha256,
        purpose=data.purpose,
        purpose_id=data.purpose_id,
        licence=data.licence,
        attribution=data.attribution,
    )
    await places.keep_now(data.id)
    async with _database(request).transaction(actor) as tx:
        upload, is_new = await sessions.new_session(tx, new)
        answer = await sessions.answer_for(tx, upload, key=_key(request))
    return Response(success(answer), status_code=201 if is_new else 200, headers=FRESH)


@get("/api/v1/uploads", operation_id="Uploads")
async def list_uploads(
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    open_: Annotated[int, QueryParameter(name="open", ge=0, le=1)] = 1,
) -> Success[list[UploadAnswer]]:
    """The caller's uploads that are under way, the oldest first."""
    del open_  # The address says what it lists; those that ended are rows on the phone.
    key = _key(request)
    return success([await sessions.answer_for(tx, upload, key=key) for upload in await sessions.open_uploads(tx)])


@get("/api/v1/uploads/{upload_id:uuid}", operation_id="Upload", opt={"own_budget": True})
async def get_upload(
    request: Request[Any, Any, Any], upload_id: FromPath[UUID], actor: NamedDependency[Actor]
) -> Success[UploadAnswer]:
    """How it stands, what is here, and a fresh path. Asked after each link that was cut."""
    limiter: Limiter = request.app.state.limiter
    await limiter.take(PARTS, str(upload_id))
    await places.keep_now(upload_id)
    async with _database(request).transaction(actor) as tx:
        upload = await sessions.find_upload(tx, upload_id)
        return success(await sessions.answer_for(tx, upload, key=_key(request)))


@post("/api/v1/uploads/{upload_id:uuid}/complete", operation_id="CompleteUpload", status_code=202)
async def complete_upload(
    request: Request[Any, Any, Any], upload_id: FromPath[UUID], data: JSONBody[CompleteRequest], tx: NamedDependency[Tx]
) -> Success[UploadAnswer]:
    """All parts are sent: have the file looked at. What becomes of it is in the row `media.uploads`."""
    upload = await sessions.complete(tx, upload_id, sha256=data.sha256)
    return success(await sessions.answer_for(tx, upload, key=_key(request)))


@delete("/api/v1/uploads/{upload_id:uuid}", operation_id="CancelUpload")
async def cancel_upload(upload_id: FromPath[UUID], tx: NamedDependency[Tx]) -> None:
    """Give it up. Twice is once; what has been taken stays."""
    await sessions.cancel(tx, upload_id)


@asgi("/uploads", is_mount=True, copy_scope=True)
async def put_part(scope: Scope, receive: Receive, send: Send) -> None:
    """`PUT /uploads/{token}/{number}`: a part, or what is left of it from `upload-offset` on. 204 when it is whole."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != "PUT":
        raise MethodNotAllowedException
    state = scope["litestar_app"].state
    work: Work = state.work
    _, token, number, *rest = f"{scope['path']}//".split("/")
    upload_id = read_token(key_of(work.settings.signing_key), token, now_s=time.time())
    if upload_id is None or any(rest):
        raise UploadUnknown
    if not _NUMBER.fullmatch(number):
        raise PartNumber
    await state.limiter.take(PARTS, str(upload_id))
    await places.end_silent(upload_id, int(number))
    try:
        with places.followed(upload_id, int(number)) as under_way:
            body = _body(scope, receive)
            received = await _take_part(work, upload_id, int(number), _headers(scope), body, under_way)
    except SenderGone:
        return  # Nobody is there to be answered.
    headers = [(b"upload-offset", str(received).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _take_part(
    work: Work,
    upload_id: UUID,
    number: int,
    headers: dict[str, str],
    body: AsyncIterator[bytes],
    under_way: UnderWay,
) -> int:
    """Bytes of the part, which is whole now."""
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        raise LengthMissing
    offset, sha256 = headers.get("upload-offset", "0"), headers.get("part-sha256", "")
    if not _SHA256.fullmatch(sha256):
        raise PartHash
    kept = await read_kept(work, upload_id, number)
    if kept is None:
        raise UploadUnknown
    if not _LENGTH.fullmatch(offset):
        raise WrongOffset(kept.received)
    passed_over = check_part(kept, offset=int(offset), sha256=sha256, length=int(length))
    if passed_over is not None:
        with places.taken(kept.session.owner_id):
            await Receiving(work, kept, sha256, under_way, passes_over=passed_over).run(body)
    return kept.size


async def _body(scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
    """What came, to its last byte. Raises SenderGone after it when the link was cut."""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            if UNREAD in scope:
                yield scope[UNREAD]()  # type: ignore[literal-required]  # ours alone
            raise SenderGone
        if message["body"]:
            yield message["body"]
        if not message["more_body"]:
            return


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _database(request: Request[Any, Any, Any]) -> Database:
    database: Database = request.app.state.database
    return database


def _key(request: Request[Any, Any, Any]) -> bytes:
    work: Work = request.app.state.work
    return key_of(work.settings.signing_key)


handlers = (begin_upload, list_uploads, get_upload, complete_upload, cancel_upload, put_part)
