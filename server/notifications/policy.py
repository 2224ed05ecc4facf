"""Whose a notification is. Pure: no session, no clock."""

from uuid import UUID

from server.base.actor import Actor


def may_read(actor: Actor, *, user_id: UUID) -> bool:
    """Nobody reads what another was told, not even staff."""
    return actor.id == user_id
