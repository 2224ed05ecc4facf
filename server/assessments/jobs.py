"""Marking papers, and taking off phones what nobody needs any more. Each may run again."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import exists, select, text, update

from server.assessments.attempts import close_attempt
from server.assessments.grading import Marked, Result, grade_paper
from server.assessments.keys import decode_key
from server.assessments.models import Assessment, Attempt, Item, ItemKey
from server.assessments.payloads import GradeAttempt, RetireItems
from server.assessments.values import Value
from server.base.jobs import job
from server.base.tx import Tx
from server.notifications import notify

PINNED_FOR = timedelta(days=90)  # An attempt that nobody finished stops pinning its items.
OVERDUE_AFTER = timedelta(days=7)  # A phone without a network gets this long to bring what was written in time.
AT_ONCE_MAX = 500


@job(GradeAttempt, timeout_s=60, attempts_max=8)
async def grade_attempt(tx: Tx, payload: GradeAttempt) -> None:
    """Mark a paper that was handed in. Run again, it marks anew and notes a new grading only when the marks differ."""
    attempt = await tx.get_locked(Attempt, payload.attempt_id)
    if attempt.state not in {"submitted", "graded"}:
        return
    assessment = await tx.get(Assessment, attempt.assessment_id)
    score_ppm, result = await asyncio.to_thread(  # Formulas of what explains are drawn meanwhile.
        grade_paper,
        await _marked_items(tx, attempt),
        await _answers(tx, attempt, grace=timedelta(seconds=assessment.grace_s)),
        pass_ppm=assessment.pass_ppm,
        is_released=assessment.answer_release == "after_submit",
    )
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(result))
    if attempt.state == "graded" and attempt.score_ppm == score_ppm and attempt.result == plain:
        return
    if attempt.revision < assessment.revision:
        tx.later(RetireItems(assessment_id=assessment.id))  # It may have been the last that pinned them.
    number = await _note_grading(tx, attempt, score_ppm, result)
    attempt.state, attempt.score_ppm, attempt.result, attempt.graded_at = "graded", score_ppm, plain, tx.now
    await notify(
        tx,
        attempt.user_id,
        kind="attempt.graded",
        title="Your test is marked",
        message=f"{assessment.title}: {score_ppm // 10_000} %",
        key=f"{attempt.id}:{number}",
        reference_type="attempt",
        reference_id=attempt.id,
        priority="high",
        data={
            "title": assessment.title,
            "score_ppm": score_ppm,
            "passed": result.passed,
            "assessment_id": str(assessment.id),
        },
    )


async def _marked_items(tx: Tx, attempt: Attempt) -> list[Marked]:
    """The items of the pinned revision, with their keys."""
    statement = (
        select(Item.id, Item.points, ItemKey.key, ItemKey.explanation)
        .join(ItemKey, (ItemKey.bank_item_id == Item.bank_item_id) & (ItemKey.revision == Item.bank_revision))
        .where(Item.assessment_id == attempt.assessment_id, Item.revision == attempt.revision)
        .order_by(Item.rank)
    )
    rows = await tx.db.execute(statement)
    return [Marked(id_, points, decode_key(key), explanation) for id_, points, key, explanation in rows]


async def _answers(tx: Tx, attempt: Attempt, *, grace: timedelta) -> dict[UUID, Value]:
    """The last word on each item; with a deadline, the last that was written in time by the phone's own clock."""
    if attempt.deadline_at is None:
        statement = text(
            "select item_id, value from assessments_answers where attempt_id = :attempt and deleted_at is null"
        )
        values: dict[str, Any] = {"attempt": attempt.id}
    else:
        statement = text(
            "select distinct on (item_id) item_id, value from assessments_answer_history"
            " where attempt_id = :attempt and claimed_at <= :last order by item_id, claimed_at desc, id desc"
        )
        values = {"attempt": attempt.id, "last": attempt.deadline_at + grace}
    return dict((await tx.db.execute(statement, values)).all())


async def _note_grading(tx: Tx, attempt: Attempt, score_ppm: int, result: Result) -> int:
    """Append a grading; its number."""
    statement = text(
        "insert into assessments_gradings (attempt_id, number, score_ppm, result, graded_at)"
        " select :attempt, coalesce(max(number), 0) + 1, :score, cast(:result as json), :now"
        " from assessments_gradings where attempt_id = :attempt returning number"
    )
    values = {"attempt": attempt.id, "score": score_ppm, "result": msgspec.json.encode(result).decode(), "now": tx.now}
    return int((await tx.db.execute(statement, values)).scalar_one())


@job(RetireItems, timeout_s=60, attempts_max=5)
async def retire_items(tx: Tx, payload: RetireItems) -> None:
    """Take items of older revisions off phones, unless an open attempt pins them. Their rows and keys stay."""
    assessment = await tx.get_locked(Assessment, payload.assessment_id)
    pinning = exists().where(
        Attempt.assessment_id == Item.assessment_id,
        Attempt.revision == Item.revision,
        Attempt.state == "in_progress",
        Attempt.received_at > tx.now - PINNED_FOR,
    )
    retired = update(Item).where(
        Item.assessment_id == assessment.id, Item.revision < assessment.revision, Item.retired_at.is_(None), ~pinning
    )
    await tx.db.execute(retired.values(retired_at=tx.now).execution_options(synchronize_session=False))


# --- by the clock -----------------------------------------------------------------------------------------------


async def close_overdue(tx: Tx) -> None:
    """Hand in for those who never did, a week after their time was up; what reached us by then is marked."""
    overdue = (
        select(Attempt)
        .where(
            Attempt.state == "in_progress",
            Attempt.deleted_at.is_(None),
            Attempt.deadline_at < tx.now - OVERDUE_AFTER,
            Attempt.received_at < tx.now - OVERDUE_AFTER,
        )
        .order_by(Attempt.id)
        .limit(AT_ONCE_MAX)
        .with_for_update(key_share=True, skip_locked=True)
    )
    for attempt in (await tx.db.execute(overdue)).scalars():
        close_attempt(tx, attempt)


async def retire_forgotten(tx: Tx) -> None:
    """Look again at assessments whose older items are still out: an attempt that pinned them may have grown too old."""
    waiting = (
        select(Item.assessment_id)
        .join(Assessment, Assessment.id == Item.assessment_id)
        .where(Item.retired_at.is_(None), Item.revision < Assessment.revision, Assessment.deleted_at.is_(None))
        .group_by(Item.assessment_id)
        .limit(AT_ONCE_MAX)
    )
    for assessment_id in (await tx.db.execute(waiting)).scalars():
        tx.later(RetireItems(assessment_id=assessment_id))
