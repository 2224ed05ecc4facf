"""What phones hold of a file."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

FileKind = Literal["image", "video", "audio", "document", "captions", "package", "attachment"]


class VariantRow(Struct, frozen=True):
    """One size of a file, fetched by its own hash: `GET /media/{sha256}`."""

    name: str  # "w480", "w960"
    width: int
    height: int
    mime: str
    bytes: int
    sha256: str


class RenditionRow(Struct, frozen=True):
    """Something made of a file besides images by width: a smaller film, its sound, captions, a page as a picture."""

    name: str  # "v360", "opus", "mp3", "pdf", "thumb", "captions.uz"
    mime: str
    bytes: int
    sha256: str
    codecs: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    kbit_s: int | None = None


class FileRow(Struct, frozen=True):
    """`media.files`."""

    id: UUID
    sha256: str  # Of the original.
    mime: str  # Of the original.
    variants: list[VariantRow]  # By width: WebP images only, because released clients take any of them for one.
    licence: str | None
    attribution: str | None
    kind: FileKind
    name: str | None  # As its owner called it.
    duration_ms: int | None
    pages: int | None
    state: Literal["processing", "ready", "failed"]
    renditions: list[RenditionRow]
