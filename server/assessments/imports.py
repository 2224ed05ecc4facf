"""From a file of questions to a practice test: all of it in the caller's transaction, or nothing."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import text as sql

from server.assessments import policy, queries
from server.assessments.authoring import BankDraft, Made, Placing, put_assessment
from server.assessments.drafting import draft_item
from server.assessments.interchange import Entry, NoQuestions, QuestionDocument, read_questions
from server.assessments.interchange.checking import is_gradable
from server.assessments.interchange.pictures import worded
from server.assessments.interchange.reading import sentence
from server.assessments.open_questions import keep_open_questions
from server.assessments.publishing import require_verified
from server.base.errors import Conflict, Forbidden, Invalid, NotFound
from server.base.ids import derived_id
from server.base.import_report import (
    ImportReport,
    Reason,
    ReportItem,
    report_item,
    report_of,
)
from server.base.tx import Tx

TITLE_LENGTH_MAX = 255
CATEGORY_LENGTH_MAX = 500
REASONS_SHOWN_MAX = 3

_FOR_PEOPLE = "It needs a person to mark it: it is kept among the course's questions, and no test asks it yet"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadTitle(Invalid):
    """The practice test needs a title of 1 to 255 characters."""

    code = "assessment.title"


class BadOwner(Conflict):
    """A practice test belongs to an educator or an admin."""

    code = "assessment.owner"


@dataclass(frozen=True)
class _Course:
    id: UUID
    language: str


async def import_gift(
    tx: Tx, *, text: str | bytes, course_slug: str, owner_id: UUID, practice_title: str, publish: bool
) -> ImportReport:
    """Make a practice test out of a GIFT file.

    Raises: NotFound (course), what `take_questions` raises, BadEncoding, TooManyQuestions.
    """
    title = clean_title(practice_title)
    course = await _course_of(tx, course_slug)
    await _check_rights(tx, course.id, owner_id, publish=publish)
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    # Seconds for the largest file: others go on meanwhile.
    document = await asyncio.to_thread(read_questions, "gift", content)
    return await take_questions(
        tx, document, course_id=course.id, owner_id=owner_id, practice_title=title, publish=publish
    )


async def take_questions(
    tx: Tx,
    document: QuestionDocument,
    *,
    course_id: UUID,
    owner_id: UUID,
    practice_title: str,
    publish: bool,
    dry_run: bool = False,
) -> ImportReport:
    """Make a practice test of what was read; one of the same title gets its next revision, the same questions none.

    The report names every question. What cannot be taken is left out and said; a document out of which nothing can be
    taken is refused, and then nothing is written. With `dry_run` nothing is written either way, and the report is that
    of the real thing.

    Raises: NotFound (course), Forbidden, NotVerified, BadOwner, BadTitle, NoQuestions.
    """
    title = clean_title(practice_title)
    course = await _locked_course(tx, course_id)
    await _check_rights(tx, course.id, owner_id, publish=publish)
    document = gradable(document)
    if not document.questions and not document.for_people:
        raise NoQuestions(_why_nothing(document))
    report = report_of([_report(entry) for entry in document.entries])
    if dry_run:
        return report
    whose = {"course_id": course.id, "owner_id": owner_id}
    await keep_open_questions(tx, document.for_people, **whose, language=course.language, of=title)
    if not document.questions:
        return report
    placing = Placing(course_id=course.id, owner_id=owner_id, title=title, language=course.language)
    made = await put_assessment(tx, placing, bank_drafts(document, course_id=course.id, title=title), publish=publish)
    await _note(tx, made, document, publish=publish)
    return report


def gradable(document: QuestionDocument) -> QuestionDocument:
    """The document with what only people can mark set aside, in words alone. Twice is once."""
    entries: list[Entry] = []
    aside = list(document.for_people)
    for entry in document.entries:
        if entry.question is None or is_gradable(entry.question.body):
            entries.append(entry)
            continue
        aside.append(worded(entry.question))
        reasons = [_FOR_PEOPLE, (entry.reason or "").rstrip(".")]
        if entry.pictures:
            reasons.append("pictures were left out")
        why = sentence("; ".join(reason for reason in reasons if reason))
        entries.append(replace(entry, outcome="partial", question=None, reason=why, pictures=()))
    return replace(document, entries=tuple(entries), for_people=tuple(aside))


def clean_title(title: str) -> str:
    cleaned = " ".join(_CONTROL.sub(" ", title).split())
    if not 1 <= len(cleaned) <= TITLE_LENGTH_MAX:
        raise BadTitle
    return cleaned


def bank_drafts(document: QuestionDocument, *, course_id: UUID, title: str) -> list[BankDraft]:
    """Each question with its place in the bank: course, test, the question's own title, and which of that title."""
    seen: Counter[str] = Counter()
    drafts = []
    for question in document.questions:
        seen[question.title] += 1
        id_ = derived_id("assessments.bank_items", course_id, title, question.title, seen[question.title])
        category = question.category[:CATEGORY_LENGTH_MAX] if question.category else None
        draft = draft_item(id_, question)
        drafts.append(BankDraft(id_, question.title, draft, question.tags, category, question.difficulty))
    return drafts


async def _course_of(tx: Tx, slug: str) -> _Course:
    statement = sql("select id, language from catalog_courses where slug = :slug and deleted_at is null")
    row = (await tx.db.execute(statement, {"slug": slug})).one_or_none()
    if row is None:
        raise NotFound(f"There is no course {slug!r}.")
    return _Course(row.id, row.language)


async def _locked_course(tx: Tx, course_id: UUID) -> _Course:
    """One import into a course at a time."""
    statement = sql("select id, language from catalog_courses where id = :id and deleted_at is null for no key update")
    row = (await tx.db.execute(statement, {"id": course_id})).one_or_none()
    if row is None:
        raise NotFound(f"There is no course {course_id}.")
    return _Course(row.id, row.language)


async def _check_rights(tx: Tx, course_id: UUID, owner_id: UUID, *, publish: bool) -> None:
    place = await queries.standing(tx, course_id)
    if not policy.may_author(tx.actor, place):
        raise Forbidden("The course's staff and admins bring tests into it.")
    if not tx.actor.is_admin and owner_id != tx.actor.id:
        raise Forbidden("Only admins make tests for somebody else.")
    statement = sql("select roles from identity_users where id = :id and deleted_at is null")
    roles = (await tx.db.execute(statement, {"id": owner_id})).scalar_one_or_none()
    if roles is None or not policy.may_own(frozenset(roles)):
        raise BadOwner
    if publish:
        await require_verified(tx)


def _why_nothing(document: QuestionDocument) -> str:
    if not document.entries:
        return "The file holds no questions."
    reasons = [f"{entry.place}: {entry.reason}" for entry in document.entries[:REASONS_SHOWN_MAX]]
    return f"None of the {len(document.entries)} questions can be taken. {' '.join(reasons)}"


async def _note(tx: Tx, made: Made, document: QuestionDocument, *, publish: bool) -> None:
    await tx.audit(
        "assessments.assessment.import",
        kind="assessment",
        id_=made.assessment_id,
        revision=made.revision,
        is_new_revision=made.is_new_revision,
        questions=len(document.questions),
        published=publish,
    )


def _report(entry: Entry) -> ReportItem:
    reasons = [] if entry.reason is None else [Reason(code=f"question.{entry.outcome}", message=entry.reason)]
    return report_item(entry.place, title=entry.title, kind=kind_of_entry(entry), state=entry.outcome, reasons=reasons)


def kind_of_entry(entry: Entry) -> str:
    """A line of the report may tell of the whole file."""
    is_of_the_file = entry.outcome == "partial" and entry.question is None
    return "file" if is_of_the_file and not (entry.reason or "").startswith(_FOR_PEOPLE) else "question"
