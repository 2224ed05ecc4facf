"""Importing a cartridge: plan it, store its images, then make the course in one transaction. Never half an import.

A dry run takes the same way to its end, with a store that keeps nothing and a transaction that is taken back: so it
says what the import will say.

A second import of the same file by the same owner finds the course of the first and changes nothing in it; it publishes
it when asked. So a job that is run twice makes one course.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from server.base.actor import Actor
from server.base.archive import Archive, EntryBroken, open_archive
from server.base.errors import AppError
from server.base.ids import new_id
from server.base.import_report import ImportReport, Reason, ReportItem, Sums, report_item, report_of
from server.base.rehearsal import NoStorage, rehearsed
from server.base.storage import Storage
from server.base.tx import Tx
from server.base.work import Work
from server.catalog import courses, queries
from server.catalog.at_once import a_few_at_once
from server.catalog.blocks import Exercise
from server.catalog.cartridge import Plan, PlannedLesson, PlannedSection, read_cartridge
from server.catalog.cartridge.errors import NothingInside
from server.catalog.cartridge.page import place_id
from server.catalog.cartridge.plan import beside, why_nothing
from server.catalog.cartridge_media import Brought, add_files, bring_files
from server.catalog.cartridge_placing import Placing
from server.catalog.models import Course
from server.catalog.tests_inside import NoTests, ReadTests, Tests
from server.catalog.trees import Tree, TreeLesson, TreeSection, add_course_tree
from server.media.files import StoredImage, accept_files, accepted_image, store_image
from server.media.images import BYTES_MAX, prepare_confined
from server.media.renditions.made import sha256_of

Access = Literal["free", "subscription", "purchase", "class"]
Progress = Callable[[int, str], Awaitable[None]]  # (ppm, step)
Also = Callable[[Tx, "Imported"], Awaitable[None]]  # What the caller does in the transaction that makes the course.

IMAGES_AT_ONCE = 4
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
    sha256 = await asyncio.to_thread(sha256_of, order.path)
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


async def find_imported(tx: Tx, order: CartridgeOrder, sha256: str) -> Imported | None:
    """The course that this owner made of this very file before."""
    statement = select(Course).where(
        Course.created_by_id == order.owner_id, Course.source_sha256 == sha256, Course.deleted_at.is_(None)
    )
    course = (await tx.db.execute(statement)).scalar_one_or_none()
    if course is None:
        return None
    is_opened = order.publish and course.status == "draft"
    if is_opened:
        await courses.publish_course(tx, course.id)
    why = Reason("course.exists", f"This file was imported before, as {course.slug}; {left(is_opened=is_opened)}.")
    item = report_item(course.slug, title=course.title, kind="course", state="skipped", reasons=[why])
    return Imported(course.id, course.slug, course.title, is_new=False, report=report_of([item]))


def left(*, is_opened: bool) -> str:
    """What became of a course that was there already."""
    return "it was published, and else left as it is" if is_opened else "the course was left as it is"


# --- images ---------------------------------------------------------------------------------------------------------


async def _store_images(
    storage: Storage, path: Path, plan: Plan, on_progress: Progress
) -> tuple[dict[UUID, StoredImage], list[ReportItem]]:
    """Make every image fit and store it. An image that cannot be read is a line in the report. Raises Unavailable."""

    async def on_image(count: int) -> None:
        await on_progress(PLANNED_PPM + (STORED_PPM - PLANNED_PPM) * count // len(plan.images), "images")

    with open_archive(path) as archive:
        found = await a_few_at_once(
            plan.images, partial(_store_image, storage, archive), count=IMAGES_AT_ONCE, on_done=on_image
        )
    both = list(zip(plan.images, found, strict=True))
    stored = {place_id(name): one for name, one in both if isinstance(one, StoredImage)}
    return stored, [_image_told(name, one) for name, one in both]


async def _store_image(storage: Storage, archive: Archive, name: str) -> StoredImage | Reason:
    try:
        content = await asyncio.to_thread(archive.read, name, bytes_max=BYTES_MAX)
        prepared = await prepare_confined(content)
    except EntryBroken as problem:
        return Reason(problem.code, str(problem))
    except AppError as problem:
        return Reason(problem.code, problem.message)
    return await store_image(storage, prepared)


def _image_told(name: str, found: StoredImage | Reason) -> ReportItem:
    title = name.rpartition("/")[2]
    if isinstance(found, Reason):
        return report_item(name, title=title, kind="image", state="failed", reasons=[found])
    return report_item(name, title=title, kind="image", state="ok")


# --- the course -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stored:
    """A plan with its pictures and files in the store."""

    plan: Plan
    images: dict[UUID, StoredImage]
    brought: Brought


async def _apply(tx: Tx, stored: _Stored, order: CartridgeOrder, sha256: str, tests: Tests) -> Course:
    """Every row of the course, in the caller's transaction."""
    plan = stored.plan
    terms = {"licence": plan.licence, "attribution": plan.attribution}
    images = [accepted_image(image) for image in stored.images.values()]
    rows = await accept_files(tx, images, owner_id=order.owner_id, **terms)
    image_ids = {place: row.id for place, row in zip(stored.images, rows, strict=True)}
    file_ids = await add_files(tx, stored.brought, owner_id=order.owner_id, **terms)
    placing = Placing(stored.images, image_ids, stored.brought, file_ids)
    sections, doors = _sections(plan, placing)
    tree = Tree(
        title=plan.title,
        description=plan.description,
        language=plan.language,
        access=order.access,
        source_sha256=sha256,
        subject_id=await queries.find_subject(tx, plan.subject_words),
        licence=plan.licence or None,
        attribution=plan.attribution or None,
        source_url=plan.source_url or None,
        sections=sections,
        file_ids=dict.fromkeys([*image_ids.values(), *file_ids.values()]),
    )
    course = await add_course_tree(tx, tree, owner_id=order.owner_id)
    for door in doors:
        await tests.put(tx, course, door.item, test_id=door.test_id, lesson_id=door.lesson_id)
    await tests.put_rest(tx, course)
    await tx.db.flush()  # Publishing counts on what is in the database.
    if order.publish:
        await courses.publish_course(tx, course.id)
    await tx.audit("catalog.course.import", kind="course", id_=course.id, sha256=sha256, lessons=course.lessons_count)
    return course


@dataclass(frozen=True)
class _Door:
    """A test, and the lesson beside which it stands."""

    item: str  # The quiz's.
    test_id: UUID
    lesson_id: UUID


def _sections(plan: Plan, placing: Placing) -> tuple[list[TreeSection], list[_Door]]:
    """With files where places stood, and at the end of a lesson the tests beside it."""
    sections: list[TreeSection] = []
    doors: list[_Door] = []
    for planned in plan.sections:
        ids = [new_id() for _lesson in planned.lessons]
        inside = [_Door(quiz.item, new_id(), ids[max(0, quiz.after - 1)]) for quiz in planned.quizzes]
        lessons = [
            TreeLesson(
                id=id_,
                title=lesson.title,
                blocks=[
                    *placing.placed(lesson.blocks),
                    *(Exercise(assessment_id=door.test_id) for door in inside if door.lesson_id == id_),
                ],
            )
            for id_, lesson in zip(ids, planned.lessons, strict=True)
        ]
        sections.append(TreeSection(title=planned.title, lessons=lessons))
        doors += inside
    return sections, doors
