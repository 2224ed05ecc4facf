"""Reading about help questions: who may see one, how many somebody asked today."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from server.base.tx import Tx
from server.identity.queries import verified_subjects
from server.questions import policy
from server.questions.models import Answer, Question, Report

DAY = timedelta(days=1)


async def is_question_visible(tx: Tx, question: Question) -> bool:
    return policy.may_see(
        tx.actor,
        asker_id=question.author_id,
        subject_id=question.subject_id,
        is_public=question.visibility == "public",
        is_shown=question.is_shown,
        verified_in=await verified_subjects(tx, tx.actor.id),
    )


async def is_answer_visible(tx: Tx, answer: Answer) -> bool:
    return policy.may_see(
        tx.actor,
        asker_id=answer.asker_id,
        subject_id=answer.subject_id,
        is_public=answer.visibility == "public",
        is_shown=answer.is_shown,
        verified_in=await verified_subjects(tx, tx.actor.id),
    )


async def asked_since_yesterday(tx: Tx, author_id: UUID) -> int:
    """Committed rows of the last 24 hours, withdrawn ones too. One at a time: two phones cannot both be the last."""
    await _one_at_a_time(tx, f"questions.ask:{author_id}")
    statement = select(func.count()).where(Question.author_id == author_id, Question.asked_at > tx.now - DAY)
    return int((await tx.db.execute(statement)).scalar_one())


async def reported_since_yesterday(tx: Tx, reporter_id: UUID) -> int:
    await _one_at_a_time(tx, f"questions.report:{reporter_id}")
    statement = select(func.count()).where(Report.reporter_id == reporter_id, Report.created_at > tx.now - DAY)
    return int((await tx.db.execute(statement)).scalar_one())


async def mentors_of(tx: Tx, subject_id: UUID, *, limit: int) -> list[UUID]:
    """Active, verified mentors of the subject."""
    statement = text(
        "select s.user_id from identity_mentor_subjects s join identity_users u on u.id = s.user_id"
        " join identity_user_roles r on r.user_id = s.user_id and r.role = 'mentor' and r.deleted_at is null"
        " where s.subject_id = :subject and s.verified_at is not null and s.deleted_at is null"
        " and u.status = 'active' and u.deleted_at is null order by s.user_id limit :limit"
    )
    return list((await tx.db.execute(statement, {"subject": subject_id, "limit": limit})).scalars())


async def _one_at_a_time(tx: Tx, key: str) -> None:
    await tx.db.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
