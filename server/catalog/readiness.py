"""Which phones of a class have the course: each says it of itself, its teachers see it."""

from uuid import UUID

from sqlalchemy import text

from server.base.events import Subscription
from server.base.ids import derived_id
from server.base.tx import Tx
from server.catalog import queries
from server.catalog.models import Course
from server.identity.events import PersonRenamed
from sync.errors import Refusal


class WrongId(Refusal):
    """The id of a readiness row is made from the person, the course and the device; this one is not."""

    code = "readiness.wrong_id"


def id_of(user_id: UUID, course_id: UUID, device_id: UUID) -> UUID:
    return derived_id("catalog.readiness", user_id, course_id, device_id)


async def may_report(tx: Tx, course_id: UUID) -> bool:
    """Whoever may open the course."""
    course = await tx.db.get(Course, course_id)
    return course is not None and course.deleted_at is None and await queries.can_open_course(tx, course)


async def _show_new_name(tx: Tx, event: PersonRenamed) -> None:
    await tx.db.execute(
        text("update catalog_readiness set learner_name = :name where user_id = :user and learner_name <> :name"),
        {"name": event.public_name, "user": event.user_id},
    )


subscriptions = (Subscription(PersonRenamed, _show_new_name),)
