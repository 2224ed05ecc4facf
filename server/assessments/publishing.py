"""Opening tests to learners: with their course, or one by one."""

from sqlalchemy import select

from server.assessments import policy, queries
from server.assessments.authoring import publish_assessment
from server.assessments.models import Assessment
from server.assessments.schemas import NameAssessment
from server.base.errors import Forbidden
from server.base.tx import Tx
from server.catalog.events import CoursePublished
from server.identity.queries import is_verified_educator
from sync.mutator import mutator


class NotVerified(Forbidden):
    """Staff have not checked this educator yet; what is made now can be published when they have."""

    code = "assessment.not_verified"


@mutator("assessments.assessment.publish", NameAssessment)
async def publish(tx: Tx, args: NameAssessment) -> None:
    """Open a test of one's course to learners; twice is once. Raises: NotFound, Forbidden, NotVerified."""
    await tx.get_visible(Assessment, args.assessment_id)
    assessment = await tx.get_locked(Assessment, args.assessment_id)
    if not policy.may_author(tx.actor, await queries.standing(tx, assessment.course_id)):
        raise Forbidden("The course's staff and admins publish its tests.")
    await require_verified(tx)
    await publish_assessment(tx, assessment)
    await tx.audit("assessments.assessment.publish", kind="assessment", id_=assessment.id)


async def require_verified(tx: Tx) -> None:
    """What learners see was put there by somebody whose credentials were checked. Raises NotVerified."""
    if not tx.actor.is_admin and not await is_verified_educator(tx, tx.actor.id):
        raise NotVerified


async def publish_with_course(tx: Tx, event: CoursePublished) -> None:
    """A course that opens brings its tests along."""
    drafts = select(Assessment).where(
        Assessment.course_id == event.course_id, Assessment.published_at.is_(None), Assessment.deleted_at.is_(None)
    )
    locked = drafts.order_by(Assessment.id).with_for_update(key_share=True)
    for assessment in (await tx.db.execute(locked)).scalars().all():
        await publish_assessment(tx, assessment)
