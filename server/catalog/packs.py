"""Packs: what each lesson needs on a phone, and what that weighs by quality, as rows that change when a lesson does.

    catalog_packs     a lesson: its files in the order in which they are fetched, bytes by quality
    catalog_courses   pack_bytes: the same of the whole course, each file counted once

Counted anew in the transaction that changes a text or a file, and written where it differs: a phone that has the course
learns of one changed lesson by one row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from server.base.events import Subscription
from server.base.tx import Tx
from server.catalog.blocks import Audio, Block, Document, Image, Package, Video, walk
from server.catalog.events import CoursePublished, CourseUnpublished
from server.catalog.pack_schemas import PackFile
from server.catalog.schemas import PackBytes
from server.media.events import FileReady
from server.media.models import MediaFile
from server.media.quality import choose
from server.media.schemas import FileKind, RenditionRow, VariantRow

FOLD_BLOCKS = 8  # What a reader sees first, roughly.
FIRST, SOUND, PICTURE, FILM, DOCUMENT = range(5)  # PackFile.priority
_PRIORITY: Mapping[type, int] = {Video: FILM, Audio: SOUND, Document: DOCUMENT, Package: DOCUMENT}
_BLOCKS: type[list[Block]] = list[Block]

_LESSONS = text(
    """
    select t.id, t.blocks\\:\\:text as blocks, l.text_bytes, t.published_at, t.deleted_at
    from catalog_lesson_texts t join catalog_lessons l on l.id = t.id
    where t.course_id = :course and (cast(:only as uuid[]) is null or t.id = any(cast(:only as uuid[])))
    """
)
_PUT = text(
    """
    insert into catalog_packs as p (id, course_id, bytes, files, weights, published_at, deleted_at)
    values (:id, :course, cast(:bytes as json), cast(:files as json), cast(:weights as json),
        :published_at, :deleted_at)
    on conflict (id) do update set bytes = excluded.bytes, files = excluded.files, weights = excluded.weights,
        published_at = excluded.published_at, deleted_at = excluded.deleted_at
    where (p.bytes\\:\\:text, p.files\\:\\:text, p.weights\\:\\:text, p.published_at, p.deleted_at)
        is distinct from (excluded.bytes\\:\\:text, excluded.files\\:\\:text, excluded.weights\\:\\:text,
            excluded.published_at, excluded.deleted_at)
    """
)
_LOCK = text("select from catalog_courses where id = :course for no key update")
_FOLLOW = text(
    """
    update catalog_packs p set published_at = t.published_at, deleted_at = t.deleted_at
    from catalog_lesson_texts t
    where t.id = p.id and p.course_id = :course
        and (p.published_at, p.deleted_at) is distinct from (t.published_at, t.deleted_at)
    """
)
_SUM = text(
    """
    with lessons as materialized (
        select bytes, weights from catalog_packs where course_id = :course and deleted_at is null
    ), files as (
        (select distinct on (w.key) w.value from lessons, json_each(weights) w)
        union all select value from json_array_elements(cast(:loose as json))
    ), sums as (
        select coalesce((select sum((bytes ->> 'text')\\:\\:bigint) from lessons), 0) as text,
            coalesce(sum((value ->> 0)\\:\\:bigint), 0) as audio,
            coalesce(sum((value ->> 1)\\:\\:bigint), 0) as low,
            coalesce(sum((value ->> 2)\\:\\:bigint), 0) as normal
        from files
    ), packed as (
        select format('{"text":%s,"audio":%s,"low":%s,"normal":%s}', text, text + audio, text + low, text + normal)
            as bytes from sums
    )
    update catalog_courses c set pack_bytes = packed.bytes\\:\\:json
    from packed where c.id = :course and c.pack_bytes\\:\\:text is distinct from packed.bytes
    """
)
_LOOSE = text(  # Pictures of tests: phones take them with the course, and no lesson's pack names them.
    """
    select u.file_id from media_uses u
    where u.course_id = :course and u.deleted_at is null and u.file_id\\:\\:text not in (
        select json_object_keys(p.weights) from catalog_packs p where p.course_id = :course)
    """
)
_USED_BY = text(
    """
    select p.course_id, array_agg(p.id) as lessons from catalog_packs p
    where p.course_id in (select u.course_id from media_uses u where u.file_id = cast(:file as uuid)
        and u.course_id is not null and u.deleted_at is null)
        and p.weights\\:\\:jsonb ? cast(:file as text)
    group by p.course_id order by p.course_id
    """
)


@dataclass(frozen=True)
class ShownFile:
    """A file with what was made of it, as `quality.choose` asks."""

    kind: FileKind
    variants: Sequence[VariantRow]
    renditions: Sequence[RenditionRow]
    attribution: str | None = None


async def recount_packs(tx: Tx, course_id: UUID, *, lesson_ids: Sequence[UUID] | None = None) -> None:
    """Count the lessons' packs anew (all of the course, or these), and the course's sum. Twice is once."""
    await count_lessons(tx, course_id, lesson_ids=lesson_ids)
    await sum_packs(tx, course_id)


async def count_lessons(tx: Tx, course_id: UUID, *, lesson_ids: Sequence[UUID] | None = None) -> None:
    """The first half: `sum_packs` is to follow."""
    await tx.db.flush()
    lessons = (await tx.db.execute(_LESSONS, {"course": course_id, "only": lesson_ids})).all()
    wanted = {row.id: files_in_order(msgspec.json.decode(row.blocks, type=_BLOCKS)) for row in lessons}
    files = await shown_files(tx, {file.file_id for named in wanted.values() for file in named})
    rows = [
        _row(wanted[row.id], files, row.text_bytes)
        | {"id": row.id, "course": course_id, "published_at": row.published_at, "deleted_at": row.deleted_at}
        for row in lessons
    ]
    if rows:
        await tx.db.execute(_PUT, rows)


async def sum_packs(tx: Tx, course_id: UUID) -> None:
    """What lessons came, went, were shown or hidden; their texts did not change."""
    await tx.db.flush()
    await tx.db.execute(_LOCK, {"course": course_id})  # Two who count see each other's lessons.
    await tx.db.execute(_FOLLOW, {"course": course_id})
    loose = list((await tx.db.execute(_LOOSE, {"course": course_id})).scalars())
    weights = [weigh(file) for file in (await shown_files(tx, loose)).values()] if loose else []
    await tx.db.execute(_SUM, {"course": course_id, "loose": _json(weights)})


def files_in_order(blocks: list[Block]) -> list[PackFile]:
    """The files of a lesson, each once, by priority and then as they are read."""
    found: dict[UUID, int] = {}
    for place, (block, _depth) in enumerate(walk(blocks)):
        file_id = block.package_id if isinstance(block, Package) else getattr(block, "file_id", None)
        if file_id is None:
            continue
        first = FIRST if place < FOLD_BLOCKS else PICTURE
        priority = first if isinstance(block, Image) else _PRIORITY[type(block)]
        captions = dict.fromkeys(block.captions_ids, SOUND) if isinstance(block, Video) else {}
        for id_, its in ({file_id: priority} | captions).items():
            found[id_] = min(found.get(id_, its), its)
    return sorted((PackFile(id_, priority) for id_, priority in found.items()), key=lambda file: file.priority)


async def shown_files(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, ShownFile]:
    """Those that are there, by id."""
    shown = (MediaFile.kind, MediaFile.variants, MediaFile.renditions, MediaFile.attribution)
    statement = select(MediaFile.id, *shown)
    rows = (await tx.db.execute(statement.where(MediaFile.id.in_(list(ids)), MediaFile.deleted_at.is_(None)))).all()
    return {
        row.id: msgspec.convert({column.key: getattr(row, column.key) for column in shown}, type=ShownFile)
        for row in rows
    }


def weigh(file: ShownFile | None) -> list[int]:
    """Bytes for audio, low and normal; nothing while nothing was made of it."""
    if file is None:
        return [0, 0, 0]
    return [sum(one.bytes for one in choose(file, quality)) for quality in ("audio", "low", "normal")]


def _row(named: Sequence[PackFile], files: Mapping[UUID, ShownFile], text_bytes: int) -> dict[str, Any]:
    weights = {str(file.file_id): weigh(files.get(file.file_id)) for file in named}
    audio, low, normal = (sum(weight[n] for weight in weights.values()) for n in range(3))
    size = PackBytes(text_bytes, text_bytes + audio, text_bytes + low, text_bytes + normal)
    return {"bytes": _json(size), "files": _json(named), "weights": _json(weights)}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _course_changed(tx: Tx, event: CoursePublished | CourseUnpublished) -> None:
    await recount_packs(tx, event.course_id)


async def _file_changed(tx: Tx, event: FileReady) -> None:
    """Count the lessons that show it."""
    for row in (await tx.db.execute(_USED_BY, {"file": str(event.file_id)})).all():
        await recount_packs(tx, row.course_id, lesson_ids=row.lessons)


subscriptions = (
    Subscription(CoursePublished, _course_changed),
    Subscription(CourseUnpublished, _course_changed),
    Subscription(FileReady, _file_changed),
)
