"""Keeping files: bytes to the store by their hash, then rows in the caller's transaction.

Bytes go first and rows later: bytes that nobody refers to cost space, a row without bytes would cost a lesson.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from server.base.ids import derived_id
from server.base.storage import Storage
from server.base.tx import Tx
from server.media.images import MIME, Prepared, Variant
from server.media.models import MediaFile, MediaUse
from server.media.schemas import FileKind, RenditionRow, VariantRow

ORIGINAL = "original"  # The name of what came, without what it says of itself, among the variants; never on a phone.
RAW = "raw"  # The same where it could not be packed anew: it may say where it was made, and stays here.

_ADD_VARIANT = text(
    "insert into media_variants (id, file_id, sha256, name, width, height, mime, bytes, storage_key, codecs,"
    " duration_ms, kbit_s, is_original)"
    " values (:id, :file, :sha256, :name, :width, :height, :mime, :bytes, :key, :codecs, :duration_ms, :kbit_s,"
    " :is_original) on conflict (file_id, name) do nothing"
)
_PUT_TEXT = text(
    "insert into media_texts (file_id, text) values (:file, :text)"
    " on conflict (file_id) do update set text = excluded.text"
)


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


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A file whose bytes are in the store and may stay; its row may follow."""

    sha256: str  # Of the original, as are mime and bytes.
    mime: str
    bytes: int
    kind: FileKind
    name: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    pages: int | None = None
    scan: Literal["clean", "unscanned"] = "unscanned"
    variants: list[VariantRow] = field(default_factory=list)
    renditions: list[RenditionRow] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)  # Names of renditions that are still to be made.
    original: RenditionRow | None = None  # What is kept for later encoders, named ORIGINAL or RAW.
    text: str | None = None  # For the search.


def accepted_image(image: StoredImage) -> Accepted:
    return Accepted(
        sha256=image.sha256,
        mime=image.mime,
        bytes=image.bytes,
        kind="image",
        width=image.width,
        height=image.height,
        variants=image.variants,
    )


async def add_file(tx: Tx, image: StoredImage, *, owner_id: UUID, licence: str, attribution: str) -> MediaFile:
    """The row of a stored image. The same image of the same owner under the same terms is one row."""
    return await accept_file(tx, accepted_image(image), owner_id=owner_id, licence=licence, attribution=attribution)


def file_id_of(owner_id: UUID, sha256: str, *, licence: str, attribution: str) -> UUID:
    """The id of a person's file under these terms; phones compute the same before they ask anybody."""
    terms = hashlib.sha256(f"{licence}\n{attribution}".encode()).hexdigest()
    return derived_id("media.files", owner_id, sha256, terms)


async def accept_file(tx: Tx, accepted: Accepted, *, owner_id: UUID, licence: str, attribution: str) -> MediaFile:
    """As `accept_files`, one."""
    [file] = await accept_files(tx, [accepted], owner_id=owner_id, licence=licence, attribution=attribution)
    return file


async def accept_files(
    tx: Tx, wanted: Sequence[Accepted], *, owner_id: UUID, licence: str, attribution: str
) -> list[MediaFile]:
    """The rows of files that may stay, in their order: a few statements, however many. Twice is once.

    The same bytes of the same owner under the same terms are one row, whose id phones compute before they send them.
    One that was deleted, or failed, begins anew.
    """
    ids = [file_id_of(owner_id, one.sha256, licence=licence, attribution=attribution) for one in wanted]
    files = await _locked(tx, ids)
    begun: dict[UUID, Accepted] = {}
    for id_, accepted in zip(ids, wanted, strict=True):
        file = files.get(id_)
        if id_ in begun or (file is not None and file.deleted_at is None and file.state != "failed"):
            continue
        if file is None:
            file = files[id_] = MediaFile(id=id_, owner_id=owner_id, sha256=accepted.sha256)
            tx.db.add(file)
        _fill(file, accepted)
        file.licence, file.attribution = licence or None, attribution or None
        begun[id_] = accepted
    await tx.db.flush()  # Variants and uses refer to them.
    await _add_variants(tx, begun)
    return [files[id_] for id_ in ids]


async def _locked(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, MediaFile]:
    statement = (
        select(MediaFile)
        .where(MediaFile.id.in_(set(ids)))
        .order_by(MediaFile.id)  # Two who bring the same files wait for each other in one order.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {file.id: file for file in (await tx.db.execute(statement)).scalars()}


def _fill(file: MediaFile, accepted: Accepted) -> None:
    file.deleted_at = None
    file.mime, file.bytes, file.kind, file.name = accepted.mime, accepted.bytes, accepted.kind, accepted.name
    file.width, file.height = accepted.width, accepted.height
    file.duration_ms, file.pages, file.scan = accepted.duration_ms, accepted.pages, accepted.scan
    file.variants = [msgspec.to_builtins(variant) for variant in accepted.variants]
    file.renditions = as_plain(accepted.renditions)
    file.pending = list(accepted.pending)
    file.state = "processing" if accepted.pending else "ready"


def as_plain(renditions: Iterable[RenditionRow]) -> list[dict[str, object]]:
    """As the row keeps them: by name, without what is not known."""
    plain = [msgspec.to_builtins(rendition) for rendition in sorted(renditions, key=lambda one: one.name)]
    return [{name: value for name, value in one.items() if value is not None} for one in plain]


async def _add_variants(tx: Tx, begun: Mapping[UUID, Accepted]) -> None:
    rows = [
        _variant_row(file_id, row, is_original=row is accepted.original)
        for file_id, accepted in begun.items()
        for row in _rows_of(accepted)
    ]
    if rows:
        await tx.db.execute(_ADD_VARIANT, rows)
    texts = [
        {"file": file_id, "text": accepted.text.replace("\x00", " ")}
        for file_id, accepted in begun.items()
        if accepted.text
    ]
    if texts:
        await tx.db.execute(_PUT_TEXT, texts)


def _rows_of(accepted: Accepted) -> list[RenditionRow]:
    pictures = [RenditionRow(**msgspec.structs.asdict(variant)) for variant in accepted.variants]
    return [*pictures, *accepted.renditions, *([accepted.original] if accepted.original else [])]


async def add_variant(tx: Tx, file_id: UUID, row: RenditionRow) -> None:
    """What makes a later run skip it. Twice is once."""
    await tx.db.execute(_ADD_VARIANT, _variant_row(file_id, row, is_original=False))


def _variant_row(file_id: UUID, row: RenditionRow, *, is_original: bool) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(row),
        "id": derived_id("media.variants", file_id, row.name),
        "file": file_id,
        "key": storage_key(row.sha256),
        "is_original": is_original,
    }


@dataclass(frozen=True)
class Original:
    """What came: for later encoders alone, and for the course's own file when it says nothing of itself."""

    name: str  # ORIGINAL, or RAW.
    sha256: str
    mime: str
    bytes: int
    storage_key: str


async def original_of(tx: Tx, file_id: UUID) -> Original | None:
    """None where it is not kept, as of pictures."""
    statement = text(
        "select name, sha256, mime, bytes, storage_key from media_variants where file_id = :file and is_original"
        " order by name limit 1"  # ORIGINAL before RAW.
    )
    found = (await tx.db.execute(statement, {"file": file_id})).one_or_none()
    return None if found is None else Original(*found)


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
        " where v.sha256 = :sha256 and f.deleted_at is null and u.deleted_at is null and u.course_id is not null"
    )
    return list((await tx.db.execute(statement, {"sha256": sha256})).scalars())
