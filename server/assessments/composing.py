"""From drafts to a test that learners take: each question whole, its key apart, pinned in a revision."""

from uuid import UUID

import msgspec
from sqlalchemy import select

from server.assessments import policy, queries
from server.assessments.authoring import BankDraft, Placing, publish_assessment, put_assessment
from server.assessments.drafting import NotGradable, draft_item
from server.assessments.interchange.checking import checked, is_gradable
from server.assessments.interchange.document import Question, StoredQuestion
from server.assessments.interchange.reading import Fault, sentence
from server.assessments.models import Assessment, QuestionDraft, TestDraft
from server.assessments.publishing import require_verified
from server.assessments.schemas import NameTest
from server.base.errors import Conflict, Forbidden, Invalid, NotFound
from server.base.ids import derived_id
from server.base.tx import Tx
from server.catalog.models import Course
from sync.mutator import mutator

SHOWN_LENGTH = 60


class TestEmpty(Invalid):
    """A test asks one question at least; put one in."""

    code = "test.empty"


class TestUntitled(Invalid):
    """A test has a title; give it one."""

    code = "test.no_title"


class QuestionGone(Conflict):
    """A question of the test was deleted meanwhile; take it out, or bring it back."""

    code = "test.question_gone"


class QuestionIncomplete(Invalid):
    """A question of the test is not finished."""

    code = "test.question_incomplete"


@mutator("assessments.test.publish", NameTest)
async def publish_test(tx: Tx, args: NameTest) -> None:
    """Make the test of now's drafts, or its next revision; the same drafts again change nothing.

    In a course that is not published yet it waits for that. Raises: NotFound, Forbidden, NotVerified, TestEmpty,
    TestUntitled, QuestionGone, QuestionIncomplete, NotGradable, TitleTaken.
    """
    test = await _of_ones_own(tx, args.id)
    course = await tx.get_locked(Course, test.course_id)  # Before the test, as imports do.
    test = await tx.get_locked(TestDraft, args.id)
    is_open = course.published_at is not None
    if is_open:
        await require_verified(tx)
    drafts = await _drafts(tx, test)
    placing = Placing(
        id=test.id,
        course_id=course.id,
        owner_id=tx.actor.id,
        title=" ".join(test.title.split()),
        language=course.language,
        kind=test.kind,
        lesson_id=test.lesson_id,
        pass_ppm=test.pass_ppm,
        attempts_max=test.attempts_max,
        duration_s=test.duration_s,
    )
    if not placing.title:
        raise TestUntitled
    made = await put_assessment(tx, placing, [_bank_draft(draft) for draft in drafts], publish=False)
    assessment = await tx.get_locked(Assessment, made.assessment_id)
    if is_open:
        await publish_assessment(tx, assessment)
    test.assessment_id = assessment.id
    await tx.audit("assessments.test.publish", kind="assessment", id_=assessment.id, revision=made.revision)


async def _of_ones_own(tx: Tx, test_id: UUID) -> TestDraft:
    """Permission before existence. Raises NotFound, Forbidden."""
    test = await tx.get(TestDraft, test_id)
    place = await queries.standing(tx, test.course_id)
    if not (place.is_staff or tx.actor.is_admin):
        raise NotFound(f"There is no test {test_id}, or not for you.")
    if not policy.may_author(tx.actor, place):
        raise Forbidden("The course's staff and admins publish its tests.")
    return test


async def _drafts(tx: Tx, test: TestDraft) -> list[QuestionDraft]:
    """In the test's order. Raises TestEmpty, QuestionGone."""
    wanted = [UUID(str(one)) for one in test.draft_ids]
    if not wanted:
        raise TestEmpty
    statement = select(QuestionDraft).where(
        QuestionDraft.id.in_(wanted),
        QuestionDraft.course_id == test.course_id,
        QuestionDraft.deleted_at.is_(None),
    )
    found = {draft.id: draft for draft in (await tx.db.execute(statement)).scalars()}
    missing = [place for place, id_ in enumerate(wanted, start=1) if id_ not in found]
    if missing:
        shown = ", ".join(map(str, missing[:10]))
        raise QuestionGone(f"Question {shown} of the test is no longer there; take it out, or bring it back.")
    return [found[id_] for id_ in wanted]


def _bank_draft(draft: QuestionDraft) -> BankDraft:
    """Raises QuestionIncomplete, NotGradable."""
    question = question_of(draft)
    name = f"“{(question.title or question.prompt)[:SHOWN_LENGTH]}”"
    if not is_gradable(question.body):
        raise NotGradable(f"{name} needs a person to mark it, and no test asks for such questions yet; take it out.")
    try:
        checked(question)
    except Fault as fault:
        raise QuestionIncomplete(f"{name}: {sentence(str(fault))}", fields={str(draft.id): str(fault)}) from None
    id_ = derived_id("assessments.bank_items", "draft", draft.id)
    made = draft_item(id_, question)
    return BankDraft(id_, question.title, made, question.tags, None, question.difficulty)


def question_of(draft: QuestionDraft) -> Question:
    """The draft as a question of any format."""
    stored: StoredQuestion = msgspec.convert(draft.question, type=StoredQuestion)
    title = draft.title.strip() or " ".join(stored.prompt.split())[:SHOWN_LENGTH]
    return Question(
        title,
        stored.prompt.strip(),
        stored.body,
        (stored.explanation or "").strip() or None,
        None,
        tuple(draft.topic_tags),
        draft.points,
        draft.difficulty,  # type: ignore[arg-type]  # One of the three: the table's own check.
    )
