"""Importing a cartridge: plan it, store its images, then make the course in one transaction. Never half an import.

A second import of the same file by the same owner finds the course of the first and changes nothing in it; it publishes
it when asked. So a job that is run twice makes one course.
"""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import select

from server.base.actor import Actor
from server.base.errors import AppError
from server.base.ids import derived_id, new_id
from server.base.import_report import ImportReport, Reason, ReportItem, report_item, report_of
from server.base.storage import Storage
from server.base.tx import Tx
from server.base.work import Work
from server.catalog import courses, queries
from server.catalog.blocks import Block, Image, ListBlock, ListItem, Note, Paragraph, Quote, encode_blocks, words_of
from server.catalog.cartridge import Archive, Plan, PlannedLesson, open_archive, read_cartridge
from server.catalog.cartridge.errors import EntryBroken
from server.catalog.cartridge.page import place_id
from server.catalog.models import Course, Lesson, LessonText, Section
from server.media.files import StoredImage, add_file, store_image, use_file
from server.media.images import BYTES_MAX, prepare_image
from sync.merge import place_at

Access = Literal["free", "subscription", "purchase", "class"]
Progress = Callable[[int, str], Awaitable[None]]  # (ppm, step)
Also = Callable[[Tx, "Imported"], Awaitable[None]]  # What the caller does in the transaction that makes the course.

WORDS_A_MINUTE = 180
IMAGES_AT_ONCE = 4
HASH_CHUNK_BYTES = 1024 * 1024
PLANNED_PPM, STORED_PPM = 100_000, 900_000


@dataclass(frozen=True)
class Imported:
    course_id: UUID
    slug: str
    title: str
    is_new: bool
    report: ImportReport


@dataclass(frozen=True, kw_only=True)
class CartridgeOrder:
    """What to import, for whom, and as what."""

    path: Path
    owner_id: UUID
    access: Access = "free"
    publish: bool = False


async def no_progress(_ppm: int, _step: str) -> None:
    """For callers who do not watch."""


async def nothing_else(_tx: Tx, _imported: Imported) -> None:
    """For callers who keep no record."""


async def import_cartridge(
    work: Work, actor: Actor, order: CartridgeOrder, *, on_progress: Progress = no_progress, also: Also = nothing_else
) -> Imported:
    """Make a course of a cartridge; `also` runs in its transaction.

    Raises a CartridgeRefused, Forbidden, Unavailable: then nothing was made.
    """
    sha256 = await asyncio.to_thread(_hash_file, order.path)
    async with work.database.transaction(actor) as tx:
        found = await _find(tx, order, sha256)
        if found is not None:
            await also(tx, found)
            return found
    await on_progress(0, "reading")
    plan = await asyncio.to_thread(read_cartridge, order.path)
    await on_progress(PLANNED_PPM, "images")
    images, items = await _store_images(work.storage, order.path, plan, on_progress)
    await on_progress(STORED_PPM, "saving")
    async with work.database.transaction(actor) as tx:
        await courses.lock_slugs(tx)
        # Another import of the same file may have come in first.
        imported = await _find(tx, order, sha256) or await _apply(
            tx, plan, images, order, sha256, report_of([*plan.items, *items])
        )
        await also(tx, imported)
        return imported


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


async def _find(tx: Tx, order: CartridgeOrder, sha256: str) -> Imported | None:
    """The course that this owner made of this very file before."""
    statement = select(Course).where(
        Course.created_by_id == order.owner_id, Course.source_sha256 == sha256, Course.deleted_at.is_(None)
    )
    course = (await tx.db.execute(statement)).scalar_one_or_none()
    if course is None:
        return None
    if order.publish and course.status == "draft":
        await courses.publish_course(tx, course.id)
    why = Reason("course.exists", f"This file was imported before, as {course.slug}; the course was left as it is.")
    item = report_item(course.slug, title=course.title, kind="course", state="skipped", reasons=[why])
    return Imported(course.id, course.slug, course.title, is_new=False, report=report_of([item]))


# --- images ---------------------------------------------------------------------------------------------------------


async def _store_images(
    storage: Storage, path: Path, plan: Plan, on_progress: Progress
) -> tuple[dict[UUID, StoredImage], list[ReportItem]]:
    """Make every image fit and store it, a few at once. An image that cannot be read is a line in the report."""
    stored: dict[UUID, StoredImage] = {}
    items: dict[str, ReportItem] = {}
    turn = asyncio.Semaphore(IMAGES_AT_ONCE)

    async def keep(name: str, archive: Archive, pool: ThreadPoolExecutor) -> None:
        async with turn:
            result = await _store_image(storage, archive, name, pool)
        if isinstance(result, StoredImage):
            stored[place_id(name)] = result
            items[name] = report_item(name, title=name.rpartition("/")[2], kind="image", state="ok")
        else:
            items[name] = report_item(
                name, title=name.rpartition("/")[2], kind="image", state="failed", reasons=[result]
            )
        await on_progress(PLANNED_PPM + (STORED_PPM - PLANNED_PPM) * len(items) // len(plan.images), "images")

    try:
        with open_archive(path) as archive, ThreadPoolExecutor(os.cpu_count() or 2, thread_name_prefix="image") as pool:
            async with asyncio.TaskGroup() as group:
                for name in plan.images:
                    group.create_task(keep(name, archive, pool))
    except ExceptionGroup as several:
        raise several.exceptions[0] from several  # Callers know refusals and outages, not groups of them.
    return stored, [items[name] for name in plan.images]


async def _store_image(storage: Storage, archive: Archive, name: str, pool: ThreadPoolExecutor) -> StoredImage | Reason:
    loop = asyncio.get_running_loop()
    try:
        prepared = await loop.run_in_executor(pool, lambda: prepare_image(archive.read(name, bytes_max=BYTES_MAX)))
    except EntryBroken as problem:
        return Reason(problem.code, str(problem))
    except AppError as problem:
        return Reason(problem.code, problem.message)
    return await store_image(storage, prepared)


# --- the course -----------------------------------------------------------------------------------------------------


async def _apply(
    tx: Tx, plan: Plan, images: dict[UUID, StoredImage], order: CartridgeOrder, sha256: str, report: ImportReport
) -> Imported:
    """Every row of the course, in the caller's transaction."""
    course = Course(
        id=new_id(),
        slug=await courses.free_slug(tx, plan.title),
        title=plan.title,
        description=plan.description,
        language=plan.language,
        access=order.access,
        created_by_id=order.owner_id,
        source_sha256=sha256,
        subject_id=await queries.find_subject(tx, plan.subject_words),
        licence=plan.licence or None,
        attribution=plan.attribution or None,
        source_url=plan.source_url or None,
    )
    await courses.add_course(tx, course, owner_id=order.owner_id)
    file_ids = await _add_files(tx, course, plan, images)
    await _add_content(tx, course, plan, lambda blocks: place_images(blocks, images, file_ids))
    await tx.db.flush()  # Publishing counts on what is in the database.
    if order.publish:
        await courses.publish_course(tx, course.id)
    await tx.audit("catalog.course.import", kind="course", id_=course.id, sha256=sha256, lessons=course.lessons_count)
    return Imported(course.id, course.slug, course.title, is_new=True, report=report)


async def _add_files(tx: Tx, course: Course, plan: Plan, images: dict[UUID, StoredImage]) -> dict[UUID, UUID]:
    """Place id → file id; two places with one content share a file."""
    file_ids: dict[UUID, UUID] = {}
    bytes_by_file: dict[UUID, int] = {}
    for place, image in images.items():
        file = await add_file(
            tx, image, owner_id=course.created_by_id, licence=plan.licence, attribution=plan.attribution
        )
        if file.id not in bytes_by_file:
            use_file(tx, file.id, course_id=course.id)
        file_ids[place] = file.id
        bytes_by_file[file.id] = image.largest.bytes
    course.media_bytes = sum(bytes_by_file.values())
    return file_ids


async def _add_content(tx: Tx, course: Course, plan: Plan, placed: Callable[[list[Block]], list[Block]]) -> None:
    rank = 0
    text_bytes = 0
    for place, planned_section in enumerate(plan.sections):
        id_ = new_id()
        section = Section(id=id_, course_id=course.id, title=planned_section.title, rank=place_at(place, id_))
        tx.db.add(section)
        await tx.db.flush()  # Lessons refer to it.
        texts: list[LessonText] = []
        for planned in planned_section.lessons:
            lesson, lesson_text = _lesson(section, planned, placed(planned.blocks), rank=rank)
            tx.db.add(lesson)
            texts.append(lesson_text)
            text_bytes += lesson.text_bytes
            rank += 1
        await tx.db.flush()  # Texts refer to their lessons.
        tx.db.add_all(texts)
    course.lessons_count, course.text_bytes = rank, text_bytes


def _lesson(section: Section, planned: PlannedLesson, blocks: list[Block], *, rank: int) -> tuple[Lesson, LessonText]:
    id_ = derived_id("catalog.lessons", section.course_id, rank, planned.item)
    lesson = Lesson(
        id=id_,
        course_id=section.course_id,
        section_id=section.id,
        title=planned.title,
        rank=place_at(rank, id_),
        minutes=max(1, round(words_of(blocks) / WORDS_A_MINUTE)),
        text_bytes=len(encode_blocks(blocks)),
    )
    return lesson, LessonText(id=id_, course_id=section.course_id, rank=lesson.rank, blocks=msgspec.to_builtins(blocks))


def place_images(blocks: list[Block], images: dict[UUID, StoredImage], file_ids: dict[UUID, UUID]) -> list[Block]:
    """Put files where places are; where an image could not be kept, its words stand."""
    return [placed for block in blocks for placed in _place(block, images, file_ids)]


def _place(block: Block, images: dict[UUID, StoredImage], file_ids: dict[UUID, UUID]) -> list[Block]:
    match block:
        case Image():
            image = images.get(block.file_id)
            if image is None:
                words = block.caption or _escaped(block.alt)
                return [Paragraph(html=f"<em>{words}</em>")] if words else []
            largest = image.largest
            return [
                msgspec.structs.replace(
                    block, file_id=file_ids[block.file_id], width=largest.width, height=largest.height
                )
            ]
        case Note() | Quote():
            return [msgspec.structs.replace(block, blocks=place_images(block.blocks, images, file_ids))]
        case ListBlock():
            items = [
                ListItem(html=item.html, blocks=place_images(item.blocks, images, file_ids)) for item in block.items
            ]
            return [ListBlock(ordered=block.ordered, items=items)]
        case _:
            return [block]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
