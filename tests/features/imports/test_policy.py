"""Who may bring files in and see what came of them: a row of the table each."""

from uuid import UUID

import pytest

from server.base.actor import Actor
from server.imports import policy

OWNER, OTHER = UUID(int=1), UUID(int=2)


def person(role: str, *, id_: UUID = OTHER) -> Actor:
    return Actor(id=id_, roles=frozenset({role}))


@pytest.mark.parametrize(
    ("role", "verified", "unverified"),
    [
        ("student", False, False),
        ("mentor", False, False),
        ("staff", False, False),
        ("educator", True, False),
        ("admin", True, True),
        ("super_admin", True, True),
    ],
)
def test_ACL_02_verified_educators_and_admins_import(role: str, *, verified: bool, unverified: bool) -> None:
    assert policy.may_import(person(role), is_verified=True) is verified
    assert policy.may_import(person(role), is_verified=False) is unverified


@pytest.mark.parametrize(
    ("actor", "sees", "applies"),
    [
        (person("educator", id_=OWNER), True, True),
        (person("admin", id_=OWNER), True, True),
        (person("educator"), False, False),
        (person("student"), False, False),
        (person("staff"), False, False),
        (person("admin"), True, False),
    ],
)
def test_who_sees_an_import_and_has_it_done(actor: Actor, *, sees: bool, applies: bool) -> None:
    assert policy.may_see(actor, owner_id=OWNER) is sees
    assert policy.may_apply(actor, owner_id=OWNER) is applies
