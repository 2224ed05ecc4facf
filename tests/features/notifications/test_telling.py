"""People are told things inside the product: once, only themselves, and reading is never undone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from server.base.actor import Actor
from server.base.ids import derived_id
from server.notifications import notify, policy
from server.notifications.telling import delete_old
from tests.features.school import School
from tests.support.api import Api
from tests.support.phone import Phone

KEY = UUID(int=77)


async def tell(school: School, name: str = "amina", *, key: UUID = KEY, message: str = "Look.") -> UUID:
    person = school.people[name].id
    async with school.as_() as tx:
        await notify(tx, person, kind="test.told", title="News", message=message, key=key, data={"n": 1})
    return derived_id("notifications.notifications", person, "test.told", key)


async def test_the_same_news_twice_is_told_once_and_to_two_people_twice(school: School) -> None:
    await tell(school)
    await tell(school, message="Look again.")
    await tell(school, "brian")

    rows = await school.rows("select message from notifications_notifications")
    assert [row["message"] for row in rows] == ["Look.", "Look."]


async def test_long_words_are_cut_and_not_refused(school: School) -> None:
    await tell(school, message="x" * 5_000)

    assert await school.value("select length(message) from notifications_notifications") == 2_000


async def test_what_is_older_than_ninety_days_goes(school: School) -> None:
    await tell(school)
    await tell(school, "brian")
    async with school.as_() as tx:
        statement = (
            "update notifications_notifications set created_at = created_at - interval '91 days' where user_id = :user"
        )
        await tx.db.execute(text(statement), {"user": school.people["amina"].id})

    async with school.as_() as tx:
        await delete_old(tx)

    live = await school.rows("select user_id from notifications_notifications where deleted_at is null")
    assert live == [{"user_id": school.people["brian"].id}]


def test_nobody_reads_what_another_was_told() -> None:
    amina, admin = UUID(int=1001), Actor(id=UUID(int=1002), roles=frozenset({"admin"}))

    assert policy.may_read(Actor(id=amina), user_id=amina)
    assert not policy.may_read(admin, user_id=amina)


# --- on the phone -----------------------------------------------------------------------------------------------


def wire(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.slow
async def test_the_earlier_reading_stands_whatever_the_order(online: School, api: Api) -> None:
    id_ = await tell(online)
    now = datetime.now(UTC) + timedelta(milliseconds=5)
    async with api.signed_in("Amina") as client:
        phone, tablet = Phone(client), Phone(client)
        tablet.patch("notifications.notifications", id_, {"read_at": wire(now + timedelta(hours=1))})
        await tablet.sync()
        later = await online.value("select read_at from notifications_notifications")
        phone.patch("notifications.notifications", id_, {"read_at": wire(now)})
        await phone.sync()
        tablet.patch("notifications.notifications", id_, {"read_at": wire(now + timedelta(hours=2))})
        await tablet.sync()

    read_at = await online.value("select read_at from notifications_notifications")
    assert read_at <= later <= datetime.now(UTC)  # A clock that is ahead reads now, not tomorrow.


@pytest.mark.slow
async def test_a_clock_of_1970_reads_no_earlier_than_the_telling(online: School, api: Api) -> None:
    id_ = await tell(online)
    async with api.signed_in("Amina") as client:
        phone = Phone(client)
        phone.patch("notifications.notifications", id_, {"read_at": "1970-01-01T00:00:00.000Z"})
        await phone.sync()

    assert await online.value("select read_at = created_at from notifications_notifications")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"read_at": "2026-01-01T00:00:00.000Z"}, {"record.not_found", "record.not_yours"}),
        ({"message": "x"}, {"field.not_writable"}),
    ],
)
async def test_a_stranger_neither_reads_nor_marks_it(
    online: School, api: Api, fields: dict[str, str], codes: set[str]
) -> None:
    id_ = await tell(online)
    async with api.signed_in("Brian") as client:
        phone = Phone(client)
        phone.patch("notifications.notifications", id_, fields)
        await phone.sync()

        assert phone.outcome(1) in codes
        assert phone.all("notifications.notifications") == {}
    assert await online.value("select read_at from notifications_notifications") is None
