"""The small world that recorded exchanges happened in: a person and a course, under ids that never change.

A migration that asks for more columns changes the statements here; the recordings it never changes.
"""

import psycopg

from server.identity.passwords import hash_password
from sync.collection import derived_id
from tests.support.api import PASSWORD

NAME = "Amina Karimova"
EMAIL = "amina@example.org"
AMINA = "01990000-0000-7000-8000-000000000001"
COURSE = "01990000-0000-7000-8000-0000000000c1"
SECTION = "01990000-0000-7000-8000-0000000000c2"
LESSONS = ("01990000-0000-7000-8000-0000000000a1", "01990000-0000-7000-8000-0000000000a2")
BLOCKS = (
    '[{"type":"paragraph","html":"A body at rest stays at rest."}]',
    '[{"type":"paragraph","html":"Force changes motion."}]',
)


async def lay_world(url: str) -> None:
    """Into a migrated database; a second time changes nothing."""
    password = await hash_password(PASSWORD)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into identity_users (id, email, email_normal, full_name, role, password_hash, email_verified_at)"
            " values (%s, %s, %s, %s, 'student', %s, now()) on conflict do nothing",
            [AMINA, EMAIL, EMAIL, NAME, password],
        )
        connection.execute(
            "insert into identity_user_roles (id, user_id, role) values (%s, %s, 'student') on conflict do nothing",
            [derived_id("identity.roles", AMINA, "student"), AMINA],
        )
        connection.execute(
            "insert into identity_student_profiles (id, user_id) values (%s, %s) on conflict do nothing",
            [derived_id("identity.profiles", AMINA, "student"), AMINA],
        )
        connection.execute(
            "insert into catalog_courses (id, slug, title, language, status, published_at, created_by_id,"
            " lessons_count, text_bytes)"
            " values (%s, 'recorded', 'Recorded motion', 'en', 'published', now(), %s, 2, 200) on conflict do nothing",
            [COURSE, AMINA],
        )
        connection.execute(
            "insert into catalog_sections (id, course_id, title, rank, published_at)"
            " values (%s, %s, 'Rest and motion', 0, now()) on conflict do nothing",
            [SECTION, COURSE],
        )
        for rank, (lesson, blocks) in enumerate(zip(LESSONS, BLOCKS, strict=True)):
            connection.execute(
                "insert into catalog_lessons (id, course_id, section_id, title, rank, published_at)"
                " values (%s, %s, %s, %s, %s, now()) on conflict do nothing",
                [lesson, COURSE, SECTION, f"Law {rank + 1}", rank],
            )
            connection.execute(
                "insert into catalog_lesson_texts (id, course_id, rank, blocks, published_at)"
                " values (%s, %s, %s, %s, now()) on conflict do nothing",
                [lesson, COURSE, rank, blocks],
            )
