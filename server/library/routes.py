"""The library over HTTP: the shelf, one's own items, the queue of reviews, and the files of an item."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from server.base import clock
from server.base.actor import Actor
from server.base.errors import Invalid, NotFound, Unauthenticated
from server.base.http.envelope import Success, success
from server.base.paging import LIMIT_DEFAULT, LIMIT_MAX, PAGE_MAX, Page
from server.base.tx import Tx
from server.catalog.media_routes import CAPABILITY_S, PURPOSE
from server.identity.tokens import Tokens
from server.library import items, queries
from server.library.queries import ShelfFilter
from server.library.schemas import Describe, ItemAnswer, ItemRow, Kind, RateItem, ReviewItem, ShelfRow

Word = Annotated[str | None, QueryParameter(max_length=100)]


class IdMismatch(Invalid):
    """The address and the body name different items."""

    code = "item.id_mismatch"


@get("/api/v1/library", operation_id="ListLibrary")
async def list_library(  # noqa: PLR0913, PLR0917 - one for each filter of the address
    tx: NamedDependency[Tx],
    subject: Word = None,
    language: Word = None,
    level: Word = None,
    kind: FromQuery[Kind | None] = None,
    search: Annotated[str | None, QueryParameter(min_length=2, max_length=200)] = None,
    sort: FromQuery[Literal["newest", "downloads", "rating", "title"]] = "newest",
    page: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
) -> Success[list[ShelfRow]]:
    """What is published. `search` forgives alphabets, apostrophes and slips; `total` stops at 1,000."""
    wanted = ShelfFilter(subject=subject, language=language, level=level, kind=kind, search=search, sort=sort)
    rows, total = await queries.list_shelf(tx, wanted, Page(page, limit, total=0))
    return success(rows, page=Page(page, limit, total))


@get("/api/v1/library/mine", operation_id="ListOwnItems")
async def list_own(tx: NamedDependency[Tx]) -> Success[list[ItemRow]]:
    """The caller's own, with where each stands."""
    return success(await queries.own_items(tx))


@get("/api/v1/library/review", operation_id="ListWaitingItems")
async def list_waiting(tx: NamedDependency[Tx]) -> Success[list[ItemRow]]:
    """What waits for the caller's verdict."""
    return success(await queries.waiting_items(tx))


@get("/api/v1/library/{item_id:uuid}", operation_id="LibraryItem")
async def get_item(item_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[ItemAnswer]:
    """An item with its files; for its educator and reviewers as it is written now, too."""
    return success(await queries.item_answer(tx, item_id))


@put("/api/v1/library/{item_id:uuid}", operation_id="DescribeItem")
async def describe_item(
    item_id: FromPath[UUID], data: JSONBody[Describe], tx: NamedDependency[Tx]
) -> Success[ItemAnswer]:
    """Write an item of one's own; the caller mints its id. Twice is once."""
    if data.id != item_id:
        raise IdMismatch(fields={"id": "Not the one of the address."})
    await items.describe(tx, data)
    return await _answer(tx, item_id)


@post("/api/v1/library/{item_id:uuid}/submit", operation_id="SubmitItem", status_code=200)
async def submit_item(item_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[ItemAnswer]:
    """Send it to be reviewed. Twice is once."""
    await items.submit(tx, item_id)
    return await _answer(tx, item_id)


@post("/api/v1/library/{item_id:uuid}/withdraw", operation_id="WithdrawItem", status_code=200)
async def withdraw_item(item_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[ItemAnswer]:
    """Take it off the shelf; it is a draft again. Twice is once."""
    await items.withdraw(tx, item_id)
    return await _answer(tx, item_id)


@post("/api/v1/library/{item_id:uuid}/reviews", operation_id="ReviewItem", status_code=200)
async def review_item(
    item_id: FromPath[UUID], data: JSONBody[ReviewItem], tx: NamedDependency[Tx]
) -> Success[ItemAnswer | None]:
    """Approve or reject what was read. No body of the item where the caller may not see it any more."""
    if data.item_id != item_id:
        raise IdMismatch(fields={"item_id": "Not the one of the address."})
    await items.review(tx, data)
    await tx.db.flush()
    try:
        return success(await queries.item_answer(tx, item_id))
    except NotFound:
        return success(None)


@post("/api/v1/library/{item_id:uuid}/rating", operation_id="RateItem", status_code=204)
async def rate_item(item_id: FromPath[UUID], data: JSONBody[RateItem], tx: NamedDependency[Tx]) -> None:
    """One to five stars, after a download."""
    if data.item_id != item_id:
        raise IdMismatch(fields={"item_id": "Not the one of the address."})
    await items.rate(tx, data)


@get("/content/{item_id:uuid}/file", operation_id="ItemFile", opt={"own_budget": True})
async def get_item_file(
    request: Request[Any, Any, Any],
    item_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    number: Annotated[int, QueryParameter(ge=1, le=20)] = 1,
) -> Response[bytes]:
    """302 to a file of an item, and the download counted: once a person, item and day.

    Its educator and reviewers get the file of what is written now; looking at that is no download.
    """
    answer = await queries.item_answer(tx, item_id)
    if number > len(answer.files) or answer.files[number - 1].sha256 is None:
        raise NotFound("There is no such file, or not for you.")
    if actor.session_id is None:
        raise Unauthenticated
    if answer.draft is None:
        await items.note_download(tx, item_id)
    tokens: Tokens = request.app.state.tokens
    word = tokens.make_link(PURPOSE, actor.session_id, now=clock.now(), valid_s=CAPABILITY_S)
    location = f"/media/{word}/{answer.files[number - 1].sha256}"
    return Response(b"", status_code=302, headers={"location": location, "cache-control": "no-store"})


async def _answer(tx: Tx, item_id: UUID) -> Success[ItemAnswer]:
    await tx.db.flush()
    return success(await queries.item_answer(tx, item_id))
