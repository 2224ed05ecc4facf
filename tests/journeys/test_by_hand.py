"""What a person changes in psql reaches the phones; what a student may not see, no answer holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from sqlalchemy import text

from server.assessments.imports import import_gift
from server.base.actor import Actor
from server.base.ids import new_id
from server.catalog.demo import lay_course
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

GIFT = Path(__file__).resolve().parents[3] / "shared" / "content" / "high-school-physics.gift"


async def lay(api: Api) -> str:
    """A published course with a practice test of real questions; its id."""
    oybek = await api.add("Oybek Rahimov", "educator")
    async with api.work.database.transaction() as tx:
        slug = await lay_course(tx, api.work, owner_id=oybek)
    async with api.work.database.transaction(Actor(id=oybek, roles=frozenset({"educator"}))) as tx:
        await import_gift(
            tx, text=GIFT.read_text(), course_slug=slug, owner_id=oybek, practice_title="Practice", publish=True
        )
    async with api.work.database.transaction() as tx:
        return str(
            (
                await tx.db.execute(text("select id from catalog_courses where slug = :slug"), {"slug": slug})
            ).scalar_one()
        )


@asynccontextmanager
async def phone_of(api: Api, name: str, *, want: list[str]) -> AsyncIterator[Phone]:
    await api.add(name, "student")
    async with api.signed_in(name) as client:
        phone = Phone(client, want=want)
        await phone.sync()
        yield phone


async def test_a_title_changed_by_hand_in_psql_reaches_the_phone(api: Api) -> None:
    course_id = await lay(api)
    async with phone_of(api, "Amina Karimova", want=[f"course:{course_id}"]) as phone:
        before = {row["title"] for row in phone.all("catalog.lessons").values()}

        with psycopg.connect(api.settings.database_url, autocommit=True) as connection:
            connection.execute(
                "update catalog_lessons set title = 'Changed by hand'"
                " where rank = (select min(rank) from catalog_lessons)"
            )
        await all_published(api)
        await phone.sync()

        after = {row["title"] for row in phone.all("catalog.lessons").values()}
        assert "Changed by hand" in after - before


async def test_two_phones_hold_the_same_bytes_of_a_course(api: Api) -> None:
    course_id = await lay(api)
    want = [f"course:{course_id}"]
    async with phone_of(api, "Amina Karimova", want=want) as amina, phone_of(api, "Brian Otieno", want=want) as brian:
        assert len(amina.all("catalog.lesson_texts")) >= 4
        for collection in ("catalog.lessons", "catalog.lesson_texts", "assessments.items", "media.files"):
            assert amina.all(collection) == brian.all(collection), collection
            assert amina.all(collection), collection


async def test_no_answer_a_student_can_get_holds_a_key_before_release(api: Api) -> None:
    """Method: the phone takes all it may ask for; its bytes are searched for explanations and keys of the bank."""
    course_id = await lay(api)
    async with api.work.database.transaction() as tx:
        await tx.db.execute(text("update assessments_item_keys set explanation = 'canary-' || bank_item_id"))
    async with phone_of(api, "Amina Karimova", want=[f"course:{course_id}", f"course-staff:{course_id}"]) as phone:
        await phone.sync()

        assert len(phone.all("assessments.items")) == 154
        assert b"canary-" not in phone.raw
        assert not [
            row for row in phone.all("assessments.items").values() if {"key", "correct", "explanation"} & row.keys()
        ]
        for path in ("/api/v1/courses", f"/api/v1/courses/{course_id}", "/api/v1/auth/me"):
            assert b"canary-" not in (await phone.client.get(path)).content


async def test_a_stranger_gets_nothing_of_a_draft(api: Api) -> None:
    course_id = await lay(api)
    with psycopg.connect(api.settings.database_url, autocommit=True) as connection:
        connection.execute("update catalog_courses set published_at = null, status = 'draft'")
        for table in ("catalog_sections", "catalog_lessons", "catalog_lesson_texts"):
            connection.execute(f"update {table} set published_at = null".encode())
    async with phone_of(api, "Amina Karimova", want=[f"course:{course_id}", f"course-staff:{course_id}"]) as phone:
        assert phone.all("catalog.lessons") == {}
        assert phone.all("catalog.courses") == {}


async def test_a_new_display_name_shows_on_what_the_person_asked(api: Api) -> None:
    async with phone_of(api, "Amina Karimova", want=[]) as phone:
        async with api.work.database.transaction() as tx:
            subject_id = (
                await tx.db.execute(text("select id from catalog_subjects where slug = 'physics'"))
            ).scalar_one()
        question_id, me = str(new_id()), next(iter(phone.all("identity.me")))
        args = {
            "id": question_id,
            "subject_id": str(subject_id),
            "title": "Why?",
            "body": "Why?",
            "visibility": "public",
        }
        phone.command("questions.question.ask", args)
        await phone.sync()
        await all_published(api)
        await phone.sync()
        assert phone.all("questions.questions")[question_id]["author_name"] == "Amina K."

        phone.patch("identity.me", me, {"display_name": "Star"}, base=phone.all("identity.me")[me].get("version"))
        await phone.sync()
        await all_published(api)
        await phone.sync()

        assert phone.all("questions.questions")[question_id]["author_name"] == "Star"
