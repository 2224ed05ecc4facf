"""Questions and tests on their way, on the phones of a course's staff: what fits into a draft, and how two merge.

A draft may be half-finished: bounds are asked for here, wholeness when it is published (`composing.py`).
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from server.assessments.drawing import drawn_draft
from server.assessments.interchange.document import NumericBody, StoredQuestion, kind_of
from server.assessments.interchange.reading import EXPONENT_MAX
from server.assessments.schemas import QUESTIONS_OF_TEST_MAX
from server.base.errors import Conflict, Invalid
from server.base.tx import Tx
from server.catalog.models import Course, Lesson
from sync.collection import Change
from sync.merge import Joined, TextEdit, three_way

QUESTION_BYTES_MAX = 64 * 1024
DRAFTS_MAX = 10_000
TESTS_MAX = 1_000


class DraftTooLarge(Invalid):
    """The question has more than 64 KB; make two of it."""

    code = "question.too_large"


class NumberOutOfRange(Invalid):
    """A number of the question is out of range."""

    code = "question.number"


class BankFull(Conflict):
    """The course holds as many as it may; delete some first."""

    code = "bank.full"


class TestElsewhere(Invalid):
    """A test goes with a lesson of its own course."""

    code = "test.lesson_elsewhere"


class TooManyInTest(Invalid):
    """A test has at most 200 questions; make two of it."""

    code = "test.too_long"


async def guard_draft(tx: Tx, change: Change) -> None:
    """Within bounds, its kind by its body, its formulas drawn.

    Raises DraftTooLarge, NumberOutOfRange, BankFull, and what `drawn_draft` raises.
    """
    question = change.fields.get("question")
    if question is None and change.kind == "create" and change.before is None:
        question = change.fields["question"]  # Refused by name.
    if isinstance(question, StoredQuestion):
        change.fields["question"] = plain_of(question)
        change.fill(kind=kind_of(question.body), formulas=await drawn_draft(question))
    if change.kind == "create" and change.before is None:
        course = await tx.get(Course, change.fields["course_id"])
        await require_room(tx, "assessments_drafts", course.id, DRAFTS_MAX)
        change.fields.setdefault("language", course.language)
        change.fill(owner_id=tx.actor.id)


def plain_of(question: StoredQuestion) -> dict[str, Any]:
    """As it is stored. Raises DraftTooLarge, NumberOutOfRange."""
    if isinstance(question.body, NumericBody):
        for part in question.body.ranges:
            _require_number(part.low)
            _require_number(part.high)
    plain: dict[str, Any] = msgspec.to_builtins(question)
    size = len(msgspec.json.encode(plain))
    if size > QUESTION_BYTES_MAX:
        raise DraftTooLarge(
            f"The question has {size:,} bytes; at most {QUESTION_BYTES_MAX:,} are taken. Make two of it."
        )
    return plain


def _require_number(number: Decimal) -> None:
    if not number.is_finite() or abs(number.adjusted()) > EXPONENT_MAX or len(number.as_tuple().digits) > EXPONENT_MAX:
        raise NumberOutOfRange


async def require_room(tx: Tx, table: str, course_id: UUID, count_max: int) -> None:
    statement = text(f"select count(*) from {table} where course_id = :course and deleted_at is null")  # noqa: S608 - ours
    if (await tx.db.execute(statement, {"course": course_id})).scalar_one() >= count_max:
        raise BankFull(f"The course holds {count_max:,} already, and that is as many as it may; delete some first.")


async def guard_test(tx: Tx, change: Change) -> None:
    """Of a lesson of its course, each question once. Raises TestElsewhere, TooManyInTest, BankFull."""
    fields = change.fields
    course_id = fields.get("course_id") if change.before is None else change.before["course_id"]
    if fields.get("lesson_id") is not None:
        lesson = await tx.db.get(Lesson, fields["lesson_id"])
        if lesson is None or lesson.course_id != course_id:
            raise TestElsewhere
    ids = fields.get("draft_ids")
    if isinstance(ids, TextEdit):
        was = [str(one) for one in ids.was or ()]
        fields["draft_ids"] = TextEdit(was, list(dict.fromkeys(str(one) for one in ids.now or ())))
    elif ids is not None:
        fields["draft_ids"] = list(dict.fromkeys(str(one) for one in ids))
    if change.kind == "create" and change.before is None:
        course = await tx.get(Course, fields["course_id"])
        await require_room(tx, "assessments_tests", course.id, TESTS_MAX)
        change.fill(owner_id=tx.actor.id)


def join_ids(was: object, now: object, stored: object) -> Joined:
    """Two lists of questions: what either side put in is in, what either took out is out. Raises TooManyInTest."""
    sides = [[str(one) for one in side] if isinstance(side, list) else [] for side in (was, now, stored)]
    joined: list[str] = []
    for part in three_way(*sides):
        joined += part.tokens if part.both is None else [*part.both[2], *part.both[1]]
    kept = {*sides[1], *sides[2]} - {one for one in sides[0] if one not in sides[1] or one not in sides[2]}
    found = [one for one in dict.fromkeys(joined) if one in kept]
    if len(found) > QUESTIONS_OF_TEST_MAX:
        raise TooManyInTest(f"With both changes the test has {len(found)} questions; at most {QUESTIONS_OF_TEST_MAX}.")
    return Joined(found, is_overlapping=False)
