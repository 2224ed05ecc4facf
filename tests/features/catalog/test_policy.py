"""Each row of who may do what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.base.actor import SYSTEM, Actor
from server.base.ids import new_id
from server.catalog.policy import (
    Door,
    can_open,
    may_create_course,
    may_edit_course,
    may_know_of_course,
    may_merge_subjects,
    may_publish_course,
    why_closed,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OPEN = Door(is_course_published=True, access=("free",))


def person(*roles: str) -> Actor:
    return Actor(id=new_id(), roles=frozenset(roles))


STUDENT = person("student")


@pytest.mark.parametrize(
    ("door", "reason"),
    [
        (OPEN, None),
        (replace(OPEN, is_course_published=False), "NOT_PUBLISHED"),
        (replace(OPEN, is_lesson_published=False), "NOT_PUBLISHED"),
        (replace(OPEN, access=("subscription",)), "SUBSCRIPTION_REQUIRED"),
        (replace(OPEN, access=("subscription",), has_subscription=True), None),
        (replace(OPEN, access=("purchase",)), "PURCHASE_REQUIRED"),
        (replace(OPEN, access=("purchase",), has_bought=True), None),
        (replace(OPEN, access=("class",)), "NOT_UNLOCKED"),
        (replace(OPEN, access=("class",), is_unlocked=True), None),
        (replace(OPEN, access=()), "NOT_UNLOCKED"),
        (replace(OPEN, access=("subscription", "purchase"), has_bought=True), None),
        (replace(OPEN, access=("subscription", "purchase")), "SUBSCRIPTION_REQUIRED"),
        (replace(OPEN, access=("subscription", "free")), None),
        (replace(OPEN, is_locked=True), "PREREQUISITE"),
        (replace(OPEN, is_locked=True, has_prerequisite=True), None),
        (replace(OPEN, locked_until=NOW + timedelta(seconds=1)), "COOLDOWN"),
        (replace(OPEN, locked_until=NOW), None),
        (replace(OPEN, is_course_published=False, is_staff=True), None),
    ],
)
def test_a_lesson_opens_or_says_the_first_reason_why_not(door: Door, reason: str | None) -> None:
    assert why_closed(STUDENT, door, now=NOW) == reason
    assert can_open(STUDENT, door, now=NOW) is (reason is None)


@pytest.mark.parametrize(
    "actor", [person("admin"), person("super_admin"), SYSTEM], ids=["admin", "super admin", "system"]
)
def test_admins_open_everything(actor: Actor) -> None:
    assert can_open(actor, replace(OPEN, is_course_published=False, access=()), now=NOW)


ROLES = {role: person(role) for role in ("student", "educator", "mentor", "staff", "admin", "super_admin")}


def test_ACL_09_educators_and_admins_make_courses() -> None:
    assert {role for role, actor in ROLES.items() if may_create_course(actor)} == {"educator", "admin", "super_admin"}


def test_only_admins_settle_names_of_subjects() -> None:
    assert {role for role, actor in ROLES.items() if may_merge_subjects(actor)} == {"admin", "super_admin"}


def test_ACL_09_only_a_courses_own_educators_and_admins_change_it() -> None:
    assert {role for role, actor in ROLES.items() if may_edit_course(actor, is_staff=True)} == {
        "educator",
        "admin",
        "super_admin",
    }
    assert {role for role, actor in ROLES.items() if may_edit_course(actor, is_staff=False)} == {"admin", "super_admin"}


def test_ACL_09_a_draft_is_known_to_its_staff_and_admins_and_what_is_published_to_everybody() -> None:
    def knowing(*, is_staff: bool, is_published: bool) -> set[str]:
        known = may_know_of_course
        return {role for role, actor in ROLES.items() if known(actor, is_staff=is_staff, is_published=is_published)}

    assert knowing(is_staff=False, is_published=False) == {"admin", "super_admin"}
    assert knowing(is_staff=True, is_published=False) == knowing(is_staff=False, is_published=True) == set(ROLES)


def test_CAT_10_an_educator_publishes_own_courses_once_verified() -> None:
    educator = ROLES["educator"]

    assert may_publish_course(educator, is_staff=True, is_verified=True)
    assert not may_publish_course(educator, is_staff=True, is_verified=False)
    assert not may_publish_course(educator, is_staff=False, is_verified=True)
    assert may_publish_course(ROLES["admin"], is_staff=False, is_verified=False)
    assert not may_publish_course(ROLES["student"], is_staff=True, is_verified=True)
