"""A SCORM package becomes a file, and a lesson that opens it: in a course that is there, or in one of its own.

A dry run takes the same way to its end, with a store that keeps nothing and a transaction that is taken back.
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from server.base.actor import Actor
from server.base.archive import EntryBroken
from server.base.errors import NotFound
from server.base.ids import new_id
from server.base.import_report import Reason, Sums, report_item, report_of
from server.base.rehearsal import NoStorage, rehearsed
from server.base.tx import Tx
from server.base.work import Work
from server.catalog import courses, lessons, queries
from server.catalog.blocks import Package
from server.catalog.importing import (
    PLANNED_PPM,
    STORED_PPM,
    Also,
    CartridgeOrder,
    Imported,
    Progress,
    find_imported,
    left,
    no_progress,
    nothing_else,
)
from server.catalog.models import Course, Section
from server.catalog.schemas import NewSection
from server.catalog.trees import Tree, TreeLesson, TreeSection, add_course_tree
from server.media.files import Accepted, accept_file
from server.media.intake.antivirus import Infected as Found
from server.media.intake.antivirus import scan
from server.media.intake.refusals import Infected
from server.media.renditions.decoding import folder_of
from server.media.renditions.made import Made, sha256_of, store
from server.media.uploads.owning import own_file
from server.packages.scorm.errors import BadManifest
from server.packages.scorm.packing import pack
from server.packages.scorm.reading import PlannedPackage, read_package

MIME = "application/zip"
RENDITION = "package"  # What phones fetch of it.
LANGUAGE = "en"  # Of a course made of a package, whose manifest seldom says one: its educator sets it.
_LAST_SECTION = select(Section).where(Section.deleted_at.is_(None)).order_by(Section.rank.desc(), Section.id.desc())
_SHOWN_IN = text(
    "select exists(select from media_uses u join media_variants v on v.file_id = u.file_id"
    " join catalog_lesson_texts t on t.course_id = u.course_id"
    " where u.course_id = :course and u.deleted_at is null and v.sha256 = :sha256 and v.name = :rendition"
    " and t.deleted_at is null and position(cast(u.file_id as text) in cast(t.blocks as text)) > 0)"
)


@dataclass(frozen=True, kw_only=True)
class PackageOrder(CartridgeOrder):
    """`course_slug`: where its lesson goes; without one it becomes a course of its own."""

    name: str = "package.zip"
    course_slug: str | None = None


@dataclass(frozen=True)
class _Ready:
    planned: PlannedPackage
    accepted: Accepted  # Its bytes are what phones fetch.


async def import_package(
    work: Work,
    actor: Actor,
    order: PackageOrder,
    *,
    on_progress: Progress = no_progress,
    also: Also = nothing_else,
) -> Imported:
    """As `import_cartridge`. Raises an ArchiveRefused, a PackageRefused, Infected, NotFound, Forbidden, Unavailable."""
    await on_progress(0, "reading")
    sha256 = await asyncio.to_thread(sha256_of, order.path)
    async with rehearsed(work.database, actor, is_rehearsal=True) as tx:
        await _course_of(tx, order)  # Who has no such course is told before the work is done.
    verdict = await scan(order.path, clamd=work.settings.clamd)
    if isinstance(verdict, Found):
        raise Infected(f"The virus scanner found {verdict.name[:100]} in the file; it was not kept.")
    planned = await asyncio.to_thread(read_package, order.path, name=_title_of(order.name))
    await on_progress(PLANNED_PPM, "files")
    ready = await _stored(work, order, planned, is_clean=verdict == "clean")
    await on_progress(STORED_PPM, "saving")
    async with rehearsed(work.database, actor, is_rehearsal=order.dry_run) as tx:
        imported = await _apply(tx, order, ready, sha256)
        if not order.dry_run:
            await also(tx, imported)
    return imported


def _title_of(name: str) -> str:
    return name.rpartition(".")[0].strip() or "Package"


async def _stored(work: Work, order: PackageOrder, planned: PlannedPackage, *, is_clean: bool) -> _Ready:
    """Bytes first, rows later."""
    storage = NoStorage() if order.dry_run else work.storage
    async with folder_of(work, "package") as folder:
        path = folder / "package.zip"
        try:
            await asyncio.to_thread(pack, order.path, planned, path)
        except EntryBroken as problem:
            raise BadManifest(str(problem)) from problem
        rendition = await store(storage, Made(name=RENDITION, path=path, mime=MIME))
    # By the hash of what is kept, not of what came: that may be an attachment of the same person, and no package.
    accepted = Accepted(
        sha256=rendition.sha256,
        mime=MIME,
        bytes=rendition.bytes,
        kind="package",
        name=planned.title,
        scan="clean" if is_clean else "unscanned",
        renditions=[rendition],
    )
    return _Ready(planned, accepted)


async def _apply(tx: Tx, order: PackageOrder, ready: _Ready, sha256: str) -> Imported:
    """Every row, in the caller's transaction."""
    await courses.lock_slugs(tx)
    course = await _course_of(tx, order)
    title = ready.planned.title
    if course is None:
        found = await find_imported(tx, order, sha256)
        if found is not None:
            return found
    elif await _is_shown(tx, course, ready.accepted.sha256):
        is_opened = order.publish and course.published_at is None
        if is_opened:
            await courses.publish_course(tx, course.id)
        return _exists(course, title, is_opened=is_opened)
    file = await accept_file(tx, ready.accepted, owner_id=order.owner_id, licence="", attribution="")
    await own_file(tx, file.id, owner_id=order.owner_id)
    is_new = course is None
    if course is None:
        course = await _course_with(tx, order, title, file.id, sha256)
    else:
        await _add_lesson(tx, course, title, file.id)
    await tx.db.flush()
    if order.publish:
        await courses.publish_course(tx, course.id)
    await tx.audit("catalog.package.import", kind="course", id_=course.id, sha256=sha256)
    sums = Sums(sections=1 if is_new else 0, lessons=1, files=len(ready.planned.files), bytes=ready.accepted.bytes)
    return Imported(course.id, course.slug, course.title, is_new, report_of(ready.planned.items), sums)


async def _course_of(tx: Tx, order: PackageOrder) -> Course | None:
    """The one that is named. Raises NotFound, Forbidden."""
    if order.course_slug is None:
        return None
    course = await queries.find_course_by_slug(tx, order.course_slug)
    if course is None:
        raise NotFound(f"There is no course {order.course_slug!r}.")
    return await courses.editable(tx, course.id)


async def _course_with(tx: Tx, order: PackageOrder, title: str, file_id: UUID, sha256: str) -> Course:
    lesson = TreeLesson(title=title, blocks=[Package(package_id=file_id, title=title)])
    tree = Tree(
        title=title,
        language=LANGUAGE,
        sections=[TreeSection(title=title, lessons=[lesson])],
        access=order.access,
        source_sha256=sha256,
        file_ids=[file_id],
    )
    return await add_course_tree(tx, tree, owner_id=order.owner_id)


async def _is_shown(tx: Tx, course: Course, sha256: str) -> bool:
    """Whether a lesson opens this very package, whoever of the course's educators brought it."""
    values = {"course": course.id, "sha256": sha256, "rendition": RENDITION}
    return bool((await tx.db.execute(_SHOWN_IN, values)).scalar_one())


def _exists(course: Course, title: str, *, is_opened: bool) -> Imported:
    why = Reason("package.exists", f"This file is in {course.slug} already; {left(is_opened=is_opened)}.")
    item = report_item(course.slug, title=title, kind="package", state="skipped", reasons=[why])
    return Imported(course.id, course.slug, course.title, is_new=False, report=report_of([item]))


async def _add_lesson(tx: Tx, course: Course, title: str, file_id: UUID) -> None:
    """The last of the course."""
    section = (await tx.db.execute(_LAST_SECTION.where(Section.course_id == course.id).limit(1))).scalar_one_or_none()
    if section is None:
        section = await lessons.add_section(tx, course.id, NewSection(title=title))
        await tx.db.flush()  # The lesson refers to it.
    await lessons.use_files(tx, course.id, [file_id])
    block = Package(package_id=file_id, title=title)
    await lessons.put_lesson(tx, course, section, id_=new_id(), title=title, blocks=[block])
