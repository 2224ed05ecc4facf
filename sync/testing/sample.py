"""A small school to test the engine with: one collection a policy, a few commands. Runs on every store.

Mutators and guards see a `SampleTx`: what the memory store gives, and what the tests put around a database session.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from sync.collection import Change, Collection, bucket, derived_id
from sync.errors import Refusal
from sync.merge import Append, Fsm, Join, LwwField
from sync.mutator import mutator
from sync.refusals import RecordAbsent
from sync.registry import Registry, build_registry
from sync.testing.sample_drafts import DRAFTS, TEAM_KIND
from sync.testing.sample_tx import SampleTx


class AttemptClosed(Refusal):
    """The attempt was handed in."""

    code = "attempt.closed"


class NoMoreCredit(Refusal):
    """There is no credit left."""

    code = "credit.empty"


class Outraged(Exception):
    """A bug."""


class NoteRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    about_id: UUID | None = None


class ProfileRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    name: Annotated[str, msgspec.Meta(max_length=50)] | None
    locale: Annotated[str, msgspec.Meta(max_length=10)] | None
    role: str | None


class ProgressRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    lesson_id: UUID
    seen_ppm: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None
    seconds: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] | None
    completed_at: datetime | None
    tags: list[str] | None


class AttemptRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    state: str
    title: str | None


class AnswerRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    attempt_id: UUID
    item: int
    value: Any


class SpendRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    amount: int


MINE = (bucket("user", "user_id"),)

NOTES = Collection(
    name="sample.notes",
    table="sample_notes",
    row=NoteRow,
    buckets=MINE,
    merge=Append(),
    may_create=frozenset({"text", "about_id"}),
)
PROFILES = Collection(
    name="sample.profiles",
    table="sample_profiles",
    row=ProfileRow,
    buckets=MINE,
    merge=LwwField(),
    tier=0,
    may_create=frozenset({"name", "locale"}),
    may_patch=frozenset({"name", "locale"}),
    key=("user_id",),
)
PROGRESS = Collection(
    name="sample.progress",
    table="sample_progress",
    row=ProgressRow,
    buckets=MINE,
    merge=Join({"seen_ppm": "greater", "seconds": "sum", "completed_at": "earlier", "tags": "union"}),
    may_create=frozenset({"lesson_id", "seen_ppm", "seconds", "completed_at", "tags"}),
    may_patch=frozenset({"seen_ppm", "seconds", "completed_at", "tags"}),
    key=("user_id", "lesson_id"),
)
ATTEMPT_MOVES = Fsm("state", "open", {"submit": ("open",), "grade": ("submitted",)})
ATTEMPTS = Collection(
    name="sample.attempts",
    table="sample_attempts",
    row=AttemptRow,
    buckets=MINE,
    merge=ATTEMPT_MOVES,
    may_create=frozenset({"state", "title"}),
)


async def look_for_attempts(tx: SampleTx, changes: Sequence[Change]) -> dict[UUID, dict[str, Any] | None]:
    """The attempts that the next answers belong to."""
    ids = {attempt_id for change in changes if (attempt_id := _attempt_of(change)) is not None}
    return {attempt_id: await tx.get("sample_attempts", attempt_id) for attempt_id in ids}


def _attempt_of(change: Change) -> UUID | None:
    attempt_id = change.fields.get("attempt_id") if change.before is None else change.before["attempt_id"]
    return None if attempt_id is None else UUID(str(attempt_id))


async def guard_answer(_tx: SampleTx, change: Change) -> None:
    """Answers are taken while the attempt is open."""
    attempt_id = _attempt_of(change)
    attempt = None if attempt_id is None else change.ahead[attempt_id]
    if attempt is None or attempt["state"] != "open":
        raise AttemptClosed


async def after_answers(tx: SampleTx, changes: Sequence[Change]) -> None:
    """Answers that say "note it" leave a note with how many came together; "too much" is refused late."""
    for change in changes:
        if change.fields.get("value") == "note it":
            note_id = derived_id("sample.answer_note", change.id)
            await tx.put("sample_notes", {"id": note_id, "user_id": tx.actor.id, "text": f"{len(changes)} came"})
        if change.fields.get("value") == "too much":
            raise NoMoreCredit


async def name_items(_tx: SampleTx, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A batch may say `no`, an item's place on the paper, where a row has `item`; places here are items."""
    return [{"item" if name == "no" else name: value for name, value in row.items()} for row in rows]


ANSWERS = Collection(
    name="sample.answers",
    table="sample_answers",
    row=AnswerRow,
    buckets=MINE,
    merge=LwwField(),
    may_create=frozenset({"attempt_id", "item", "value"}),
    may_patch=frozenset({"value"}),
    key=("attempt_id", "item"),
    guard=guard_answer,
    reads=frozenset({"sample_attempts"}),
    look_ahead=look_for_attempts,
    after_run=after_answers,
    touches=frozenset({"sample_notes"}),
    expand=name_items,
)


class EssayRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    text: Annotated[str, msgspec.Meta(max_length=200)]
    praise: str | None = None


async def guard_essay(tx: SampleTx, change: Change) -> None:
    """Essays are taken until the writer's membership ends (an essay about it says when); the server adds its praise."""
    ended = await tx.get("sample_essays", tx.actor.id)
    if ended is not None:
        change.rights_ended(ended_ms=int(ended["text"]), now_ms=change.at_ms + int(ended["praise"] or 0))
    change.fill(praise="well done")


async def after_essay(tx: SampleTx, change: Change) -> None:
    """Each essay leaves a note; one about nothing is refused late, when it is written already."""
    if change.fields["text"] == "nothing":
        raise NoMoreCredit
    note_id = derived_id("sample.essay_note", change.id)
    await tx.put("sample_notes", {"id": note_id, "user_id": tx.actor.id, "text": "wrote an essay"})


ESSAYS = Collection(
    name="sample.essays",
    table="sample_essays",
    row=EssayRow,
    buckets=MINE,
    merge=Append(),
    may_create=frozenset({"text"}),
    guard=guard_essay,
    after_write=after_essay,
)
SPENDINGS = Collection(name="sample.spendings", table="sample_spendings", row=SpendRow, buckets=MINE)

COLLECTIONS = (NOTES, PROFILES, PROGRESS, ATTEMPTS, ANSWERS, ESSAYS, SPENDINGS)


class Submit(msgspec.Struct, frozen=True):
    attempt_id: UUID


@mutator("sample.attempt.submit", Submit)
async def submit(tx: SampleTx, args: Submit) -> None:
    """Hand in an attempt."""
    attempt = await tx.get("sample_attempts", args.attempt_id)
    if attempt is None:
        raise RecordAbsent("There is no such attempt.")
    ATTEMPT_MOVES.check("submit", attempt["state"])
    await tx.put("sample_attempts", {"id": args.attempt_id, "state": "submitted"})


class Spend(msgspec.Struct, frozen=True):
    account_id: UUID
    amount: Annotated[int, msgspec.Meta(ge=1, le=1000)]


@mutator("sample.spend", Spend)
async def spend(tx: SampleTx, args: Spend) -> None:
    """Add to what was spent: what must not happen twice. It writes before it refuses a 7; a 13 is a bug."""
    account = await tx.get("sample_spendings", args.account_id)
    spent = 0 if account is None else account["amount"]
    await tx.put("sample_spendings", {"id": args.account_id, "user_id": tx.actor.id, "amount": spent + args.amount})
    if args.amount == 13:
        raise Outraged
    if args.amount == 7:
        raise NoMoreCredit


class Jot(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    text: Annotated[str, msgspec.Meta(max_length=200)]


@mutator("sample.note.jot", Jot, creates="id")
async def jot(tx: SampleTx, args: Jot) -> None:
    """Make a note by command."""
    await tx.put("sample_notes", {"id": args.id, "user_id": args.user_id, "text": args.text})


def sample_registry() -> Registry:
    return build_registry(
        schema=1, collections=(*COLLECTIONS, *DRAFTS), mutators=(submit, spend, jot), bucket_kinds=(TEAM_KIND,)
    )
