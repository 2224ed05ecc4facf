"""What a person is told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class Notification(Stamped, Model):
    __tablename__ = "notifications_notifications"

    user_id: Mapped[UUID]
    kind: Mapped[str]
    title: Mapped[str]
    message: Mapped[str]
    reference_type: Mapped[str | None]
    reference_id: Mapped[UUID | None]
    priority: Mapped[str] = mapped_column(server_default="medium")
    data: Mapped[dict[str, Any] | None]
    read_at: Mapped[datetime | None]
