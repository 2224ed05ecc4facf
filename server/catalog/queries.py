"""Reading the catalogue. Each query takes the Tx, and with it the actor: there is no unfiltered list of courses."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from server.base.paging import Page
from server.base.search import SearchTerms, matching, where_matches
from server.base.tx import Tx
from server.catalog import policy
from server.catalog.models import Course, CourseStaff, Lesson
from server.catalog.policy import Door
from server.catalog.schemas import CourseCard, CourseTree, LessonStub, SectionTree
from server.identity.queries import is_verified_educator
from server.media.papers import showing_papers

SORTS = {
    "newest": "c.published_at desc nulls last, c.id",
    "title": "c.title, c.id",
    "popular": "learners desc, c.title, c.id",
}

_CARD = """
select c.id, c.slug, c.title, c.description, c.language, c.level, c.access, c.subject_id, c.lessons_count, c.text_bytes,
       c.media_bytes, c.licence, c.attribution, c.source_url, c.status, c.published_at, c.updated_at,
       c.pack_bytes,
       {learners} as learners
from catalog_courses c
"""
_LEARNERS = """(select count(distinct p.user_id) from catalog_progress p join catalog_lessons l on l.id = p.lesson_id
    where l.course_id = c.id)"""


COUNTED_MAX = 1_000  # Of what a search finds: more is "at least so many".
LESSONS_FOUND_MAX = 1_000

# By what the card says, by the title of a lesson that learners see, or by a paper. In several questions: one with all
# in it would look at all that a frequent word is in before it knew which twenty are the newest.
_BY_CARD = where_matches("c.words")
_BY_LESSONS = text(
    f"select distinct course_id from (select l.course_id from catalog_lessons l where {where_matches('l.words')}"  # noqa: S608 - constants
    " and l.published_at is not null and l.deleted_at is null limit :most) found"
)

_IN_DIRECTION = """c.subject_id in (select s.id from catalog_subjects s
    join catalog_directions d on d.id = s.direction_id where d.slug = :direction)"""


@dataclass(frozen=True, kw_only=True)
class CourseFilter:
    direction: str | None = None  # slugs
    subject: str | None = None
    category: str | None = None
    level: str | None = None
    language: str | None = None
    access: str | None = None
    educator: UUID | None = None
    search: str | None = None
    mine: bool = False  # The actor's own, drafts too.
    sort: str = "newest"


async def is_course_staff(tx: Tx, course_id: UUID) -> bool:
    statement = select(CourseStaff.id).where(
        CourseStaff.course_id == course_id, CourseStaff.user_id == tx.actor.id, CourseStaff.deleted_at.is_(None)
    )
    return (await tx.db.execute(statement)).first() is not None


async def is_course_visible(tx: Tx, course: Course) -> bool:
    """Published ones to everybody; drafts to their staff and admins."""
    is_published = course.published_at is not None
    is_staff = not is_published and await is_course_staff(tx, course.id)
    return policy.may_know_of_course(tx.actor, is_staff=is_staff, is_published=is_published)


async def can_open_course(tx: Tx, course: Course) -> bool:
    return policy.can_open(tx.actor, await door_of(tx, course), now=tx.now)


async def may_see_file(tx: Tx, course_ids: list[UUID]) -> bool:
    """Whether one of the courses that show a file is open to the actor."""
    statement = select(Course).where(Course.id.in_(course_ids), Course.deleted_at.is_(None))
    courses = (await tx.db.execute(statement)).scalars().all()
    for course in courses:
        if await can_open_course(tx, course):
            return True
    return False


async def may_see_bytes(tx: Tx, sha256: str) -> bool:
    """Whether a file with these bytes is the actor's own, or is in an item of the library that is open to them.

    An item is open to everybody once it is published, and before that to those who review.
    """
    statement = text(
        "select exists(select from media_variants v join media_files f on f.id = v.file_id and f.deleted_at is null"
        " where v.sha256 = :sha256 and (f.owner_id = :me or exists(select from media_uses u where u.file_id = f.id"
        " and u.item_id is not null and u.deleted_at is null and (u.published_at is not null or :reviews))))"
    )
    reviews = tx.actor.is_admin or (tx.actor.has("educator") and await is_verified_educator(tx, tx.actor.id))
    values = {"sha256": sha256, "me": tx.actor.id, "reviews": reviews}
    return bool((await tx.db.execute(statement, values)).scalar_one())


async def door_of(tx: Tx, course: Course, lesson: Lesson | None = None) -> Door:
    """What opening the course, or one lesson of it, depends on."""
    return Door(
        is_course_published=course.published_at is not None,
        is_lesson_published=lesson is None or lesson.published_at is not None,
        access=(course.access,),
        is_staff=await is_course_staff(tx, course.id),
        is_locked=lesson is not None and lesson.is_locked,
    )


async def has_subject(tx: Tx, subject_id: UUID) -> bool:
    """Whether it is one that everybody sees; names that wait for an admin are not."""
    statement = text(
        "select exists(select 1 from catalog_subjects where id = :id and is_active and deleted_at is null)"
    )
    return bool((await tx.db.execute(statement, {"id": subject_id})).scalar_one())


async def find_subject(tx: Tx, words: str) -> UUID | None:
    """The subject whose name or slug is among the words, in any case; the first by order (CAT-17)."""
    statement = text(
        "select id from catalog_subjects where deleted_at is null and is_active"
        " and (position(' ' || lower(name) || ' ' in :words) > 0 or position(' ' || slug || ' ' in :words) > 0)"
        " order by order_index limit 1"
    )
    spaced = " " + " ".join("".join(char if char.isalnum() else " " for char in words.lower()).split()) + " "
    return (await tx.db.execute(statement, {"words": spaced})).scalar_one_or_none()


async def has_progress(tx: Tx, course_id: UUID) -> bool:
    statement = text(
        "select exists(select 1 from catalog_progress p join catalog_lessons l on l.id = p.lesson_id where"
        " l.course_id = :id)"
    )
    return bool((await tx.db.execute(statement, {"id": course_id})).scalar_one())


async def find_course_by_slug(tx: Tx, slug: str) -> Course | None:
    statement = select(Course).where(Course.slug == slug, Course.deleted_at.is_(None))
    return (await tx.db.execute(statement)).scalar_one_or_none()


async def list_courses(tx: Tx, wanted: CourseFilter, page: Page) -> tuple[list[CourseCard], int]:
    """Cards that the actor may see, and how many there are in all; of a search COUNTED_MAX at the most (CAT-12)."""
    where, values = await _conditions(tx, wanted)
    learners = _LEARNERS if wanted.sort == "popular" else "0"
    # The pieces are constants of this file; values go as parameters.
    cards = f"{_CARD.format(learners=learners)} where {where} order by {SORTS[wanted.sort]} limit :limit offset :offset"
    rows = (await tx.db.execute(text(cards), {**values, "limit": page.limit, "offset": page.offset})).mappings().all()
    most = COUNTED_MAX if "search" in values else None
    counted = f"select count(*) from (select from catalog_courses c where {where} limit :most) found"  # noqa: S608 - constants
    total = (await tx.db.execute(text(counted), {**values, "most": most})).scalar_one()
    return [_card(row) for row in rows], int(total)


async def _conditions(tx: Tx, wanted: CourseFilter) -> tuple[str, dict[str, Any]]:
    mine = (
        "exists(select 1 from catalog_course_staff s"
        " where s.course_id = c.id and s.user_id = :me and s.deleted_at is null)"
    )
    parts = ["c.deleted_at is null", mine if wanted.mine else "c.published_at is not null"]
    columns: dict[str, tuple[str, Any]] = {
        "direction": (
            _IN_DIRECTION,
            wanted.direction,
        ),
        "subject": ("c.subject_id in (select s.id from catalog_subjects s where s.slug = :subject)", wanted.subject),
        "category": ("c.category = :category", wanted.category),
        "level": ("c.level = :level", wanted.level),
        "language": ("c.language = :language", wanted.language),
        "access": ("c.access = :access", wanted.access),
        "educator": ("c.created_by_id = :educator", wanted.educator),
    }
    values: dict[str, Any] = {"me": tx.actor.id} if wanted.mine else {}
    for name, (condition, value) in columns.items():
        if value is not None:
            parts.append(condition)
            values[name] = value
    terms = SearchTerms("") if wanted.search is None else await matching(tx, wanted.search)
    if not terms.is_empty:
        values["search"] = terms.query
        found = await tx.db.execute(_BY_LESSONS, {"search": terms.query, "most": LESSONS_FOUND_MAX})
        values["found"] = [*found.scalars(), *await showing_papers(tx, terms, by="course_id")]
        parts.append(f"({_BY_CARD} or c.id = any(:found))" if values["found"] else _BY_CARD)
    return " and ".join(parts), values


def _card(row: Any) -> CourseCard:  # Any: a row mapping
    return CourseCard(**{name: row[name] for name in CourseCard.__struct_fields__})


async def card_of(tx: Tx, course_id: UUID) -> CourseCard:
    """The card of a course that the caller has already found."""
    statement = text(f"{_CARD.format(learners='0')} where c.id = :id")  # Constants only.
    return _card((await tx.db.execute(statement, {"id": course_id})).mappings().one())


async def course_tree(tx: Tx, course_id: UUID) -> CourseTree:
    """Sections and lessons with the actor's own progress (CAT-13). Raises NotFound for a draft of others."""
    course = await tx.get_visible(Course, course_id)
    card = await card_of(tx, course_id)
    reason = policy.why_closed(tx.actor, await door_of(tx, course), now=tx.now)
    sections = (
        await tx.db.execute(
            text(
                "select id, title, rank from catalog_sections where course_id = :id and deleted_at is null order"
                " by rank"
            ),
            {"id": course_id},
        )
    ).all()
    stubs = await _stubs(tx, course_id)
    return CourseTree(
        course=card,
        is_staff=await is_course_staff(tx, course_id),
        can_open=reason is None,
        reason=reason,
        sections=[
            SectionTree(id=row.id, title=row.title, rank=row.rank, lessons=stubs.get(row.id, [])) for row in sections
        ],
    )


async def _stubs(tx: Tx, course_id: UUID) -> dict[UUID, list[LessonStub]]:
    rows = (
        await tx.db.execute(
            text(
                "select l.id, l.section_id, l.title, l.rank, l.minutes, l.text_bytes, l.is_locked, l.status,"
                " coalesce(p.seen_ppm, 0) as seen_ppm, p.completed_at"
                " from catalog_lessons l left join catalog_progress p on p.lesson_id = l.id and p.user_id = :me"
                " and p.deleted_at is null"
                " where l.course_id = :id and l.deleted_at is null order by l.rank"
            ),
            {"id": course_id, "me": tx.actor.id},
        )
    ).mappings()
    found: dict[UUID, list[LessonStub]] = {}
    for row in rows:
        stub = LessonStub(**{name: row[name] for name in LessonStub.__struct_fields__})
        found.setdefault(row["section_id"], []).append(stub)
    return found
