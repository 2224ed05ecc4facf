"""Who may take a test, and who may make one. Pure: no session, no clock; what it needs is handed to it."""

from dataclasses import dataclass
from datetime import datetime

from server.base.actor import Actor

# Kinds without stakes: they may be begun without the server (ASM-09). The others will need a ticket.
OFFLINE_KINDS = frozenset({"quiz", "lesson_test", "practice_test"})


@dataclass(frozen=True)
class Standing:
    """How a person stands to a course."""

    is_open: bool  # The person may open it (PRG-20, decided by the catalogue).
    is_staff: bool  # Of the course: its owner, its editors.


def may_see(actor: Actor, standing: Standing, *, is_published: bool) -> bool:
    """Learners see what is published in a course that is open to them; the course's staff and admins see drafts too."""
    return actor.is_admin or standing.is_staff or (standing.is_open and is_published)


def may_take(actor: Actor, *, is_verified_teacher: bool) -> bool:
    """Learners and admins. An educator or mentor whom nobody has checked yet has a learner's rights."""
    if actor.is_admin or actor.has("student"):
        return True
    return bool(actor.roles & {"educator", "mentor"}) and not is_verified_teacher


def may_begin_offline(kind: str) -> bool:
    return kind in OFFLINE_KINDS


def is_within_window(at: datetime, *, opens_at: datetime | None, closes_at: datetime | None) -> bool:
    return (opens_at is None or at >= opens_at) and (closes_at is None or at < closes_at)


def may_author(actor: Actor, standing: Standing) -> bool:
    """The course's staff, and admins."""
    return actor.is_admin or (standing.is_staff and actor.has("educator"))


def may_own(roles: frozenset[str]) -> bool:
    """Whose a test may be."""
    return bool(roles & {"educator", "admin", "super_admin"})
