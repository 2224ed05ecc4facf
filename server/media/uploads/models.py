"""One row a session; its parts are rows of `media_upload_parts`, which phones never see."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class MediaUpload(Stamped, Model):
    __tablename__ = "media_uploads"

    owner_id: Mapped[UUID]
    name: Mapped[str]
    mime: Mapped[str]  # As the sender says.
    bytes: Mapped[int]
    sha256: Mapped[str]  # Of the whole, as the sender says.
    part_bytes: Mapped[int]
    purpose: Mapped[str]  # Purpose
    purpose_id: Mapped[UUID | None]
    licence: Mapped[str] = mapped_column(server_default="")
    attribution: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="receiving")  # UploadState
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    progress_ppm: Mapped[int] = mapped_column(server_default="0")
    step: Mapped[str] = mapped_column(server_default="")
    file_id: Mapped[UUID | None]
    touched_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    swept_at: Mapped[datetime | None]
