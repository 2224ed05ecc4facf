"""Tell somebody something, once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from server.base.ids import derived_id
from server.base.tx import Tx
from server.notifications.models import Notification

TITLE_LENGTH_MAX = 255
MESSAGE_LENGTH_MAX = 2_000
KEPT_DAYS = 90
DELETED_AT_ONCE_MAX = 5_000

Priority = Literal["low", "medium", "high"]


async def notify(  # noqa: PLR0913 - all by keyword; what is told has many sides
    tx: Tx,
    user_id: UUID,
    *,
    kind: str,
    title: str,
    message: str,
    key: UUID | str,
    reference_type: str | None = None,
    reference_id: UUID | None = None,
    priority: Priority = "medium",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Tell one person. The same `kind` and `key` a second time tells nobody twice: jobs may run again.

    `title` and `message` are English, for phones that do not know `kind`; from `data` others say it themselves.
    """
    statement = insert(Notification).values(
        id=derived_id("notifications.notifications", user_id, kind, key),
        user_id=user_id,
        kind=kind,
        title=title[:TITLE_LENGTH_MAX],
        message=message[:MESSAGE_LENGTH_MAX],
        reference_type=reference_type,
        reference_id=reference_id,
        priority=priority,
        data=dict(data) if data else None,
        created_at=tx.now,
    )
    await tx.db.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


async def delete_old(tx: Tx) -> None:
    """Take away what is older than KEPT_DAYS, some at a time."""
    old = text(
        "select id from notifications_notifications where deleted_at is null and created_at < :before"
        " order by created_at limit :limit for no key update skip locked"
    )
    ids = (
        (await tx.db.execute(old, {"before": tx.now - timedelta(days=KEPT_DAYS), "limit": DELETED_AT_ONCE_MAX}))
        .scalars()
        .all()
    )
    if ids:
        await tx.db.execute(update(Notification).where(Notification.id.in_(ids)).values(deleted_at=tx.now))
