"""Who may see, take and make tests: a row of the table each."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.assessments import policy
from server.assessments.policy import Standing
from server.base.actor import Actor

NOW = datetime(2026, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN, CLOSED, STAFF = (
    Standing(is_open=True, is_staff=False),
    Standing(is_open=False, is_staff=False),
    Standing(is_open=True, is_staff=True),
)


def person(role: str) -> Actor:
    return Actor(id=UUID(int=9), roles=frozenset({role}))


@pytest.mark.parametrize(
    ("role", "standing", "is_published", "may"),
    [
        ("student", OPEN, True, True),
        ("student", OPEN, False, False),
        ("student", CLOSED, True, False),
        ("educator", STAFF, False, True),
        ("educator", CLOSED, True, False),
        ("staff", CLOSED, True, False),
        ("admin", CLOSED, False, True),
    ],
)
def test_seeing(role: str, standing: Standing, *, is_published: bool, may: bool) -> None:
    assert policy.may_see(person(role), standing, is_published=is_published) is may


@pytest.mark.parametrize(
    ("role", "is_verified", "may"),
    [
        ("student", False, True),
        ("educator", True, False),
        ("educator", False, True),  # Whom nobody has checked has a learner's rights.
        ("mentor", True, False),
        ("mentor", False, True),
        ("staff", False, False),
        ("admin", False, True),
        ("super_admin", False, True),
    ],
)
def test_taking(role: str, *, is_verified: bool, may: bool) -> None:
    assert policy.may_take(person(role), is_verified_teacher=is_verified) is may


@pytest.mark.parametrize(
    ("kind", "may"),
    [("practice_test", True), ("quiz", True), ("lesson_test", True), ("mock_exam", False), ("olympiad_paper", False)],
)
def test_beginning_without_the_server(kind: str, *, may: bool) -> None:
    assert policy.may_begin_offline(kind) is may


@pytest.mark.parametrize(
    ("opens_at", "closes_at", "is_within"),
    [
        (None, None, True),
        (NOW, None, True),
        (NOW + HOUR, None, False),
        (None, NOW, False),
        (NOW - HOUR, NOW + HOUR, True),
    ],
)
def test_the_window(opens_at: datetime | None, closes_at: datetime | None, *, is_within: bool) -> None:
    assert policy.is_within_window(NOW, opens_at=opens_at, closes_at=closes_at) is is_within


@pytest.mark.parametrize(
    ("role", "standing", "may"),
    [
        ("student", STAFF, False),
        ("educator", STAFF, True),
        ("educator", OPEN, False),
        ("mentor", STAFF, False),
        ("admin", CLOSED, True),
    ],
)
def test_making(role: str, standing: Standing, *, may: bool) -> None:
    assert policy.may_author(person(role), standing) is may


@pytest.mark.parametrize(
    ("roles", "may"),
    [({"educator"}, True), ({"admin", "student"}, True), ({"student"}, False), ({"mentor", "staff"}, False)],
)
def test_owning(roles: set[str], *, may: bool) -> None:
    assert policy.may_own(frozenset(roles)) is may
