"""Who may open, make, change and publish courses. Pure: no session, no clock."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from server.base.actor import Actor

OpenReason = Literal[
    "NOT_PUBLISHED", "SUBSCRIPTION_REQUIRED", "PURCHASE_REQUIRED", "NOT_UNLOCKED", "PREREQUISITE", "COOLDOWN"
]


@dataclass(frozen=True, kw_only=True)
class Door:
    """What opening a lesson (or, without a lesson's own columns, a course) depends on."""

    is_course_published: bool
    is_lesson_published: bool = True
    access: Collection[str] = field(default_factory=tuple)  # "free", "subscription", "purchase", "class"
    is_staff: bool = False  # The actor owns or edits the course.
    has_subscription: bool = False
    has_bought: bool = False
    is_unlocked: bool = False  # For the actor's class.
    is_locked: bool = False
    has_prerequisite: bool = False
    locked_until: datetime | None = None


def may_merge_subjects(actor: Actor) -> bool:
    """Take names that educators wrote into the list of subjects, or say which subject they mean."""
    return actor.is_admin


def why_closed(actor: Actor, door: Door, *, now: datetime) -> OpenReason | None:
    """The first reason why the actor may not open it; None: open (PRG-20)."""
    if actor.is_admin or door.is_staff:
        return None
    if not (door.is_course_published and door.is_lesson_published):
        return "NOT_PUBLISHED"
    refusal = _access_missing(door)
    if refusal is not None:
        return refusal
    if door.is_locked and not door.has_prerequisite:
        return "PREREQUISITE"
    if door.locked_until is not None and now < door.locked_until:
        return "COOLDOWN"
    return None


def _access_missing(door: Door) -> OpenReason | None:
    """None when one way in is open; else the way that the course offers first."""
    ways: tuple[tuple[str, bool, OpenReason], ...] = (
        ("free", True, "NOT_UNLOCKED"),
        ("subscription", door.has_subscription, "SUBSCRIPTION_REQUIRED"),
        ("purchase", door.has_bought, "PURCHASE_REQUIRED"),
        ("class", door.is_unlocked, "NOT_UNLOCKED"),
    )
    offered = [(is_open, reason) for way, is_open, reason in ways if way in door.access]
    if any(is_open for is_open, _reason in offered):
        return None
    return offered[0][1] if offered else "NOT_UNLOCKED"


def can_open(actor: Actor, door: Door, *, now: datetime) -> bool:
    return why_closed(actor, door, now=now) is None


def may_create_course(actor: Actor) -> bool:
    """ACL-09: an educator, verified or not, drafts own material; admins too."""
    return actor.is_admin or actor.has("educator")


def may_know_of_course(actor: Actor, *, is_staff: bool, is_published: bool) -> bool:
    """A draft is known to its staff and to admins."""
    return is_published or actor.is_admin or is_staff


def may_edit_course(actor: Actor, *, is_staff: bool) -> bool:
    return actor.is_admin or (actor.has("educator") and is_staff)


def may_publish_course(actor: Actor, *, is_staff: bool, is_verified: bool) -> bool:
    """CAT-10: what learners see was put there by somebody whose credentials were checked."""
    return actor.is_admin or (actor.has("educator") and is_staff and is_verified)
