"""What a course needs on a phone in one quality, for those who do not read it from their rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy import text

from server.base.errors import Forbidden, Invalid
from server.base.http.envelope import success
from server.base.tx import Tx
from server.catalog import packs, policy, queries
from server.catalog.course_media import CourseMedia
from server.catalog.models import Course
from server.catalog.pack_schemas import PackAnswer, PackAnswerFile, PackAnswerLesson, PackFile, PackWeight
from server.media.capability import ends_at
from server.media.quality import QUALITIES, Chosen, Phone, Quality, choose

_PACKS = text(
    """
    select p.id, l.text_bytes, p.files\\:\\:text as files
    from catalog_packs p join catalog_lessons l on l.id = p.id
    where p.course_id = :course and p.deleted_at is null and l.deleted_at is null
        and (:staff or p.published_at is not null) and (cast(:lesson as uuid) is null or p.id = cast(:lesson as uuid))
    order by l.rank, l.id
    """
)
_USED = text(
    "select file_id from media_uses where course_id = :course and published_at is not null and deleted_at is null"
)


class QualityUnknown(Invalid):
    """A pack is of the quality text, audio, low or normal."""

    code = "pack.quality"


class PackClosed(Forbidden):
    """The course is not open to you."""

    code = "course.closed"


@dataclass(frozen=True)
class Asked:
    """In which quality a course is wanted, and for which phone."""

    quality: Quality
    phone: Phone


def asked_for(default: Quality) -> Provide:
    """A route's dependency `asked`, read from its address. Raises QualityUnknown."""

    def read(
        quality: Annotated[str, QueryParameter(max_length=10)] = default,
        width: Annotated[int, QueryParameter(ge=1, le=10_000)] = 480,
        ratio: Annotated[float, QueryParameter(ge=0.5, le=8)] = 2.0,
        opus: FromQuery[bool] = True,  # noqa: FBT002 - the address's own word
    ) -> Asked:
        return Asked(read_quality(quality), Phone(width=width, ratio=ratio, has_opus=opus))

    return Provide(read, sync_to_thread=False)


@get("/api/v1/courses/{course_id:uuid}/pack", operation_id="CoursePack", dependencies={"asked": asked_for("normal")})
async def get_pack(
    request: Request[Any, Any, Any],
    course_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    asked: NamedDependency[Asked],
    lesson: FromQuery[UUID | None] = None,
) -> Response[Any]:
    """Lessons with their files, and where those lie; 404 to strangers. `width`, `ratio`, `opus`: the phone's."""
    course = await tx.get_visible(Course, course_id)
    door = await queries.door_of(tx, course)
    reason = policy.why_closed(tx.actor, door, now=tx.now)
    if reason is not None:
        raise PackClosed(fields={"reason": reason})
    media: CourseMedia = request.app.state.course_media
    rows = await tx.db.execute(_PACKS, {"course": course_id, "lesson": lesson, "staff": door.is_staff})
    lessons = await _lessons(tx, rows.all(), asked.quality, asked.phone)
    answer = PackAnswer(
        course_id=course_id,
        revision=course.revision,
        quality=asked.quality,
        path=media.path_of(course_id),
        path_expires_at=ends_at(tx.now),
        bytes=_weight(lessons),
        lessons=[one for one, _ in lessons],
    )
    etag = f'"{hashlib.sha256(msgspec.json.encode(answer)).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(success(answer), headers=headers)


def read_quality(word: str) -> Quality:
    """Raises QualityUnknown."""
    found = next((quality for quality in QUALITIES if quality == word), None)
    if found is None:
        raise QualityUnknown(fields={"quality": f"One of {', '.join(QUALITIES)}."})
    return found


async def files_of_course(tx: Tx, course_id: UUID, quality: Quality, phone: Phone) -> list[PackAnswerFile]:
    """What the published course shows, in lessons and in tests, each file once, in the order in which it is needed."""
    rows = await tx.db.execute(_PACKS, {"course": course_id, "lesson": None, "staff": False})
    lessons = await _lessons(tx, rows.all(), quality, phone)
    found = sorted((file for lesson, _ in lessons for file in lesson.files), key=lambda file: file.priority)
    used = (await tx.db.execute(_USED, {"course": course_id})).scalars()
    others = await packs.shown_files(tx, {*used} - {file.file_id for file in found})
    found += [
        PackAnswerFile(id_, one.name, one.mime, one.bytes, one.sha256, packs.PICTURE)
        for id_, file in others.items()
        for one in choose(file, quality, phone)
    ]
    return list({file.sha256: file for file in found}.values())


async def _lessons(tx: Tx, rows: Sequence[Any], quality: Quality, phone: Phone) -> list[tuple[PackAnswerLesson, int]]:
    """Each with the bytes of its rows."""
    named = {row.id: msgspec.json.decode(row.files, type=list[PackFile]) for row in rows}
    shown = await packs.shown_files(tx, {file.file_id for files in named.values() for file in files})
    found = []
    for row in rows:
        files = [
            _answered(file, one, shown[file.file_id])
            for file in named[row.id]
            if file.file_id in shown
            for one in choose(shown[file.file_id], quality, phone)
        ]
        size = row.text_bytes + sum(file.bytes for file in files)
        found.append((PackAnswerLesson(row.id, size, files), row.text_bytes))
    return found


def _answered(file: PackFile, one: Chosen, of: packs.ShownFile) -> PackAnswerFile:
    return PackAnswerFile(
        file.file_id, one.name, one.mime, one.bytes, one.sha256, file.priority, of.attribution or None
    )


def _weight(lessons: Sequence[tuple[PackAnswerLesson, int]]) -> PackWeight:
    files = {file.sha256: file.bytes for lesson, _ in lessons for file in lesson.files}
    return PackWeight(rows=sum(rows for _, rows in lessons), files=sum(files.values()))
