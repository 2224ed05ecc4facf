"""What crosses the wire about notifications."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct


class NotificationRow(Struct):
    """`notifications.notifications`. A phone that knows `kind` says it in its own words from `data`; else `message`."""

    id: UUID
    kind: str
    title: str
    message: str
    reference_type: str | None
    reference_id: UUID | None
    priority: str
    data: dict[str, Any] | None
    created_at: datetime
    read_at: datetime | None
