"""Every row of who may make whose account."""

import pytest

from server.base.actor import ROLES, Actor
from server.base.ids import new_id
from server.identity import policy
from server.identity.queries import public_name


@pytest.mark.parametrize(
    ("role", "may_make"),
    [
        ("super_admin", set(ROLES)),
        ("admin", {"student", "educator", "mentor", "staff"}),
        ("staff", {"student"}),
        ("mentor", set()),
        ("educator", set()),
        ("student", set()),
    ],
)
def test_who_may_make_an_account_of_which_role(role: str, may_make: set[str]) -> None:
    actor = Actor(id=new_id(), roles=frozenset({role}))

    assert {other for other in ROLES if policy.may_create_user(actor, other)} == may_make


def test_people_register_as_student_educator_or_mentor_only() -> None:
    assert {role for role in ROLES if policy.may_register_as(role)} == {"student", "educator", "mentor"}


@pytest.mark.parametrize(
    ("full_name", "display_name", "shown"),
    [
        ("Amina Karimova", None, "Amina K."),
        ("Amina Karimova", "Star", "Star"),
        ("Amina", None, "Amina"),
        ("Amina Karimova", "", "Amina K."),
    ],
)
def test_strangers_see_first_name_and_initial_unless_the_person_chose_another(
    full_name: str, display_name: str | None, shown: str
) -> None:
    assert public_name(full_name, display_name) == shown
