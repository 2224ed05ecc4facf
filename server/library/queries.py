"""Reading the library: the shelf for everybody, drafts for their educators, the queue for who may review."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text, true

from server.base.errors import NotFound
from server.base.ids import derived_id
from server.base.paging import Page
from server.base.search import SearchTerms, matching, where_matches
from server.base.tx import Tx
from server.catalog.packs import shown_files
from server.library import items, policy
from server.library.models import Item, Rating, Review, Shelved
from server.library.schemas import ItemAnswer, ItemFile, ItemRow, ReviewRow, ShelfRow
from server.media.papers import showing_papers
from server.media.quality import choose

SORTS = {
    "newest": "s.published_at desc, s.id",
    "downloads": "s.downloads_count desc, s.id",
    "rating": "s.stars_sum\\:\\:float / greatest(s.ratings_count, 1) desc, s.ratings_count desc, s.id",
    "title": "s.title, s.id",
}
WAITING_MAX = 200
COUNTED_MAX = 1_000  # More is "at least so many".

_SHELF = ", ".join(f"s.{name}" for name in ShelfRow.__struct_fields__)
_ITEM = ", ".join(f"i.{name}" for name in ItemRow.__struct_fields__)


@dataclass(frozen=True, kw_only=True)
class ShelfFilter:
    subject: str | None = None  # slug
    language: str | None = None
    level: str | None = None
    kind: str | None = None
    search: str | None = None
    sort: str = "newest"


_CONDITIONS = {
    "subject": "s.subject_id in (select id from catalog_subjects where slug = :subject)",
    "language": "s.language = :language",
    "level": "s.level = :level",
    "kind": "s.kind = :kind",
}


async def list_shelf(tx: Tx, wanted: ShelfFilter, page: Page) -> tuple[list[ShelfRow], int]:
    """What is published, and how many in all."""
    values: dict[str, Any] = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    parts = ["s.deleted_at is null", *(_CONDITIONS[name] for name in values)]
    terms = SearchTerms("") if wanted.search is None else await matching(tx, wanted.search)
    if not terms.is_empty:
        values |= {"search": terms.query, "found": await showing_papers(tx, terms, by="item_id")}
        by_card = where_matches("s.words")
        parts.append(f"({by_card} or s.id = any(:found))" if values["found"] else by_card)
    where = " and ".join(parts)
    # The pieces are constants of this file; values go as parameters.
    rows = await tx.db.execute(
        text(
            f"select {_SHELF} from library_shelf s where {where} order by {SORTS[wanted.sort]}"  # noqa: S608 - as said
            " limit :limit offset :offset"
        ),
        {**values, "limit": page.limit, "offset": page.offset},
    )
    counted = f"select count(*) from (select from library_shelf s where {where} limit {COUNTED_MAX}) found"  # noqa: S608 - as said
    total = (await tx.db.execute(text(counted), values)).scalar_one()
    return [msgspec.convert(dict(row), type=ShelfRow) for row in rows.mappings()], int(total)


async def own_items(tx: Tx) -> list[ItemRow]:
    """The actor's own, the newest first."""
    return await _items(tx, "i.educator_id = :me order by i.created_at desc", {"me": tx.actor.id})


async def waiting_items(tx: Tx) -> list[ItemRow]:
    """What the actor may review or decide on, the longest waiting first."""
    reader = await items.reader(tx)
    if not reader.is_verified and not tx.actor.is_admin:
        return []
    statement = (
        select(Item)
        .where(Item.status.in_(("pending", "peer_approved")), Item.deleted_at.is_(None))
        # What is not theirs to say is left out before the list is cut: it would hide the rest.
        .where(true() if tx.actor.is_admin else Item.subject_id.in_(reader.subject_ids))
        .order_by(Item.submitted_at, Item.id)
        .limit(WAITING_MAX)
    )
    found = (await tx.db.execute(statement)).scalars()
    return [_row(item, ItemRow) for item in found if _may_say(tx, reader.standing(item))]


def _may_say(tx: Tx, standing: policy.Standing) -> bool:
    return policy.may_reject(tx.actor, standing) or policy.may_decide(tx.actor, standing)


async def _items(tx: Tx, where: str, values: dict[str, Any]) -> list[ItemRow]:
    statement = f"select {_ITEM} from library_items i where i.deleted_at is null and {where}"  # noqa: S608 - constants
    rows = (await tx.db.execute(text(statement), values)).mappings()
    return [msgspec.convert(dict(row), type=ItemRow) for row in rows]


async def item_answer(tx: Tx, item_id: UUID) -> ItemAnswer:
    """The item as it is on the shelf, and as it is written for who may see that. Raises NotFound."""
    shelved = await tx.db.get(Shelved, item_id)
    is_shelved = shelved is not None and shelved.deleted_at is None
    item = await tx.get(Item, item_id)
    may_see_draft = policy.may_see_draft(tx.actor, await items.standing_of(tx, item))
    if not is_shelved and not may_see_draft:
        raise NotFound(f"There is no item {item_id}, or not for you.")
    own = await tx.db.get(Rating, derived_id("library.ratings", tx.actor.id, item_id))
    shown = shelved if is_shelved and not may_see_draft else item
    assert shown is not None
    return ItemAnswer(
        item=_row(shelved, ShelfRow) if is_shelved else None,
        draft=_row(item, ItemRow) if may_see_draft else None,
        files=await _files(tx, [UUID(id_) for id_ in shown.files]),
        own_stars=None if own is None else own.stars,
        may_rate=item.educator_id != tx.actor.id and await items.has_fetched(tx, item_id),
        reviews=await _reviews(tx, item_id) if may_see_draft else [],
    )


def _row(model: Any, row: Any) -> Any:  # Any: a model and the struct that shows it
    return msgspec.convert({name: getattr(model, name) for name in row.__struct_fields__}, type=row)


async def _reviews(tx: Tx, item_id: UUID) -> list[ReviewRow]:
    statement = select(Review).where(Review.item_id == item_id, Review.deleted_at.is_(None)).order_by(Review.created_at)
    return [_row(review, ReviewRow) for review in (await tx.db.execute(statement)).scalars()]


async def _files(tx: Tx, ids: Sequence[UUID]) -> list[ItemFile]:
    statement = text("select id, name, mime from media_files where id = any(:ids)")
    named = {row.id: row for row in (await tx.db.execute(statement, {"ids": list(ids)})).all()}
    shown = await shown_files(tx, ids)
    found = []
    for id_ in ids:
        if id_ not in named or id_ not in shown:
            continue
        one = next(iter(choose(shown[id_], "normal")), None)
        row = named[id_]
        found.append(
            ItemFile(
                id=id_,
                name=row.name,
                mime=row.mime if one is None else one.mime,
                bytes=0 if one is None else one.bytes,
                sha256=None if one is None else one.sha256,
            )
        )
    return found
