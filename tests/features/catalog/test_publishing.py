"""From a draft to learners' phones, and back."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from server.base.actor import SYSTEM
from server.base.ids import derived_id, new_id
from server.catalog.importing import CartridgeOrder, import_cartridge
from tests.support.api import Api
from tests.support.cartridges import cartridge, page, picture
from tests.support.phone import Phone
from tests.support.settle import all_published


class School:
    """Oybek's course is a draft; Amina learns; Bobur is another educator, Siti an admin."""

    api: Api
    course_id: UUID
    oybek: httpx.AsyncClient
    bobur: httpx.AsyncClient
    amina: httpx.AsyncClient
    siti: httpx.AsyncClient


@pytest.fixture
async def school(api: Api, tmp_path: Path) -> AsyncIterator[School]:
    world = School()
    world.api = api
    owner_id = await api.add("Oybek Rahimov", "educator")
    for name, role in (("Bobur Aliyev", "educator"), ("Amina Karimova", "student"), ("Siti Rahayu", "admin")):
        await api.add(name, role)
    path = tmp_path / "course.imscc"
    path.write_bytes(
        cartridge({"a.html": page('<p>x</p><img src="p.png"/>'), "b.html": page("<p>y</p>")}, {"p.png": picture()})
    )
    imported = await import_cartridge(api.work, SYSTEM, CartridgeOrder(path=path, owner_id=owner_id))
    world.course_id = imported.course_id
    async with AsyncExitStack() as stack:
        for attribute, name in (
            ("oybek", "Oybek Rahimov"),
            ("bobur", "Bobur Aliyev"),
            ("amina", "Amina Karimova"),
            ("siti", "Siti Rahayu"),
        ):
            setattr(world, attribute, await stack.enter_async_context(api.signed_in(name)))
        yield world


COLLECTIONS = ("catalog.sections", "catalog.lessons", "catalog.lesson_texts", "media.files")


def held(phone: Phone) -> dict[str, int]:
    return {name: len(phone.all(name)) for name in COLLECTIONS}


async def test_a_draft_is_on_its_authors_phone_and_on_nobody_elses(school: School) -> None:
    author, learner = Phone(school.oybek), Phone(school.amina, want=[f"course:{school.course_id}"])

    await all_published(school.api)
    await author.sync()
    await learner.sync()

    assert held(author) == {"catalog.sections": 1, "catalog.lessons": 2, "catalog.lesson_texts": 2, "media.files": 1}
    assert len(author.all("catalog.courses")) == 1
    assert held(learner) == dict.fromkeys(COLLECTIONS, 0)
    assert learner.all("catalog.courses") == {}
    assert (await school.amina.get(f"/api/v1/courses/{school.course_id}")).status_code == 404


async def test_publishing_brings_it_to_learners_and_unpublishing_takes_it_back(school: School) -> None:
    learner = Phone(school.amina, want=[f"course:{school.course_id}"])
    await learner.sync()

    published = await school.oybek.post(f"/api/v1/courses/{school.course_id}/publish")
    await all_published(school.api)
    await learner.sync()

    assert published.json()["data"]["status"] == "published"
    assert held(learner) == {"catalog.sections": 1, "catalog.lessons": 2, "catalog.lesson_texts": 2, "media.files": 1}
    assert [card["title"] for card in learner.all("catalog.courses").values()] == ["Small course"]

    await school.oybek.post(f"/api/v1/courses/{school.course_id}/unpublish")
    await all_published(school.api)
    await learner.sync()

    assert held(learner) == dict.fromkeys(COLLECTIONS, 0)
    assert learner.all("catalog.courses") == {}


async def test_publishing_twice_is_once(school: School) -> None:
    first = (await school.oybek.post(f"/api/v1/courses/{school.course_id}/publish")).json()["data"]
    second = (await school.oybek.post(f"/api/v1/courses/{school.course_id}/publish")).json()["data"]

    assert second["published_at"] == first["published_at"]


async def test_only_the_courses_own_verified_educator_and_admins_publish(school: School) -> None:
    address = f"/api/v1/courses/{school.course_id}/publish"
    async with school.api.work.database.transaction() as tx:
        await tx.db.execute(text("update identity_educator_profiles set verified_at = null"))

    assert (await school.amina.post(address)).status_code == 404
    assert (await school.bobur.post(address)).status_code == 404
    unverified = await school.oybek.post(address)
    assert (unverified.status_code, unverified.json()["error"]["code"]) == (403, "educator.not_verified")
    assert (await school.siti.post(address)).status_code == 200
    assert (
        await school.bobur.patch(f"/api/v1/courses/{school.course_id}", json={"title": "Mine now"})
    ).status_code == 403


async def test_a_title_changed_by_hand_in_the_database_reaches_the_phone(school: School) -> None:
    await school.oybek.post(f"/api/v1/courses/{school.course_id}/publish")
    await all_published(school.api)
    learner = Phone(school.amina, want=[f"course:{school.course_id}"])
    await learner.sync()

    async with school.api.work.database.transaction() as tx:
        await tx.db.execute(
            text("update catalog_lessons set title = 'By hand' where rank = (select min(rank) from catalog_lessons)")
        )
    await all_published(school.api)
    await learner.sync()

    assert "By hand" in {lesson["title"] for lesson in learner.all("catalog.lessons").values()}


async def test_a_new_course_is_an_empty_draft_that_cannot_be_published(school: School) -> None:
    subject_id = str(derived_id("catalog.subjects", "physics"))

    made = await school.oybek.post(
        "/api/v1/courses", json={"title": "Оптика & more", "language": "ru", "subject_id": subject_id}
    )

    assert made.status_code == 201
    card = made.json()["data"]
    assert (card["slug"], card["status"], card["subject_id"]) == ("more", "draft", subject_id)
    refused = await school.oybek.post(f"/api/v1/courses/{card['id']}/publish")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "course.empty")
    assert (await school.amina.post("/api/v1/courses", json={"title": "x"})).status_code == 403
    unknown = await school.oybek.post("/api/v1/courses", json={"title": "x", "subject_id": str(new_id())})
    assert unknown.json()["error"]["code"] == "subject.unknown"


async def test_a_bad_course_is_refused(school: School) -> None:
    for body in (
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 256},
        {"title": "x", "owner": "me"},
        {"title": "x", "language": "English"},
        {},
    ):
        assert (await school.oybek.post("/api/v1/courses", json=body)).status_code in {400, 422}, body


async def test_a_course_with_learners_is_archived_and_one_without_deleted(school: School) -> None:
    await school.oybek.post(f"/api/v1/courses/{school.course_id}/publish")
    await all_published(school.api)
    learner = Phone(school.amina, want=[f"course:{school.course_id}"])
    await learner.sync()
    me = next(iter(learner.all("identity.me")))
    lesson_id = next(iter(learner.all("catalog.lessons")))
    learner.create(
        "catalog.progress",
        derived_id("catalog.progress", me, lesson_id),
        {"lesson_id": lesson_id, "seen_ppm": 500_000, "seconds": 30},
    )
    await learner.sync()

    assert (await school.oybek.delete(f"/api/v1/courses/{school.course_id}")).status_code == 204
    await all_published(school.api)
    await learner.sync()

    async with school.api.work.database.transaction() as tx:
        row = (await tx.db.execute(text("select status, deleted_at from catalog_courses"))).one()
    assert (row.status, row.deleted_at) == ("archived", None)
    assert learner.all("catalog.lessons") == {}
    assert len(learner.all("catalog.progress")) == 1

    empty = (await school.oybek.post("/api/v1/courses", json={"title": "Nobody here"})).json()["data"]
    assert (await school.oybek.delete(f"/api/v1/courses/{empty['id']}")).status_code == 204
    assert (await school.oybek.get(f"/api/v1/courses/{empty['id']}")).status_code == 404


async def test_the_list_is_filtered_paged_and_not_sent_again(school: School) -> None:
    assert (await school.amina.get("/api/v1/courses")).json()["data"] == []
    await school.oybek.post(f"/api/v1/courses/{school.course_id}/publish")

    answer = await school.amina.get("/api/v1/courses")
    assert [card["title"] for card in answer.json()["data"]] == ["Small course"]
    assert answer.json()["meta"]["total"] == 1
    again = await school.amina.get("/api/v1/courses", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    for query, count in (
        ("search=small", 1),
        ("search=100%25", 0),
        ("language=en", 1),
        ("language=uz", 0),
        ("subject=physics", 0),
        ("access=free", 1),
        ("mine=1", 0),
        ("sort=popular", 1),
        ("page=2", 0),
        ("direction=science", 0),
    ):
        assert len((await school.amina.get(f"/api/v1/courses?{query}")).json()["data"]) == count, query
    assert (await school.amina.get("/api/v1/courses?limit=1000")).status_code in {400, 422}
    assert len((await school.oybek.get("/api/v1/courses?mine=1")).json()["data"]) == 1


async def test_the_tree_shows_the_callers_own_progress_and_whether_it_opens(school: School) -> None:
    await school.oybek.post(f"/api/v1/courses/{school.course_id}/publish")

    tree = (await school.amina.get(f"/api/v1/courses/{school.course_id}")).json()["data"]

    assert (tree["can_open"], tree["reason"], tree["is_staff"]) == (True, None, False)
    assert [[lesson["title"] for lesson in section["lessons"]] for section in tree["sections"]] == [
        ["Lesson 1", "Lesson 2"]
    ]
    async with school.api.work.database.transaction() as tx:
        await tx.db.execute(text("update catalog_courses set access = 'subscription'"))
    assert (await school.amina.get(f"/api/v1/courses/{school.course_id}")).json()["data"][
        "reason"
    ] == "SUBSCRIPTION_REQUIRED"
