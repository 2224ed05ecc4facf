"""Actors for work that no request carries: jobs, and links that stand for a session."""

from uuid import UUID

from sqlalchemy import text

from server.base.actor import Actor
from server.base.tx import Tx
from server.identity.tokens import TokenBad

_OF_USER = text(
    "select id, locale, roles, email_verified_at is not null as verified from identity_users"
    " where id = :id and status = 'active' and deleted_at is null"
)
_OF_SESSION = text(
    "select u.id, u.locale, u.roles, u.email_verified_at is not null as verified"
    " from identity_sessions s join identity_users u on u.id = s.user_id"
    " where s.id = :id and s.revoked_at is null and s.expires_at > clock_timestamp() and u.status = 'active' and"
    " u.deleted_at is null"
)


async def actor_of_user(tx: Tx, user_id: UUID) -> Actor | None:
    """The person with the rights of now; None when the account is gone or not active."""
    row = (await tx.db.execute(_OF_USER, {"id": user_id})).one_or_none()
    if row is None:
        return None
    return Actor(id=row.id, roles=frozenset(row.roles), locale=row.locale, is_email_verified=row.verified)


async def actor_of_session(tx: Tx, session_id: UUID) -> Actor:
    """Who is signed in with this session. Raises TokenBad when it has ended."""
    row = (await tx.db.execute(_OF_SESSION, {"id": session_id})).one_or_none()
    if row is None:
        raise TokenBad
    return Actor(
        id=row.id, roles=frozenset(row.roles), session_id=session_id, locale=row.locale, is_email_verified=row.verified
    )
