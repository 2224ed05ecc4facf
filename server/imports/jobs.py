"""The import itself, in a worker. A second run finds what the first has made and makes nothing twice."""

import time
from pathlib import Path

from server.base.actor import Actor
from server.base.errors import AppError, Conflict
from server.base.import_report import ImportReport, Sums
from server.base.jobs import long_job
from server.base.tx import Tx
from server.base.work import Work
from server.catalog.importing import CartridgeOrder, Imported
from server.identity.actors import actor_of_user
from server.imports import queries
from server.imports.courses import bring_course
from server.imports.files import file_of, let_go
from server.imports.packages import PackageOrder, import_package
from server.imports.payloads import RunImport
from server.imports.queries import WaitingImport
from server.imports.questions import QuestionsOrder, import_questions, sums_of

PROGRESS_EVERY_S = 0.3
ATTEMPTS = 9  # Over some eight minutes: a store, or a scanner, that is away for so long is waited for.
BROKEN_WORDS = "Something is wrong on our side; it was noted. Nothing was imported."


class OwnerGone(Conflict):
    """The account that sent the file is no longer active."""

    code = "import.owner_gone"


async def _gave_up(tx: Tx, payload: RunImport) -> None:
    """It waits for staff, and no more among what its owner has open; the file stays, to be imported anew."""
    await queries.fail(tx, payload.import_id, code=queries.BROKEN, message=BROKEN_WORDS)


@long_job(RunImport, timeout_s=900, attempts_max=ATTEMPTS, gave_up=_gave_up)
async def run_import(work: Work, payload: RunImport) -> None:
    """Import the file that waits. A refusal ends it with its reason; an outage leaves it for the next attempt."""
    async with work.database.transaction() as tx:
        waiting = await queries.start(tx, payload.import_id)
        actor = await actor_of_user(tx, waiting.owner_id) if waiting else None
    if waiting is None:
        return
    try:
        if actor is None:
            raise OwnerGone
        async with work.database.transaction(actor) as tx:
            await queries.require_importer(tx)  # With the rights of now: it may have waited for long.
        async with file_of(work, waiting) as file:
            await _run(work, actor, waiting, file)
    except AppError as refusal:
        async with work.database.transaction() as tx:
            await queries.fail(tx, waiting.id, code=refusal.code, message=refusal.message)
            if not waiting.dry_run:  # What was only tried may be tried otherwise.
                await let_go(tx, waiting.upload_id, refusal=refusal)


async def _run(work: Work, actor: Actor, waiting: WaitingImport, path: Path) -> None:
    run = _Run(work, waiting)
    match waiting.kind:
        case "cartridge" | "course":
            order = CartridgeOrder(
                path=path,
                owner_id=actor.id,
                access=waiting.access,
                publish=waiting.publish,
                dry_run=waiting.dry_run,
            )
            is_ours = waiting.kind == "course"
            imported = await bring_course(
                work, actor, order, is_ours=is_ours, on_progress=run.note, also=run.note_course
            )
            if waiting.dry_run:
                await run.note_tried(imported.report, imported.sums, None if imported.is_new else imported.slug)
        case "scorm":
            package = PackageOrder(
                path=path,
                name=waiting.name,
                course_slug=waiting.course_slug,
                owner_id=actor.id,
                access=waiting.access,
                publish=waiting.publish,
                dry_run=waiting.dry_run,
            )
            imported = await import_package(work, actor, package, on_progress=run.note, also=run.note_course)
            if waiting.dry_run:
                await run.note_tried(imported.report, imported.sums, waiting.course_slug)
        case kind:
            wanted = QuestionsOrder(
                path=path,
                kind=kind,
                course_slug=waiting.course_slug or "",
                owner_id=actor.id,
                title=waiting.practice_title or "",
                publish=waiting.publish,
                dry_run=waiting.dry_run,
            )
            report = await import_questions(work, actor, wanted, also=run.note_questions)
            if waiting.dry_run:
                await run.note_tried(report, sums_of(report), waiting.course_slug)


class _Run:
    """Writes how far it is, and its end, where the person who waits can see it."""

    def __init__(self, work: Work, waiting: WaitingImport) -> None:
        self._work = work
        self._waiting = waiting
        self._next_at = 0.0

    async def note(self, ppm: int, step: str) -> None:
        """A few times a second at most."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + PROGRESS_EVERY_S
        async with self._work.database.transaction() as tx:
            await queries.note_progress(tx, self._waiting.id, ppm=ppm, step=step)

    async def note_course(self, tx: Tx, imported: Imported) -> None:
        await self._end(tx, imported.report, imported.sums, imported.slug)

    async def note_questions(self, tx: Tx, report: ImportReport) -> None:
        await self._end(tx, report, sums_of(report), self._waiting.course_slug)

    async def note_tried(self, report: ImportReport, sums: Sums, slug: str | None) -> None:
        """Of a dry run, whose own transaction was taken back. Its file stays, to be applied."""
        async with self._work.database.transaction() as tx:
            await queries.end(tx, self._waiting.id, report=report, sums=sums, course_slug=slug)

    async def _end(self, tx: Tx, report: ImportReport, sums: Sums, slug: str | None) -> None:
        await queries.end(tx, self._waiting.id, report=report, sums=sums, course_slug=slug)
        await let_go(tx, self._waiting.upload_id)
