"""P rules: what a phone that follows the protocol holds after each answer."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import pytest_asyncio

from sync.postgres.pull_store import PostgresPullStore, open_pool
from tests.sync.log_world import School, open_school
from tests.sync.phone import Phone
from tests.sync.pulling import answer, catch_up

pytestmark = pytest.mark.asyncio

TIERS = {"school.lessons": 1, "school.texts": 2, "school.notes": 0}


@pytest.fixture
def school(empty_database_url: str) -> Iterator[School]:
    with open_school(empty_database_url) as school:
        yield school


@pytest_asyncio.fixture
async def store(school: School) -> AsyncIterator[PostgresPullStore]:
    async with open_pool(school.url, size_max=2) as pool:
        yield PostgresPullStore(pool)


class Amina:
    """A student in a class that has a course, and her phone."""

    def __init__(self, school: School, store: PostgresPullStore) -> None:
        self.school, self.store = school, store
        self.id, self.device, self.class_id, self.course = uuid4(), uuid4(), uuid4(), uuid4()
        self.enrolment = school.enrol(self.id, self.class_id)
        self.grant = school.give_course(self.class_id, self.course)
        self.phone = Phone(TIERS, want=[f"course:{self.course}"])

    async def sync(self, *, bytes_wanted: int = 65_536) -> int:
        self.school.advance()
        return await catch_up(self.store, self.phone, user_id=self.id, device_id=self.device, bytes_wanted=bytes_wanted)

    @property
    def lessons(self) -> set[str]:
        return set(self.phone.bucket(f"course:{self.course}"))


@pytest.fixture
def amina(school: School, store: PostgresPullStore) -> Amina:
    return Amina(school, store)


async def test_P1_a_first_fill_then_a_change_by_hand_reach_the_phone(school: School, amina: Amina) -> None:
    lesson = school.lesson(amina.course, "Motion")
    text = school.text(amina.course)
    await amina.sync()
    assert amina.lessons == {str(lesson), str(text)}

    school.run("update lessons set title = 'Motion, mended in psql' where id = %s", lesson)
    await amina.sync()

    assert '[2,{"id"' in amina.phone.bucket(f"course:{amina.course}")[str(lesson)]
    assert "mended in psql" in amina.phone.bucket(f"course:{amina.course}")[str(lesson)]
    assert not amina.phone.mismatches
