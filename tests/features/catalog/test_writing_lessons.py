"""A course written by hand, block by block."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from sqlalchemy import text

from server.base.ids import new_id
from server.catalog.blocks import TEXT_BYTES_MAX
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

EXERCISE = {"type": "exercise", "prompt": "Touch a spoon in hot tea."}
PARAGRAPH = {"type": "paragraph", "html": "Heat <em>flows</em>.<script>steal()</script>"}


class Desk:
    """Oybek's new course with one section; Amina, a student."""

    api: Api
    oybek: httpx.AsyncClient
    amina: httpx.AsyncClient
    course_id: str
    section_id: str

    async def write(self, **body: object) -> httpx.Response:
        return await self.oybek.post(f"/api/v1/sections/{self.section_id}/lessons", json={"title": "Heat", **body})


@pytest.fixture
async def desk(api: Api) -> AsyncIterator[Desk]:
    world = Desk()
    world.api = api
    await api.add("Oybek Rahimov", "educator")
    await api.add("Amina Karimova", "student")
    async with AsyncExitStack() as stack:
        world.oybek = await stack.enter_async_context(api.signed_in("Oybek Rahimov"))
        world.amina = await stack.enter_async_context(api.signed_in("Amina Karimova"))
        world.course_id = (await world.oybek.post("/api/v1/courses", json={"title": "Heat"})).json()["data"]["id"]
        made = await world.oybek.post(f"/api/v1/courses/{world.course_id}/sections", json={"title": "One"})
        world.section_id = made.json()["data"]["id"]
        yield world


async def test_a_lesson_written_and_published_reaches_a_phone_and_so_does_its_next_version(desk: Desk) -> None:
    lesson = (await desk.write(blocks=[PARAGRAPH, EXERCISE])).json()["data"]
    await desk.oybek.post(f"/api/v1/courses/{desk.course_id}/publish")
    await all_published(desk.api)
    phone = Phone(desk.amina, want=[f"course:{desk.course_id}"])
    await phone.sync()

    [card] = phone.all("catalog.courses").values()
    assert lesson["blocks"] == [{"type": "paragraph", "html": "Heat <em>flows</em>."}, EXERCISE]
    assert phone.all("catalog.lesson_texts")[lesson["id"]]["blocks"] == lesson["blocks"]
    assert (card["lessons_count"], card["text_bytes"]) == (1, lesson["text_bytes"])

    await desk.oybek.patch(f"/api/v1/lessons/{lesson['id']}", json={"title": "Warmth", "blocks": []})
    second = (await desk.write(blocks=[PARAGRAPH])).json()["data"]
    await all_published(desk.api)
    await phone.sync()

    assert phone.all("catalog.lessons")[lesson["id"]]["title"] == "Warmth"
    assert phone.all("catalog.lesson_texts")[lesson["id"]]["blocks"] == []
    assert second["rank"] > lesson["rank"]
    assert next(iter(phone.all("catalog.courses").values()))["lessons_count"] == 2

    assert (await desk.oybek.delete(f"/api/v1/lessons/{second['id']}")).status_code == 204
    await all_published(desk.api)
    await phone.sync()
    assert set(phone.all("catalog.lesson_texts")) == {lesson["id"]}


async def test_a_lesson_that_is_read_online_comes_packed_and_not_again_while_it_is_the_same(desk: Desk) -> None:
    blocks = [{"type": "paragraph", "html": "Heat flows from warm to cold. " * 50}, EXERCISE]
    address = f"/api/v1/lessons/{(await desk.write(blocks=blocks)).json()['data']['id']}"

    first = await desk.oybek.get(address, headers={"accept-encoding": "br"})
    again = await desk.oybek.get(address, headers={"accept-encoding": "br", "if-none-match": first.headers["etag"]})
    await desk.oybek.patch(address, json={"title": "Warmth"})
    changed = await desk.oybek.get(address, headers={"if-none-match": first.headers["etag"]})

    assert first.headers["content-encoding"] == "br"
    assert int(first.headers["content-length"]) < 600 < len(first.content)
    assert (again.status_code, again.content) == (304, b"")
    assert (changed.status_code, changed.json()["data"]["title"]) == (200, "Warmth")


async def test_only_who_may_open_a_lesson_reads_it_and_only_its_authors_write(desk: Desk) -> None:
    lesson_id = (await desk.write(blocks=[PARAGRAPH, EXERCISE])).json()["data"]["id"]
    address = f"/api/v1/lessons/{lesson_id}"

    assert (await desk.amina.get(address)).status_code == 404
    assert (await desk.oybek.get(address)).status_code == 200
    await desk.oybek.post(f"/api/v1/courses/{desk.course_id}/publish")
    assert (await desk.amina.get(address)).status_code == 200
    assert (await desk.amina.patch(address, json={"title": "Mine"})).status_code == 403
    assert (await desk.amina.delete(address)).status_code == 403
    added = await desk.amina.post(f"/api/v1/sections/{desk.section_id}/lessons", json={"title": "Mine"})
    assert added.status_code == 403
    async with desk.api.work.database.transaction() as tx:
        await tx.db.execute(text("update catalog_lessons set is_locked = true"))
    closed = await desk.amina.get(address)
    assert (closed.status_code, closed.json()["error"]["code"]) == (403, "lesson.closed")
    assert closed.json()["error"]["fields"] == {"reason": "PREREQUISITE"}


async def test_content_outside_the_format_is_refused(desk: Desk) -> None:
    image = {"type": "image", "file_id": str(new_id()), "alt": "x", "width": 1, "height": 1}

    unknown_file = await desk.write(blocks=[image])
    bad_block = await desk.write(blocks=[{"type": "video", "src": "x"}])
    too_many = await desk.write(blocks=[{"type": "paragraph", "html": "x"}] * 2_001)
    too_large = await desk.write(blocks=[{"type": "code", "text": "x" * 20_000}] * (TEXT_BYTES_MAX // 20_000 + 1))

    assert unknown_file.json()["error"]["code"] == "content.unknown_file"
    assert bad_block.status_code in {400, 422}
    assert too_many.json()["error"]["code"] == "content.invalid"
    assert too_large.json()["error"]["code"] == "content.invalid"
    assert (await desk.oybek.get(f"/api/v1/courses/{desk.course_id}")).json()["data"]["course"]["lessons_count"] == 0
