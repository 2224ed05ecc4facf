"""Imports by the operator, in this process and at once: what `spark import` calls."""

import asyncio
from pathlib import Path
from uuid import UUID

from server.base.actor import SYSTEM
from server.base.import_report import ImportReport
from server.base.tx import Tx
from server.base.work import Work
from server.catalog.importing import Access, CartridgeOrder, Imported
from server.catalog.portable.reading import is_course_file
from server.imports.courses import bring_course
from server.imports.packages import PackageOrder, import_package
from server.imports.questions import QuestionsOrder, import_questions
from server.imports.schemas import QuestionsKind
from server.imports.uploads import FILE_BYTES_MAX, too_large


async def import_course_file(
    work: Work, path: Path, *, owner_id: UUID, access: Access, publish: bool, dry_run: bool = False
) -> Imported:
    """Raises an ArchiveRefused, CartridgeRefused, FileTooLarge, Unavailable; then nothing was made."""
    is_ours = await asyncio.to_thread(is_course_file, path)
    if not is_ours and await asyncio.to_thread(_size, path) > FILE_BYTES_MAX:
        raise too_large(str(path))
    order = CartridgeOrder(path=path, owner_id=owner_id, access=access, publish=publish, dry_run=dry_run)
    return await bring_course(work, SYSTEM, order, is_ours=is_ours)


async def import_package_file(
    work: Work,
    path: Path,
    *,
    owner_id: UUID,
    access: Access,
    publish: bool,
    course_slug: str | None = None,
    dry_run: bool = False,
) -> Imported:
    """SCORM. Raises what `import_package` raises, and FileTooLarge; then nothing was made."""
    if await asyncio.to_thread(_size, path) > FILE_BYTES_MAX:
        raise too_large(str(path))
    order = PackageOrder(
        path=path,
        name=path.name,
        course_slug=course_slug,
        owner_id=owner_id,
        access=access,
        publish=publish,
        dry_run=dry_run,
    )
    return await import_package(work, SYSTEM, order)


def _size(path: Path) -> int:
    return path.stat().st_size


async def import_questions_file(
    work: Work,
    path: Path,
    *,
    kind: QuestionsKind,
    course_slug: str,
    owner_id: UUID,
    title: str,
    publish: bool,
    dry_run: bool = False,
) -> ImportReport:
    """Raises what `import_questions` raises; then nothing was made."""
    order = QuestionsOrder(
        path=path,
        kind=kind,
        course_slug=course_slug,
        owner_id=owner_id,
        title=title,
        publish=publish,
        dry_run=dry_run,
    )
    return await import_questions(work, SYSTEM, order, also=_nothing)


async def _nothing(_tx: Tx, _report: ImportReport) -> None:
    """No record is kept."""
