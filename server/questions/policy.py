"""Who may ask, answer, accept, close, see and moderate. Pure: no session, no clock; what it needs is handed to it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from server.base.actor import Actor

MAY_ASK = frozenset({"student", "educator", "mentor", "admin", "super_admin"})
REOPEN_WITHIN = timedelta(days=7)


def may_ask(actor: Actor) -> bool:
    return bool(actor.roles & MAY_ASK)


def may_answer(actor: Actor, *, subject_id: UUID, verified_in: Collection[UUID]) -> bool:
    """Mentors whom staff have checked for this subject, and admins."""
    return actor.is_admin or (actor.has("mentor") and subject_id in verified_in)


def may_accept(actor: Actor, *, asker_id: UUID) -> bool:
    return actor.id == asker_id or actor.is_admin


def may_close(actor: Actor, *, asker_id: UUID, subject_id: UUID, verified_in: Collection[UUID]) -> bool:
    return actor.id == asker_id or may_answer(actor, subject_id=subject_id, verified_in=verified_in)


def may_reopen(actor: Actor, *, asker_id: UUID, closed_at: datetime, now: datetime) -> bool:
    """The asker, within a week; an admin at any time."""
    return actor.is_admin or (actor.id == asker_id and now - closed_at <= REOPEN_WITHIN)


def may_edit(actor: Actor, *, asker_id: UUID) -> bool:
    return actor.id == asker_id


def may_see(
    actor: Actor, *, asker_id: UUID, subject_id: UUID, is_public: bool, is_shown: bool, verified_in: Collection[UUID]
) -> bool:
    """As the buckets say it: one's own, what is public and shown, and for mentors and admins what is in their queue."""
    if actor.id == asker_id or (is_public and is_shown):
        return True
    return may_answer(actor, subject_id=subject_id, verified_in=verified_in)


def may_review(actor: Actor) -> bool:
    return actor.is_staff
