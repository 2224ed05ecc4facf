"""Rows of imports: made, followed, ended."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import text

from server.base.errors import Conflict, Forbidden, NotFound
from server.base.import_report import ImportReport, Sums
from server.base.tx import Tx
from server.catalog.importing import Access
from server.identity.queries import is_verified_educator
from server.imports import policy
from server.imports.payloads import RunImport
from server.imports.schemas import ErrorAnswer, ImportAnswer, ImportKind, ItemAnswer, ReportAnswer

OPEN_MAX = 5
ERROR_LENGTH_MAX = 1_000
BROKEN = "import.broken"  # Of what was given up without a reason of its own.


class TooManyOpen(Conflict):
    """Too many of your imports are still waiting; let them end first."""

    code = "import.too_many"


class NotTried(Conflict):
    """Only what was tried, and went well, can be applied; start an import instead."""

    code = "import.not_tried"


@dataclass(frozen=True, kw_only=True)
class NewImport:
    id: UUID
    kind: ImportKind
    name: str
    bytes: int
    publish: bool
    access: Access
    course_slug: str | None
    practice_title: str | None
    dry_run: bool
    upload_id: UUID


@dataclass(frozen=True)
class WaitingImport:
    """What the job needs to know."""

    id: UUID
    owner_id: UUID
    kind: ImportKind
    publish: bool
    access: Access
    course_slug: str | None
    practice_title: str | None
    dry_run: bool
    upload_id: UUID | None  # None: begun by a release that kept files on its own disk.
    name: str


async def require_importer(tx: Tx) -> None:
    """Raises Forbidden."""
    if not policy.may_import(tx.actor, is_verified=await is_verified_educator(tx, tx.actor.id)):
        raise Forbidden("Educators import once staff have checked who they are; ask to be verified.")


async def refuse_too_many(tx: Tx) -> None:
    """Until the end of the transaction no other import of the actor's is begun. Raises TooManyOpen."""
    await tx.db.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"imports:{tx.actor.id}"}
    )
    statement = text("select count(*) from imports_imports where owner_id = :me and state in ('queued', 'running')")
    if (await tx.db.execute(statement, {"me": tx.actor.id})).scalar_one() >= OPEN_MAX:
        raise TooManyOpen


async def add_import(tx: Tx, new: NewImport) -> None:
    """Record it as the actor's, and have it run. Raises TooManyOpen."""
    await refuse_too_many(tx)
    await tx.db.execute(
        text(
            "insert into imports_imports (id, owner_id, kind, name, bytes, publish, access, course_slug,"
            " practice_title, dry_run, upload_id)"
            " values (:id, :owner, :kind, :name, :bytes, :publish, :access, :course_slug, :practice_title, :dry_run,"
            " :upload_id)"
        ),
        {
            "id": new.id,
            "owner": tx.actor.id,
            "kind": new.kind,
            "name": new.name,
            "bytes": new.bytes,
            "publish": new.publish,
            "access": new.access,
            "course_slug": new.course_slug,
            "practice_title": new.practice_title,
            "dry_run": new.dry_run,
            "upload_id": new.upload_id,
        },
    )
    tx.later(RunImport(import_id=new.id))


async def find_same(tx: Tx, new: NewImport) -> UUID | None:
    """The import of this upload that was ordered in these words before, if it waits, runs, or is done for good.

    Whoever did not hear the answer asks again. What was only tried may be tried anew.
    """
    statement = text(
        "select id from imports_imports where upload_id = :upload and kind = :kind and dry_run = :dry_run"
        " and publish = :publish and access = :access and practice_title is not distinct from cast(:practice as text)"
        " and (state in ('queued', 'running') and course_slug is not distinct from cast(:course as text)"
        # The slug of what is done is that of the course which came of it.
        " or state = 'done' and not dry_run and coalesce(course_slug = cast(:course as text), true))"
        " order by created_at desc limit 1"
    )
    values = {
        "upload": new.upload_id,
        "kind": new.kind,
        "dry_run": new.dry_run,
        "publish": new.publish,
        "access": new.access,
        "practice": new.practice_title,
        "course": new.course_slug,
    }
    return (await tx.db.execute(statement, values)).scalar_one_or_none()


async def start(tx: Tx, import_id: UUID) -> WaitingImport | None:
    """The import, now running; None when it has ended already or is not there. Staff may retry what was given up."""
    row = (
        await tx.db.execute(
            text(
                "update imports_imports set state = 'running', step = 'starting', error_code = null, error = null,"
                " ended_at = null where id = :id and (state in ('queued', 'running') or error_code = :broken)"
                " returning id, owner_id, kind, publish, access, course_slug, practice_title, dry_run, upload_id,"
                " name"
            ),
            {"id": import_id, "broken": BROKEN},
        )
    ).one_or_none()
    return None if row is None else WaitingImport(*row)


async def note_progress(tx: Tx, import_id: UUID, *, ppm: int, step: str) -> None:
    statement = text(
        "update imports_imports set progress_ppm = greatest(progress_ppm, :ppm), step = :step where id = :id and"
        " state = 'running'"
    )
    await tx.db.execute(statement, {"id": import_id, "ppm": ppm, "step": step})


async def apply(tx: Tx, import_id: UUID) -> None:
    """Have what was tried be done, with the very file. Twice is once.

    Raises Forbidden, NotFound, NotTried, TooManyOpen.
    """
    await require_importer(tx)
    statement = text("select owner_id, state, dry_run from imports_imports where id = :id for update")
    row = (await tx.db.execute(statement, {"id": import_id})).one_or_none()
    if row is None or not policy.may_apply(tx.actor, owner_id=row.owner_id):
        raise NotFound(f"There is no import {import_id}, or not for you.")
    if not row.dry_run:
        return
    if row.state != "done":
        raise NotTried
    await refuse_too_many(tx)
    await tx.db.execute(
        text(
            "update imports_imports set state = 'queued', step = 'queued', dry_run = false, progress_ppm = 0,"
            " report = null, sums = null, ended_at = null where id = :id"
        ),
        {"id": import_id},
    )
    tx.later(RunImport(import_id=import_id))
    await tx.audit("imports.import.apply", kind="import", id_=import_id)


async def end(tx: Tx, import_id: UUID, *, report: ImportReport, sums: Sums, course_slug: str | None) -> None:
    """Done: in the transaction that made what was imported, or after the one of a dry run."""
    await tx.db.execute(
        text(
            "update imports_imports set state = 'done', step = 'done', progress_ppm = 1000000, report = :report,"
            " sums = :sums, course_slug = :slug, ended_at = :now where id = :id"
        ),
        {
            "id": import_id,
            "report": msgspec.json.encode(report).decode(),
            "sums": msgspec.json.encode(sums).decode(),
            "slug": course_slug,
            "now": tx.now,
        },
    )


async def fail(tx: Tx, import_id: UUID, *, code: str, message: str) -> None:
    await tx.db.execute(
        text(
            "update imports_imports set state = 'failed', step = 'failed', error_code = :code, error = :error,"
            " ended_at = :now"
            " where id = :id and state <> 'done'"
        ),
        {"id": import_id, "code": code, "error": message[:ERROR_LENGTH_MAX], "now": tx.now},
    )


async def read_import(tx: Tx, import_id: UUID) -> ImportAnswer:
    """How it stands, for its owner and admins. Raises NotFound to everybody else."""
    row = (
        await tx.db.execute(
            text(
                "select i.id, i.owner_id, i.kind, i.name, i.state, i.progress_ppm, i.step, i.report,"
                " i.course_slug, i.error_code, i.error, i.dry_run, i.sums from imports_imports i where i.id = :id"
            ),
            {"id": import_id},
        )
    ).one_or_none()
    if row is None or not policy.may_see(tx.actor, owner_id=row.owner_id):
        raise NotFound(f"There is no import {import_id}, or not for you.")
    return ImportAnswer(
        id=row.id,
        kind=row.kind,
        name=row.name,
        state=row.state,
        progress_ppm=row.progress_ppm,
        step=row.step,
        report=_report(row.report),
        course_slug=row.course_slug,
        error=ErrorAnswer(row.error_code, row.error) if row.error_code else None,
        dry_run=row.dry_run,
        would=msgspec.json.decode(row.sums, type=Sums) if row.sums else None,
    )


def _report(encoded: str | None) -> ReportAnswer | None:
    if encoded is None:
        return None
    report = msgspec.json.decode(encoded, type=ImportReport)
    items = [
        ItemAnswer(
            item=item.item,
            title=item.title,
            kind=item.kind,
            status=item.state,
            reason=item.reasons[0].message if item.reasons else None,
            reasons=item.reasons,
            reasons_count=item.reasons_count,
        )
        for item in report.items
    ]
    return ReportAnswer(totals=report.counts, items=items)
