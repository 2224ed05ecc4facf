"""Taking a test: what the guards of attempts and answers allow, and handing the paper in.

Everything here may have been done hours ago without a network. The phone says when it began (`started_at`, its claim);
`received_at` is ours, and what counts is decided by the server's rules of now.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text, update

from server.assessments import policy, queries
from server.assessments.models import Assessment, Attempt, Item
from server.assessments.payloads import GradeAttempt
from server.assessments.schemas import SubmitAttempt
from server.assessments.values import check_value, spelled_out
from server.base.errors import Conflict, Forbidden, Invalid, NotFound
from server.base.tx import Tx
from server.identity.queries import name_of
from sync.collection import Change
from sync.mutator import mutator

RANK_MAX = 100_000


class AttemptClosed(Conflict):
    """The attempt was handed in already; what came later is kept here, and does not count."""

    code = "attempt.closed"


class NoAttemptsLeft(Conflict):
    """All attempts at this test are used."""

    code = "attempt.none_left"


class NotOffline(Conflict):
    """This kind of test is begun with the server, not without it."""

    code = "attempt.needs_ticket"


class OutsideWindow(Conflict):
    """The test was not open when this attempt was begun."""

    code = "attempt.outside_window"


class RevisionUnknown(Invalid):
    """The test has no such revision."""

    code = "attempt.revision_unknown"


class ItemUnknown(Invalid):
    """The question is not of this paper."""

    code = "answer.item_unknown"


# --- beginning --------------------------------------------------------------------------------------------------


async def begin_attempt(tx: Tx, change: Change) -> None:
    """Guard of a phone's new attempt: it may be taken, and pins the revision that the phone saw.

    Raises: NotFound, Forbidden, NotOffline, RevisionUnknown, OutsideWindow, NoAttemptsLeft.
    """
    if change.before is not None:  # Sent again: what we kept is what it said.
        change.fields["started_at"] = change.before["started_at"]
        return
    fields = change.fields
    _require(fields, "assessment_id", "revision")
    assessment = await _visible_assessment(tx, fields["assessment_id"])
    if not policy.may_take(tx.actor, is_verified_teacher=await queries.is_verified_teacher(tx, tx.actor)):
        raise Forbidden("Learners take tests; educators and mentors look at them.")
    if not policy.may_begin_offline(assessment.kind):
        raise NotOffline
    if not await queries.has_revision(tx, assessment.id, fields["revision"]):
        raise RevisionUnknown(
            f"“{assessment.title}” has no revision {fields['revision']}; the newest is {assessment.revision}."
        )
    started_at = min(fields.get("started_at") or _instant(change.at_ms), tx.now)
    if not policy.is_within_window(started_at, opens_at=assessment.opens_at, closes_at=assessment.closes_at):
        raise OutsideWindow
    begun = await queries.attempts_count(tx, assessment.id, tx.actor.id)
    if assessment.attempts_max is not None and begun >= assessment.attempts_max:
        raise NoAttemptsLeft(f"“{assessment.title}” may be taken {assessment.attempts_max} times.")
    fields["started_at"] = started_at
    change.fill(
        user_id=tx.actor.id,
        learner_name=await name_of(tx, tx.actor.id),
        course_id=assessment.course_id,
        number=begun + 1,
        received_at=tx.now,
        deadline_at=deadline_of(assessment, started_at),
    )


async def keep_items_pinned(tx: Tx, change: Change) -> None:
    """After a new attempt: if it pins a revision whose items were taken off phones, they come back."""
    if change.before is not None:
        return
    pinned = update(Item).where(
        Item.assessment_id == change.fields["assessment_id"],
        Item.revision == change.fields["revision"],
        Item.retired_at.is_not(None),
    )
    await tx.db.execute(pinned.values(retired_at=None))


def deadline_of(assessment: Assessment, started_at: datetime) -> datetime | None:
    """When answers stop to count; None: never."""
    if assessment.duration_s is None:
        return assessment.closes_at
    deadline_at = started_at + timedelta(seconds=assessment.duration_s)
    return min(deadline_at, assessment.closes_at) if assessment.closes_at else deadline_at


async def _visible_assessment(tx: Tx, assessment_id: UUID) -> Assessment:
    assessment = await queries.shared_assessment(tx, assessment_id)
    if assessment is None or not await queries.is_assessment_visible(tx, assessment):
        raise NotFound(f"There is no test {assessment_id}, or not for you.")
    return assessment


# --- answering --------------------------------------------------------------------------------------------------


async def look_for_attempts(tx: Tx, changes: Sequence[Change]) -> dict[tuple[UUID, UUID], queries.Answered]:
    """What the next answers answer, in one statement."""
    return await queries.answered(tx, [pair for change in changes if (pair := _answers(change)) is not None])


def _answers(change: Change) -> tuple[UUID, UUID] | None:
    stored = change.before or change.fields
    attempt_id, item_id = stored.get("attempt_id"), stored.get("item_id")
    return None if attempt_id is None or item_id is None else (attempt_id, item_id)


async def accept_answer(tx: Tx, change: Change) -> None:
    """Guard of an answer: the attempt is one's own and open, the item is of its paper, the value fits the item.

    Raises: NotFound, AttemptClosed, ItemUnknown, BadValue.
    """
    stored = change.before or change.fields
    _require(stored, "attempt_id", "item_id")
    found = change.ahead.get(_answers(change))
    if found is None or found.user_id != tx.actor.id:
        raise NotFound(f"There is no attempt {stored['attempt_id']}, or not for you.")
    if not found.is_open:
        raise AttemptClosed
    if found.kind is None:
        raise ItemUnknown(f"The question {stored['item_id']} is not of this paper.")
    check_value(found.kind, found.options, change.fields.get("value"))


_KEEP_HISTORY = text(
    "insert into assessments_answer_history (answer_id, attempt_id, item_id, value, claimed_at, received_at)"
    " select answer_id, attempt_id, item_id, value, claimed_at, :now from json_populate_recordset("
    "null\\:\\:assessments_answer_history, cast(:rows as json)) with ordinality order by ordinality"
)


async def keep_history(tx: Tx, changes: Sequence[Change]) -> None:
    """After answers: append what was sent. The row holds the last word, the history every word."""
    rows = [
        {
            "answer_id": change.id,
            "attempt_id": (change.before or change.fields)["attempt_id"],
            "item_id": (change.before or change.fields)["item_id"],
            "value": change.fields.get("value"),
            "claimed_at": _instant(change.at_ms),
        }
        for change in changes
    ]
    await tx.db.execute(_KEEP_HISTORY, {"rows": msgspec.json.encode(rows).decode(), "now": tx.now})


async def expand_batch(tx: Tx, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A batch may name items by their place in the paper's revision (`item`, from 0) instead of `item_id`.

    Then options may be named by their places, too: fifty answers are half a kilobyte.

    Raises: NotFound (no such attempt, or another's), ItemUnknown.
    """
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if "item" in row:
            wanted.setdefault(str(row.get("attempt_id")), set()).add(_place(row))
    found = {attempt: await _items_at(tx, attempt, places) for attempt, places in wanted.items()}
    return [_expanded(row, found) if "item" in row else row for row in rows]


def _expanded(row: dict[str, Any], found: dict[str, dict[int, queries.Placed]]) -> dict[str, Any]:
    item = found[str(row.get("attempt_id"))].get(row["item"])
    if item is None:
        raise ItemUnknown(f"The paper has no question {row['item']}.")
    given = {name: value for name, value in row.items() if name != "item"}
    if "value" in given:
        given["value"] = spelled_out(item.kind, item.options, given["value"])
    return {**given, "item_id": str(item.id)}


def _place(row: dict[str, Any]) -> int:
    place = row["item"]
    if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < RANK_MAX:
        raise ItemUnknown("`item` is the place of a question in the paper, from 0.")
    return place


async def _items_at(tx: Tx, attempt: str, places: set[int]) -> dict[int, queries.Placed]:
    try:
        attempt_id = UUID(attempt)
    except ValueError:
        raise NotFound(f"There is no attempt {attempt[:60]}, or not for you.") from None
    if (await tx.get(Attempt, attempt_id)).user_id != tx.actor.id:
        raise NotFound(f"There is no attempt {attempt_id}, or not for you.")
    return await queries.items_at(tx, attempt_id, places)


# --- handing in -------------------------------------------------------------------------------------------------


@mutator("assessments.attempt.submit", SubmitAttempt)
async def submit_attempt(tx: Tx, args: SubmitAttempt) -> None:
    """Hand the paper in: answers stop, grading begins. A blank paper is one too.

    Raises: NotFound, AttemptClosed (also a second time from another phone: nothing of it is lost).
    """
    attempt = await tx.get(Attempt, args.attempt_id)
    if attempt.user_id != tx.actor.id:  # Permission before existence.
        raise NotFound(f"There is no attempt {args.attempt_id}, or not for you.")
    attempt = await tx.get_locked(Attempt, args.attempt_id)
    if not attempt.is_open:
        raise AttemptClosed
    close_attempt(tx, attempt)


def close_attempt(tx: Tx, attempt: Attempt) -> None:
    """No later than its deadline, whenever the word reached us."""
    attempt.state = "submitted"
    attempt.submitted_at = min(tx.now, attempt.deadline_at) if attempt.deadline_at else tx.now
    tx.later(GradeAttempt(attempt_id=attempt.id))


def _require(fields: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if fields.get(name) is None:
            raise Invalid(f"`{name}` is missing.", fields={name: "missing"})


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
