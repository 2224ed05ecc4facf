"""What phones ask of the library, often long after they meant it."""

from server.base.tx import Tx
from server.library import items
from server.library.schemas import Describe, NameItem, RateItem, ReviewItem
from sync.mutator import mutator


@mutator("library.item.describe", Describe)
async def describe_item(tx: Tx, args: Describe) -> None:
    """Write an item of one's own. Raises Forbidden, NotFound, SubjectUnknown, FileUnknown."""
    await items.describe(tx, args)


@mutator("library.item.submit", NameItem)
async def submit_item(tx: Tx, args: NameItem) -> None:
    """Send it to be reviewed. Raises NotFound, Forbidden, NothingInIt."""
    await items.submit(tx, args.item_id)


@mutator("library.item.withdraw", NameItem)
async def withdraw_item(tx: Tx, args: NameItem) -> None:
    """Take it back. Raises NotFound, Forbidden."""
    await items.withdraw(tx, args.item_id)


@mutator("library.item.review", ReviewItem)
async def review_item(tx: Tx, args: ReviewItem) -> None:
    """Say what is to become of it. Raises NotFound, Forbidden, Outdated, NotWaiting, NoReason."""
    await items.review(tx, args)


@mutator("library.item.note_download", NameItem)
async def note_download(tx: Tx, args: NameItem) -> None:
    """Say that one has it. Raises NotFound."""
    await items.note_download(tx, args.item_id)


@mutator("library.item.rate", RateItem)
async def rate_item(tx: Tx, args: RateItem) -> None:
    """Give it stars. Raises NotFound, Forbidden, NotFetched."""
    await items.rate(tx, args)


mutators = (describe_item, submit_item, withdraw_item, review_item, note_download, rate_item)
