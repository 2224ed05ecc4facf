"""The catalogue over HTTP: what is there for everybody, and what educators do with their courses."""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from server.base.http.envelope import Success, success
from server.base.paging import LIMIT_DEFAULT, LIMIT_MAX, PAGE_MAX, Page
from server.base.tx import Tx
from server.catalog import courses, queries
from server.catalog.queries import CourseFilter
from server.catalog.schemas import CourseCard, CourseTree, EditCourse, NewCourse

Slug = Annotated[str | None, QueryParameter(max_length=100)]
Word = Annotated[str | None, QueryParameter(max_length=100)]


@get("/api/v1/courses", operation_id="ListCourses")
async def list_courses(  # noqa: PLR0913, PLR0917 - one for each filter of the address
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    direction: Slug = None,
    subject: Slug = None,
    category: Word = None,
    level: Word = None,
    language: Word = None,
    access: Word = None,
    educator: FromQuery[UUID | None] = None,
    search: Annotated[str | None, QueryParameter(min_length=2, max_length=200)] = None,
    mine: FromQuery[bool] = False,  # noqa: FBT002 - the address's own word
    sort: FromQuery[Literal["newest", "title", "popular"]] = "newest",
    page: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
) -> Response[Success[list[CourseCard]]]:
    """Published courses; with `mine` the caller's own, drafts too. Answers 304 to the ETag of what it would say."""
    wanted = CourseFilter(
        direction=direction,
        subject=subject,
        category=category,
        level=level,
        language=language,
        access=access,
        educator=educator,
        search=search,
        mine=mine,
        sort=sort,
    )
    cards, total = await queries.list_courses(tx, wanted, Page(page, limit, total=0))
    return with_etag(request, cards, page=Page(page, limit, total))


@get("/api/v1/courses/{course_id:uuid}", operation_id="Course")
async def get_course(
    request: Request[Any, Any, Any], course_id: FromPath[UUID], tx: NamedDependency[Tx]
) -> Response[Success[CourseTree]]:
    """The course with sections and lessons, and how far the caller has come."""
    return with_etag(request, await queries.course_tree(tx, course_id))


@post("/api/v1/courses", operation_id="CreateCourse")
async def create_course(data: JSONBody[NewCourse], tx: NamedDependency[Tx]) -> Success[CourseCard]:
    """An empty draft of the caller's own."""
    return success(await _card(tx, (await courses.create_course(tx, data)).id))


@patch("/api/v1/courses/{course_id:uuid}", operation_id="EditCourse")
async def edit_course(
    course_id: FromPath[UUID], data: JSONBody[EditCourse], tx: NamedDependency[Tx]
) -> Success[CourseCard]:
    """Change what is given; what is left out stays."""
    return success(await _card(tx, (await courses.edit_course(tx, course_id, data)).id))


@post("/api/v1/courses/{course_id:uuid}/publish", operation_id="PublishCourse", status_code=200)
async def publish_course(course_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[CourseCard]:
    """Open it to learners. Twice is once."""
    return success(await _card(tx, (await courses.publish_course(tx, course_id, is_by_hand=True)).id))


@post("/api/v1/courses/{course_id:uuid}/unpublish", operation_id="UnpublishCourse", status_code=200)
async def unpublish_course(course_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[CourseCard]:
    """Take it back. Twice is once."""
    return success(await _card(tx, (await courses.unpublish_course(tx, course_id)).id))


@delete("/api/v1/courses/{course_id:uuid}", operation_id="DeleteCourse", status_code=204)
async def delete_course(course_id: FromPath[UUID], tx: NamedDependency[Tx]) -> None:
    """Archive it if somebody has learned in it, else delete it."""
    await courses.delete_course(tx, course_id)


async def _card(tx: Tx, course_id: UUID) -> CourseCard:
    await tx.db.flush()  # Read back by SQL.
    return await queries.card_of(tx, course_id)


def with_etag(request: Request[Any, Any, Any], data: Any, *, page: Page | None = None) -> Response[Any]:
    """200 with the ETag of the data alone (`meta` changes with every answer), or 304."""
    etag = f'W/"{hashlib.sha256(msgspec.json.encode((data, page and page.total))).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(success(data, page=page), headers=headers)
