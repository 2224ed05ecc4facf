"""Something made of a file: on disk for a moment, then in the store, then a row."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from server.base.storage import Storage
from server.media.files import storage_key
from server.media.schemas import RenditionRow, VariantRow


@dataclass(frozen=True, kw_only=True)
class Made:
    name: str  # "v240", "w480", "captions.uz"
    path: Path
    mime: str
    codecs: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None


async def store(storage: Storage, made: Made) -> RenditionRow:
    """Put it under its hash, and say what a phone would know of it. Twice is once. Raises Unavailable."""
    sha256 = await asyncio.to_thread(sha256_of, made.path)
    size = made.path.stat().st_size
    await storage.put_file(storage_key(sha256), made.path, media_type=made.mime)
    return RenditionRow(
        name=made.name,
        mime=made.mime,
        bytes=size,
        sha256=sha256,
        codecs=made.codecs,
        width=made.width,
        height=made.height,
        duration_ms=made.duration_ms,
        kbit_s=round(size * 8 / made.duration_ms) if made.duration_ms else None,
    )


def as_variant(row: RenditionRow) -> VariantRow:
    """A picture by width, as phones of every release know it."""
    return VariantRow(
        name=row.name, width=row.width or 1, height=row.height or 1, mime=row.mime, bytes=row.bytes, sha256=row.sha256
    )


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
