"""Importing a cartridge: plan it, store its images, then make the course in one transaction. Never half an import.

A dry run takes the same way to its end, with a store that keeps nothing and a transaction that is taken back: so it
says what the import will say.

A second import of the same file by the same owner finds the course of the first and changes nothing in it; it publishes
it when asked. So a job that is run twice makes one course.
"""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import select

from server.base.actor import Actor
from server.base.archive import Archive, EntryBroken, open_archive
from server.base.errors import AppError
from server.base.ids import derived_id, new_id
from server.base.import_report import ImportReport, Reason, ReportItem, Sums, report_item, report_of
from server.base.rehearsal import NoStorage, rehearsed
from server.base.storage import Storage
from server.base.tx import Tx
from server.base.work import Work
from server.catalog import courses, queries
from server.catalog.blocks import (
    Block,
    Exercise,
    encode_blocks,
    words_of,
)
from server.catalog.cartridge import Plan, PlannedLesson, PlannedSection, read_cartridge
from server.catalog.cartridge.errors import NothingInside
from server.catalog.cartridge.page import place_id
from server.catalog.cartridge.plan import beside, why_nothing
from server.catalog.cartridge_media import Brought, add_files, bring_files
from server.catalog.cartridge_placing import Placing
from server.catalog.models import Course, Lesson, LessonText, Section
from server.catalog.tests_inside import NoTests, ReadTests, Tests
from server.media.files import StoredImage, add_file, store_image, use_file
from server.media.images import BYTES_MAX, prepare_confined
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
    sums: Sums = field(default_factory=Sums)  # Of what was made, or would be.


@dataclass(frozen=True, kw_only=True)
class CartridgeOrder:
    """What to import, for whom, and as what."""

    path: Path
    owner_id: UUID
    access: Access = "free"
    publish: bool = False
    dry_run: bool = False  # Say what would come of it, and write nothing.


async def no_progress(_ppm: int, _step: str) -> None:
    """For callers who do not watch."""


async def nothing_else(_tx: Tx, _imported: Imported) -> None:
    """For callers who keep no record."""


async def import_cartridge(
    work: Work,
    actor: Actor,
    order: CartridgeOrder,
    *,
    tests: Tests | None = None,
    on_progress: Progress = no_progress,
    also: Also = nothing_else,
) -> Imported:
    """Make a course of a cartridge; `also` runs in its transaction, and not in that of a dry run.

    Raises an ArchiveRefused, CartridgeRefused, Forbidden, Unavailable: then nothing was made.
    """
    tests = tests or NoTests()
    sha256 = await asyncio.to_thread(hash_file, order.path)
    async with rehearsed(work.database, actor, is_rehearsal=order.dry_run) as tx:
        found = await find_imported(tx, order, sha256)
        if found is not None:
            await _also(tx, order, found, also)
    if found is not None:
        return found
    await on_progress(0, "reading")
    plan = await asyncio.to_thread(read_cartridge, order.path)
    plan, read = await _read_tests(order.path, plan, tests)
    await on_progress(PLANNED_PPM, "images")
    storage = NoStorage() if order.dry_run else work.storage
    images, items = await _store_images(storage, order.path, plan, on_progress)

    async def on_file(count: int) -> None:
        await on_progress(STORED_PPM * count // max(len(plan.files), 1), "files")

    brought, told = await bring_files(work, storage, order.path, plan.files, on_file)
    report = report_of([*plan.items, *items, *told, *read.items])
    await on_progress(STORED_PPM, "saving")
    async with rehearsed(work.database, actor, is_rehearsal=order.dry_run) as tx:
        await courses.lock_slugs(tx)
        # Another import of the same file may have come in first.
        imported = await find_imported(tx, order, sha256)
        if imported is None:
            course = await _apply(tx, _Stored(plan, images, brought), order, sha256, tests)
            sums = _sums(plan, course, images, read, brought)
            imported = Imported(course.id, course.slug, course.title, is_new=True, report=report, sums=sums)
        await _also(tx, order, imported, also)
    return imported


async def _also(tx: Tx, order: CartridgeOrder, imported: Imported, also: Also) -> None:
    if not order.dry_run:
        await also(tx, imported)


def _sums(plan: Plan, course: Course, images: dict[UUID, StoredImage], read: ReadTests, brought: Brought) -> Sums:
    return Sums(
        sections=len(plan.sections),
        lessons=course.lessons_count,
        questions=read.questions,
        files=len({image.sha256 for image in images.values()})
        + len({file.sha256 for file in brought.values()})
        + read.files,
        bytes=course.text_bytes + course.media_bytes + sum(file.bytes for file in brought.values()),
    )


async def _read_tests(path: Path, plan: Plan, tests: Tests) -> tuple[Plan, ReadTests]:
    """The plan with those quizzes alone that can be kept. Raises NothingInside when then nothing is left."""
    with open_archive(path) as archive:
        quizzes = [quiz for section in plan.sections for quiz in section.quizzes]
        read = await tests.read(quizzes, partial(beside, archive))
    sections = [
        replace(section, quizzes=[quiz for quiz in section.quizzes if quiz.item in read.titles])
        for section in plan.sections
    ]
    sections = [section for section in sections if section.lessons or section.quizzes]
    if not sections:
        raise NothingInside(why_nothing([*plan.items, *read.items]))
    return replace(plan, sections=[_with_places(section, read) for section in sections]), read


def _with_places(section: PlannedSection, read: ReadTests) -> PlannedSection:
    """A test stands beside the lesson before it, else the one after it; where there is none, it gets one of its own."""
    if section.lessons:
        return section
    first = section.quizzes[0]
    title = read.titles[first.item]
    return replace(section, lessons=[PlannedLesson(item=first.item, title=title, blocks=[])])


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


async def find_imported(tx: Tx, order: CartridgeOrder, sha256: str) -> Imported | None:
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
        content = await loop.run_in_executor(pool, lambda: archive.read(name, bytes_max=BYTES_MAX))
        prepared = await prepare_confined(content)
    except EntryBroken as problem:
        return Reason(problem.code, str(problem))
    except AppError as problem:
        return Reason(problem.code, problem.message)
    return await store_image(storage, prepared)


# --- the course -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stored:
    """A plan with its pictures and files in the store."""

    plan: Plan
    images: dict[UUID, StoredImage]
    brought: Brought


async def _apply(tx: Tx, stored: _Stored, order: CartridgeOrder, sha256: str, tests: Tests) -> Course:
    """Every row of the course, in the caller's transaction."""
    plan, images = stored.plan, stored.images
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
    terms = {"licence": plan.licence, "attribution": plan.attribution}
    ids = await add_files(tx, stored.brought, owner_id=course.created_by_id, course_id=course.id, **terms)
    placing = Placing(images, file_ids, stored.brought, ids)
    await _add_content(tx, course, plan, tests, placing.placed)
    await tx.db.flush()  # Publishing counts on what is in the database.
    if order.publish:
        await courses.publish_course(tx, course.id)
    await tx.audit("catalog.course.import", kind="course", id_=course.id, sha256=sha256, lessons=course.lessons_count)
    return course


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


async def _add_content(
    tx: Tx, course: Course, plan: Plan, tests: Tests, placed: Callable[[list[Block]], list[Block]]
) -> None:
    rank = 0
    text_bytes = 0
    for place, planned_section in enumerate(plan.sections):
        id_ = new_id()
        section = Section(id=id_, course_id=course.id, title=planned_section.title, rank=place_at(place, id_))
        tx.db.add(section)
        await tx.db.flush()  # Lessons refer to it.
        doors = _doors(planned_section)
        texts: list[LessonText] = []
        beside: list[tuple[str, UUID, UUID]] = []
        for index, planned in enumerate(planned_section.lessons):
            blocks = [*placed(planned.blocks), *(Exercise(assessment_id=test_id) for _item, test_id in doors[index])]
            lesson, lesson_text = _lesson(section, planned, blocks, rank=rank)
            tx.db.add(lesson)
            texts.append(lesson_text)
            beside += [(item, test_id, lesson.id) for item, test_id in doors[index]]
            text_bytes += lesson.text_bytes
            rank += 1
        await tx.db.flush()  # Texts and tests refer to their lessons.
        tx.db.add_all(texts)
        for item, test_id, lesson_id in beside:
            await tests.put(tx, course, item, test_id=test_id, lesson_id=lesson_id)
    await tests.put_rest(tx, course)
    course.lessons_count, course.text_bytes = rank, text_bytes


def _doors(section: PlannedSection) -> list[list[tuple[str, UUID]]]:
    """For each lesson the tests beside it: (the quiz's item, the test's id)."""
    doors: list[list[tuple[str, UUID]]] = [[] for _lesson in section.lessons]
    for quiz in section.quizzes:
        doors[max(0, quiz.after - 1)].append((quiz.item, new_id()))
    return doors


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
