"""A course's file becomes a course, whole or not at all; a dry run goes the whole way and takes it back."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from server.base.actor import Actor
from server.base.archive import open_archive
from server.base.ids import new_id
from server.base.import_report import Reason, ReportItem, Sums, report_item, report_of
from server.base.rehearsal import NoStorage, rehearsed
from server.base.tx import Tx
from server.base.work import Work
from server.catalog import courses, queries, subjects
from server.catalog.at_once import a_few_at_once
from server.catalog.importing import (
    PLANNED_PPM,
    STORED_PPM,
    Also,
    CartridgeOrder,
    Imported,
    Progress,
    find_imported,
    no_progress,
    nothing_else,
)
from server.catalog.portable.files import Bringer
from server.catalog.portable.format import LIMITS, FileCard
from server.catalog.portable.linking import relinked
from server.catalog.portable.reading import Portable, read_course_file
from server.catalog.tests_inside import NoTests, ReadTests, Tests
from server.catalog.trees import Tree, TreeLesson, TreeSection, add_course_tree
from server.media.files import Accepted, accept_files
from server.media.renditions.made import sha256_of
from server.media.renditions.planning import make_later

FILES_AT_ONCE = 4
STATUSES = frozenset({"draft", "published", "archived"})


@dataclass(frozen=True)
class _Ready:
    """Everything that the transaction needs."""

    portable: Portable
    files: dict[UUID, Accepted]  # By card.
    read: ReadTests
    sha256: str
    items: list[ReportItem]


async def import_course(
    work: Work,
    actor: Actor,
    order: CartridgeOrder,
    *,
    tests: Tests | None = None,
    on_progress: Progress = no_progress,
    also: Also = nothing_else,
) -> Imported:
    """As `import_cartridge`. Raises an ArchiveRefused, CourseFileRefused, CourseFull, Forbidden, Unavailable."""
    tests = tests or NoTests()
    sha256 = await asyncio.to_thread(sha256_of, order.path)
    async with rehearsed(work.database, actor, is_rehearsal=order.dry_run) as tx:
        found = await find_imported(tx, order, sha256)
        if found is not None and not order.dry_run:
            await also(tx, found)
    if found is not None:
        return found
    await on_progress(0, "reading")
    portable = await asyncio.to_thread(read_course_file, order.path, signing_key=work.settings.signing_key)
    read = await tests.read(portable.quizzes)
    await on_progress(PLANNED_PPM, "files")
    files, items = await _bring(work, order, portable, on_progress)
    ready = _Ready(portable, files, read, sha256, [*portable.items, *items, *read.items])
    await on_progress(STORED_PPM, "saving")
    async with rehearsed(work.database, actor, is_rehearsal=order.dry_run) as tx:
        await courses.lock_slugs(tx)
        imported = await find_imported(tx, order, sha256) or await _apply(tx, order, ready, tests)
        if not order.dry_run:
            await also(tx, imported)
    return imported


async def _bring(
    work: Work, order: CartridgeOrder, portable: Portable, on_progress: Progress
) -> tuple[dict[UUID, Accepted], list[ReportItem]]:
    async def on_file(count: int) -> None:
        await on_progress(PLANNED_PPM + (STORED_PPM - PLANNED_PPM) * count // len(portable.files), "files")

    storage = NoStorage() if order.dry_run else work.storage
    with open_archive(order.path, LIMITS) as archive:
        bringer = Bringer(work, storage, archive, portable.entries, portable.is_ours)
        found = await a_few_at_once(portable.files, bringer.bring, count=FILES_AT_ONCE, on_done=on_file)
    both = list(zip(portable.files, found, strict=True))
    accepted = {card.id: one for card, one in both if isinstance(one, Accepted)}
    return accepted, [_told(card, one) for card, one in both]


def _told(card: FileCard, found: Accepted | Reason) -> ReportItem:
    title = card.name or (card.main.path if card.main else str(card.id))
    if isinstance(found, Reason):
        return report_item(title, title=title, kind=card.kind, state="failed", reasons=[found])
    return report_item(title, title=title, kind=card.kind, state="ok")


async def _apply(tx: Tx, order: CartridgeOrder, ready: _Ready, tests: Tests) -> Imported:
    """Every row of the course, in the caller's transaction."""
    portable = ready.portable
    file_ids = await _add_files(tx, ready.files, portable.files, owner_id=order.owner_id)
    test_ids = {test.id: new_id() for test in portable.tests.values() if test.path in ready.read.titles}
    lesson_ids = {lesson.path: new_id() for _section, found in portable.sections for lesson in found}
    card = portable.course
    subject_id = await _subject(tx, card.subject, order.owner_id) if card.subject else None
    tree = Tree(
        title=card.title,
        language=card.language,
        description=card.description,
        level=card.level,
        subject_id=subject_id,
        access=order.access,
        licence=card.licence,
        attribution=card.attribution,
        source_url=card.source_url,
        source_sha256=ready.sha256,
        file_ids=list(dict.fromkeys(file_ids.values())),
        sections=_sections(portable, file_ids, test_ids, lesson_ids),
    )
    course = await add_course_tree(tx, tree, owner_id=order.owner_id)
    for test in portable.tests.values():
        if test.id in test_ids:
            lesson_id = lesson_ids.get(test.lesson) if test.lesson else None
            await tests.put(tx, course, test.path, test_id=test_ids[test.id], lesson_id=lesson_id, files=file_ids)
    await tests.put_rest(tx, course)
    if order.publish:
        await courses.publish_course(tx, course.id)
    await tx.audit("catalog.course.import", kind="course", id_=course.id, sha256=ready.sha256)
    about = _about(
        card.title,
        card.subject,
        subject_id,
        is_found=subject_id is not None and await queries.has_subject(tx, subject_id),
    )
    sums = Sums(
        sections=len(portable.sections),
        lessons=len(lesson_ids),
        questions=ready.read.questions,
        files=len(set(file_ids.values())),
        bytes=course.text_bytes + course.media_bytes,
    )
    report = report_of([about, *ready.items])
    return Imported(course.id, course.slug, course.title, is_new=True, report=report, sums=sums)


async def _subject(tx: Tx, name: str, owner_id: UUID) -> UUID | None:
    """The one of this name, waiting for an admin if nobody knows it; None where not even the name can be kept."""
    try:
        return await subjects.propose(tx, name[: subjects.NAME_LENGTH_MAX], by=owner_id)
    except (subjects.SubjectNameless, subjects.TooManyNames):
        return None


def _about(title: str, subject: str | None, subject_id: UUID | None, *, is_found: bool) -> ReportItem:
    if subject is None or is_found:
        return report_item("course.json", title=title, kind="course", state="ok")
    why = Reason("subject.waiting", f"The subject {subject[:100]!r} is not known here; an admin looks at it.")
    if subject_id is None:
        why = Reason("subject.unknown", f"There is no subject {subject[:100]!r} here; choose one for the course.")
    return report_item("course.json", title=title, kind="course", state="partial", reasons=[why])


async def _add_files(
    tx: Tx, files: Mapping[UUID, Accepted], cards: Sequence[FileCard], *, owner_id: UUID
) -> dict[UUID, UUID]:
    """Card → row."""
    by_terms: dict[tuple[str, str], list[UUID]] = {}
    for card in cards:
        if card.id in files:
            by_terms.setdefault((card.licence or "", card.attribution or ""), []).append(card.id)
    ids: dict[UUID, UUID] = {}
    for (licence, attribution), ours in by_terms.items():
        wanted = [files[id_] for id_ in ours]
        rows = await accept_files(tx, wanted, owner_id=owner_id, licence=licence, attribution=attribution)
        ids |= {id_: row.id for id_, row in zip(ours, rows, strict=True)}
        for row in rows:
            if row.state == "processing":
                make_later(tx, row.id, list(row.pending), size=row.bytes, duration_ms=row.duration_ms)
    return ids


def _sections(
    portable: Portable, files: Mapping[UUID, UUID], tests: Mapping[UUID, UUID], lesson_ids: Mapping[str, UUID]
) -> list[TreeSection]:
    return [
        TreeSection(
            title=section.title,
            description=section.description,
            lessons=[
                TreeLesson(
                    id=lesson_ids[lesson.path],
                    title=lesson.card.title,
                    description=lesson.card.description,
                    status=lesson.card.status if lesson.card.status in STATUSES else "draft",
                    blocks=relinked(lesson.blocks, files, tests),
                )
                for lesson in found
            ],
        )
        for section, found in portable.sections
    ]
