"""Who may do what to whom. Pure: no session, no clock."""

from server.base.actor import Actor

SELF_REGISTERED = ("student", "educator", "mentor")

# Which roles each role may give to somebody else's new account (IDN-08).
_MAY_CREATE = {
    "super_admin": frozenset({"student", "educator", "mentor", "staff", "admin", "super_admin"}),
    "admin": frozenset({"student", "educator", "mentor", "staff"}),
    "staff": frozenset({"student"}),
}


def may_register_as(role: str) -> bool:
    return role in SELF_REGISTERED


def may_create_user(actor: Actor, role: str) -> bool:
    return any(role in _MAY_CREATE.get(own, frozenset()) for own in actor.roles)
