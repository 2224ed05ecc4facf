"""From an upload to rows: a dry run equal to the real one, all or nothing, and what phones get of it."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from server.base.ids import derived_id, new_id
from server.media.files import Accepted, accept_file
from server.packages.scorm.manifest import ITEMS_MAX
from tests.features.imports.test_dry_runs import counts, send, told
from tests.support.api import Api
from tests.support.packages import course_2004, quiz_12, zipped
from tests.support.phone import Phone
from tests.support.settle import all_published

LATER = "2999-01-01T00:00:00Z"


@pytest.fixture
async def teacher(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.add("Oybek Rahimov", "educator")
    async with api.signed_in("Oybek Rahimov") as client:
        yield client


async def imported(api: Api, client: httpx.AsyncClient, content: bytes, **query: str) -> dict[str, Any]:
    import_id = await send(client, content, kind="scorm", **query)
    await api.run_jobs()
    return await told(client, import_id)


async def rows(api: Api, statement: str, **values: object) -> list[tuple[Any, ...]]:
    async with api.work.database.transaction() as tx:
        return [tuple(row) for row in (await tx.db.execute(text(statement), values)).all()]


async def test_a_dry_run_writes_nothing_and_says_what_the_import_says(api: Api, teacher: httpx.AsyncClient) -> None:
    before = await counts(api)

    import_id = await send(teacher, zipped(course_2004()), kind="scorm", dry_run="1", publish="1")
    await api.run_jobs()

    tried = await told(teacher, import_id)
    assert (tried["state"], tried["dry_run"]) == ("done", True), tried
    assert await counts(api) == before
    await teacher.post(f"/api/v1/imports/{import_id}/apply")
    await api.run_jobs()
    made = await told(teacher, import_id)
    assert (made["report"], made["would"]) == (tried["report"], tried["would"])
    assert made["course_slug"] == "two-parts"


async def test_a_package_becomes_a_lesson_of_a_course_once_and_phones_get_one_zip_of_it(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    course = (await teacher.post("/api/v1/courses", json={"title": "Safety"})).json()["data"]
    package = zipped(quiz_12())
    made = await imported(api, teacher, package, course=course["slug"])
    again = await imported(api, teacher, package, course=course["slug"])
    published = await teacher.post(f"/api/v1/courses/{course['id']}/publish")

    assert (made["state"], made["course_slug"]) == ("done", course["slug"]), made
    assert [item["status"] for item in made["report"]["items"]] == ["ok", "ok"]
    assert again["report"]["items"][0]["reasons"][0]["code"] == "package.exists"
    assert published.status_code == 200, "a package is something to do"
    weight = str(made["would"]["bytes"] + await text_bytes(api))
    assert await rows(
        api,
        "select l.title, t.blocks -> 0 ->> 'type', f.kind, f.state, f.renditions -> 0 ->> 'name', p.bytes ->> 'low'"
        " from catalog_lessons l join catalog_lesson_texts t on t.id = l.id"
        " join media_files f on f.id = (t.blocks -> 0 ->> 'package_id')\\:\\:uuid join catalog_packs p on p.id = l.id",
    ) == [("Fire safety", "package", "package", "ready", "package", weight)]
    pack = (await teacher.get(f"/api/v1/courses/{course['id']}/pack", params={"quality": "low"})).json()["data"]
    file = pack["lessons"][0]["files"][0]
    body = (await teacher.get(f"{pack['path']}{file['sha256']}")).content
    assert file["mime"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.namelist()[0] == "spark-package.json"
        assert archive.read("res/data/words.json").decode().startswith('{"welcome"')


async def test_a_package_that_its_educator_attached_somewhere_before_is_a_package_all_the_same(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    package = zipped(quiz_12())
    [(owner_id,)] = await rows(api, "select id from identity_users where email = 'oybek@example.org'")
    attached = Accepted(
        sha256=hashlib.sha256(package).hexdigest(), mime="application/zip", bytes=len(package), kind="attachment"
    )
    async with api.work.database.transaction() as tx:
        before = await accept_file(tx, attached, owner_id=owner_id, licence="", attribution="")

    await imported(api, teacher, package)

    [(kind, renditions, id_)] = await rows(
        api,
        "select f.kind, f.renditions -> 0 ->> 'name', f.id from catalog_lesson_texts t"
        " join media_files f on f.id = (t.blocks -> 0 ->> 'package_id')\\:\\:uuid",
    )
    assert (kind, renditions) == ("package", "package")
    assert id_ != before.id


async def text_bytes(api: Api) -> int:
    return int((await rows(api, "select text_bytes from catalog_lessons"))[0][0])


async def test_a_refused_package_leaves_nothing_and_says_why(api: Api, teacher: httpx.AsyncClient) -> None:
    before = await counts(api)

    files = quiz_12()
    del files["res/index.html"]
    failed = await imported(api, teacher, zipped(files))
    lost = await imported(api, teacher, zipped(quiz_12()), course="nowhere")

    assert failed["error"]["code"] == "package.no_launch"
    assert "res/index.html, which is not in the zip" in failed["error"]["message"]
    assert lost["error"]["code"] == "record.not_found"
    assert await counts(api) == before


async def test_what_a_learner_did_counts_best_and_once_on_all_phones_and_nobody_writes_for_another(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    await imported(api, teacher, zipped(quiz_12()), publish="1")
    [(course_id, package_id)] = await rows(api, "select course_id, file_id from media_uses where course_id is not null")
    amina_id, farid_id = await api.add("Amina Karimova", "student"), await api.add("Farid Aliyev", "student")
    result_id = derived_id("packages.results", amina_id, course_id, package_id)
    state_id = derived_id("packages.states", amina_id, package_id, "i1")
    result = {"course_id": str(course_id), "package_id": str(package_id), "title": "Fire safety"}
    state = {"package_id": str(package_id), "item": "i1"}
    async with api.signed_in("Amina Karimova") as amina, api.signed_in("Farid Aliyev") as farid:
        one, two, theirs = Phone(amina), Phone(amina), Phone(farid)
        sent = [
            one.create("packages.results", result_id, {**result, "score_ppm": 800_000, "seconds": 125}),
            one.create("packages.states", state_id, {**state, "data": "older"}),
        ]
        await one.sync()
        also = [
            two.create(
                "packages.results", result_id, {**result, "score_ppm": 300_000, "passed_at": "2999-01-01T00:00:00Z"}
            ),
            two.create("packages.states", state_id, {**state, "data": "newer"}),
        ]
        await two.sync()
        nowhere = new_id()
        other = [
            theirs.create("packages.states", state_id, {**state, "data": "mine"}),
            theirs.create("packages.results", result_id, {**result, "score_ppm": 0}),
            theirs.create(
                "packages.states",
                derived_id("packages.states", farid_id, nowhere, "i1"),
                {**state, "package_id": str(nowhere), "data": "{}"},
            ),
        ]
        await theirs.sync()
        async with api.work.database.transaction() as tx:
            many = text(
                "insert into packages_states (id, user_id, package_id, item, data)"
                " select gen_random_uuid(), :user, :package, 'many ' || n, '{}' from generate_series(1, :count) n"
            )
            await tx.db.execute(many, {"user": farid_id, "package": package_id, "count": ITEMS_MAX})
        more_id = derived_id("packages.states", farid_id, package_id, "one more")
        more = theirs.create("packages.states", more_id, {**state, "item": "one more", "data": "{}"})
        await theirs.sync()

    assert [one.outcome(n) for n in sent] == ["applied", "applied"]
    assert [two.outcome(n) for n in also] == ["merged", "applied"]
    assert [theirs.outcome(n) for n in other] == ["record.not_yours", "record.not_yours", "record.not_found"]
    assert theirs.outcome(more) == "package.too_many_states"
    assert await rows(
        api,
        "select learner_name, score_ppm, seconds, passed_at <= clock_timestamp(), s.data from packages_results"
        " join packages_states s on s.user_id = packages_results.user_id",
    ) == [("Amina K.", 800_000, 125, True, "newer")]
    teachers = Phone(teacher)
    await all_published(api)
    await teachers.sync()
    assert [row["score_ppm"] for row in teachers.all("packages.results").values()] == [800_000]
    assert teachers.all("packages.states") == {}
