"""Packs over HTTP: the whole file, resumable, for a card or a school's laptop; the signed list, for a phone's own."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from server.base.actor import Actor
from server.base.http.envelope import Success, success
from server.base.signing import Signature
from server.base.work import Work
from server.catalog.course_media import CourseMedia
from server.catalog.pack_routes import Asked, asked_for
from server.exchange.course_packs.gathering import CoursePack, gather
from server.exchange.course_packs.writing import PackFiles
from server.media.disk import OpenFile
from server.media.serving import Conditions, choose_part

MIME = "application/vnd.spark.pack+zip"


class SetPath(Struct, frozen=True):
    """Where the base files of a set lie; a chunk's name follows."""

    bucket: str
    path: str


class ManifestAnswer(Struct, frozen=True):
    manifest: str  # `pack.json` as it was signed, byte for byte.
    signature: Signature
    paths: list[SetPath]


OF_LOW = {"asked": asked_for("low")}


@get("/api/v1/courses/{course_id:uuid}/pack/file", operation_id="CoursePackFile", dependencies=OF_LOW)
async def get_pack_file(
    request: Request[Any, Any, Any],
    course_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    asked: NamedDependency[Asked],
) -> Response[bytes] | Stream:
    """The course as one signed file, whole or a range; what the store has lost is named in it. 404 to strangers."""
    work: Work = request.app.state.work
    files: PackFiles = request.app.state.pack_files
    path, pack = await files.make(await gather(work, actor, course_id, asked.quality, asked.phone))
    media: CourseMedia = request.app.state.course_media
    await media.missing.tell([file.sha256 for file in pack.manifest.missing])
    file = OpenFile(path)
    part = choose_part(file.bytes, f'"{path.stem}"', Conditions.of(request.headers))
    headers = part.headers | {
        "cache-control": "private, no-cache",
        "content-disposition": f'attachment; filename="{course_id}-{pack.manifest.quality}.sparkpack"',
    }
    if part.status == 304:
        return Response(b"", status_code=304, headers=headers)
    length = part.end - part.start + 1
    headers["content-length"] = str(length)
    return Stream(file.pieces(part.start, length), status_code=part.status, headers=headers, media_type=MIME)


@get("/api/v1/courses/{course_id:uuid}/pack/manifest", operation_id="CoursePackManifest", dependencies=OF_LOW)
async def get_pack_manifest(
    request: Request[Any, Any, Any],
    course_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    asked: NamedDependency[Asked],
) -> Success[ManifestAnswer]:
    """For a phone that writes a pack of its own: the signed list, and where the rows' files lie; 404 to strangers."""
    work: Work = request.app.state.work
    pack: CoursePack = await gather(work, actor, course_id, asked.quality, asked.phone)
    files = request.app.state.exchange.files
    buckets = list(dict.fromkeys(one.bucket for one in pack.manifest.sets))
    answer = ManifestAnswer(
        manifest=pack.signed.body.decode(),
        signature=pack.signed.signature,
        paths=[SetPath(bucket, files.path_of(bucket)) for bucket in buckets],
    )
    return success(answer)
