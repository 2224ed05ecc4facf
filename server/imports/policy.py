"""Who may bring files in, and see what came of them. Pure: no session, no clock."""

from uuid import UUID

from server.base.actor import Actor


def may_import(actor: Actor, *, is_verified: bool) -> bool:
    """ACL-02."""
    return actor.is_admin or (actor.has("educator") and is_verified)


def may_see(actor: Actor, *, owner_id: UUID) -> bool:
    """How an import does: who sent the file, and admins."""
    return actor.is_admin or actor.id == owner_id


def may_apply(actor: Actor, *, owner_id: UUID) -> bool:
    """Have done what was tried: who tried it. Whether they may import at all is asked anew."""
    return actor.id == owner_id
