"""Pictures of questions on their way from a file into a course: stored before the transaction, rows made in it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import msgspec
from sqlalchemy import text

from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import Entry, Question, QuestionDocument, StoredQuestion
from server.assessments.interchange.pictures import Picture, named_in, relinked, shown_texts
from server.assessments.interchange.reading import Fault, sentence
from server.base.errors import AppError
from server.base.ids import derived_id
from server.base.storage import Storage
from server.base.tx import Tx
from server.catalog.lessons import sum_up, use_files
from server.media.files import StoredImage, add_file, store_image
from server.media.images import prepare_confined
from sync.collection import Change

PICTURES_AT_ONCE = 2
PICTURES_MAX = 1_000
BYTES_MAX = 200 * 1024 * 1024

_USABLE = text(
    "select f.id from media_files f where f.id = any(:files) and f.deleted_at is null and (f.owner_id = :owner"
    " or exists (select from media_uses u where u.file_id = f.id and u.course_id = :course and u.deleted_at is null))"
    " for key share of f"  # No sweep of unused files takes it before its use is written.
)
_LEND = text(
    "insert into media_uses (id, file_id, course_id) values (:id, :file, :course)"
    " on conflict (id) do update set deleted_at = null, published_at = null where media_uses.deleted_at is not null"
)
_OPEN = text(
    "update media_uses u set published_at = c.published_at from catalog_courses c where c.id = u.course_id"
    " and u.course_id = :course and u.file_id = any(:files) and u.deleted_at is null"
    " and u.published_at is distinct from c.published_at"
)


@dataclass(frozen=True)
class Kept:
    """A document whose pictures are in the store, under the ids that its marks have."""

    document: QuestionDocument
    images: Mapping[UUID, StoredImage] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(image.largest.bytes for image in self.images.values())


async def keep_pictures(storage: Storage, document: QuestionDocument) -> Kept:
    """Make each picture fit and store it. One that cannot be kept is said by its question. Raises Unavailable."""
    wanted = {picture.id: picture for entry in document.entries if entry.question for picture in entry.pictures}
    if not wanted:
        return Kept(document)
    images: dict[UUID, StoredImage] = {}
    lost: dict[UUID, str] = {}
    turn = asyncio.Semaphore(PICTURES_AT_ONCE)

    async def keep(picture: Picture) -> None:
        async with turn:
            try:
                prepared = await prepare_confined(picture.content)
            except AppError as refused:
                lost[picture.id] = f"the picture {picture.name} was left out: {refused.message.rstrip('.')}"
            else:
                images[picture.id] = await store_image(storage, prepared)

    chosen = _within_bounds(list(wanted.values()), lost)
    try:
        async with asyncio.TaskGroup() as group:
            for picture in chosen:
                group.create_task(keep(picture))
    except ExceptionGroup as several:
        raise several.exceptions[0] from several  # Callers know refusals and outages, not groups of them.
    entries = tuple(_without(entry, lost) for entry in document.entries)
    return Kept(replace(document, entries=entries), images)


def _within_bounds(pictures: Sequence[Picture], lost: dict[UUID, str]) -> list[Picture]:
    chosen: list[Picture] = []
    size = 0
    for picture in pictures:
        size += len(picture.content)
        if len(chosen) >= PICTURES_MAX or size > BYTES_MAX:
            most = f"{PICTURES_MAX:,} pictures or {BYTES_MAX // 1024 // 1024} MB of them"
            lost[picture.id] = f"the picture {picture.name} was left out: an import takes at most {most}"
        else:
            chosen.append(picture)
    return chosen


def _without(entry: Entry, lost: Mapping[UUID, str]) -> Entry:
    reasons = [lost[picture.id] for picture in entry.pictures if picture.id in lost]
    if entry.question is None or not reasons:
        return entry
    kept = tuple(picture for picture in entry.pictures if picture.id not in lost)
    question = relinked(entry.question, {picture.id: picture.id for picture in kept})
    try:
        checked(question)
    except Fault as fault:
        why = sentence("; ".join([*reasons, str(fault)]))
        return replace(entry, outcome="failed", question=None, reason=why, pictures=())
    told = [entry.reason.rstrip(".")] if entry.reason else []
    why = sentence("; ".join([*told, *reasons]))
    return replace(entry, outcome="partial", question=question, reason=why, pictures=kept)


async def with_files(
    tx: Tx, kept: Kept, *, owner_id: UUID, licence: str = "", attribution: str = ""
) -> QuestionDocument:
    """The rows of its pictures, and the document with their ids. Twice is once."""
    ids: dict[UUID, UUID] = {}
    for id_, image in kept.images.items():
        file = await add_file(tx, image, owner_id=owner_id, licence=licence, attribution=attribution)
        ids[id_] = file.id
    return with_ids(kept.document, ids)


def with_ids(document: QuestionDocument, ids: Mapping[UUID, UUID]) -> QuestionDocument:
    """Other ids in its marks; where there is none, words."""
    return replace(
        document,
        entries=tuple(
            entry if entry.question is None else replace(entry, question=relinked(entry.question, ids))
            for entry in document.entries
        ),
    )


async def show_pictures(tx: Tx, *, course_id: UUID, owner_id: UUID, texts: Sequence[str]) -> None:
    """The course shows the pictures that the texts name, so far as it may: its own, or files of the test's owner."""
    named = named_in(texts)
    if not named:
        return
    values = {"files": named, "owner": owner_id, "course": course_id}
    usable = list((await tx.db.execute(_USABLE, values)).scalars())
    await use_files(tx, course_id, usable)
    await tx.db.execute(_OPEN, {"course": course_id, "files": usable})  # Those that were lent to its staff before.
    await sum_up(tx, course_id)


async def lend_pictures(tx: Tx, change: Change) -> None:
    """After a draft was written: what it shows is for the course's staff, until its test is published."""
    plain = change.fields.get("question")
    if plain is None:
        return
    stored: StoredQuestion = msgspec.convert(plain, type=StoredQuestion)
    named = named_in(shown_texts(Question("", stored.prompt, stored.body)))
    if not named:
        return
    course_id = change.fields["course_id"] if change.before is None else change.before["course_id"]
    values = {"files": named, "owner": tx.actor.id, "course": course_id}
    rows = [
        {"id": derived_id("media.uses", file_id, course_id), "file": file_id, "course": course_id}
        for file_id in (await tx.db.execute(_USABLE, values)).scalars()
    ]
    if rows:
        await tx.db.execute(_LEND, rows)


def texts_of(document: QuestionDocument) -> list[str]:
    return [text_ for question in document.questions for text_ in shown_texts(question)]


# --- out again --------------------------------------------------------------------------------------------------------

_LYING = text(
    "select distinct on (v.file_id) v.file_id, v.storage_key, v.mime from media_variants v join media_files f"
    " on f.id = v.file_id where v.file_id = any(:files) and f.kind = 'image' and f.deleted_at is null"
    " and v.width is not null and not v.is_original order by v.file_id, v.width desc"
)


async def pictures_lying(tx: Tx, document: QuestionDocument) -> dict[UUID, str]:
    """Where the largest of each picture lies, by the ids in its marks."""
    rows = (await tx.db.execute(_LYING, {"files": named_in(texts_of(document))})).all()
    return {row.file_id: row.storage_key for row in rows}


async def with_pictures(storage: Storage, document: QuestionDocument, lying: Mapping[UUID, str]) -> QuestionDocument:
    """The document with the bytes of its pictures, to be written. Raises Unavailable."""
    found: dict[UUID, Picture] = {}
    for id_, key in lying.items():
        content = b"".join([piece async for piece in storage.read(key)])
        found[id_] = Picture(id_, f"{id_}.webp", content)
    return replace(document, entries=tuple(_with(entry, found) for entry in document.entries))


def _with(entry: Entry, found: Mapping[UUID, Picture]) -> Entry:
    if entry.question is None:
        return entry
    named = named_in(shown_texts(entry.question))
    return replace(entry, pictures=tuple(found[id_] for id_ in named if id_ in found))
