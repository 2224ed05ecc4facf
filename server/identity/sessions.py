"""Sessions: a row for each place a person is signed in. Plain SQL: they are read on every request.

Rotation: each refresh gives the next number. The number before may come once more within GRACE_S from the same device
(its answer was lost on a bad network) and gets the same successor; any older number means that a token was copied: the
session ends and the person is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from server.base.actor import Actor
from server.base.errors import Forbidden, NotFound, Unauthenticated
from server.base.ids import new_id
from server.base.reads import Reads
from server.base.tx import Tx
from server.identity.events import SessionReused
from server.identity.schemas import SessionRow
from server.identity.tokens import AccessClaims, TokenBad, Tokens

GRACE_S = 30
SESSIONS_SHOWN_MAX = 100
LIFETIME = {True: timedelta(days=30), None: timedelta(days=7), False: timedelta(hours=24)}  # by `remember_me`


class TokenReused(Unauthenticated):
    """This token was used before, so it may have been copied: the session was ended. Sign in again."""

    code = "token.reused"


class AccountSuspended(Forbidden):
    """This account is not active; write to the school's staff."""

    code = "account.suspended"


class AccountErased(Unauthenticated):
    """This account was erased; the phone forgets what it holds of it."""

    code = "account.erased"


@dataclass(frozen=True)
class SignedIn:
    user_id: UUID
    session_id: UUID
    role: str
    token_version: int
    refresh_token: str
    refresh_expires_at: datetime


_LIVES = (
    " from identity_sessions s join identity_users u on u.id = s.user_id"
    " where s.id = %(gate)s and u.id = %(user)s and s.revoked_at is null and s.expires_at > clock_timestamp()"
    " and u.deleted_at is null"
)
_WAS_ERASED = " from sync_erased where user_id = %(user)s"  # Then there is no session that lives.
_LOAD_ACTOR = (
    f"select u.status, u.token_version, u.id, u.locale, u.roles, u.email_verified_at is not null{_LIVES}"
    f" union all select 'erased', 0, user_id, '', '{{}}', false{_WAS_ERASED}"
)
GATE = (  # for a statement that asks more besides
    f"select coalesce((select json_build_array(u.status, u.token_version){_LIVES}),"
    f" (select json_build_array('erased', 0){_WAS_ERASED}))"
)
_ERASED_SESSION = text(
    "select exists(select 1 from identity_sessions s join sync_erased e on e.user_id = s.user_id where s.id = :id)"
)


class Authenticator:
    """Access token → actor with the rights of now, in one indexed statement."""

    def __init__(self, reads: Reads, tokens: Tokens) -> None:
        self._reads = reads
        self._tokens = tokens

    def read(self, token: str) -> AccessClaims:
        """What the token says; whether its session lives is not asked. Raises TokenExpired, TokenBad."""
        return self._tokens.read_access(token)

    async def __call__(self, token: str) -> Actor:
        """Raises TokenExpired, TokenBad, AccountSuspended, AccountErased."""
        return await self.load(self.read(token))

    async def load(self, caller: AccessClaims) -> Actor:
        """Raises TokenBad, AccountSuspended, AccountErased."""
        row = await self._reads.row(_LOAD_ACTOR, {"gate": caller.session_id, "user": caller.user_id})
        self.admit(caller, row)
        assert row is not None
        id_, locale, roles, is_verified = row[2:]
        return Actor(
            id=id_,
            roles=frozenset(roles),
            session_id=caller.session_id,
            locale=locale,
            is_email_verified=is_verified,
        )

    def admit(self, caller: AccessClaims, found: Sequence[Any] | None) -> None:
        """`found`: what GATE answers. Raises TokenBad, AccountSuspended, AccountErased."""
        if found is not None and found[0] == "erased":
            raise AccountErased
        if found is None or found[1] != caller.token_version:
            raise TokenBad
        if found[0] != "active":
            raise AccountSuspended


async def open_session(
    tx: Tx,
    tokens: Tokens,
    *,
    user_id: UUID,
    remember_me: bool | None,
    device_name: str | None,
    device_id: UUID | None,
    address: str,
) -> SignedIn:
    """A new session for a person whose password was just right."""
    session_id = new_id()
    expires_at = tx.now + LIFETIME[remember_me]
    await tx.db.execute(
        text(
            "insert into identity_sessions (id, user_id, device_name, device_id, address, created_at, last_seen_at,"
            " expires_at, rotated_at) values (:id, :user, :name, :device, :address, :now, :now, :expires, :now)"
        ),
        {
            "id": session_id,
            "user": user_id,
            "name": device_name,
            "device": device_id,
            "address": address,
            "now": tx.now,
            "expires": expires_at,
        },
    )
    role, token_version = (
        await tx.db.execute(text("select role, token_version from identity_users where id = :id"), {"id": user_id})
    ).one()
    return SignedIn(user_id, session_id, role, token_version, tokens.make_refresh(session_id, 0), expires_at)


async def rotate_session(tx: Tx, tokens: Tokens, *, token: str, device_id: UUID | None) -> SignedIn | None:
    """The next refresh token; None when the number was too old: then the session has been ended, and must stay so.

    Raises TokenBad, AccountSuspended, AccountErased.
    """
    session_id, rotation = tokens.read_refresh(token)
    row = (
        await tx.db.execute(
            text(
                "select s.user_id, s.rotation, s.rotated_at, s.expires_at, s.revoked_at, s.device_id,"
                " u.role, u.token_version, u.status from identity_sessions s join identity_users u on u.id = s.user_id"
                " where s.id = :id and u.deleted_at is null for no key update of s"
            ),
            {"id": session_id},
        )
    ).one_or_none()
    if row is None and (await tx.db.execute(_ERASED_SESSION, {"id": session_id})).scalar_one():
        raise AccountErased
    if row is None or row.revoked_at is not None or row.expires_at <= tx.now:
        raise TokenBad
    if row.status != "active":
        raise AccountSuspended
    is_replay = (
        rotation == row.rotation - 1
        and tx.now - row.rotated_at <= timedelta(seconds=GRACE_S)
        and device_id == row.device_id
    )
    if rotation != row.rotation and not is_replay:
        await end_session(tx, session_id, because="reuse")
        await tx.audit("identity.session.reused", kind="session", id_=session_id, user=row.user_id)
        await tx.publish(SessionReused(user_id=row.user_id, session_id=session_id))
        return None
    next_rotation = row.rotation if is_replay else row.rotation + 1
    await tx.db.execute(
        text(
            "update identity_sessions set rotation = :next, last_seen_at = :now,"
            " rotated_at = case when :replay then rotated_at else :now end where id = :id"
        ),
        {"next": next_rotation, "now": tx.now, "replay": is_replay, "id": session_id},
    )
    refresh = tokens.make_refresh(session_id, next_rotation)
    return SignedIn(row.user_id, session_id, row.role, row.token_version, refresh, row.expires_at)


async def end_session(tx: Tx, session_id: UUID, *, because: str) -> None:
    """Ends it; twice is once."""
    await tx.db.execute(
        text(
            "update identity_sessions set revoked_at = :now, revoked_because = :because"
            " where id = :id and revoked_at is null"
        ),
        {"now": tx.now, "because": because, "id": session_id},
    )


async def list_sessions(tx: Tx) -> list[SessionRow]:
    """Where the actor is signed in, the last used first."""
    statement = text(
        "select id, device_name, address, created_at, last_seen_at from identity_sessions"
        " where user_id = :user and revoked_at is null and expires_at > :now order by last_seen_at desc limit :limit"
    )
    rows = (await tx.db.execute(statement, {"user": tx.actor.id, "now": tx.now, "limit": SESSIONS_SHOWN_MAX})).all()
    return [
        SessionRow(
            id=row.id,
            device_name=row.device_name,
            address=row.address,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_current=row.id == tx.actor.session_id,
        )
        for row in rows
    ]


async def end_own_session(tx: Tx, session_id: UUID) -> None:
    """Sign the actor out there. Raises NotFound for a session of somebody else."""
    owner = await tx.db.execute(text("select user_id from identity_sessions where id = :id"), {"id": session_id})
    if owner.scalar_one_or_none() != tx.actor.id:
        raise NotFound("You are not signed in there.")
    await end_session(tx, session_id, because="revoked")


async def end_all_sessions(tx: Tx, user_id: UUID, *, because: str) -> None:
    await tx.db.execute(
        text(
            "update identity_sessions set revoked_at = :now, revoked_because = :because"
            " where user_id = :user and revoked_at is null"
        ),
        {"now": tx.now, "because": because, "user": user_id},
    )


def access_token(tokens: Tokens, signed_in: SignedIn, *, now: datetime) -> str:
    claims = AccessClaims(signed_in.user_id, signed_in.session_id, signed_in.token_version)
    return tokens.make_access(claims, role=signed_in.role, now=now)
