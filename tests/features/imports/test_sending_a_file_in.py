"""An educator sends a real textbook unit; a student reads it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.settle import all_published

CONTENT = Path(__file__).resolve().parents[4] / "shared" / "content"
CARTRIDGE = CONTENT / "physics-motion.imscc"

pytestmark = pytest.mark.skipif(not CARTRIDGE.exists(), reason="the real course material does not lie beside the checkout")


@pytest.fixture
async def teacher(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.add("Oybek Rahimov", "educator")
    async with api.signed_in("Oybek Rahimov") as client:
        yield client


async def send(client: httpx.AsyncClient, content: bytes, **query: str) -> str:
    answer = await client.post("/api/v1/imports", params={"kind": "cartridge", **query}, content=content)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["data"]["id"])


async def test_a_real_cartridge_becomes_a_course_on_a_students_phone(api: Api, teacher: httpx.AsyncClient) -> None:
    await api.add("Amina Karimova", "student")

    import_id = await send(teacher, CARTRIDGE.read_bytes(), publish="1")
    await api.run_jobs()

    told = (await teacher.get(f"/api/v1/imports/{import_id}")).json()["data"]
    assert told["state"] == "done", told
    assert told["course_slug"] == "physics"
    assert told["progress_ppm"] == 1_000_000
    assert told["report"]["totals"] == {"ok": 74, "partial": 0, "skipped": 0, "failed": 0}
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
