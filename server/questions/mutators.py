"""Asking, answering and settling questions: the commands that phones send, often long after they were meant."""

import unicodedata
from uuid import UUID

from sqlalchemy import func, select, update

from server.base.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from server.base.tx import Tx
from server.catalog.models import Lesson
from server.catalog.queries import has_subject
from server.identity.queries import name_of, verified_subjects
from server.questions import policy, queries
from server.questions.models import Answer, Question
from server.questions.payloads import NotifyAccepted, NotifyAsker, NotifyMentors
from server.questions.schemas import (
    AcceptAnswer,
    Ask,
    EditQuestion,
    NameQuestion,
    PostAnswer,
)
from sync.mutator import mutator

ASKED_A_DAY_MAX = 20
BODY_LENGTH_MAX = 20_000  # With all its notes.


class AskedTooOften(TooMany):
    """You asked as much as a day allows; the question is kept on your phone, send it again tomorrow."""

    code = "questions.limit"


class EmptyText(Invalid):
    """There is nothing to read in it."""

    code = "questions.empty"


class TextTooLong(Invalid):
    """The question has become too long; ask a new one."""

    code = "questions.too_long"


class IdInUse(Conflict):
    """Another record has this id."""

    code = "id.taken"


class NotReopened(Conflict):
    """A question can be opened again within a week of its closing; ask a new one."""

    code = "questions.closed"


@mutator("questions.question.ask", Ask, creates="id")
async def ask_question(tx: Tx, args: Ask) -> None:
    """Ask, and tell the mentors of the subject. The phone mints `args.id`.

    Raises: Forbidden, NotFound (no such subject or lesson), EmptyText, IdInUse, AskedTooOften (20 a day).
    """
    if not policy.may_ask(tx.actor):
        raise Forbidden("Only learners, educators, mentors and admins ask questions.")
    if not await has_subject(tx, args.subject_id):
        raise NotFound(f"There is no subject {args.subject_id}.")
    if args.lesson_id is not None:
        await tx.get(Lesson, args.lesson_id)
    title, body = clean_line(args.title), clean_text(args.body)
    if await tx.db.get(Question, args.id) is not None:
        raise IdInUse
    if await queries.asked_since_yesterday(tx, tx.actor.id) >= ASKED_A_DAY_MAX:
        raise AskedTooOften(f"You asked {ASKED_A_DAY_MAX} questions within a day; send this one again tomorrow.")
    tx.db.add(
        Question(
            id=args.id,
            subject_id=args.subject_id,
            lesson_id=args.lesson_id,
            author_id=tx.actor.id,
            author_name=await name_of(tx, tx.actor.id),
            title=title,
            body=body,
            visibility=args.visibility,
            state="open",
            answers_count=0,
            asked_at=tx.now,  # A device's clock may be years off: never order by it.
        )
    )
    await tx.db.flush()  # The next op's count must see it.
    tx.later(NotifyMentors(question_id=args.id))


@mutator("questions.question.edit", EditQuestion)
async def edit_question(tx: Tx, args: EditQuestion) -> None:
    """Change an unanswered question; to an answered one, put a note under it: answers must keep what they answered.

    Raises: NotFound, Forbidden, EmptyText, TextTooLong.
    """
    question = await _locked(tx, args.question_id)
    if not policy.may_edit(tx.actor, asker_id=question.author_id):
        raise Forbidden("Only its author changes a question.")
    body = clean_text(args.body)
    if question.answers_count == 0:
        question.title = clean_line(args.title) if args.title is not None else question.title
    else:
        body = f"{question.body}\n\n{tx.now:%Y-%m-%d}: {body}"
    if len(body) > BODY_LENGTH_MAX:
        raise TextTooLong
    question.body = body


@mutator("questions.question.withdraw", NameQuestion)
async def withdraw_question(tx: Tx, args: NameQuestion) -> None:
    """Take a question back: an unanswered one goes; an answered one is closed and no longer shown to others.

    Raises: NotFound, Forbidden.
    """
    question = await _locked(tx, args.question_id)
    if not policy.may_edit(tx.actor, asker_id=question.author_id):
        raise Forbidden("Only its author withdraws a question.")
    if question.answers_count == 0:
        question.deleted_at = tx.now
        return
    question.withdrawn_at = question.withdrawn_at or tx.now
    _close(tx, question)
    await tx.db.execute(update(Answer).where(Answer.question_id == question.id).values(withheld_at=tx.now))


@mutator("questions.question.close", NameQuestion)
async def close_question(tx: Tx, args: NameQuestion) -> None:
    """Close it; closed already is as good. Raises: NotFound, Forbidden."""
    question = await _locked(tx, args.question_id)
    verified_in = await verified_subjects(tx, tx.actor.id)
    if not policy.may_close(
        tx.actor, asker_id=question.author_id, subject_id=question.subject_id, verified_in=verified_in
    ):
        raise Forbidden("Its asker, a mentor of the subject or an admin closes a question.")
    _close(tx, question)


@mutator("questions.question.reopen", NameQuestion)
async def reopen_question(tx: Tx, args: NameQuestion) -> None:
    """Open it again, within a week. An open one stays as it is. Raises: NotFound, Forbidden, NotReopened."""
    question = await _locked(tx, args.question_id)
    if not policy.may_edit(tx.actor, asker_id=question.author_id) and not tx.actor.is_admin:
        raise Forbidden("Only its asker opens a question again.")
    if not question.is_closed or question.closed_at is None:
        return
    if question.withdrawn_at is not None or not policy.may_reopen(
        tx.actor, asker_id=question.author_id, closed_at=question.closed_at, now=tx.now
    ):
        raise NotReopened
    question.state = "answered" if question.answers_count else "open"
    question.closed_at = question.closed_by_id = None


@mutator("questions.answer.post", PostAnswer, creates="id")
async def post_answer(tx: Tx, args: PostAnswer) -> None:
    """Post an answer, and tell the asker. One that comes after the closing is kept, and marked as late.

    Raises: NotFound, Forbidden (no verified mentor of the subject, no admin), EmptyText, IdInUse.
    """
    question = await _locked(tx, args.question_id)
    verified_in = await verified_subjects(tx, tx.actor.id)
    if not policy.may_answer(tx.actor, subject_id=question.subject_id, verified_in=verified_in):
        raise Forbidden("Verified mentors of the subject and admins answer questions.")
    if await tx.db.get(Answer, args.id) is not None:
        raise IdInUse
    body = clean_text(args.body)
    tx.db.add(
        Answer(
            id=args.id,
            question_id=question.id,
            subject_id=question.subject_id,
            asker_id=question.author_id,
            visibility=question.visibility,
            author_id=tx.actor.id,
            author_name=await name_of(tx, tx.actor.id),
            body=body,
            is_accepted=False,
            posted_at=tx.now,
            late_at=tx.now if question.is_closed else None,
            withheld_at=None if question.is_shown else tx.now,
        )
    )
    await tx.db.flush()  # The count below must see it.
    await _count_answers(tx, question)
    tx.later(NotifyAsker(answer_id=args.id))


@mutator("questions.answer.accept", AcceptAnswer)
async def accept_answer(tx: Tx, args: AcceptAnswer) -> None:
    """Say which answer helped: that closes the question. One at most is accepted; a later choice replaces an earlier.

    Raises: NotFound, Forbidden (not the asker, no admin).
    """
    answer = await tx.get(Answer, args.answer_id)
    if not policy.may_accept(tx.actor, asker_id=answer.asker_id):
        if not await queries.is_answer_visible(tx, answer):
            raise NotFound("There is no such answer, or not for you.")
        raise Forbidden("Only who asked says which answer helped.")
    question = await _locked(tx, answer.question_id)
    answer = await tx.get_locked(Answer, args.answer_id)
    if answer.is_accepted:
        return
    others = update(Answer).where(Answer.question_id == question.id, Answer.is_accepted.is_(True))
    await tx.db.execute(others.values(is_accepted=False))  # First: the index allows one.
    answer.is_accepted = True
    _close(tx, question)
    tx.later(NotifyAccepted(answer_id=answer.id))


def clean_text(text: str) -> str:
    """NFC, without control characters other than line ends and tabs, trimmed. Raises EmptyText."""
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(
        sign for sign in normal if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs", "Co", "Cn"}
    )
    if not _is_legible(kept):
        raise EmptyText
    return kept.strip()


def clean_line(text: str) -> str:
    """As `clean_text`, on one line."""
    return " ".join(clean_text(text).split())


def _is_legible(text: str) -> bool:
    return any(not sign.isspace() and unicodedata.category(sign) != "Cf" for sign in text)


async def _locked(tx: Tx, question_id: UUID) -> Question:
    """The question, locked. Raises NotFound also to one who may not see it: permission before existence."""
    question = await tx.get(Question, question_id)
    if not await queries.is_question_visible(tx, question):
        raise NotFound(f"There is no question {question_id}, or not for you.")
    return await tx.get_locked(Question, question_id)


def _close(tx: Tx, question: Question) -> None:
    if not question.is_closed:
        question.state = "closed"
        question.closed_at, question.closed_by_id = tx.now, tx.actor.id


async def _count_answers(tx: Tx, question: Question) -> None:
    """Counted anew under the question's lock: never a sum that can drift."""
    live = select(func.count()).where(Answer.question_id == question.id, Answer.deleted_at.is_(None))
    question.answers_count = int((await tx.db.execute(live)).scalar_one())
    if question.state == "open":
        question.state = "answered"
