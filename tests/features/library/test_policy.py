"""Who may do what in the library: a row of the table each; and where verdicts can lead."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from server.base.actor import Actor
from server.library import policy
from server.library.policy import Standing
from server.library.schemas import Status

AUTHOR, OTHER = UUID(int=11), UUID(int=12)


def person(*roles: str, id_: UUID = OTHER) -> Actor:
    return Actor(id=id_, roles=frozenset(roles))


def standing(
    status: Status = "pending", *, verified: bool = True, teaches: bool = True, other: bool = True
) -> Standing:
    return Standing(educator_id=AUTHOR, status=status, is_verified=verified, teaches=teaches, has_other_admin=other)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("student", False),
        ("mentor", False),
        ("staff", False),
        ("educator", True),
        ("admin", True),
        ("super_admin", True),
    ],
)
def test_writing(role: str, *, may: bool) -> None:
    assert policy.may_write(person(role)) is may


@pytest.mark.parametrize(
    ("actor", "edits", "withdraws"),
    [
        (person("educator", id_=AUTHOR), True, True),
        (person("educator"), False, False),
        (person("student"), False, False),
        (person("staff"), False, False),
        (person("admin"), False, True),
    ],
)
def test_changing_and_taking_back(actor: Actor, *, edits: bool, withdraws: bool) -> None:
    assert policy.may_edit(actor, educator_id=AUTHOR) is edits
    assert policy.may_withdraw(actor, educator_id=AUTHOR) is withdraws


@pytest.mark.parametrize(
    ("actor", "looked_at", "may"),
    [
        (person("educator"), standing(), True),
        (person("educator"), standing("peer_approved"), True),
        (person("educator"), standing("draft"), False),
        (person("educator"), standing("published"), False),
        (person("educator"), standing(verified=False), False),
        (person("educator"), standing(teaches=False), False),
        (person("educator", id_=AUTHOR), standing(), False),
        (person("student"), standing(), False),
        (person("mentor"), standing(), False),
        (person("staff"), standing(), False),
        (person("admin"), standing(), False),
    ],
)
def test_reviewing(actor: Actor, looked_at: Standing, *, may: bool) -> None:
    assert policy.may_review(actor, looked_at) is may


@pytest.mark.parametrize(
    ("actor", "looked_at", "may"),
    [
        (person("admin"), standing("peer_approved"), True),
        (person("super_admin"), standing("peer_approved"), True),
        (person("admin"), standing("pending"), False),
        (person("admin"), standing("published"), False),
        (person("admin", id_=AUTHOR), standing("peer_approved"), False),
        (person("admin", id_=AUTHOR), standing("peer_approved", other=False), True),
        (person("educator"), standing("peer_approved"), False),
        (person("staff"), standing("peer_approved"), False),
    ],
)
def test_deciding(actor: Actor, looked_at: Standing, *, may: bool) -> None:
    assert policy.may_decide(actor, looked_at) is may


@pytest.mark.parametrize(
    ("actor", "looked_at", "may"),
    [
        (person("educator", id_=AUTHOR), standing("draft"), True),
        (person("educator"), standing("draft"), False),
        (person("educator"), standing("pending"), True),
        (person("educator"), standing("pending", verified=False), False),
        (person("student"), standing("pending"), False),
        (person("admin"), standing("draft"), True),
    ],
)
def test_seeing_what_is_not_published(actor: Actor, looked_at: Standing, *, may: bool) -> None:
    assert policy.may_see_draft(actor, looked_at) is may


MOVES = some.lists(
    some.tuples(
        some.sampled_from(["submit", "edit", "approve", "reject"]),
        some.sampled_from(
            [
                (person("educator", id_=AUTHOR), True),
                (person("admin", "educator", id_=AUTHOR), True),
                (person("educator", id_=UUID(int=20)), True),
                (person("educator", id_=UUID(int=21)), False),
                (person("admin", id_=UUID(int=22)), False),
                (person("admin", "educator", id_=UUID(int=23)), True),
                (person("student", id_=UUID(int=24)), False),
            ]
        ),
        some.booleans(),
    ),
    max_size=12,
)


@given(moves=MOVES)
def test_nothing_is_published_that_another_verified_educator_has_not_approved(moves) -> None:
    status: Status = "draft"
    approved_by: set[UUID] = set()
    for move, (actor, is_verified), has_other in moves:
        looked_at = standing(status, verified=is_verified, other=has_other)
        if move == "submit" and policy.may_edit(actor, educator_id=AUTHOR) and status == "draft":
            status, approved_by = "pending", set()
        elif move == "edit" and policy.may_edit(actor, educator_id=AUTHOR):
            status, approved_by = policy.after_edit(status), set()
        elif move in {"approve", "reject"} and status in {"pending", "peer_approved"}:
            step = policy.step_of(actor, looked_at, move)
            if step == "peer" and move == "approve":
                approved_by.add(actor.id)
            if step is not None:
                status = policy.after(status, step, move)
        if status in {"peer_approved", "published"}:
            assert approved_by - {AUTHOR}
