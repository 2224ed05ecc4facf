"""Files for courses come from those who may write them."""

from server.base.events import Subscription
from server.base.tx import Tx
from server.catalog import policy
from server.catalog.models import Course
from server.catalog.queries import is_course_staff
from server.media.uploads.events import FileForCourse
from server.media.uploads.policy import NotYourPurpose


async def refuse_strangers(tx: Tx, event: FileForCourse) -> None:
    """A course that is not there yet may still wait on the sender's phone. Raises NotYourPurpose."""
    course = await tx.db.get(Course, event.course_id)
    if course is None:
        return
    is_staff = await is_course_staff(tx, event.course_id)
    if course.deleted_at is not None or not policy.may_edit_course(tx.actor, is_staff=is_staff):
        raise NotYourPurpose("You may not send files for this course; its owner can let you edit it.")


subscriptions = (Subscription(FileForCourse, refuse_strangers),)
