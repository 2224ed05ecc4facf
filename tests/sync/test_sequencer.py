"""L rules: from a committed change to a line in the log, on real PostgreSQL."""

import json
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.sync.log_world import School, open_school


@pytest.fixture
def school(empty_database_url: str) -> Iterator[School]:
    with open_school(empty_database_url) as school:
        yield school


def test_L1_a_change_by_anybody_reaches_the_log_in_one_batch(school: School) -> None:
    course = uuid4()
    lesson = school.lesson(course, 'Mo"tion\n', minutes=7, is_free=True, due_on="2026-12-01", tags=["a b", "c"], body='{"a": 1}')

    published = school.advance()

    assert published == 2  # the course's bucket and its staff's
    line = school.lines(f"course:{course}")[0]
    assert line == (
        f'[1,{{"id":"{lesson}","course_id":"{course}","title":"Mo\\"tion\\n","body":{{"a": 1}},"rank":0,"minutes":7,'
        '"is_free":true,"due_on":"2026-12-01","tags":["a b","c"],"published_at":"2026-11-21T08:00:00.500Z"}]'
    )
    assert json.loads(line)[1]["title"] == 'Mo"tion\n'
