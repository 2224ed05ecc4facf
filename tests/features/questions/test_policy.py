"""Who may do what with help questions: a row of the table each."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.base.actor import Actor
from server.questions import policy

ASKER, OTHER, SUBJECT, ELSEWHERE = (UUID(int=number) for number in (11, 12, 13, 14))
NOW = datetime(2026, 1, 8, tzinfo=UTC)


def person(role: str, id_: UUID = OTHER) -> Actor:
    return Actor(id=id_, roles=frozenset({role}))


@pytest.mark.parametrize(
    ("role", "may"),
    [("student", True), ("educator", True), ("mentor", True), ("staff", False), ("admin", True), ("super_admin", True)],
)
def test_asking(role: str, *, may: bool) -> None:
    assert policy.may_ask(person(role)) is may


@pytest.mark.parametrize(
    ("role", "verified_in", "may"),
    [
        ("student", {SUBJECT}, False),
        ("educator", {SUBJECT}, False),
        ("mentor", {SUBJECT}, True),
        ("mentor", {ELSEWHERE}, False),
        ("mentor", set(), False),
        ("staff", {SUBJECT}, False),
        ("admin", set(), True),
    ],
)
def test_answering(role: str, verified_in: set[UUID], *, may: bool) -> None:
    assert policy.may_answer(person(role), subject_id=SUBJECT, verified_in=verified_in) is may


@pytest.mark.parametrize(
    ("actor", "may"),
    [(person("student", ASKER), True), (person("student"), False), (person("mentor"), False), (person("admin"), True)],
)
def test_accepting(actor: Actor, *, may: bool) -> None:
    assert policy.may_accept(actor, asker_id=ASKER) is may


@pytest.mark.parametrize(
    ("actor", "may"),
    [(person("student", ASKER), True), (person("student"), False), (person("mentor"), True), (person("staff"), False)],
)
def test_closing(actor: Actor, *, may: bool) -> None:
    assert policy.may_close(actor, asker_id=ASKER, subject_id=SUBJECT, verified_in={SUBJECT}) is may


@pytest.mark.parametrize(
    ("actor", "days", "may"),
    [
        (person("student", ASKER), 7, True),
        (person("student", ASKER), 8, False),
        (person("student"), 1, False),
        (person("admin"), 90, True),
    ],
)
def test_opening_again(actor: Actor, days: int, *, may: bool) -> None:
    assert policy.may_reopen(actor, asker_id=ASKER, closed_at=NOW - timedelta(days=days), now=NOW) is may


@pytest.mark.parametrize(
    ("actor", "is_public", "is_shown", "may"),
    [
        (person("student", ASKER), False, False, True),
        (person("student"), True, True, True),
        (person("student"), True, False, False),
        (person("student"), False, True, False),
        (person("mentor"), False, False, True),
        (person("admin"), False, False, True),
    ],
)
def test_seeing(actor: Actor, *, is_public: bool, is_shown: bool, may: bool) -> None:
    seen = policy.may_see(
        actor, asker_id=ASKER, subject_id=SUBJECT, is_public=is_public, is_shown=is_shown, verified_in={SUBJECT}
    )

    assert seen is may


@pytest.mark.parametrize(("role", "may"), [("student", False), ("mentor", False), ("staff", True), ("admin", True)])
def test_reviewing(role: str, *, may: bool) -> None:
    assert policy.may_review(person(role)) is may
