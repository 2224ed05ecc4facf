"""What phones hold of a file."""

from uuid import UUID

from msgspec import Struct


class VariantRow(Struct, frozen=True):
    """One size of a file, fetched by its own hash: `GET /media/{sha256}`."""

    name: str  # "w480", "w960"
    width: int
    height: int
    mime: str
    bytes: int
    sha256: str


class FileRow(Struct, frozen=True):
    """`media.files`."""

    id: UUID
    sha256: str  # Of the original.
    mime: str  # Of the original.
    variants: list[VariantRow]  # By width.
    licence: str | None
    attribution: str | None
