"""A file of questions becomes a practice test of a course, whatever format it has."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from server.assessments.imports import gradable, take_questions
from server.assessments.interchange import NotThisFormat, QuestionDocument, TooManyQuestions, read_questions
from server.assessments.interchange.qti import read_all_of
from server.assessments.interchange.refusals import PICTURED_BYTES_MAX
from server.assessments.keeping import keep_pictures, with_files
from server.base.actor import Actor
from server.base.archive import Archive, EntryBroken, Limits, open_archive
from server.base.errors import NotFound
from server.base.import_report import ImportReport, Sums
from server.base.rehearsal import NoStorage, rehearsed
from server.base.tx import Tx
from server.base.work import Work
from server.catalog.queries import find_course_by_slug
from server.imports.schemas import QuestionsKind

Also = Callable[[Tx, ImportReport], Awaitable[None]]  # What the caller does in the transaction that makes the test.

FILE_BYTES_MAX = PICTURED_BYTES_MAX  # Each format has its own limit below it.
PACKAGE = Limits(entries=12_000, unpacked_bytes=256 * 1024 * 1024, entry_bytes=100 * 1024 * 1024)  # Films among them.
ENTRY_BYTES_MAX = 10 * 1024 * 1024  # Of what is read: items, and their pictures.
MANIFEST = "imsmanifest.xml"
LOOSE_MAX = 5_000


@dataclass(frozen=True, kw_only=True)
class QuestionsOrder:
    """What to import, for whom, and where to."""

    path: Path
    kind: QuestionsKind
    course_slug: str
    owner_id: UUID
    title: str
    publish: bool = False
    dry_run: bool = False


async def import_questions(work: Work, actor: Actor, order: QuestionsOrder, *, also: Also) -> ImportReport:
    """Make the test; `also` runs in its transaction, and not in that of a dry run.

    Raises: NotFound (course), an ArchiveRefused, what `read_questions` and `take_questions` raise.
    """
    document = await asyncio.to_thread(read_document, order.path, order.kind)
    kept = await keep_pictures(NoStorage() if order.dry_run else work.storage, gradable(document))
    async with rehearsed(work.database, actor, is_rehearsal=order.dry_run) as tx:
        course = await find_course_by_slug(tx, order.course_slug)
        if course is None:
            raise NotFound(f"There is no course {order.course_slug!r}.")
        report = await take_questions(
            tx,
            await with_files(tx, kept, owner_id=order.owner_id),
            course_id=course.id,
            owner_id=order.owner_id,
            practice_title=order.title,
            publish=order.publish,
        )
        if not order.dry_run:
            await also(tx, report)
    return report


def sums_of(report: ImportReport) -> Sums:
    return Sums(questions=sum(item.kind == "question" and item.state in ("ok", "partial") for item in report.items))


def read_document(path: Path, kind: QuestionsKind) -> QuestionDocument:
    """Seconds for the largest file: ask in a thread. Raises an ArchiveRefused, what `read_questions` raises."""
    content = _read(path)
    if kind != "qti":
        return read_questions(kind, content)
    if content.startswith(b"PK"):
        with open_archive(path, PACKAGE) as archive:
            return _read_package(archive)
    try:
        return read_questions("qti", content)
    except NotThisFormat:
        return read_questions("qti12", content)


def _read(path: Path) -> bytes:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise TooManyQuestions(f"The question file is larger than {FILE_BYTES_MAX:,} bytes; make several of it.")
    return path.read_bytes()


def _read_package(archive: Archive) -> QuestionDocument:
    """By its manifest, which may lie in the one folder that somebody packed; without one, all XML in it."""
    tops = sorted((name for name in archive.entries if name.rpartition("/")[2] == MANIFEST), key=lambda n: n.count("/"))
    if tops:
        finder = _Finder(archive, tops[0].removesuffix(MANIFEST))
        return read_questions("qti", _found(archive, tops[0]), files=finder)
    loose = [name for name in archive.entries if name.lower().endswith((".xml", ".qti")) and not name.startswith("__")]
    document = read_all_of(loose[:LOOSE_MAX], _Finder(archive, ""))
    if not document.entries:
        raise NotThisFormat(f"The zip has no {MANIFEST}, and no file of questions: it is no QTI package.")
    return document


def _found(archive: Archive, name: str) -> bytes:
    try:
        return archive.read(name, bytes_max=ENTRY_BYTES_MAX)
    except EntryBroken as problem:
        raise NotThisFormat(str(problem)) from problem


class _Finder:
    """The files beside the manifest."""

    def __init__(self, archive: Archive, folder: str) -> None:
        self._archive = archive
        self._folder = folder

    def __call__(self, name: str) -> bytes | None:
        path = self._folder + name
        if path not in self._archive:
            return None
        try:
            return _found(self._archive, path)
        except NotThisFormat:
            if name.endswith((".xml", ".qti")):
                raise
            return None  # A picture that is too large is one that is not there.
