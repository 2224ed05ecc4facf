"""Imports by the operator, in this process and at once: what `spark import` calls."""

import asyncio
from pathlib import Path
from uuid import UUID

from server.assessments.imports import import_gift
from server.base.actor import SYSTEM
from server.base.errors import Invalid
from server.base.import_report import ImportReport
from server.base.work import Work
from server.catalog.importing import Access, CartridgeOrder, Imported, import_cartridge
from server.imports.jobs import GIFT_BYTES_MAX, GiftTooLarge
from server.imports.uploads import FILE_BYTES_MAX


class FileTooLarge(Invalid):
    """The file is larger than we take."""

    code = "import.too_large"


async def import_course_file(work: Work, path: Path, *, owner_id: UUID, access: Access, publish: bool) -> Imported:
    """Raises a CartridgeRefused, FileTooLarge, Unavailable; then nothing was made."""
    if await asyncio.to_thread(_size, path) > FILE_BYTES_MAX:
        raise FileTooLarge(f"{path} is larger than {FILE_BYTES_MAX // 1024 // 1024} MB.")
    return await import_cartridge(
        work, SYSTEM, CartridgeOrder(path=path, owner_id=owner_id, access=access, publish=publish)
    )


def _size(path: Path) -> int:
    return path.stat().st_size


async def import_questions_file(
    work: Work, content: bytes, *, course_slug: str, owner_id: UUID, title: str, publish: bool
) -> ImportReport:
    """Raises what `import_gift` raises, and GiftTooLarge; then nothing was made."""
    if len(content) > GIFT_BYTES_MAX:
        raise GiftTooLarge(f"The question file is larger than {GIFT_BYTES_MAX} bytes; make several of it.")
    async with work.database.transaction(SYSTEM) as tx:
        return await import_gift(
            tx, text=content, course_slug=course_slug, owner_id=owner_id, practice_title=title, publish=publish
        )
