"""What crosses the wire about people."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from server.base.signing import PublicKey

Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$")]
PersonName = Annotated[str, Meta(min_length=1, max_length=255)]
DisplayName = Annotated[str, Meta(max_length=60)]
Password = Annotated[str, Meta(min_length=1, max_length=512)]  # The rule itself is in passwords.py, with kinder words.
Locale = Annotated[str, Meta(pattern=r"^(en|uz|ru|id)$")]


class MeRow(Struct):
    """`identity.me`: the person's own row."""

    id: UUID
    email: str | None
    full_name: PersonName
    display_name: DisplayName | None
    role: str
    roles: list[str]
    status: str
    locale: Locale
    timezone: str
    email_verified_at: datetime | None
    created_at: datetime


class Register(Struct, forbid_unknown_fields=True):
    email: Email
    password: Password
    full_name: PersonName
    role: Literal["student", "educator", "mentor"] = "student"
    locale: Locale = "en"


class RegisteredUser(Struct):
    email: str
    full_name: str
    role: str


class Registered(Struct):
    user: RegisteredUser
    verification: str = "sent"


class VerifyEmail(Struct, forbid_unknown_fields=True):
    token: Annotated[str, Meta(max_length=1024)]


class Login(Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(min_length=3, max_length=254)]  # or a phone number
    password: Password
    remember_me: bool | None = None  # true 30 days, left out 7 days, false 24 hours
    device_id: UUID | None = None
    device_name: Annotated[str, Meta(max_length=100)] | None = None


class Refresh(Struct, forbid_unknown_fields=True):
    refresh_token: Annotated[str, Meta(max_length=256)] | None = None  # for clients without cookies
    device_id: UUID | None = None


class Person(Struct):
    id: UUID
    email: str | None
    full_name: str
    display_name: str | None
    role: str
    roles: list[str]
    status: str
    locale: str
    timezone: str
    email_verified: bool


class SignedInAnswer(Struct):
    access_token: str
    expires_in: int  # seconds
    user: Person
    signing_keys: list[PublicKey]  # By these the phone checks packs with no network: it keeps them.
    refresh_token: str | None = None  # only for a client that sent one in the body


class MeAnswer(Struct):
    user: Person
    permissions: list[str]
    profiles: dict[str, dict[str, object]]


class SessionRow(Struct):
    """One place where the person is signed in."""

    id: UUID
    device_name: str | None
    address: str | None  # Where the sign-in came from.
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


class Nothing(Struct):
    """An answer with nothing to say."""
