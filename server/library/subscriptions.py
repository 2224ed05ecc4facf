"""What this feature does when something happens below it."""

from uuid import UUID

from sqlalchemy import select, text

from server.base.events import Subscription
from server.base.tx import Tx
from server.catalog.events import SubjectMerged
from server.identity.events import PersonRenamed
from server.library import items
from server.library.models import Item, Shelved
from server.media.events import FileReady

_RENAME = (
    text("update library_items set educator_name = :name where educator_id = :user and educator_name <> :name"),
    text("update library_shelf set educator_name = :name where educator_id = :user and educator_name <> :name"),
    text("update library_reviews set reviewer_name = :name where reviewer_id = :user and reviewer_name <> :name"),
)
_MERGE = (
    text("update library_items set subject_id = :into where subject_id = :id"),
    text("update library_shelf set subject_id = :into where subject_id = :id"),
)
_USING = text("select item_id from media_uses where file_id = :file and item_id is not null and deleted_at is null")


async def show_new_name(tx: Tx, event: PersonRenamed) -> None:
    """Items carry their educator's public name."""
    for statement in _RENAME:
        await tx.db.execute(statement, {"name": event.public_name, "user": event.user_id})


async def follow_subject(tx: Tx, event: SubjectMerged) -> None:
    for statement in _MERGE:
        await tx.db.execute(statement, {"id": event.subject_id, "into": event.into_id})


async def weigh_again(tx: Tx, event: FileReady) -> None:
    """Something was made of a file after its item was written: the item says what it weighs now."""
    values = {"file": event.file_id}
    item_ids = list((await tx.db.execute(_USING, values)).scalars())
    written = (await tx.db.execute(select(Item).where(Item.id.in_(item_ids)))).scalars().all()
    shelved = (await tx.db.execute(select(Shelved).where(Shelved.id.in_(item_ids)))).scalars().all()
    described: list[Item | Shelved] = [*written, *shelved]
    for item in described:
        item.bytes = await items.bytes_of(tx, [UUID(id_) for id_ in item.files])


subscriptions = (
    Subscription(PersonRenamed, show_new_name),
    Subscription(FileReady, weigh_again),
    Subscription(SubjectMerged, follow_subject),
)
