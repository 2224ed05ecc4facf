"""An educator builds a course with a film and a scan over a bad link; a learner takes the sound alone."""

import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from PIL import Image, ImageDraw

from server.base.ids import new_id
from server.exchange.pushing import open_push_store
from server.features import REGISTRY
from server.media.files import file_id_of
from sync.waking import wake_due
from tests.features.media.conftest import films
from tests.support.api import Api
from tests.support.phone import Phone
from tests.support.proxy import Fate, proxy_to
from tests.support.settle import all_published
from tests.support.uploading import Sending

__all__ = ["films"]

KB = 1024


def scan(pages: int) -> bytes:
    """Pages as a phone's camera makes them: large, grey, and of one picture each."""
    found = []
    for number in range(pages):
        page = Image.effect_noise((1240, 1754), 18).convert("RGB")
        ImageDraw.Draw(page).text((200, 300), f"Page {number + 1}: heat flows to what is colder.", fill="black")
        found.append(page)
    written = io.BytesIO()
    found[0].save(written, "PDF", save_all=True, append_images=found[1:], quality=92, resolution=150)
    return written.getvalue()


class Lesson:
    """What the educator's phone makes before it ever has a network."""

    def __init__(self, phone: Phone, owner_id: UUID, film: bytes, paper: bytes) -> None:
        self.course, self.section, self.lesson = (str(new_id()) for _ in range(3))
        hashes = [hashlib.sha256(content).hexdigest() for content in (film, paper)]
        self.film, self.paper = (str(file_id_of(owner_id, one, licence="", attribution="")) for one in hashes)
        section = {"section_id": self.section, "section_title": "One"}
        phone.command("catalog.course.create", {"id": self.course, "title": "Heat", **section}, op=self.course)
        blocks: list[dict[str, Any]] = [
            {"type": "paragraph", "html": "Watch, then read."},
            {"type": "exercise", "prompt": "What flows where?"},
        ]
        args = {"id": self.lesson, "course_id": self.course, "section_id": self.section, "title": "Warmth"}
        phone.command("catalog.lesson.add", {**args, "blocks": blocks}, op=self.lesson)
        after = [
            *blocks,
            {"type": "video", "file_id": self.film, "title": "A film"},
            {"type": "document", "file_id": self.paper, "title": "A scan"},
        ]
        self.edit = phone.patch(
            "catalog.lesson_texts", self.lesson, {"blocks": {"was": blocks, "now": after}}, blobs=hashes
        )


@dataclass
class Pair:
    """Who teaches, and who learns."""

    oybek: httpx.AsyncClient
    oybek_id: UUID
    amina: httpx.AsyncClient


@pytest.fixture
async def pair(api: Api) -> AsyncIterator[Pair]:
    oybek_id = await api.add("Oybek X", "educator")
    await api.add("Amina X", "student")
    async with AsyncExitStack() as stack:
        oybek, amina = [await stack.enter_async_context(api.signed_in(name)) for name in ("Oybek X", "Amina X")]
        yield Pair(oybek, oybek_id, amina)


async def wake(api: Api) -> None:
    await all_published(api)
    await wake_due(open_push_store(api.work), REGISTRY, now_ms=2**41, limit=100)
    await all_published(api)


async def test_a_course_with_a_film_and_a_scan_reaches_a_phone_that_takes_the_sound_alone(
    api: Api, pair: Pair, films: Path
) -> None:
    film, paper = (films / "film.mp4").read_bytes(), scan(4)
    educator = Phone(pair.oybek)
    made = Lesson(educator, pair.oybek_id, film, paper)
    await educator.sync()
    assert educator.outcome(made.edit) == "waiting.blob"

    cuts = 0
    for content, name, mime in ((film, "film.mp4", "video/mp4"), (paper, "scan.pdf", "application/pdf")):
        async with proxy_to(api.url) as proxy:
            proxy.fate_of = lambda _: Fate(up_max=60 * KB, piece=16 * KB)
            async with httpx.AsyncClient(base_url=proxy.url, timeout=20) as link:
                more = {"purpose_id": made.course}
                await Sending(pair.oybek, content, name=name, mime=mime, link=link, more=more).send()
            cuts += proxy.cuts
    assert cuts > 10
    await api.run_jobs()
    await wake(api)
    await educator.sync()
    assert {row["outcome"] for row in educator.all("sync.ops").values()} == {"applied"}
    assert {row["state"] for row in educator.all("media.uploads").values()} == {"ready"}
    assert len(educator.all("catalog.lesson_texts")[made.lesson]["blocks"]) == 4
    answer = await pair.oybek.post(f"/api/v1/courses/{made.course}/publish")
    assert answer.status_code == 200, answer.text
    await api.run_jobs()
    await all_published(api)

    learner = Phone(pair.amina, want=[f"course:{made.course}"])
    await learner.sync()
    [course] = learner.all("catalog.courses").values()
    price = course["pack_bytes"]
    assert price["text"] < price["audio"] < price["low"] <= price["normal"]
    [pack] = learner.all("catalog.packs").values()
    assert {file["file_id"] for file in pack["files"]} == {made.film, made.paper}
    files = learner.all("media.files")
    names = {one["name"] for one in files[made.film]["renditions"]}
    assert {"v240", "opus", "mp3"} <= names
    assert "pdf" in {one["name"] for one in files[made.paper]["renditions"]}

    answer = await pair.amina.get(f"/api/v1/courses/{made.course}/pack", params={"quality": "audio"})
    wanted = answer.json()["data"]
    sounds = [file for lesson in wanted["lessons"] for file in lesson["files"] if file["file_id"] == made.film]
    assert {file["name"] for file in sounds} <= {"opus", "captions.en", "captions.eng", "thumb"}
    assert "opus" in {file["name"] for file in sounds}
    for file in sounds:
        got = await _in_two_parts(api, wanted["path"] + file["sha256"], file["bytes"])
        assert hashlib.sha256(got).hexdigest() == file["sha256"]


async def _in_two_parts(api: Api, path: str, size: int) -> bytes:
    """As after a link that broke off."""
    middle = size // 2
    async with httpx.AsyncClient(base_url=api.url) as anybody:
        parts = [
            await anybody.get(path, headers={"range": f"bytes={part}"}) for part in (f"0-{middle - 1}", f"{middle}-")
        ]
    assert [part.status_code for part in parts] == [206, 206]
    return b"".join(part.content for part in parts)
