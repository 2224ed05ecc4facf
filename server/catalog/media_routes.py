"""Files of courses over HTTP. Here and not in `media`, for who may see a file follows from the courses that show it."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from server.base import clock
from server.base.actor import Actor
from server.base.db import Database
from server.base.errors import Unauthenticated
from server.base.http.envelope import Success, success
from server.base.limits import Limit, Limiter
from server.base.tx import Tx
from server.catalog import queries
from server.identity.actors import actor_of_session
from server.identity.tokens import Tokens
from server.media import serving
from server.media.files import courses_showing

CAPABILITY_S = 24 * 3600
PURPOSE = "media"
DOWNLOADS = Limit("media", count=3000, per_s=60, burst=3000)  # A course of a thousand images in one go.


class MediaCapability(Struct, frozen=True):
    capability: str  # For the path: /media/{capability}/{sha256}
    expires_in: int  # seconds


@get("/api/v1/media/capability", operation_id="MediaCapability")
async def media_capability(request: Request[Any, Any, Any], actor: NamedDependency[Actor]) -> Success[MediaCapability]:
    """A word for the path of files, for elements that cannot send a header. Ends after a day, or with the session."""
    if actor.session_id is None:
        raise Unauthenticated
    tokens: Tokens = request.app.state.tokens
    word = tokens.make_link(PURPOSE, actor.session_id, now=clock.now(), valid_s=CAPABILITY_S)
    return success(MediaCapability(capability=word, expires_in=CAPABILITY_S))


@get("/media/{sha256:str}", operation_id="Media", opt={"own_budget": True})
async def get_media(
    request: Request[Any, Any, Any], sha256: FromPath[str], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> Response[bytes] | Stream:
    """A file by its hash. 404 for what is not there and for what is not for the caller."""
    return await _answer(request, tx, actor, sha256)


@get("/media/{capability:str}/{sha256:str}", operation_id="MediaByCapability", opt={"public": True})
async def get_media_by_capability(
    request: Request[Any, Any, Any], capability: FromPath[str], sha256: FromPath[str]
) -> Response[bytes] | Stream:
    """The same, with a capability instead of a bearer token. The rights are those of now, not of when it was made."""
    tokens: Tokens = request.app.state.tokens
    database: Database = request.app.state.database
    session_id = tokens.read_link(capability, PURPOSE)
    async with database.transaction() as tx:
        actor = await actor_of_session(tx, session_id)
    async with database.transaction(actor) as tx:
        return await _answer(request, tx, actor, sha256)


async def _answer(request: Request[Any, Any, Any], tx: Tx, actor: Actor, sha256: str) -> Response[bytes] | Stream:
    limiter: Limiter = request.app.state.limiter
    await limiter.take(DOWNLOADS, str(actor.id))
    if not serving.SHA256.fullmatch(sha256):
        raise serving.file_not_found()
    course_ids = await courses_showing(tx, sha256)
    is_open = await queries.may_see_file(tx, course_ids) or await queries.may_see_bytes(tx, sha256)
    if not is_open:  # Permission before existence.
        raise serving.file_not_found()
    file = await serving.find_bytes(tx, sha256)
    media: serving.MediaBytes = request.app.state.course_media.media
    return await serving.answer_bytes(media, file, serving.Conditions.of(request.headers))
