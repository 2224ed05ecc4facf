"""What this feature does when something happens below it."""

from sqlalchemy import text

from server.base.events import Subscription
from server.base.tx import Tx
from server.identity.events import PersonRenamed

_RENAME = (
    text("update library_items set educator_name = :name where educator_id = :user and educator_name <> :name"),
    text("update library_shelf set educator_name = :name where educator_id = :user and educator_name <> :name"),
    text("update library_reviews set reviewer_name = :name where reviewer_id = :user and reviewer_name <> :name"),
)


async def show_new_name(tx: Tx, event: PersonRenamed) -> None:
    """Items carry their educator's public name."""
    for statement in _RENAME:
        await tx.db.execute(statement, {"name": event.public_name, "user": event.user_id})


subscriptions = (Subscription(PersonRenamed, show_new_name),)
