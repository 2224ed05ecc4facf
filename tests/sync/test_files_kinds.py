"""F12: which buckets become files that need no bearer."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from server.features import REGISTRY
from sync.cutting import BYTES_MIN, HOLDERS_MIN
from sync.postgres.base_store import FILE_KINDS, connected, read_standings
from tests.support.postgres import PostgresServer
from tests.sync.log_world import School, open_school


@pytest.fixture
def school(postgres_server: PostgresServer) -> Iterator[School]:
    with postgres_server.new_database() as url, open_school(url) as school:
        yield school


async def test_F12_what_a_class_wrote_is_never_cut_into_files_its_course_is(school: School) -> None:
    class_id, course_id = uuid4(), uuid4()
    school.give_course(class_id, course_id)
    for _ in range(HOLDERS_MIN):
        school.enrol(uuid4(), class_id)
    body = "words " * (BYTES_MIN // 60)
    for _ in range(12):
        school.note(uuid4(), body, class_id)
        school.text(course_id, body)
    school.advance()

    async with connected(school.url) as connection:
        standings = await read_standings(connection)

    names = {name for number, _ in standings for (name,) in school.run(_NAME, number)}
    assert names == {f"course:{course_id}"}
    assert all(standing.is_due for standing in standings.values())


def test_F12_the_kinds_that_are_cut_are_declared_and_none_of_them_is_a_persons_or_the_staffs() -> None:
    assert set(FILE_KINDS) <= REGISTRY.bucket_kinds.keys()
    assert not {"user", "parked-staff", "course-staff", "mentors"} & set(FILE_KINDS)


_NAME = "select name from sync_bucket where number = %s"
