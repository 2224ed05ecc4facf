"""Questions of a file that only people can mark: kept as drafts of the course, for no test asks them yet."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from server.assessments.bank import DRAFTS_MAX, plain_of, require_room
from server.assessments.drawing import drawn_for_staff
from server.assessments.interchange.document import Question, StoredQuestion, kind_of
from server.assessments.models import QuestionDraft
from server.base.errors import AppError
from server.base.ids import derived_id
from server.base.tx import Tx


async def keep_open_questions(
    tx: Tx, questions: Sequence[Question], *, course_id: UUID, owner_id: UUID, language: str, of: str
) -> None:
    """Each once: the same file again, and one that was edited or thrown away meanwhile, changes nothing.

    `of`: what the file calls the test. Raises BankFull. What is larger than a draft may be is passed over.
    """
    drafts = [(derived_id("assessments.open", course_id, of, place), one) for place, one in enumerate(questions)]
    known = text("select id from assessments_drafts where id = any(:ids)")
    there = set((await tx.db.execute(known, {"ids": [id_ for id_, _ in drafts]})).scalars())
    formulas = await drawn_for_staff(*questions)
    for (id_, question), drawn in zip(drafts, formulas, strict=True):
        if id_ in there:
            continue
        await require_room(tx, "assessments_drafts", course_id, DRAFTS_MAX)
        try:
            stored = plain_of(StoredQuestion(question.prompt, question.body, question.explanation))
        except AppError:
            continue
        tx.db.add(
            QuestionDraft(
                id=id_,
                course_id=course_id,
                owner_id=owner_id,
                title=question.title,
                question=stored,
                formulas=drawn,
                kind=kind_of(question.body),
                points=question.points,
                difficulty=question.difficulty,
                topic_tags=list(question.tags),
                language=language,
                status="active",
            )
        )
        await tx.db.flush()
