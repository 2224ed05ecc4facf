"""A course with lessons in the product's own tables, and the ops of learners who go through it."""

import json
import time
from collections.abc import Sequence
from uuid import UUID

import psycopg

from bench.api import Person
from server.base.ids import derived_id, new_id

_COURSE = """
with course as (
    insert into catalog_courses (id, slug, title, language, status, published_at, created_by_id)
    values (gen_random_uuid(), 'bench', 'Bench', 'en', 'published', now(), %(owner)s) returning id
), section as (
    insert into catalog_sections (id, course_id, title, rank, published_at)
    select gen_random_uuid(), id, 'One', 0, now() from course returning id, course_id
)
insert into catalog_lessons (id, course_id, section_id, title, rank, published_at)
select gen_random_uuid(), course_id, id, 'Lesson ' || n, n, now() from section, generate_series(1, %(lessons)s) n
returning id
"""


def add_lessons(connection: psycopg.Connection, owner: Person, count: int) -> list[UUID]:
    """The ids of so many lessons of a new course."""
    cursor = connection.execute(_COURSE, {"owner": owner.user_id, "lessons": count})
    return [id_ for (id_,) in cursor.fetchall()]


class Learner:
    """What a phone sends when its owner has read lessons: one op a lesson, numbered on."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._n = 0

    def request(self, lessons: Sequence[UUID], **more: object) -> bytes:
        """The body of one exchange that brings what was read."""
        head = {"protocol": 1, "schema": 1, "device": self._person.device, "cursor": None, "want": {"bytes": 8192}}
        ops = b",".join(self._read(lesson) for lesson in lessons)
        return json.dumps(head | more, separators=(",", ":")).encode()[:-1] + b',"ops":[' + ops + b"]}"

    def _read(self, lesson: UUID) -> bytes:
        self._n += 1
        op = {
            "n": self._n,
            "op": str(new_id()),
            "schema": 1,
            "kind": "create",
            "collection": "catalog.progress",
            "id": str(derived_id("catalog.progress", self._person.user_id, lesson)),
            "fields": {"lesson_id": str(lesson), "seen_ppm": 400_000, "seconds": 61},
            "at": [time.time_ns() // 1_000_000, self._n],
        }
        return json.dumps(op, separators=(",", ":")).encode()
