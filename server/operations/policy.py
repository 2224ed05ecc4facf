"""Who may look after the installation. Pure."""

from server.base.actor import Actor


def may_see_jobs(actor: Actor) -> bool:
    """What failed may name what people did: staff and admins."""
    return actor.is_staff


def may_retry_jobs(actor: Actor) -> bool:
    return actor.is_staff
