"""The import itself, in a worker. A second run finds what the first has made and makes nothing twice."""

import asyncio
import time
from pathlib import Path
from uuid import UUID

from server.assessments.imports import import_gift
from server.base.actor import Actor
from server.base.errors import AppError, Conflict, Invalid
from server.base.jobs import long_job
from server.base.tx import Tx
from server.base.work import Work
from server.catalog.importing import CartridgeOrder, Imported, import_cartridge
from server.identity.actors import actor_of_user
from server.imports import queries
from server.imports.payloads import RunImport
from server.imports.queries import WaitingImport
from server.imports.uploads import forget, path_of

GIFT_BYTES_MAX = 20_000_000
PROGRESS_EVERY_S = 0.3


class FileGone(Conflict):
    """The uploaded file is no longer there; send it again."""

    code = "import.file_gone"


class OwnerGone(Conflict):
    """The account that sent the file is no longer active."""

    code = "import.owner_gone"


class GiftTooLarge(Invalid):
    """The question file is larger than we take; make several of it."""

    code = "import.gift_too_large"


@long_job(RunImport, timeout_s=900, attempts_max=3)
async def run_import(work: Work, payload: RunImport) -> None:
    """Import the file that waits. A refusal ends it with its reason; an outage leaves it for the next attempt."""
    path = path_of(work.settings.tmp, payload.import_id)
    async with work.database.transaction() as tx:
        waiting = await queries.start(tx, payload.import_id)
        actor = await actor_of_user(tx, waiting.owner_id) if waiting else None
    if waiting is None:
        forget(path)
        return
    try:
        await _run(work, actor, waiting, path)
    except AppError as refusal:
        async with work.database.transaction() as tx:
            await queries.fail(tx, waiting.id, code=refusal.code, message=refusal.message)
    forget(path)


async def _run(work: Work, actor: Actor | None, waiting: WaitingImport, path: Path) -> None:
    if actor is None:
        raise OwnerGone
    if not await asyncio.to_thread(path.exists):
        raise FileGone
    if waiting.kind == "gift":
        await _run_gift(work, actor, waiting, path)
    else:
        await _run_cartridge(work, actor, waiting, path)


async def _run_cartridge(work: Work, actor: Actor, waiting: WaitingImport, path: Path) -> None:
    order = CartridgeOrder(path=path, owner_id=actor.id, access=waiting.access, publish=waiting.publish)

    async def note_done(tx: Tx, imported: Imported) -> None:
        await queries.end(tx, waiting.id, report=imported.report, course_slug=imported.slug)

    await import_cartridge(work, actor, order, on_progress=_Reporter(work, waiting.id).note, also=note_done)


async def _run_gift(work: Work, actor: Actor, waiting: WaitingImport, path: Path) -> None:
    content = await asyncio.to_thread(_read, path)
    async with work.database.transaction(actor) as tx:
        report = await import_gift(
            tx,
            text=content,
            course_slug=waiting.course_slug or "",
            owner_id=actor.id,
            practice_title=waiting.practice_title or "",
            publish=waiting.publish,
        )
        await queries.end(tx, waiting.id, report=report, course_slug=waiting.course_slug)


def _read(path: Path) -> bytes:
    if path.stat().st_size > GIFT_BYTES_MAX:
        raise GiftTooLarge(f"The question file is larger than {GIFT_BYTES_MAX} bytes; make several of it.")
    return path.read_bytes()


class _Reporter:
    """Writes progress where the person who waits can see it, a few times a second at most."""

    def __init__(self, work: Work, import_id: UUID) -> None:
        self._work = work
        self._import_id = import_id
        self._next_at = 0.0

    async def note(self, ppm: int, step: str) -> None:
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + PROGRESS_EVERY_S
        async with self._work.database.transaction() as tx:
            await queries.note_progress(tx, self._import_id, ppm=ppm, step=step)
