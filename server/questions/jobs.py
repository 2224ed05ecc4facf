"""Telling people what happened to questions. Each may run again: the row's id keys the notification."""

from server.base.jobs import job
from server.base.tx import Tx
from server.notifications import notify
from server.questions import queries
from server.questions.models import Answer, Question
from server.questions.payloads import NotifyAccepted, NotifyAsker, NotifyMentors

MENTORS_TOLD_MAX = 200


@job(NotifyMentors, timeout_s=30, attempts_max=5)
async def notify_mentors(tx: Tx, payload: NotifyMentors) -> None:
    """Tell the verified mentors of the subject that a question waits."""
    question = await tx.db.get(Question, payload.question_id)
    if question is None or question.deleted_at is not None or question.is_closed:
        return  # Withdrawn or settled before we came to it: nothing to tell.
    for mentor_id in await queries.mentors_of(tx, question.subject_id, limit=MENTORS_TOLD_MAX):
        if mentor_id != question.author_id:
            await notify(
                tx,
                mentor_id,
                kind="question.asked",
                title="A new question",
                message=question.title,
                key=question.id,
                reference_type="question",
                reference_id=question.id,
                priority="high",
                data={"title": question.title},
            )


@job(NotifyAsker, timeout_s=30, attempts_max=5)
async def notify_asker(tx: Tx, payload: NotifyAsker) -> None:
    """Tell the asker that an answer came."""
    answer = await tx.db.get(Answer, payload.answer_id)
    if answer is None or answer.deleted_at is not None or answer.author_id == answer.asker_id:
        return
    question = await tx.get(Question, answer.question_id)
    await notify(
        tx,
        answer.asker_id,
        kind="question.answered",
        title="Your question was answered",
        message=f"{answer.author_name} answered: {question.title}",
        key=answer.id,
        reference_type="question",
        reference_id=question.id,
        priority="high",
        data={"title": question.title, "name": answer.author_name, "answer_id": str(answer.id)},
    )


@job(NotifyAccepted, timeout_s=30, attempts_max=5)
async def notify_accepted(tx: Tx, payload: NotifyAccepted) -> None:
    """Tell the author of an answer that it helped."""
    answer = await tx.db.get(Answer, payload.answer_id)
    if answer is None or not answer.is_accepted or answer.author_id == answer.asker_id:
        return
    question = await tx.get(Question, answer.question_id)
    await notify(
        tx,
        answer.author_id,
        kind="answer.accepted",
        title="Your answer helped",
        message=f"Your answer was accepted: {question.title}",
        key=answer.id,
        reference_type="question",
        reference_id=question.id,
        data={"title": question.title, "answer_id": str(answer.id)},
    )
