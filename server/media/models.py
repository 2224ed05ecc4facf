"""Files that courses show: each by its content, with variants for small and large screens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class MediaFile(Stamped, Model):
    __tablename__ = "media_files"

    owner_id: Mapped[UUID]
    sha256: Mapped[str]  # Of the original.
    mime: Mapped[str]
    width: Mapped[int | None]  # Pixels, of what can be seen.
    height: Mapped[int | None]
    bytes: Mapped[int]
    variants: Mapped[list[Any]]  # VariantRow as plain values: what phones see of media_variants.
    licence: Mapped[str | None]
    attribution: Mapped[str | None]
    kind: Mapped[str] = mapped_column(server_default="image")  # FileKind
    name: Mapped[str | None]  # As its owner called it; never in a key.
    duration_ms: Mapped[int | None]
    pages: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="ready")  # "processing", "ready" or "failed"
    renditions: Mapped[list[Any]] = mapped_column(server_default="[]")  # RenditionRow as plain values.
    pending: Mapped[list[Any]] = mapped_column(server_default="[]")  # Names of renditions that are still to be made.
    scan: Mapped[str] = mapped_column(server_default="unscanned")  # What the virus scanner said, or "clean".


class MediaUse(Stamped, Model):
    """A course shows a file, or it is somebody's own: the links by which the file is in buckets. One of them is set."""

    __tablename__ = "media_uses"

    file_id: Mapped[UUID]
    course_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    item_id: Mapped[UUID | None]
    question_id: Mapped[UUID | None]
    published_at: Mapped[datetime | None]
