"""How far a learner has come: never back, on any phone, and never somebody else's."""

import pytest
from sqlalchemy import text

from server.base.ids import derived_id, new_id
from server.catalog.demo import lay_course
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published


class Reader:
    """Amina with two phones, and a lesson."""

    api: Api
    phone: Phone
    tablet: Phone
    user_id: str
    lesson_id: str

    @property
    def id(self) -> str:
        return str(derived_id("catalog.progress", self.user_id, self.lesson_id))


@pytest.fixture
async def reader(api: Api):
    world = Reader()
    world.api = api
    owner_id = await api.add("Oybek Rahimov", "educator")
    world.user_id = str(await api.add("Amina Karimova", "student"))
    async with api.work.database.transaction() as tx:
        await lay_course(tx, api.work, owner_id=owner_id)
        first = text("select id from catalog_lessons order by rank limit 1")
        world.lesson_id = str((await tx.db.execute(first)).scalar_one())
    async with api.signed_in("Amina Karimova") as client:
        world.phone, world.tablet = Phone(client), Phone(client)
        yield world


async def test_two_phones_agree_on_the_most_that_was_seen(reader: Reader) -> None:
    reader.phone.create(
        "catalog.progress", reader.id, {"lesson_id": reader.lesson_id, "seen_ppm": 700_000, "seconds": 40}
    )
    reader.tablet.create(
        "catalog.progress",
        reader.id,
        {
            "lesson_id": reader.lesson_id,
            "seen_ppm": 1_000_000,
            "seconds": 20,
            "completed_at": "2026-03-01T10:00:00.000Z",
        },
    )
    for phone in (reader.phone, reader.tablet):
        await phone.sync()
    reader.phone.patch("catalog.progress", reader.id, {"seen_ppm": 800_000, "completed_at": "2026-04-01T10:00:00.000Z"})
    await reader.phone.sync()
    await all_published(reader.api)
    for phone in (reader.phone, reader.tablet):
        await phone.sync()

    expected = {
        "id": reader.id,
        "lesson_id": reader.lesson_id,
        "seen_ppm": 1_000_000,
        "seconds": 40,
        "completed_at": "2026-03-01T10:00:00.000Z",
    }
    assert reader.phone.all("catalog.progress") == reader.tablet.all("catalog.progress") == {reader.id: expected}


async def test_what_is_not_ones_own_or_not_there_is_parked_with_its_reason(reader: Reader) -> None:
    fields = {"lesson_id": reader.lesson_id, "seen_ppm": 1, "seconds": 1}
    elsewhere = reader.phone.create("catalog.progress", new_id(), fields)
    unknown = str(new_id())
    no_lesson = reader.phone.create(
        "catalog.progress", derived_id("catalog.progress", reader.user_id, unknown), {**fields, "lesson_id": unknown}
    )
    too_much = reader.phone.create("catalog.progress", reader.id, {**fields, "seen_ppm": 1_000_001})
    await reader.phone.sync()

    assert reader.phone.outcome(elsewhere) == "progress.wrong_id"
    assert reader.phone.outcome(no_lesson) == "record.not_found"
    assert reader.phone.receipts[too_much]["code"]


async def test_a_phone_may_not_say_whose_progress_it_is(reader: Reader) -> None:
    fields = {"lesson_id": reader.lesson_id, "seen_ppm": 1, "seconds": 1, "user_id": str(new_id())}
    number = reader.phone.create("catalog.progress", reader.id, fields)

    await reader.phone.sync()

    assert "user_id" in reader.phone.receipts[number]["message"]
    async with reader.api.work.database.transaction() as tx:
        assert (await tx.db.execute(text("select count(*) from catalog_progress"))).scalar_one() == 0


async def test_a_phone_whose_clock_is_years_ahead_finished_now(reader: Reader) -> None:
    reader.phone.create(
        "catalog.progress",
        reader.id,
        {
            "lesson_id": reader.lesson_id,
            "seen_ppm": 1_000_000,
            "seconds": 1,
            "completed_at": "2099-01-01T00:00:00.000Z",
        },
    )

    await reader.phone.sync()

    async with reader.api.work.database.transaction() as tx:
        is_past = (
            await tx.db.execute(text("select completed_at <= clock_timestamp() from catalog_progress"))
        ).scalar_one()
    assert is_past
