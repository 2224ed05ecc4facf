"""A free course with as many lessons as a test or a bench wants, laid by hand: rows and nothing else."""

import json
import random
from collections.abc import Sequence
from uuid import UUID

import psycopg

from server.base.ids import new_id

_COURSE = """
insert into catalog_courses (id, slug, title, language, access, status, published_at, created_by_id)
values (%s, %s, 'Physics', 'en', 'free', 'published', now(), gen_random_uuid())
"""
_SECTION = "insert into catalog_sections (id, course_id, title, rank, published_at) values (%s, %s, 'All', 0, now())"
_LESSON = """
insert into catalog_lessons (id, course_id, section_id, title, rank, published_at) values (%s, %s, %s, %s, %s, now())
"""
_TEXT = (
    "insert into catalog_lesson_texts (id, course_id, rank, blocks, published_at) values (%s, %s, %s, %s::json, now())"
)


def lay_course(url: str, texts: Sequence[str], *, as_blocks: bool = False, seed: int = 0) -> UUID:
    """One lesson a text, one paragraph each, all published to everyone. Answers the course's id.

    `as_blocks`: each text is a lesson's blocks as JSON. `seed`: for the lessons' ids, on which hangs where chunks end.
    """
    course_id, section_id = new_id(), new_id()
    rng = random.Random(seed)
    # In reading order, and different in each course.
    ids = [UUID(int=(course_id.int >> 64) + rank << 64 | rng.getrandbits(64)) for rank in range(len(texts))]
    lessons = list(zip(ids, range(len(texts)), texts, strict=True))
    with psycopg.connect(url) as connection:
        connection.execute(_COURSE, [course_id, f"course-{course_id}"])
        connection.execute(_SECTION, [section_id, course_id])
        with connection.cursor() as cursor:
            cursor.executemany(_LESSON, [(id_, course_id, section_id, text[:60], rank) for id_, rank, text in lessons])
            cursor.executemany(
                _TEXT, [(id_, course_id, rank, text if as_blocks else _blocks(text)) for id_, rank, text in lessons]
            )
    return course_id


def _blocks(text: str) -> str:
    return json.dumps([{"kind": "paragraph", "text": text}], ensure_ascii=False)
