"""What a lesson and a course weigh by quality, as rows and over HTTP; a row changes where its lesson did."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import text

from server.base.ids import new_id
from server.catalog.blocks import Block
from server.catalog.packs import DOCUMENT, FILM, FIRST, PICTURE, SOUND, files_in_order
from server.catalog.readiness import id_of
from server.media.events import FileReady
from server.media.files import storage_key, use_file
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

A, B, C, D = (UUID(int=number) for number in (10, 11, 12, 13))


def blocks_of(*raw: dict[str, Any]) -> list[Block]:
    return msgspec.convert(list(raw), type=list[Block])


def image(file_id: UUID) -> dict[str, Any]:
    return {"type": "image", "file_id": str(file_id), "alt": "", "width": 1, "height": 1}


def film(file_id: UUID) -> dict[str, Any]:
    return {"type": "video", "file_id": str(file_id), "title": "Film"}


def test_files_are_fetched_as_they_are_needed_pictures_seen_first_then_sound_then_films() -> None:
    lines = [{"type": "paragraph", "html": "x"}] * 8
    document = {"type": "document", "file_id": str(D), "title": "Scan"}
    sound = {"type": "audio", "file_id": str(C), "title": "Sound"}
    spoken = film(B) | {"captions_ids": [str(UUID(int=15)), str(UUID(int=16))]}
    found = files_in_order(blocks_of(document, spoken, image(A), *lines, sound, image(A), image(UUID(int=14))))

    assert [(file.file_id.int, file.priority) for file in found] == [
        (A.int, FIRST),
        (15, SOUND),
        (16, SOUND),
        (C.int, SOUND),
        (14, PICTURE),
        (B.int, FILM),
        (D.int, DOCUMENT),
    ]


class Desk:
    """Oybek's empty course with a film and a picture for its lessons; Amina learns."""

    api: Api
    oybek: httpx.AsyncClient
    amina: httpx.AsyncClient
    owner_id: UUID
    learner_id: UUID
    course_id: str
    section_id: str
    film_id: UUID
    picture_id: UUID

    async def write(self, *blocks: dict[str, Any]) -> str:
        answer = await self.oybek.post(
            f"/api/v1/sections/{self.section_id}/lessons", json={"title": "Heat", "blocks": list(blocks)}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    async def row(self, statement: str, **values: Any) -> Any:
        async with self.api.work.database.transaction() as tx:
            return (await tx.db.execute(text(statement), values)).one()

    async def pack(self, quality: str, client: httpx.AsyncClient | None = None, **extra: str) -> httpx.Response:
        return await (client or self.amina).get(
            f"/api/v1/courses/{self.course_id}/pack", params={"quality": quality, **extra}
        )


SIZES = {"v240": 1000, "v360": 3000, "opus": 200, "captions.uz": 30}
PICTURES = {"w480": 50, "w960": 400}


def body_of(name: str, size: int) -> bytes:
    return name.encode().ljust(size, b".")


async def add_file(desk: Desk, kind: str, made: dict[str, int]) -> UUID:
    file_id = new_id()
    rows: list[dict[str, Any]] = []
    for name, size in made.items():
        sha256 = hashlib.sha256(body_of(name, size)).hexdigest()
        mime = "image/webp" if kind == "image" else "video/mp4"
        rows.append({"name": name, "mime": mime, "bytes": size, "sha256": sha256})
        if kind == "image":
            rows[-1] |= {"width": int(name[1:]), "height": 10}
    variants, renditions = (rows, []) if kind == "image" else ([], rows)
    async with desk.api.work.database.transaction() as tx:
        await tx.db.execute(
            text(
                "insert into media_files (id, owner_id, sha256, mime, kind, width, height, bytes, variants, renditions)"
                " values (:id, :owner, :sha256, 'x/y', :kind, 1, 1, 1, cast(:variants as json),"
                " cast(:renditions as json))"
            ),
            {
                "id": file_id,
                "owner": desk.owner_id,
                "sha256": f"{file_id.int % 16**40:064x}",
                "kind": kind,
                "variants": msgspec.json.encode(variants).decode(),
                "renditions": msgspec.json.encode(renditions).decode(),
            },
        )
        for row in rows:
            await tx.db.execute(
                text(
                    "insert into media_variants (id, file_id, sha256, name, width, height, mime, bytes, storage_key)"
                    " values (:id, :file, :sha256, :name, 1, 1, :mime, :bytes, :key)"
                ),
                {"id": new_id(), "file": file_id, "key": storage_key(row["sha256"]), **row},
            )
        use_file(tx, file_id, course_id=UUID(desk.course_id))
    return file_id


@pytest.fixture
async def desk(api: Api) -> AsyncIterator[Desk]:
    world = Desk()
    world.api = api
    world.owner_id = await api.add("Oybek Rahimov", "educator")
    world.learner_id = await api.add("Amina Karimova", "student")
    async with AsyncExitStack() as stack:
        world.oybek = await stack.enter_async_context(api.signed_in("Oybek Rahimov"))
        world.amina = await stack.enter_async_context(api.signed_in("Amina Karimova"))
        world.course_id = (await world.oybek.post("/api/v1/courses", json={"title": "Heat"})).json()["data"]["id"]
        made = await world.oybek.post(f"/api/v1/courses/{world.course_id}/sections", json={"title": "One"})
        world.section_id = made.json()["data"]["id"]
        world.film_id = await add_file(world, "video", SIZES)
        world.picture_id = await add_file(world, "image", PICTURES)
        yield world


async def publish(desk: Desk) -> None:
    exercise = {"type": "exercise", "prompt": "Boil water."}
    await desk.write(exercise)
    answer = await desk.oybek.post(f"/api/v1/courses/{desk.course_id}/publish")
    assert answer.status_code == 200, answer.text
    await all_published(desk.api)


async def test_a_course_says_what_it_weighs_by_quality_each_file_once(desk: Desk) -> None:
    first = await desk.write(film(desk.film_id), image(desk.picture_id))
    second = await desk.write(film(desk.film_id))
    await publish(desk)
    phone = Phone(desk.amina, want=[f"course:{desk.course_id}"])
    await phone.sync()

    rows = phone.all("catalog.packs")
    lesson = phone.all("catalog.lessons")
    texts = {id_: row["text_bytes"] for id_, row in lesson.items()}
    assert set(rows) == set(lesson)
    assert rows[first]["bytes"] == {
        "text": texts[first],
        "audio": texts[first] + 230,
        "low": texts[first] + 1030 + 50,
        "normal": texts[first] + 3030 + 400,
    }
    assert rows[second]["bytes"]["low"] == texts[second] + 1030
    assert [file["file_id"] for file in rows[first]["files"]] == [str(desk.picture_id), str(desk.film_id)]
    [card] = phone.all("catalog.courses").values()
    whole = sum(texts.values())
    assert card["pack_bytes"] == {"text": whole, "audio": whole + 230, "low": whole + 1080, "normal": whole + 3430}


async def test_one_changed_lesson_is_one_changed_row(desk: Desk) -> None:
    first = await desk.write(film(desk.film_id))
    await desk.write(image(desk.picture_id))
    await publish(desk)
    before = await desk.row("select sum(version) as sum from catalog_packs")
    same = await desk.oybek.patch(f"/api/v1/lessons/{first}", json={"blocks": [film(desk.film_id)]})
    unchanged = await desk.row("select sum(version) as sum from catalog_packs")
    await desk.oybek.patch(f"/api/v1/lessons/{first}", json={"blocks": [film(desk.film_id), image(desk.picture_id)]})
    after = await desk.row("select sum(version) as sum from catalog_packs")

    assert same.status_code == 200
    assert (unchanged.sum, after.sum) == (before.sum, before.sum + 1)


async def test_a_lesson_that_goes_takes_its_weight_along(desk: Desk) -> None:
    first = await desk.write(film(desk.film_id))
    await desk.write(image(desk.picture_id))
    await publish(desk)

    assert (await desk.oybek.delete(f"/api/v1/lessons/{first}")).status_code == 204
    await all_published(desk.api)
    phone = Phone(desk.amina, want=[f"course:{desk.course_id}"])
    await phone.sync()

    assert first not in phone.all("catalog.packs")
    [card] = phone.all("catalog.courses").values()
    assert card["pack_bytes"]["normal"] - card["pack_bytes"]["text"] == 400


async def test_a_rendition_that_is_ready_later_changes_the_lessons_that_show_the_file(desk: Desk) -> None:
    lesson = await desk.write(film(desk.film_id))
    other = await desk.write(image(desk.picture_id))
    await publish(desk)
    before = {
        row: (await desk.row("select version from catalog_packs where id = :id", id=row)) for row in (lesson, other)
    }
    async with desk.api.work.database.transaction() as tx:
        await tx.db.execute(
            text("update media_files set renditions = cast(:made as json) where id = :id"),
            {
                "made": '[{"name":"v240","mime":"video/mp4","bytes":7,"sha256":"' + "0" * 64 + '"}]',
                "id": desk.film_id,
            },
        )
        await tx.publish(FileReady(desk.film_id))

    found = await desk.row("select version, bytes from catalog_packs where id = :id", id=lesson)
    left = await desk.row("select version from catalog_packs where id = :id", id=other)
    assert found.bytes["normal"] - found.bytes["text"] == 7
    assert (found.version, left.version) == (before[lesson].version + 1, before[other].version)


async def test_the_list_over_http_names_what_is_fetched_and_where_and_answers_304(desk: Desk) -> None:
    first = await desk.write(film(desk.film_id), image(desk.picture_id))
    await desk.write(film(desk.film_id))
    await publish(desk)
    answer = await desk.pack("low")
    said = answer.json()["data"]

    assert said["bytes"]["files"] == 1030 + 50
    assert [len(lesson["files"]) for lesson in said["lessons"]] == [3, 2, 0]
    assert said["bytes"]["rows"] + said["bytes"]["files"] <= sum(lesson["bytes"] for lesson in said["lessons"])
    assert [(file["name"], file["priority"]) for file in said["lessons"][0]["files"]] == [
        ("w480", FIRST),
        ("v240", FILM),
        ("captions.uz", FILM),
    ]
    assert (await desk.pack("low", lesson=first)).json()["data"]["lessons"] == said["lessons"][:1]
    again = await desk.amina.get(
        f"/api/v1/courses/{desk.course_id}/pack?quality=low", headers={"if-none-match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    unknown = await desk.pack("high")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (422, "pack.quality")
    assert (await desk.pack("text")).json()["data"]["bytes"]["files"] == 0


async def test_what_the_list_names_can_be_fetched_without_a_token(desk: Desk) -> None:
    await desk.write(image(desk.picture_id))
    await publish(desk)
    said = (await desk.pack("normal")).json()["data"]
    [file] = said["lessons"][0]["files"]
    await desk.api.work.storage.put(storage_key(file["sha256"]), b"x" * 400, media_type="image/webp")

    answer = await desk.api.http.get(f"{said['path']}{file['sha256']}")

    assert (answer.status_code, len(answer.content)) == (200, 400)


async def test_a_draft_has_no_pack_for_strangers(desk: Desk) -> None:
    await desk.write(image(desk.picture_id))

    assert (await desk.pack("normal")).status_code == 404
    assert (await desk.pack("normal", desk.oybek)).status_code == 200
    assert (await desk.api.http.get(f"/api/v1/courses/{desk.course_id}/pack")).status_code == 401


async def test_teachers_see_which_phones_of_a_class_are_ready_and_a_phone_speaks_for_itself_alone(desk: Desk) -> None:
    await publish(desk)
    phone = Phone(desk.amina, want=[f"course:{desk.course_id}"])
    await phone.sync()
    device = new_id()
    fields = {
        "course_id": desk.course_id,
        "device_id": str(device),
        "quality": "audio",
        "rows_ready": True,
        "files_ready": 1,
        "files_wanted": 2,
        "bytes": 230,
        "checked_at": "2026-03-04T05:06:07Z",
    }
    id_ = str(id_of(desk.learner_id, UUID(desk.course_id), device))
    own = phone.create("catalog.readiness", id_, fields)
    other = phone.create("catalog.readiness", str(new_id()), fields)
    await phone.sync()
    await all_published(desk.api)
    teacher = Phone(desk.oybek, want=[f"course-staff:{desk.course_id}"])
    await teacher.sync()

    assert phone.receipts[own]["outcome"] == "applied"
    assert (phone.receipts[other]["outcome"], phone.receipts[other]["code"]) == ("parked", "readiness.wrong_id")
    assert set(teacher.all("catalog.readiness")) == {id_}
    assert teacher.all("catalog.readiness")[id_]["learner_name"] == "Amina K."
