"""Reports: anybody may say that something should not stand there; three hide it until somebody has looked."""

from uuid import UUID

from sqlalchemy import func, select, update

from server.base.errors import Forbidden, NotFound, TooMany
from server.base.ids import derived_id
from server.base.tx import Tx
from server.questions import policy, queries
from server.questions.models import Answer, Question, Report
from server.questions.mutators import clean_line
from server.questions.schemas import MakeReport, ReviewReports
from sync.mutator import mutator

REPORTS_TO_HIDE = 3
REPORTED_A_DAY_MAX = 50


class ReportedTooOften(TooMany):
    """You reported as much as a day allows; write to the school instead."""

    code = "questions.report_limit"


@mutator("questions.report", MakeReport)
async def report(tx: Tx, args: MakeReport) -> None:
    """Report a question or an answer that one can see. A second report by the same person changes nothing.

    Raises: NotFound, EmptyText, ReportedTooOften.
    """
    target = await _visible_target(tx, args.id)
    reason = clean_line(args.reason)
    id_ = derived_id("questions.reports", args.id, tx.actor.id)
    if await tx.db.get(Report, id_) is not None:
        return
    if await queries.reported_since_yesterday(tx, tx.actor.id) >= REPORTED_A_DAY_MAX:
        raise ReportedTooOften
    await _lock(tx, target)
    kind = "question" if isinstance(target, Question) else "answer"
    tx.db.add(Report(id=id_, target=kind, target_id=args.id, reporter_id=tx.actor.id, reason=reason, state="open"))
    await tx.db.flush()  # The count below must see it.
    open_count = select(func.count()).where(Report.target_id == args.id, Report.state == "open")
    if (await tx.db.execute(open_count)).scalar_one() >= REPORTS_TO_HIDE:
        await _hide(tx, target)


@mutator("questions.report.review", ReviewReports)
async def review_reports(tx: Tx, args: ReviewReports) -> None:
    """Settle the open reports of a thing: keep it (shown again) or remove it. Raises: Forbidden, NotFound."""
    if not policy.may_review(tx.actor):
        raise Forbidden("Staff and admins look at reports.")
    target = await _target(tx, args.id)
    await _lock(tx, target)
    state = "kept" if args.verdict == "keep" else "removed"
    settled = update(Report).where(Report.target_id == args.id, Report.state == "open")
    await tx.db.execute(settled.values(state=state, reviewed_at=tx.now, reviewed_by_id=tx.actor.id))
    if args.verdict == "keep":
        await _show(tx, target)
    else:
        await _hide(tx, target)
    await tx.audit(
        "questions.report.review",
        kind="question" if isinstance(target, Question) else "answer",
        id_=args.id,
        verdict=args.verdict,
    )


async def _target(tx: Tx, id_: UUID) -> Question | Answer:
    found: Question | Answer | None = await tx.db.get(Question, id_) or await tx.db.get(Answer, id_)
    if found is not None and found.deleted_at is None:
        return found
    raise NotFound(f"There is no question or answer {id_}, or not for you.")


async def _visible_target(tx: Tx, id_: UUID) -> Question | Answer:
    target = await _target(tx, id_)
    is_visible = (
        await queries.is_question_visible(tx, target)
        if isinstance(target, Question)
        else await queries.is_answer_visible(tx, target)
    )
    if not is_visible:
        raise NotFound(f"There is no question or answer {id_}, or not for you.")
    return target


async def _lock(tx: Tx, target: Question | Answer) -> None:
    """Question before answer, as every other writer does."""
    if isinstance(target, Answer):
        await tx.get_locked(Question, target.question_id)
        await tx.get_locked(Answer, target.id)
    else:
        await tx.get_locked(Question, target.id)


async def _hide(tx: Tx, target: Question | Answer) -> None:
    target.hidden_at = target.hidden_at or tx.now
    if isinstance(target, Question):
        withheld = update(Answer).where(Answer.question_id == target.id, Answer.withheld_at.is_(None))
        await tx.db.execute(withheld.values(withheld_at=tx.now))


async def _show(tx: Tx, target: Question | Answer) -> None:
    target.hidden_at = None
    if isinstance(target, Question) and target.withdrawn_at is None:
        await tx.db.execute(update(Answer).where(Answer.question_id == target.id).values(withheld_at=None))
