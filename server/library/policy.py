"""Who may write, review, approve and see items of the library, and where a verdict leads (MED-12, 13). Pure."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from server.base.actor import Actor
from server.library.schemas import Status, Verdict


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An item and who looks at it."""

    educator_id: UUID
    status: Status
    is_verified: bool  # The actor is an educator whom staff have checked, …
    teaches: bool = True  # … for the item's subject.
    has_other_admin: bool = True


def may_write(actor: Actor) -> bool:
    """An educator, verified or not, drafts own material; admins too."""
    return actor.is_admin or actor.has("educator")


def may_edit(actor: Actor, *, educator_id: UUID) -> bool:
    return may_write(actor) and actor.id == educator_id


def may_withdraw(actor: Actor, *, educator_id: UUID) -> bool:
    return actor.is_admin or may_edit(actor, educator_id=educator_id)


def may_see_draft(actor: Actor, standing: Standing) -> bool:
    """Its educator, admins, and whoever may review it."""
    return actor.is_admin or actor.id == standing.educator_id or may_review(actor, standing)


def may_review(actor: Actor, standing: Standing) -> bool:
    """Another verified educator of the subject, while it waits for one. Nobody reviews their own."""
    is_peer = actor.has("educator") and standing.is_verified and standing.teaches
    return is_peer and actor.id != standing.educator_id and standing.status in {"pending", "peer_approved"}


def may_decide(actor: Actor, standing: Standing) -> bool:
    """An admin, once a peer has approved; not of their own while there is another admin."""
    is_own = actor.id == standing.educator_id
    return actor.is_admin and standing.status == "peer_approved" and (not is_own or not standing.has_other_admin)


def may_reject(actor: Actor, standing: Standing) -> bool:
    """Whoever may review it; an admin at any time before it is published."""
    is_waiting = standing.status in {"pending", "peer_approved"}
    return may_review(actor, standing) or (actor.is_admin and is_waiting and actor.id != standing.educator_id)


Step = Literal["peer", "final"]


def step_of(actor: Actor, standing: Standing, verdict: Verdict) -> Step | None:
    """As what the actor's verdict counts; None: they have none."""
    if verdict == "reject":
        return ("peer" if may_review(actor, standing) else "final") if may_reject(actor, standing) else None
    if may_decide(actor, standing):
        return "final"
    return "peer" if may_review(actor, standing) else None


def after(status: Status, step: Step, verdict: Verdict) -> Status:
    """Draft → pending → peer_approved → published; a rejected one is a draft again."""
    if verdict == "reject":
        return "draft"
    return "published" if step == "final" and status == "peer_approved" else "peer_approved"


def after_edit(status: Status) -> Status:
    """What was sent in stays sent in, and is reviewed anew; what is on the shelf stays there meanwhile."""
    return "draft" if status == "draft" else "pending"
