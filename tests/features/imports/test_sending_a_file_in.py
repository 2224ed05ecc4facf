"""An educator sends a real textbook unit; a student reads it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from server.base.ids import new_id
from server.features import jobs
from server.imports import uploads
from tests.support.api import Api
from tests.support.cartridges import cartridge, page
from tests.support.phone import Phone
from tests.support.settle import all_published

CONTENT = Path(__file__).resolve().parents[4] / "shared" / "content"
CARTRIDGE = CONTENT / "physics-motion.imscc"
QUESTIONS = CONTENT / "high-school-physics.gift"
GIFT = b"::One::1 + 1? { =2 ~3 }\n\n::Two::Name it. {}\n"

needs_real_content = pytest.mark.skipif(
    not CARTRIDGE.exists(), reason="the real course material does not lie beside the checkout"
)


@pytest.fixture
async def teacher(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.add("Oybek Rahimov", "educator")
    async with api.signed_in("Oybek Rahimov") as client:
        yield client


async def send(client: httpx.AsyncClient, content: bytes, **query: str) -> str:
    answer = await client.post("/api/v1/imports", params={"kind": "cartridge", **query}, content=content)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["data"]["id"])


async def told(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/v1/imports/{import_id}")).json()["data"]
    return found


def small() -> bytes:
    return cartridge({"a.html": page("<p>x</p>")})


@needs_real_content
async def test_a_real_cartridge_becomes_a_course_on_a_students_phone(api: Api, teacher: httpx.AsyncClient) -> None:
    await api.add("Amina Karimova", "student")

    import_id = await send(teacher, CARTRIDGE.read_bytes(), publish="1")
    await api.run_jobs()

    end = await told(teacher, import_id)
    assert end["state"] == "done", end
    assert end["course_slug"] == "physics"
    assert end["progress_ppm"] == 1_000_000
    assert end["report"]["totals"] == {"ok": 74, "partial": 0, "skipped": 0, "failed": 0}
    async with api.signed_in("Amina Karimova") as student:
        [card] = (await student.get("/api/v1/courses")).json()["data"]
        assert (card["title"], card["licence"], card["lessons_count"]) == ("Physics", "CC BY 4.0", 13)
        await all_published(api)
        phone = Phone(student, want=[f"course:{card['id']}"])
        await phone.sync()
        assert len(phone.all("catalog.lessons")) == 13
        assert len(phone.all("catalog.lesson_texts")) == 13
        assert len(phone.all("media.files")) == 61
        assert sum(lesson["text_bytes"] for lesson in phone.all("catalog.lessons").values()) == card["text_bytes"]
        files = phone.all("media.files").values()
        assert sum(file["variants"][-1]["bytes"] for file in files) == card["media_bytes"]
        for file in files:
            for variant in file["variants"]:
                answer = await student.get(f"/media/{variant['sha256']}")
                assert answer.status_code == 200
                assert len(answer.content) == variant["bytes"]


@needs_real_content
async def test_real_questions_become_a_practice_test_of_the_course(api: Api, teacher: httpx.AsyncClient) -> None:
    await send(teacher, small(), publish="1")
    await api.run_jobs()

    import_id = await send(
        teacher, QUESTIONS.read_bytes(), kind="gift", course="small-course", practice="Physics practice", publish="1"
    )
    await api.run_jobs()

    end = await told(teacher, import_id)
    assert (end["state"], end["course_slug"]) == ("done", "small-course")
    assert sum(end["report"]["totals"][state] for state in ("ok", "partial")) == 154


async def test_a_form_may_carry_the_file_too(api: Api, teacher: httpx.AsyncClient) -> None:
    answer = await teacher.post(
        "/api/v1/imports?kind=cartridge", data={"note": "hello"}, files={"file": ("unit.imscc", small())}
    )
    assert answer.status_code == 202, answer.text
    await api.run_jobs()

    assert (await told(teacher, answer.json()["data"]["id"]))["course_slug"] == "small-course"


async def test_a_file_that_is_refused_says_why_and_nothing_is_made(api: Api, teacher: httpx.AsyncClient) -> None:
    import_id = await send(teacher, b"PK, but no zip")
    await api.run_jobs()

    end = await told(teacher, import_id)
    assert (end["state"], end["error"]["code"], end["report"]) == ("failed", "archive.not_a_zip", None)
    assert (await teacher.get("/api/v1/courses?mine=1")).json()["data"] == []
    assert list(uploads.folder_of(api.settings.tmp).iterdir()) == []


async def test_an_upload_cut_at_99_per_cent_leaves_nothing_and_is_sent_again_whole(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    whole = cartridge({"a.html": page("<p>" + "".join(f"{n:x}" for n in range(90_000)) + "</p>")})
    url = urlsplit(str(teacher.base_url))
    head = (
        f"POST /api/v1/imports?kind=cartridge HTTP/1.1\r\nhost: {url.netloc}\r\n"
        f"authorization: {teacher.headers['authorization']}\r\ncontent-length: {len(whole)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(head.encode() + whole[: len(whole) * 99 // 100])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    folder = uploads.folder_of(api.settings.tmp)
    async with asyncio.timeout(60):
        while not folder.exists() or any(folder.iterdir()):  # noqa: ASYNC110 - what is waited for lies on a disk
            await asyncio.sleep(0.02)
    assert await api.run_jobs() == 0, "half a file was taken for a whole one"

    import_id = await send(teacher, whole)
    await api.run_jobs()

    assert (await told(teacher, import_id))["state"] == "done"
    assert list(folder.iterdir()) == []


async def test_questions_say_where_they_go_before_they_are_sent(teacher: httpx.AsyncClient) -> None:
    answer = await teacher.post("/api/v1/imports?kind=gift&course=physics", content=GIFT)

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "import.where_to"
    assert set(answer.json()["error"]["fields"]) == {"practice"}


async def test_questions_for_a_course_that_is_not_there_fail_with_its_name(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    import_id = await send(teacher, GIFT, kind="gift", course="nowhere", practice="P")
    await api.run_jobs()

    end = await told(teacher, import_id)
    assert end["state"] == "failed"
    assert "nowhere" in end["error"]["message"]


async def test_only_verified_educators_and_admins_send_files_and_only_the_sender_sees_how_they_do(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    await api.add("Amina Karimova", "student")
    await api.add("Siti Rahayu", "admin")
    import_id = await send(teacher, small())

    async with api.signed_in("Amina Karimova") as student, api.signed_in("Siti Rahayu") as admin:
        assert (await student.post("/api/v1/imports?kind=cartridge", content=small())).status_code == 403
        assert (await student.get(f"/api/v1/imports/{import_id}")).status_code == 404
        assert (await admin.get(f"/api/v1/imports/{import_id}")).status_code == 200
    assert (await api.http.post("/api/v1/imports?kind=cartridge", content=small())).status_code == 401
    assert (await teacher.get(f"/api/v1/imports/{new_id()}")).status_code == 404
    assert (await teacher.post("/api/v1/imports?kind=virus", content=small())).status_code in {400, 422}


async def test_nothing_and_too_much_are_refused_and_leave_no_file(
    api: Api, teacher: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FILE_BYTES_MAX", 10_000)

    empty = await teacher.post("/api/v1/imports?kind=cartridge", content=b"")
    large = await teacher.post("/api/v1/imports?kind=cartridge", content=b"x" * 10_001)
    announced = await teacher.post("/api/v1/imports?kind=cartridge", content=b"x" * 200_000)

    assert (empty.status_code, empty.json()["error"]["code"]) == (400, "import.no_file")
    assert (large.status_code, large.json()["error"]["code"]) == (413, "import.too_large")
    assert announced.status_code == 413
    assert list(uploads.folder_of(api.settings.tmp).glob("*")) == []


async def test_a_few_may_wait_at_a_time(teacher: httpx.AsyncClient) -> None:
    for _ in range(5):
        await send(teacher, small())

    answer = await teacher.post("/api/v1/imports?kind=cartridge", content=small())

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "import.too_many")


async def test_an_import_delivered_twice_makes_one_course(api: Api, teacher: httpx.AsyncClient) -> None:
    import_id = await send(teacher, small())
    job = jobs()["imports.run_import"]
    payload = job.payload(import_id=UUID(import_id))

    await job.run(api.work, payload)
    await job.run(api.work, payload)
    await api.run_jobs()

    assert (await told(teacher, import_id))["state"] == "done"
    assert len((await teacher.get("/api/v1/courses?mine=1")).json()["data"]) == 1


async def test_a_file_lost_from_the_store_is_said(api: Api, teacher: httpx.AsyncClient) -> None:
    import_id = await send(teacher, small())
    async with api.work.database.transaction() as tx:
        await tx.db.execute(text("delete from media_upload_parts"))

    await api.run_jobs()

    assert (await told(teacher, import_id))["error"]["code"] == "import.file_gone"
