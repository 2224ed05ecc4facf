"""A course goes out as a file and comes in again, here or elsewhere."""

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from server.imports import uploads
from tests.features.imports.test_dry_runs import counts, send, told, with_quizzes
from tests.features.media.conftest import Post, ffmpeg
from tests.support.api import Api

CONTENT = Path(__file__).resolve().parents[4] / "shared" / "content"
CARTRIDGE = CONTENT / "physics-motion.imscc"
QUESTIONS = CONTENT / "high-school-physics.gift"


@pytest.fixture
async def teacher(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.add("Oybek Rahimov", "educator")
    async with api.signed_in("Oybek Rahimov") as client:
        yield client


async def course_of(api: Api, slug: str) -> str:
    async with api.work.database.transaction() as tx:
        statement = text("select id from catalog_courses where slug = :slug and deleted_at is null")
        return str((await tx.db.execute(statement, {"slug": slug})).scalar_one())


async def exported(api: Api, client: httpx.AsyncClient, slug: str) -> bytes:
    answer = await client.get(f"/api/v1/courses/{await course_of(api, slug)}/export")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer.content


async def imported(api: Api, client: httpx.AsyncClient, content: bytes, **query: str) -> dict[str, Any]:
    import_id = await send(client, content, kind="course", **query)
    await api.run_jobs()
    return await told(client, import_id)


def differing(one: bytes, other: bytes) -> dict[str, tuple[str, str]]:
    """Entries that are not the same, from where they part."""
    with zipfile.ZipFile(io.BytesIO(one)) as first, zipfile.ZipFile(io.BytesIO(other)) as second:
        names = {*first.namelist(), *second.namelist()}
        parts = {name: (entry(first, name), entry(second, name)) for name in sorted(names)}
    return {name: parting(*both) for name, both in parts.items() if both[0] != both[1]}


def entry(packed: zipfile.ZipFile, name: str) -> bytes:
    return packed.read(name) if name in packed.namelist() else b""


def parting(one: bytes, other: bytes) -> tuple[str, str]:
    at = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    return one[max(0, at - 40) : at + 80].decode("utf-8", "replace"), other[max(0, at - 40) : at + 80].decode(
        "utf-8", "replace"
    )


def changed(content: bytes, change: Callable[[dict[str, bytes]], None], *, is_mended: bool = True) -> bytes:
    """The file with other entries; the manifest made true again unless a test asks otherwise."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        entries = {name: packed.read(name) for name in packed.namelist()}
    change(entries)
    if is_mended:
        named = [name for name in entries if not name.startswith("manifest.")]
        cards = [
            {"path": name, "bytes": len(entries[name]), "sha256": hashlib.sha256(entries[name]).hexdigest()}
            for name in named
        ]
        entries["manifest.json"] = json.dumps({"format": "spark-course/1", "entries": cards}).encode()
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in entries.items():
            packed.writestr(name, part)
    return body.getvalue()


async def test_what_was_exported_is_imported_and_exported_again_byte_for_byte(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    await send(teacher, with_quizzes(), publish="1")
    await api.run_jobs()
    first = await exported(api, teacher, "small-course")

    before = await counts(api)
    tried = await imported(api, teacher, first, dry_run="1")
    assert await counts(api) == before
    made = await imported(api, teacher, first)

    assert made["state"] == "done", made
    assert made["course_slug"] == "small-course-2"
    assert made["report"]["totals"] | {"ok": 0} == {"ok": 0, "partial": 0, "skipped": 0, "failed": 0}, made["report"]
    assert (tried["report"], tried["would"]) == (made["report"], made["would"])
    assert made["would"]["questions"] == 3
    assert await exported(api, teacher, "small-course-2") == first
    assert list(uploads.folder_of(api.settings.tmp).iterdir()) == []


@pytest.mark.skipif(not CARTRIDGE.exists(), reason="the real course material does not lie beside the checkout")
async def test_a_real_course_with_its_tests_goes_out_and_comes_in_whole(api: Api, teacher: httpx.AsyncClient) -> None:
    await send(teacher, CARTRIDGE.read_bytes(), publish="1")
    await api.run_jobs()
    await send(teacher, QUESTIONS.read_bytes(), kind="gift", course="physics", practice="Practice", publish="1")
    await api.run_jobs()
    await api.add("Nilufar Yusupova", "educator")
    first = await exported(api, teacher, "physics")

    async with api.signed_in("Nilufar Yusupova") as other:
        made = await imported(api, other, first, publish="1")
        assert made["state"] == "done", made
        assert made["would"]["lessons"] == 13
        assert (made["would"]["questions"], made["would"]["files"]) == (154, 61)
        again = await exported(api, other, "physics-2")
        assert differing(first, again) == {}
        assert again == first


async def test_of_a_file_that_others_touched_the_pictures_are_made_anew_and_what_is_no_picture_is_left_out(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    await send(teacher, with_quizzes())
    await api.run_jobs()
    first = await exported(api, teacher, "small-course")

    def rename(entries: dict[str, bytes]) -> None:
        card = json.loads(entries["course.json"]) | {"title": "Another one", "subject": "Astronomiya"}
        entries["course.json"] = json.dumps(card).encode()

    def spoil(entries: dict[str, bytes]) -> None:
        name = next(name for name in entries if name.startswith("files/"))
        entries[name] = b"<svg onload=alert(1)>"
        entries["tests/1.json"] = b"\xff\xfe not json"

    touched = await imported(api, teacher, changed(first, rename))
    spoilt = await imported(api, teacher, changed(first, spoil))

    assert (touched["state"], touched["course_slug"], touched["would"]["files"]) == ("done", "another-one", 1), touched
    codes = [reason["code"] for item in touched["report"]["items"] for reason in item["reasons"]]
    assert "subject.waiting" in codes, touched["report"]
    assert (spoilt["state"], spoilt["would"]["files"], spoilt["would"]["questions"]) == ("done", 0, 1), spoilt
    failed = [(item["kind"], item["item"]) for item in spoilt["report"]["items"] if item["status"] == "failed"]
    assert [kind for kind, _ in failed] == ["image", "quiz"]
    assert failed[1] == ("quiz", "tests/1.json")


async def test_a_course_goes_out_with_its_staff_alone(api: Api, teacher: httpx.AsyncClient) -> None:
    await api.add("Amina Karimova", "student")
    await api.add("Nilufar Yusupova", "educator")
    await send(teacher, with_quizzes(), publish="1")
    await api.run_jobs()
    address = f"/api/v1/courses/{await course_of(api, 'small-course')}/export"

    for name in ("Amina Karimova", "Nilufar Yusupova"):
        async with api.signed_in(name) as other:
            assert (await other.get(address)).status_code == 403
            assert (await other.get(f"{address}?format=gift")).status_code == 403
    assert (await api.http.get(address)).status_code == 401
    gift = await teacher.get(f"{address}?format=gift")
    assert (gift.status_code, gift.headers["content-disposition"].endswith('.gift"')) == (200, True)
    assert gift.text.count("::") == 6
    assert (await teacher.get(f"{address}?format=docx")).status_code in {400, 422}


async def test_a_recording_goes_out_without_what_it_says_of_itself_and_comes_in_as_it_went(
    api: Api, teacher: httpx.AsyncClient, tmp_path: Path
) -> None:
    told = tmp_path / "told.m4a"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", "-metadata", "title=SecretPlace", str(told))
    assert b"SecretPlace" in told.read_bytes()
    post = Post(api.work)
    post.owner_id = await owner_of(api)
    sent = await post.sent(told, "told.m4a", "audio/mp4")
    assert sent.file is not None
    course = (await teacher.post("/api/v1/courses", json={"title": "Sounds"})).json()["data"]["id"]
    section = (await teacher.post(f"/api/v1/courses/{course}/sections", json={"title": "One"})).json()["data"]["id"]
    sound = {"type": "audio", "file_id": str(sent.file["id"]), "title": "A sound"}
    answer = await teacher.post(f"/api/v1/sections/{section}/lessons", json={"title": "Hear", "blocks": [sound]})
    assert answer.status_code == 201, answer.text

    first = await exported(api, teacher, "sounds")
    made = await imported(api, teacher, first)

    assert (made["state"], made["would"]["files"]) == ("done", 1), made
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        [card] = json.loads(packed.read("files.json"))
        original = packed.read(card["original"]["path"])
    assert (b"SecretPlace" in original, hashlib.sha256(original).hexdigest()) == (False, card["sha256"])
    again = await exported(api, teacher, "sounds-2")
    assert differing(first, again) == {}


async def owner_of(api: Api) -> UUID:
    async with api.work.database.transaction() as tx:
        statement = text("select id from identity_users where email = 'oybek@example.org'")
        return UUID(str((await tx.db.execute(statement)).scalar_one()))
