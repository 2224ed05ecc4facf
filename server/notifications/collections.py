"""What phones hold of notifications, and the one thing that they write: that it was read."""

from server.base.errors import NotFound
from server.base.tx import Tx
from server.notifications import policy
from server.notifications.schemas import NotificationRow
from sync.collection import Change, Collection, bucket
from sync.merge import Join


async def keep_read_at_in_bounds(tx: Tx, change: Change) -> None:
    """Reading happens after the telling and before now, whatever the phone's clock says. Raises NotFound."""
    before = change.before
    if before is None or not policy.may_read(tx.actor, user_id=before["user_id"]):
        raise NotFound("There is no such notification, or not for you.")
    read_at = change.fields.get("read_at")
    if read_at is not None:
        change.fields["read_at"] = max(before["created_at"], min(read_at, tx.now))


notifications = Collection(
    name="notifications.notifications",  # On every phone: never renamed, never used again.
    table="notifications_notifications",
    row=NotificationRow,
    buckets=(bucket("user", "user_id"),),
    tier=0,
    merge=Join({"read_at": "earlier"}),
    may_patch=frozenset({"read_at"}),
    guard=keep_read_at_in_bounds,
    reads=frozenset(),
    deletion="by_server",
)
