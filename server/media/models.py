"""Files that courses show: each by its content, with variants for small and large screens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from server.base.models import Model, Stamped


class MediaFile(Stamped, Model):
    __tablename__ = "media_files"

    owner_id: Mapped[UUID]
    sha256: Mapped[str]  # Of the original, which is not kept.
    mime: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    variants: Mapped[list[Any]]  # VariantRow as plain values: what phones see of media_variants.
    licence: Mapped[str | None]
    attribution: Mapped[str | None]


class MediaUse(Stamped, Model):
    """A course shows a file. The link by which the file is in the course's buckets."""

    __tablename__ = "media_uses"

    file_id: Mapped[UUID]
    course_id: Mapped[UUID]
    published_at: Mapped[datetime | None]
