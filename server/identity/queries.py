"""Reading about people."""

from uuid import UUID

from sqlalchemy import text

from server.base.tx import Tx
from server.identity.models import User
from server.identity.schemas import MeAnswer, Person

_PERMISSIONS = {
    "student": ("learn", "ask"),
    "educator": ("learn", "ask", "author"),
    "mentor": ("learn", "ask", "answer"),
    "staff": ("learn", "ask", "people"),
    "admin": ("learn", "ask", "author", "answer", "people", "operate"),
    "super_admin": ("learn", "ask", "author", "answer", "people", "operate", "roles"),
}


async def person(tx: Tx, user_id: UUID) -> Person:
    """Raises NotFound."""
    user = await tx.get(User, user_id)
    return Person(
        id=user.id,
        email=user.email,
        full_name=user.full_name,
        display_name=user.display_name,
        role=user.role,
        roles=list(user.roles),
        status=user.status,
        locale=user.locale,
        timezone=user.timezone,
        email_verified=user.email_verified_at is not None,
    )


async def me(tx: Tx) -> MeAnswer:
    """The actor, with what their roles allow and their profiles."""
    who = await person(tx, tx.actor.id)
    permissions = sorted({word for role in who.roles for word in _PERMISSIONS.get(role, ())})
    profiles: dict[str, dict[str, object]] = {}
    for kind, columns in (
        ("student", "grade_level, district, school"),
        ("educator", "qualification, subjects, institution, verified_at is not null as is_verified"),
        ("mentor", "expertise_areas, availability, background, verified_at is not null as is_verified"),
    ):
        statement = text(f"select {columns} from identity_{kind}_profiles where user_id = :id and deleted_at is null")  # noqa: S608 - constants
        row = (await tx.db.execute(statement, {"id": tx.actor.id})).mappings().one_or_none()
        if row is not None:
            profiles[kind] = dict(row)
    return MeAnswer(user=who, permissions=permissions, profiles=profiles)


async def is_verified_educator(tx: Tx, user_id: UUID) -> bool:
    """Whether staff have checked this educator: only then may they publish."""
    statement = text(
        "select exists(select 1 from identity_educator_profiles"
        " where user_id = :id and verified_at is not null and deleted_at is null)"
    )
    return bool((await tx.db.execute(statement, {"id": user_id})).scalar_one())


async def verified_subjects(tx: Tx, user_id: UUID) -> frozenset[UUID]:
    """The subjects a mentor may answer in."""
    statement = text(
        "select subject_id from identity_mentor_subjects"
        " where user_id = :id and verified_at is not null and deleted_at is null"
    )
    return frozenset((await tx.db.execute(statement, {"id": user_id})).scalars())


def public_name(full_name: str, display_name: str | None) -> str:
    """What strangers see: the chosen name, else first name and initial. Never the full name."""
    if display_name:
        return display_name
    first, _, rest = full_name.partition(" ")
    return f"{first} {rest[0]}." if rest else first


async def name_of(tx: Tx, user_id: UUID) -> str:
    """The public name of a person."""
    user = await tx.get(User, user_id)
    return public_name(user.full_name, user.display_name)
