"""Reading about tests: where an actor stands to a course, what an answer answers."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import func, select, text

from server.assessments.models import Assessment, Attempt, Item
from server.assessments.policy import Standing, may_see
from server.assessments.values import Option
from server.base.actor import Actor
from server.base.tx import Tx
from server.catalog.models import Course
from server.catalog.queries import can_open_course, is_course_staff
from server.identity.queries import is_verified_educator, verified_subjects


async def standing(tx: Tx, course_id: UUID) -> Standing:
    """How the actor stands to the course. Raises NotFound when there is no such course."""
    course = await tx.get(Course, course_id)
    return Standing(is_open=await can_open_course(tx, course), is_staff=await is_course_staff(tx, course.id))


async def is_assessment_visible(tx: Tx, assessment: Assessment) -> bool:
    place = await standing(tx, assessment.course_id)
    return may_see(tx.actor, place, is_published=assessment.published_at is not None)


async def is_attempt_visible(tx: Tx, attempt: Attempt) -> bool:
    if attempt.user_id == tx.actor.id or tx.actor.is_admin:
        return True
    return (await standing(tx, attempt.course_id)).is_staff


async def is_verified_teacher(tx: Tx, actor: Actor) -> bool:
    """Whether staff have checked this educator or mentor."""
    if actor.has("educator") and await is_verified_educator(tx, actor.id):
        return True
    return actor.has("mentor") and bool(await verified_subjects(tx, actor.id))


async def shared_assessment(tx: Tx, assessment_id: UUID) -> Assessment | None:
    """The live assessment, locked so that its old items cannot be retired meanwhile; others may begin it too."""
    statement = select(Assessment).where(Assessment.id == assessment_id, Assessment.deleted_at.is_(None))
    locked = statement.with_for_update(read=True).execution_options(populate_existing=True)
    return (await tx.db.execute(locked)).scalar_one_or_none()


async def has_revision(tx: Tx, assessment_id: UUID, revision: int) -> bool:
    items = select(Item.id).where(Item.assessment_id == assessment_id, Item.revision == revision)
    return (await tx.db.execute(select(items.exists()))).scalar_one()


async def attempts_count(tx: Tx, assessment_id: UUID, user_id: UUID) -> int:
    """How often this person began it. One at a time: two phones cannot both begin the last one."""
    key = f"assessments.attempt:{assessment_id}:{user_id}"
    await tx.db.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    begun = select(func.count()).where(Attempt.assessment_id == assessment_id, Attempt.user_id == user_id)
    return int((await tx.db.execute(begun)).scalar_one())


@dataclass(frozen=True)
class Answered:
    """What an answer answers: the attempt, locked, and the item in it."""

    user_id: UUID
    is_open: bool
    kind: str | None  # None: the item is not of this paper.
    options: list[Option]


_ANSWERED = text(
    "select a.id as attempt_id, pair.item_id, a.user_id, a.state, i.kind, i.options"
    " from unnest(cast(:attempts as uuid[]), cast(:items as uuid[])) as pair(attempt_id, item_id)"
    " join assessments_attempts a on a.id = pair.attempt_id and a.deleted_at is null"
    " left join assessments_items i"
    " on i.id = pair.item_id and i.assessment_id = a.assessment_id and i.revision = a.revision"
    " order by a.id for no key update of a"
)


async def answered(tx: Tx, pairs: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Answered]:
    """By (attempt, item); without those whose attempt is not there.

    The attempts are locked: that keeps a submission out until these answers are in.
    """
    values = {"attempts": [attempt_id for attempt_id, _ in pairs], "items": [item_id for _, item_id in pairs]}
    return {
        (row.attempt_id, row.item_id): Answered(
            user_id=row.user_id,
            is_open=row.state == "in_progress",
            kind=row.kind,
            options=msgspec.convert(row.options or [], type=list[Option]),
        )
        for row in await tx.db.execute(_ANSWERED, values)
    }


@dataclass(frozen=True)
class Placed:
    """An item of an attempt's paper, found by its place."""

    id: UUID
    kind: str
    options: list[Option]


async def items_at(tx: Tx, attempt_id: UUID, ranks: set[int]) -> dict[int, Placed]:
    """The items with these places in the attempt's revision."""
    statement = (
        select(Item.rank, Item.id, Item.kind, Item.options)
        .join(Attempt, (Attempt.assessment_id == Item.assessment_id) & (Attempt.revision == Item.revision))
        .where(Attempt.id == attempt_id, Item.rank.in_(ranks))
    )
    rows = (await tx.db.execute(statement)).all()
    return {
        rank: Placed(id=id_, kind=kind, options=msgspec.convert(options or [], type=list[Option]))
        for rank, id_, kind, options in rows
    }
