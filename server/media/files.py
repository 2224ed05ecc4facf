"""Keeping files: bytes to the store by their hash, then rows in the caller's transaction.

Bytes go first and rows later: bytes that nobody refers to cost space, a row without bytes would cost a lesson.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import text

from server.base.ids import derived_id
from server.base.storage import Storage
from server.base.tx import Tx
from server.media.images import MIME, Prepared, Variant
from server.media.models import MediaFile, MediaUse
from server.media.schemas import VariantRow


@dataclass(frozen=True)
class StoredImage:
    """An image whose bytes are in the store; its row may follow."""

    sha256: str  # Of the original, as are the next four.
    mime: str
    width: int
    height: int
    bytes: int
    variants: list[VariantRow]  # By width.

    @property
    def largest(self) -> VariantRow:
        return self.variants[-1]


def storage_key(sha256: str) -> str:
    """Made by the server from what the bytes are; nobody's file name is in it."""
    return f"media/{sha256[:2]}/{sha256}"


async def store_image(storage: Storage, prepared: Prepared) -> StoredImage:
    """Put the bytes where `storage_key` says. Twice is once. Raises Unavailable."""
    for variant in prepared.variants:
        await storage.put(storage_key(variant.sha256), variant.body, media_type=MIME)
    return StoredImage(
        sha256=prepared.sha256,
        mime=prepared.mime,
        width=prepared.width,
        height=prepared.height,
        bytes=prepared.bytes,
        variants=[_row_of(variant) for variant in prepared.variants],
    )


def _row_of(variant: Variant) -> VariantRow:
    return VariantRow(
        name=variant.name,
        width=variant.width,
        height=variant.height,
        mime=MIME,
        bytes=len(variant.body),
        sha256=variant.sha256,
    )


async def add_file(tx: Tx, image: StoredImage, *, owner_id: UUID, licence: str, attribution: str) -> MediaFile:
    """The row of a stored image. The same image of the same owner under the same terms is one row."""
    terms = hashlib.sha256(f"{licence}\n{attribution}".encode()).hexdigest()
    id_ = derived_id("media.files", owner_id, image.sha256, terms)
    found = await tx.db.get(MediaFile, id_)
    if found is not None:
        found.deleted_at = None
        return found
    file = MediaFile(
        id=id_,
        owner_id=owner_id,
        sha256=image.sha256,
        mime=image.mime,
        width=image.width,
        height=image.height,
        bytes=image.bytes,
        variants=[msgspec.to_builtins(variant) for variant in image.variants],
        licence=licence or None,
        attribution=attribution or None,
    )
    tx.db.add(file)
    await tx.db.flush()  # Variants and uses refer to it.
    await _add_variants(tx, id_, image.variants)
    return file


async def _add_variants(tx: Tx, file_id: UUID, variants: list[VariantRow]) -> None:
    rows = [
        {
            "id": derived_id("media.variants", file_id, variant.name),
            "file": file_id,
            "sha256": variant.sha256,
            "name": variant.name,
            "width": variant.width,
            "height": variant.height,
            "mime": variant.mime,
            "bytes": variant.bytes,
            "key": storage_key(variant.sha256),
        }
        for variant in variants
    ]
    await tx.db.execute(
        text(
            "insert into media_variants (id, file_id, sha256, name, width, height, mime, bytes, storage_key)"
            " values (:id, :file, :sha256, :name, :width, :height, :mime, :bytes, :key)"
        ),
        rows,
    )


def use_file(tx: Tx, file_id: UUID, *, course_id: UUID) -> None:
    """The course shows the file from now on; phones get it when the course is published."""
    tx.db.add(MediaUse(id=derived_id("media.uses", file_id, course_id), file_id=file_id, course_id=course_id))


async def set_uses_published(tx: Tx, course_id: UUID, *, is_published: bool) -> None:
    """Called with the course's own change: who may see a file follows from its uses alone."""
    await tx.db.execute(
        text("update media_uses set published_at = :at where course_id = :course and deleted_at is null"),
        {"at": tx.now if is_published else None, "course": course_id},
    )


async def courses_showing(tx: Tx, sha256: str) -> list[UUID]:
    """The courses that use a file with this variant."""
    statement = text(
        "select distinct u.course_id from media_variants v join media_files f on f.id = v.file_id"
        " join media_uses u on u.file_id = f.id"
        " where v.sha256 = :sha256 and f.deleted_at is null and u.deleted_at is null"
    )
    return list((await tx.db.execute(statement, {"sha256": sha256})).scalars())
