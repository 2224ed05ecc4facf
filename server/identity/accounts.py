"""Making accounts, and signing in to them."""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text

from server.base.db import Database
from server.base.errors import Conflict, Invalid, TooMany, Unauthenticated
from server.base.ids import derived_id, new_id
from server.base.tx import Tx
from server.identity.events import NewDevice
from server.identity.jobs import SendMail
from server.identity.models import EducatorProfile, MentorProfile, MentorSubject, StudentProfile, User, UserRole
from server.identity.passwords import check_password, hash_password, verify_password
from server.identity.sessions import AccountSuspended, SignedIn, open_session
from server.identity.tokens import Tokens

FAILURES_MAX = 5  # for one account from one address …
FAILURES_ADDRESS_MAX = 20  # … and for one address, within:
WINDOW = timedelta(minutes=15)
VERIFY_VALID_S = 24 * 3600
VERIFY_PURPOSE = "verify-email"


class WrongPassword(Unauthenticated):
    """E-mail and password do not fit together."""

    code = "login.wrong"


class TooManyFailures(TooMany):
    """Too many wrong passwords; wait a quarter of an hour, or set a new one."""

    code = "login.too_many"


class EmailTaken(Conflict):
    """There is an account with this e-mail already."""

    code = "email.taken"


class BadName(Invalid):
    """A name has letters in it."""

    code = "name.empty"


@dataclass(frozen=True, kw_only=True)
class NewAccount:
    email: str
    full_name: str
    role: str
    password: str
    locale: str = "en"
    is_verified: bool = False  # by staff or the operator: e-mail and, for educators and mentors, their credentials


def normal_email(email: str) -> str:
    """What is looked up: NFKC, lower case, no spaces around."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def clean_name(name: str) -> str:
    """NFC, no control characters, single spaces. Raises BadName when nothing is left."""
    kept = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in unicodedata.normalize("NFC", name))
    cleaned = " ".join(kept.split())
    if not cleaned:
        raise BadName(fields={"full_name": "Write your name."})
    return cleaned


async def create_account(tx: Tx, account: NewAccount) -> User:
    """A user with role and profile. Raises EmailTaken, WeakPassword, BadName."""
    check_password(account.password)
    normal = normal_email(account.email)
    if await find_by_email(tx, normal) is not None:
        raise EmailTaken(fields={"email": "There is an account with this e-mail already."})
    user = User(
        id=new_id(),
        email=account.email.strip(),
        email_normal=normal,
        full_name=clean_name(account.full_name),
        role=account.role,
        locale=account.locale,
        password_hash=await hash_password(account.password),
        email_verified_at=tx.now if account.is_verified else None,
    )
    tx.db.add(user)
    await tx.db.flush()  # The rows below refer to it.
    tx.db.add(UserRole(id=derived_id("identity.roles", user.id, account.role), user_id=user.id, role=account.role))
    profile_id = derived_id("identity.profiles", user.id, account.role)
    verified_at = tx.now if account.is_verified else None
    match account.role:
        case "student":
            tx.db.add(StudentProfile(id=profile_id, user_id=user.id))
        case "educator":
            tx.db.add(EducatorProfile(id=profile_id, user_id=user.id, verified_at=verified_at))
        case "mentor":
            tx.db.add(MentorProfile(id=profile_id, user_id=user.id, verified_at=verified_at))
    await tx.audit("identity.user.create", kind="user", id_=user.id, role=account.role)
    return user


async def answer_for(tx: Tx, *, user_id: UUID, subject_ids: list[UUID]) -> None:
    """Open the queues of these subjects to a mentor (a second time changes nothing)."""
    for subject_id in subject_ids:
        id_ = derived_id("identity.mentor_subjects", user_id, subject_id)
        if await tx.db.get(MentorSubject, id_) is None:
            tx.db.add(MentorSubject(id=id_, user_id=user_id, subject_id=subject_id, verified_at=tx.now))


async def find_by_email(tx: Tx, normal: str) -> User | None:
    statement = select(User).where(User.email_normal == normal, User.deleted_at.is_(None))
    return (await tx.db.execute(statement)).scalar_one_or_none()


async def register(tx: Tx, tokens: Tokens, account: NewAccount) -> None:
    """A person's own registration. A known e-mail gets a mail, not an account: a stranger learns nothing."""
    check_password(account.password)
    known = await find_by_email(tx, normal_email(account.email))
    if known is not None:
        tx.later(SendMail(to=known.email or "", template="identity.already_registered", locale=known.locale, link=None))
        await hash_password(account.password)  # As long as for a new one.
        return
    user = await create_account(tx, account)
    link = tokens.make_link(VERIFY_PURPOSE, user.id, now=tx.now, valid_s=VERIFY_VALID_S)
    tx.later(
        SendMail(
            to=user.email or "",
            template="identity.verify_email",
            locale=user.locale,
            link=f"/verify-email?token={link}",
        )
    )


async def verify_email(tx: Tx, tokens: Tokens, token: str) -> None:
    """Twice is once. Raises TokenExpired, TokenBad."""
    user = await tx.get(User, tokens.read_link(token, VERIFY_PURPOSE))
    if user.email_verified_at is None:
        user.email_verified_at = tx.now


async def set_password(tx: Tx, user: User, password: str) -> None:
    """A new password; every access token given out before stops fitting. Raises WeakPassword."""
    check_password(password)
    user.password_hash = await hash_password(password)
    user.token_version += 1
    await tx.audit("identity.password.set", kind="user", id_=user.id)


@dataclass(frozen=True, kw_only=True)
class LoginAttempt:
    name: str  # e-mail or phone
    password: str
    address: str
    remember_me: bool | None
    device_id: UUID | None
    device_name: str | None


async def log_in(database: Database, tokens: Tokens, attempt: LoginAttempt) -> tuple[SignedIn, User]:
    """Raises WrongPassword, TooManyFailures, AccountSuspended.

    Three steps, each its own transaction: the count must stand although the request is refused, and hashing must not
    hold a connection.
    """
    normal = normal_email(attempt.name)
    async with database.transaction() as tx:
        await _refuse_guessing(tx, normal, attempt.address)
        user = await find_by_email(tx, normal) or await _find_by_phone(tx, attempt.name)
    fits = await verify_password(attempt.password, user.password_hash if user else None)
    async with database.transaction() as tx:
        outcome = "ok" if fits else "wrong"
        await _note_login(tx, user.id if user else None, normal, attempt.address, outcome)
    if user is None or not fits:
        raise WrongPassword
    if user.status != "active":
        raise AccountSuspended
    async with database.transaction() as tx:
        is_new_device = await _is_new_device(tx, user, attempt.device_id)
        signed_in = await open_session(
            tx,
            tokens,
            user_id=user.id,
            remember_me=attempt.remember_me,
            device_name=attempt.device_name,
            device_id=attempt.device_id,
            address=attempt.address,
        )
        await tx.db.execute(
            text("update identity_users set last_login_at = :now where id = :id"), {"now": tx.now, "id": user.id}
        )
        if is_new_device:
            await tx.audit("identity.device.new", kind="user", id_=user.id, device=attempt.device_name or "")
            await tx.publish(
                NewDevice(user_id=user.id, session_id=signed_in.session_id, device_name=attempt.device_name or "")
            )
    return signed_in, user


async def _find_by_phone(tx: Tx, phone: str) -> User | None:
    statement = select(User).where(User.phone == phone.strip(), User.deleted_at.is_(None))
    return (await tx.db.execute(statement)).scalar_one_or_none()


async def _refuse_guessing(tx: Tx, normal: str, address: str) -> None:
    since = tx.now - WINDOW
    for_account, for_address = (
        await tx.db.execute(
            text(
                "select count(*) filter (where email_normal = :email), count(*) from identity_login_events"
                " where address = :address and at > :since and outcome = 'wrong'"
            ),
            {"email": normal, "address": address, "since": since},
        )
    ).one()
    if for_account >= FAILURES_MAX or for_address >= FAILURES_ADDRESS_MAX:
        raise TooManyFailures(retry_after_s=WINDOW.total_seconds())


async def _note_login(tx: Tx, user_id: UUID | None, normal: str, address: str, outcome: str) -> None:
    await tx.db.execute(
        text(
            "insert into identity_login_events (id, at, user_id, email_normal, address, outcome)"
            " values (:id, :at, :user, :email, :address, :outcome)"
        ),
        {"id": new_id(), "at": tx.now, "user": user_id, "email": normal, "address": address, "outcome": outcome},
    )


async def _is_new_device(tx: Tx, user: User, device_id: UUID | None) -> bool:
    """Not the person's first sign-in, and on a device that none of their sessions names."""
    if user.last_login_at is None:
        return False
    if device_id is None:
        return True
    known = text("select exists(select 1 from identity_sessions where user_id = :user and device_id = :device)")
    return not (await tx.db.execute(known, {"user": user.id, "device": device_id})).scalar_one()
