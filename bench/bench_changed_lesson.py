"""What one changed lesson costs a phone that has the course: a course of 60 lessons with a picture each.

Method: a phone fills the course, the educator changes one lesson (another paragraph, another picture), the phone asks
again. Counted are all bytes that come down, as they come over the wire; the floor is the lesson's own text, packed.
"""

import json
import tempfile
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import zstandard

from bench.figures import Figure, Servers
from server.base.ids import new_id
from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone
from tests.support.settle import all_published

LESSONS = 60
GOAL_BYTES = 65_536
PICTURE_BYTES = 40_000
PARAGRAPH = "Heat is what flows from the warmer body to the colder one until both are equally warm. "


async def measure(servers: Servers) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(servers.new_database(), servers.redis_url, servers.s3_url, Path(folder))
        async with running_api(settings) as api:
            return await _measure(api)


async def _measure(api: Api) -> list[Figure]:
    owner_id = await api.add("Oybek Rahimov", "educator")
    await api.add("Amina Karimova", "student")
    async with api.signed_in("Oybek Rahimov") as oybek, api.signed_in("Amina Karimova") as amina:
        course = (await oybek.post("/api/v1/courses", json={"title": "Heat"})).json()["data"]["id"]
        section = (await oybek.post(f"/api/v1/courses/{course}/sections", json={"title": "One"})).json()["data"]["id"]
        pictures = _lay_pictures(api, UUID(course), owner_id)
        lessons = [await _write(oybek, section, n, pictures[n]) for n in range(LESSONS)]
        (await oybek.post(f"/api/v1/courses/{course}/publish")).raise_for_status()
        await all_published(api)
        phone = Phone(amina, want=[f"course:{course}"])
        await phone.sync()
        filled = phone.bytes_down
        blocks = _blocks(3, pictures[LESSONS], more=f"<strong>{PARAGRAPH}</strong>")
        (await oybek.patch(f"/api/v1/lessons/{lessons[3]}", json={"blocks": blocks})).raise_for_status()
        await all_published(api)
        before = dict(phone.all("catalog.packs").items())
        await phone.sync()
    after = phone.all("catalog.packs")
    changed = [id_ for id_, row in after.items() if before[id_] != row]
    assert changed == [lessons[3]], changed
    spent = phone.bytes_down - filled + PICTURE_BYTES
    floor = len(zstandard.compress(json.dumps(blocks).encode())) + PICTURE_BYTES
    name = f"one changed lesson of {LESSONS}, its new picture of {PICTURE_BYTES // 1000} KB with it"
    goal = f"≤ {GOAL_BYTES:,}"
    return [
        Figure(name, spent, "bytes", floor, "its text, packed, and the picture", goal, holds=spent <= GOAL_BYTES),
        Figure("rows of packs that changed with it", len(changed), "rows", goal="1", holds=len(changed) == 1),
    ]


async def _write(oybek: httpx.AsyncClient, section: str, n: int, picture: UUID) -> str:
    body = {"title": f"Lesson {n}", "blocks": _blocks(n, picture)}
    while True:
        answer = await oybek.post(f"/api/v1/sections/{section}/lessons", json=body)
        if answer.status_code != 429:
            return str(answer.json()["data"]["id"])


def _blocks(n: int, picture: UUID, *, more: str = "x") -> list[dict[str, object]]:
    lines: list[dict[str, object]] = [
        {"type": "paragraph", "html": f"{n}.{line} {PARAGRAPH * 6}"} for line in range(12)
    ]
    image = {"type": "image", "file_id": str(picture), "alt": "A kettle", "width": 480, "height": 320}
    return [*lines, {"type": "paragraph", "html": more}, image, {"type": "exercise", "prompt": "Boil water."}]


def _lay_pictures(api: Api, course_id: UUID, owner_id: UUID) -> list[UUID]:
    found = []
    with psycopg.connect(api.settings.database_url, autocommit=True) as connection:
        for n in range(LESSONS + 1):
            file_id = new_id()
            variant = {"name": "w480", "width": 480, "height": 320, "mime": "image/webp", "bytes": PICTURE_BYTES}
            variants = json.dumps([variant | {"sha256": f"{n:064x}"}], separators=(",", ":"))
            connection.execute(
                "insert into media_files (id, owner_id, sha256, mime, kind, width, height, bytes, variants)"
                " values (%s, %s, %s, 'image/png', 'image', 480, 320, 1, %s)",
                [file_id, owner_id, f"{n:064x}", variants],
            )
            connection.execute(
                "insert into media_uses (id, file_id, course_id) values (%s, %s, %s)", [new_id(), file_id, course_id]
            )
            found.append(file_id)
    return found
