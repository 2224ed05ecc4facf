"""A test that came from a file, taken apart into drafts: corrected on the phone, published as its next revision."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from server.assessments import policy, queries
from server.assessments.bank import DRAFTS_MAX, TooManyInTest, plain_of, require_room
from server.assessments.drawing import drawn_for_staff
from server.assessments.exporting import document_of_test
from server.assessments.interchange.document import Question, StoredQuestion, kind_of
from server.assessments.models import Assessment, QuestionDraft, TestDraft
from server.assessments.schemas import QUESTIONS_OF_TEST_MAX, TEST_KINDS, NameAssessment
from server.base.errors import Conflict, Forbidden
from server.base.ids import derived_id
from server.base.tx import Tx
from server.catalog.models import Course
from sync.mutator import mutator


class KindNotDrafted(Conflict):
    """Exams and olympiad papers are not written here."""

    code = "test.kind"


@mutator("assessments.test.open", NameAssessment)
async def open_test(tx: Tx, args: NameAssessment) -> None:
    """Lay the test's questions of now down as drafts, and a test of the same id that names them; twice is once.

    Learners notice nothing until it is published. Raises: NotFound, Forbidden, TooManyInTest, KindNotDrafted, BankFull.
    """
    assessment = await tx.get_visible(Assessment, args.assessment_id)
    if not policy.may_author(tx.actor, await queries.standing(tx, assessment.course_id)):
        raise Forbidden("The course's staff and admins change its tests.")
    course = await tx.get_locked(Course, assessment.course_id)
    known = (await tx.db.execute(select(TestDraft).where(TestDraft.id == assessment.id))).scalar_one_or_none()
    if known is not None:
        known.deleted_at = None  # It was thrown away as a draft; learners have it all the same.
        return
    if assessment.kind not in TEST_KINDS:
        raise KindNotDrafted
    if assessment.items_count > QUESTIONS_OF_TEST_MAX:
        raise TooManyInTest(f"It has {assessment.items_count} questions; a test written here has at most 200.")
    await require_room(tx, "assessments_drafts", course.id, DRAFTS_MAX)
    document = await document_of_test(tx, assessment)
    drafts = [_draft(tx, assessment, course, place, one) for place, one in enumerate(document.questions)]
    for draft, drawn in zip(drafts, await drawn_for_staff(*document.questions), strict=True):
        draft.formulas = drawn
    tx.db.add_all(drafts)
    tx.db.add(_test(tx, assessment, [draft.id for draft in drafts]))
    await tx.db.flush()
    await tx.audit("assessments.test.open", kind="assessment", id_=assessment.id, questions=len(drafts))


def _draft(tx: Tx, assessment: Assessment, course: Course, place: int, question: Question) -> QuestionDraft:
    stored: dict[str, Any] = plain_of(StoredQuestion(question.prompt, question.body, question.explanation))
    return QuestionDraft(
        id=derived_id("assessments.drafts", assessment.id, assessment.revision, place),
        course_id=course.id,
        owner_id=tx.actor.id,
        title=question.title,
        question=stored,
        kind=kind_of(question.body),
        points=question.points,
        difficulty=question.difficulty,
        topic_tags=list(question.tags),
        language=course.language,
        status="active",
    )


def _test(tx: Tx, assessment: Assessment, draft_ids: list[UUID]) -> TestDraft:
    return TestDraft(
        id=assessment.id,
        course_id=assessment.course_id,
        lesson_id=assessment.lesson_id,
        owner_id=tx.actor.id,
        title=assessment.title,
        kind=assessment.kind,
        draft_ids=[str(id_) for id_ in draft_ids],
        pass_ppm=assessment.pass_ppm,
        attempts_max=assessment.attempts_max,
        duration_s=assessment.duration_s,
        assessment_id=assessment.id,
    )
