"""Writing, reviewing, publishing, rating and fetching items. Every function asks the policy first.

Callers: commands of phones (`mutators.py`) and routes. What comes twice is once; two who review at once both count.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from server.base.errors import Conflict, Forbidden, Invalid, NotFound
from server.base.events import Event
from server.base.ids import derived_id, new_id
from server.base.tx import Tx
from server.catalog import subjects
from server.catalog.packs import shown_files, weigh
from server.identity.queries import is_verified_educator, name_of
from server.library import policy
from server.library.models import Item, Rating, Review, Shelved
from server.library.policy import Standing
from server.library.schemas import Describe, RateItem, ReviewItem, Status
from server.media.uploads.owning import under_other_terms

NORMAL = 2  # of `weigh`
_DESCRIBED = ("title", "description", "kind", "language", "level", "subject_id", "topic", "licence", "attribution")
_COPIED = (*_DESCRIBED, "educator_id", "educator_name", "revision", "files", "bytes")


class ItemPublished(Event, frozen=True):
    item_id: UUID


class FileUnknown(Invalid):
    """One of the files is not yours, or not here yet."""

    code = "item.unknown_file"


class NothingInIt(Invalid):
    """An item has at least one file."""

    code = "item.empty"


class NotWaiting(Conflict):
    """The item is not waiting for this; look at it again."""

    code = "item.not_waiting"


class Outdated(Conflict):
    """The item was changed after you read it; read it again."""

    code = "review.outdated"


class NoReason(Invalid):
    """Say why, so that its educator can mend it."""

    code = "review.no_reason"


class NotFetched(Conflict):
    """Download the item before you rate it."""

    code = "rating.not_downloaded"


# --- writing --------------------------------------------------------------------------------------------------------


async def describe(tx: Tx, args: Describe) -> Item:
    """A new item, or another text of one's own: a new revision, and what was sent in is reviewed anew.

    Raises Forbidden, NotFound, SubjectUnknown, FileUnknown.
    """
    if not policy.may_write(tx.actor):
        raise Forbidden("Only educators and admins put materials into the library.")
    subject_id = await subjects.resolve(tx, args.subject_id)
    files = await _own_files(tx, args)
    values: dict[str, Any] = {name: getattr(args, name) for name in _DESCRIBED} | files | {"subject_id": subject_id}
    values["title"] = args.title.strip()
    item = await tx.db.get(Item, args.id)
    if item is None:
        educator_name = await name_of(tx, tx.actor.id)
        item = Item(id=args.id, educator_id=tx.actor.id, educator_name=educator_name, revision=1, **values)
        tx.db.add(item)
    else:
        item = await _own(tx, args.id)
        if all(getattr(item, name) == value for name, value in values.items()):
            return item
        for name, value in values.items():
            setattr(item, name, value)
        item.revision += 1
        item.status = policy.after_edit(_standing_status(item))
        item.submitted_at = item.submitted_at if item.status == "draft" else tx.now
    await tx.db.flush()
    await _use_files(tx, item.id, args.file_ids)
    return item


async def submit(tx: Tx, item_id: UUID) -> Item:
    """Send it to be reviewed; twice is once. What was said of it before was said of an earlier revision.

    Raises NotFound, Forbidden, NothingInIt.
    """
    item = await _own(tx, item_id)
    if item.status != "draft":
        return item
    if not item.files:
        raise NothingInIt
    if await _is_reviewed(tx, item):
        item.revision += 1
    item.status, item.reason, item.submitted_at = "pending", None, tx.now
    return item


async def _is_reviewed(tx: Tx, item: Item) -> bool:
    statement = text("select exists(select from library_reviews where item_id = :item and revision = :revision)")
    return bool((await tx.db.execute(statement, {"item": item.id, "revision": item.revision})).scalar_one())


async def withdraw(tx: Tx, item_id: UUID) -> Item:
    """Take it off the shelf and out of the queue; it is a draft again. Raises NotFound, Forbidden."""
    item = await visible(tx, item_id)
    if not policy.may_withdraw(tx.actor, educator_id=item.educator_id):
        raise Forbidden("Its educator and admins take an item back.")
    item = await tx.get_locked(Item, item_id)
    item.status, item.published_at = "draft", None
    shelved = await tx.db.get(Shelved, item_id)
    if shelved is not None and shelved.deleted_at is None:
        shelved.deleted_at = tx.now
        await _show_files(tx, item_id, [])
    await tx.audit("library.item.withdraw", kind="item", id_=item_id)
    return item


async def _own(tx: Tx, item_id: UUID) -> Item:
    item = await visible(tx, item_id)
    if not policy.may_edit(tx.actor, educator_id=item.educator_id):
        raise Forbidden("Only its educator changes an item.")
    return await tx.get_locked(Item, item_id)


async def visible(tx: Tx, item_id: UUID) -> Item:
    """As it is written now. Raises NotFound to strangers: permission before existence."""
    item = await tx.get(Item, item_id)
    if not policy.may_see_draft(tx.actor, await standing_of(tx, item)):
        raise NotFound(f"There is no item {item_id}, or not for you.")
    return item


@dataclass(frozen=True)
class Reader:
    """Who looks at items: asked once, however many there are."""

    is_verified: bool
    subject_ids: frozenset[UUID]  # That they teach, as verified educators.
    has_other_admin: bool

    def standing(self, item: Item) -> Standing:
        return Standing(
            educator_id=item.educator_id,
            status=_standing_status(item),
            is_verified=self.is_verified,
            teaches=item.subject_id in self.subject_ids,
            has_other_admin=self.has_other_admin,
        )


async def reader(tx: Tx) -> Reader:
    is_verified = tx.actor.has("educator") and await is_verified_educator(tx, tx.actor.id)
    return Reader(
        is_verified=is_verified,
        subject_ids=await _taught(tx) if is_verified else frozenset(),
        has_other_admin=not tx.actor.is_admin or await _has_other_admin(tx),
    )


async def standing_of(tx: Tx, item: Item) -> Standing:
    return (await reader(tx)).standing(item)


def _standing_status(item: Item) -> Status:
    status: Status = msgspec.convert(item.status or "draft", type=Status)
    return status


async def _taught(tx: Tx) -> frozenset[UUID]:
    """The subjects that their profile names, or all where it names none: profiles are free text."""
    statement = text(
        "select s.id from identity_educator_profiles p, catalog_subjects s"
        " where p.user_id = :me and p.deleted_at is null and (cardinality(p.subjects) = 0"
        " or lower(s.name) = any(array(select lower(x) from unnest(p.subjects) x))"
        " or s.slug = any(array(select lower(x) from unnest(p.subjects) x)))"
    )
    return frozenset((await tx.db.execute(statement, {"me": tx.actor.id})).scalars())


async def _has_other_admin(tx: Tx) -> bool:
    statement = text(
        "select exists(select from identity_users where id <> :me and deleted_at is null and status = 'active'"
        " and roles && array['admin', 'super_admin'])"
    )
    return bool((await tx.db.execute(statement, {"me": tx.actor.id})).scalar_one())


# --- reviewing ------------------------------------------------------------------------------------------------------


async def review(tx: Tx, args: ReviewItem) -> Item:
    """A verdict on what was read; the same one twice is once.

    Raises NotFound, Forbidden (one's own, not verified, no peer's approval yet), Outdated, NotWaiting, NoReason.
    """
    await visible(tx, args.item_id)
    item = await tx.get_locked(Item, args.item_id)
    if await _has_said(tx, args):
        return item
    if item.revision != args.revision:
        raise Outdated
    if item.status not in {"pending", "peer_approved"}:
        raise NotWaiting
    step = policy.step_of(tx.actor, await standing_of(tx, item), args.verdict)
    if step is None:
        raise Forbidden("Another verified educator of the subject reviews an item, then an admin approves it.")
    if args.verdict == "reject" and not args.comment.strip():
        raise NoReason(fields={"comment": "Say why."})
    await _note(tx, args, is_final=step == "final")
    item.status = policy.after(_standing_status(item), step, args.verdict)
    item.reason = args.comment.strip() if args.verdict == "reject" else None
    if item.status == "published":
        await _publish(tx, item)
    await tx.audit("library.item.review", kind="item", id_=item.id, verdict=args.verdict, revision=args.revision)
    return item


async def _has_said(tx: Tx, args: ReviewItem) -> bool:
    statement = select(Review.id).where(
        Review.item_id == args.item_id,
        Review.reviewer_id == tx.actor.id,
        Review.revision == args.revision,
        Review.verdict == args.verdict,
        Review.deleted_at.is_(None),
    )
    # An admin who is an educator may say both: as a peer first, then for good.
    said = len((await tx.db.execute(statement)).scalars().all())
    return said >= (2 if tx.actor.is_admin and tx.actor.has("educator") else 1)


async def _note(tx: Tx, args: ReviewItem, *, is_final: bool) -> None:
    statement = select(Review).where(
        Review.item_id == args.item_id,
        Review.reviewer_id == tx.actor.id,
        Review.revision == args.revision,
        Review.is_final.is_(is_final),
    )
    found = (await tx.db.execute(statement)).scalar_one_or_none()
    if found is not None:
        found.verdict, found.comment = args.verdict, args.comment.strip()
        return
    tx.db.add(
        Review(
            id=new_id(),
            item_id=args.item_id,
            reviewer_id=tx.actor.id,
            reviewer_name=await name_of(tx, tx.actor.id),
            revision=args.revision,
            is_final=is_final,
            verdict=args.verdict,
            comment=args.comment.strip(),
        )
    )


async def _publish(tx: Tx, item: Item) -> None:
    item.published_at = tx.now
    values = {name: getattr(item, name) for name in _COPIED}
    shelved = await tx.db.get(Shelved, item.id)
    if shelved is None:
        tx.db.add(Shelved(id=item.id, published_at=tx.now, **values))
    else:
        shelved.deleted_at, shelved.published_at = None, tx.now
        for name, value in values.items():
            setattr(shelved, name, value)
    await tx.db.flush()
    await _show_files(tx, item.id, [UUID(id_) for id_ in item.files])
    await tx.publish(ItemPublished(item.id))


# --- files ----------------------------------------------------------------------------------------------------------


async def _own_files(tx: Tx, args: Describe) -> dict[str, Any]:
    """Columns `files` and `bytes`. Raises FileUnknown."""
    wanted = list(dict.fromkeys(args.file_ids))
    statement = text(
        "select id from media_files where id = any(:files) and deleted_at is null and (owner_id = :me or :admin)"
        " for key share"  # Held until the use is written, so that no sweep of unused files takes it meanwhile.
    )
    values = {"files": wanted, "me": tx.actor.id, "admin": tx.actor.is_admin}
    known = set((await tx.db.execute(statement, values)).scalars())
    terms = {"licence": args.licence, "attribution": args.attribution}
    for id_ in wanted:
        if id_ not in known and not await under_other_terms(tx, id_, owner_id=tx.actor.id, **terms):
            raise FileUnknown(f"There is no file {id_} of yours.", fields={"file_ids": "Send the file first."})
    return {"files": [str(id_) for id_ in wanted], "bytes": await bytes_of(tx, wanted)}


async def bytes_of(tx: Tx, file_ids: list[UUID]) -> int:
    """Of all of them, in normal quality."""
    shown = await shown_files(tx, file_ids)
    return sum(weigh(shown.get(id_))[NORMAL] for id_ in file_ids)


async def _use_files(tx: Tx, item_id: UUID, file_ids: list[UUID]) -> None:
    """The item uses them from now on; whoever may not see it does not see them before it is published."""
    rows = [
        {"id": derived_id("media.uses", file_id, item_id), "file": file_id, "item": item_id}
        for file_id in dict.fromkeys(file_ids)
    ]
    if rows:
        await tx.db.execute(
            text(
                "insert into media_uses (id, file_id, item_id) values (:id, :file, :item)"
                " on conflict (id) do update set deleted_at = null where media_uses.deleted_at is not null"
            ),
            rows,
        )


async def _show_files(tx: Tx, item_id: UUID, file_ids: list[UUID]) -> None:
    """These are for everybody, the item's others for nobody but its reviewers."""
    await tx.db.execute(
        text(
            "update media_uses set published_at = case when file_id = any(:files) then cast(:now as timestamptz) end"
            " where item_id = :item and deleted_at is null and (published_at is not null) <> (file_id = any(:files))"
        ),
        {"files": file_ids, "now": tx.now, "item": item_id},
    )


# --- downloads and ratings ------------------------------------------------------------------------------------------


async def note_download(tx: Tx, item_id: UUID) -> None:
    """Counted once a person, item and day, however often and late it comes. Raises NotFound."""
    await tx.get(Shelved, item_id)
    statement = text(
        "insert into library_downloads (item_id, user_id, day) values (:item, :me, cast(:now as date))"
        " on conflict do nothing returning item_id"
    )
    values = {"item": item_id, "me": tx.actor.id, "now": tx.now}
    if (await tx.db.execute(statement, values)).first() is not None:
        await tx.db.execute(
            text("update library_shelf set downloads_count = downloads_count + 1 where id = :item"), {"item": item_id}
        )


async def rate(tx: Tx, args: RateItem) -> None:
    """One to five stars, once a person; a later choice replaces an earlier. Raises NotFound, Forbidden, NotFetched."""
    shelved = await tx.get_locked(Shelved, args.item_id)
    if shelved.educator_id == tx.actor.id:
        raise Forbidden("Nobody rates their own.")
    if not await has_fetched(tx, args.item_id):
        raise NotFetched
    id_ = derived_id("library.ratings", tx.actor.id, args.item_id)
    found = await tx.db.get(Rating, id_)
    if found is None:
        tx.db.add(Rating(id=id_, item_id=args.item_id, user_id=tx.actor.id, stars=args.stars))
    else:
        found.stars, found.deleted_at = args.stars, None
    await tx.db.flush()
    await count_ratings(tx, args.item_id)


async def count_ratings(tx: Tx, item_id: UUID) -> None:
    """Counted anew under the item's lock: never a sum that can drift."""
    await tx.db.execute(
        text(
            "update library_shelf s set (ratings_count, stars_sum) = (select count(*), coalesce(sum(r.stars), 0)"
            " from library_ratings r where r.item_id = s.id and r.deleted_at is null) where s.id = :item"
        ),
        {"item": item_id},
    )


async def has_fetched(tx: Tx, item_id: UUID) -> bool:
    statement = text("select exists(select from library_downloads where item_id = :item and user_id = :me)")
    return bool((await tx.db.execute(statement, {"item": item_id, "me": tx.actor.id})).scalar_one())
