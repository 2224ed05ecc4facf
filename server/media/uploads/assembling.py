"""Parts → one file on disk, and the hash of what came."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from server.base.errors import NotFound
from server.base.work import Work
from server.media.uploads.errors import UploadDamaged
from server.media.uploads.parts import piece_key

_UPLOAD = text("select bytes, sha256 from media_uploads where id = :id and deleted_at is null")
_PIECES = text(
    "select number, pieces from media_upload_parts where upload_id = :id and completed_at is not null order by number"
)


@dataclass(frozen=True)
class Assembled:
    bytes: int
    sha256: str


async def assemble(work: Work, upload_id: UUID, into: Path) -> Assembled:
    """Write all parts to `into` in one pass, whatever stood there.

    Raises UploadDamaged when they are not what the sender said, Unavailable when the store does not answer.
    """
    async with work.database.transaction() as tx:
        upload = (await tx.db.execute(_UPLOAD, {"id": upload_id})).one_or_none()
        parts = (await tx.db.execute(_PIECES, {"id": upload_id})).all()
    if upload is None:
        raise UploadDamaged("the upload is gone")
    whole, size = hashlib.sha256(), 0
    with await asyncio.to_thread(into.open, "wb") as file:
        for part in parts:
            for piece in part.pieces:
                try:
                    async for chunk in work.storage.read(piece_key(upload_id, part.number, piece)):
                        size += len(chunk)
                        await asyncio.to_thread(_take, file.write, whole.update, chunk)
                except NotFound as error:
                    raise UploadDamaged(f"part {part.number} is gone from the store") from error
    if size != upload.bytes:
        raise UploadDamaged(f"{size} bytes came, {upload.bytes} were announced")
    if whole.hexdigest() != upload.sha256:
        raise UploadDamaged("its hash is another one than was announced")
    return Assembled(size, upload.sha256)


def _take(write: Callable[[bytes], int], update: Callable[[bytes], None], chunk: bytes) -> None:
    write(chunk)
    update(chunk)
