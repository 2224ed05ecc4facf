"""A course as one signed file: its rows and media, what is not in it, who may have it, and going on after a cut."""

import base64
import hashlib
import io
import json
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from server.base.actor import SYSTEM
from server.base.signing import Signer
from server.catalog.pack_routes import read_quality
from server.cli.pack import PHONE
from server.exchange.course_packs.gathering import CoursePack, gather
from server.exchange.course_packs.manifest import PURPOSE
from server.exchange.course_packs.writing import PackFiles, write_pack, write_what_is_there
from server.media.files import storage_key
from server.media.missing import FileMissing, FindFile, find_file
from tests.features.packs.test_packs import PICTURES, SIZES, Desk, body_of, desk, film, publish
from tests.support.api import PASSWORD
from tests.support.phone import Phone

__all__ = ["desk"]  # A fixture, found by its name.

IN_A_PACK = {
    "assessments.assessments",
    "assessments.items",
    "catalog.lesson_texts",
    "catalog.lessons",
    "catalog.packs",
    "catalog.sections",
    "media.files",
}


@pytest.fixture
async def course(desk: Desk) -> Desk:
    """Published, with a film in a lesson and a picture beside it, both in the store."""
    for name, size in (SIZES | PICTURES).items():
        body = body_of(name, size)
        key = storage_key(hashlib.sha256(body).hexdigest())
        await desk.api.work.storage.put(key, body, media_type="video/mp4")
    await desk.write(film(desk.film_id), {"type": "paragraph", "html": "Heat flows."})
    await publish(desk)
    return desk


async def fetch(
    desk: Desk, client: httpx.AsyncClient | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    address = f"/api/v1/courses/{desk.course_id}/pack/file"
    return await (client or desk.amina).get(address, params={"quality": "low"}, headers=headers)


def opened(body: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    return archive


def is_good(keys: list[dict[str, str]], manifest: bytes, signature: dict[str, str]) -> bool:
    key = next(one["key"] for one in keys if one["id"] == signature["key"])
    try:
        Ed25519PublicKey.from_public_bytes(raw(key)).verify(raw(signature["signature"]), PURPOSE + b"\n" + manifest)
    except InvalidSignature:
        return False
    return True


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_a_pack_holds_the_rows_and_files_of_a_course_by_their_hashes_under_one_signature(course: Desk) -> None:
    phone = Phone(course.amina, want=[f"course:{course.course_id}"])
    await phone.sync()
    signed_in = await course.api.http.post(
        "/api/v1/auth/login", json={"email": "amina@example.org", "password": PASSWORD}
    )
    keys = signed_in.json()["data"]["signing_keys"]

    answer = await fetch(course)
    archive = opened(answer.content)
    manifest = archive.read("pack.json")
    said = json.loads(manifest)

    assert answer.status_code == 200, answer.text
    assert is_good(keys, manifest, json.loads(archive.read("pack.sig")))
    assert not is_good(keys, manifest.replace(b'"low"', b'"text"'), json.loads(archive.read("pack.sig")))
    assert (said["format"], said["course"]["id"], said["quality"]) == (2, course.course_id, "low")
    made, expires = (datetime.fromisoformat(said[name]) for name in ("made_at", "expires_at"))
    assert expires - made == timedelta(days=30)
    assert {one["bucket"] for one in said["sets"]} == {f"course:{course.course_id}"}
    named = {f"rows/{sha256}" for one in said["sets"] for sha256, _, _ in one["chunks"]}
    named |= {f"files/{file['sha256']}" for file in said["files"]}
    assert set(archive.namelist()) == named | {"pack.json", "pack.sig"}
    for name in named:
        assert hashlib.sha256(archive.read(name)).hexdigest() == name.partition("/")[2]
    assert sorted(file["bytes"] for file in said["files"]) == [30, 50, 1000]  # Captions, w480, v240.
    held = rows_in(archive, said)
    assert held == {name: phone.all(name) for name in held}
    assert set(held) <= IN_A_PACK
    assert {"catalog.lessons", "catalog.lesson_texts", "media.files"} <= set(held)


def rows_in(archive: zipfile.ZipFile, said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Collection → id → row, of all base files."""
    found: dict[str, dict[str, Any]] = {}
    for sha256, size, _ in (chunk for one in said["sets"] for chunk in one["chunks"]):
        body, collection = archive.read(f"rows/{sha256}"), ""
        assert len(body) == size
        for line in map(json.loads, body.splitlines()):
            if isinstance(line, dict):
                collection = line["collection"]
            else:
                found.setdefault(collection, {})[line[1]["id"]] = line[1]
    return found


async def test_a_pack_goes_on_where_it_was_cut_and_is_made_once(course: Desk) -> None:
    whole = await fetch(course)
    etag = whole.headers["etag"]
    rest = await fetch(course, headers={"range": "bytes=700-", "if-range": etag})
    same = await fetch(course, headers={"if-none-match": etag})
    beyond = await fetch(course, headers={"range": f"bytes={len(whole.content)}-"})

    assert (rest.status_code, whole.content[:700] + rest.content) == (206, whole.content)
    assert (same.status_code, same.content) == (304, b"")
    assert beyond.status_code == 416


async def test_only_who_may_open_the_course_gets_its_pack(desk: Desk) -> None:
    await desk.write({"type": "paragraph", "html": "Heat flows."})
    draft = [await fetch(desk), await fetch(desk, desk.oybek), await fetch(desk, desk.api.http)]
    await publish(desk)
    await desk.row("update catalog_courses set access = 'class' where id = :id returning id", id=desk.course_id)
    closed = await fetch(desk)
    unknown = await desk.amina.get(f"/api/v1/courses/{desk.course_id}/pack/file?quality=high")
    listed = await desk.amina.get(f"/api/v1/courses/{desk.course_id}/pack/manifest")

    assert [answer.status_code for answer in draft] == [404, 404, 401]
    assert (closed.status_code, closed.json()["error"]["code"]) == (403, "course.closed")
    assert (unknown.status_code, listed.status_code) == (422, 403)


async def test_a_phone_is_told_the_signed_list_and_where_the_rows_lie(course: Desk) -> None:
    answer = await course.amina.get(f"/api/v1/courses/{course.course_id}/pack/manifest?quality=low")
    said = answer.json()["data"]
    chunks = [chunk for one in json.loads(said["manifest"])["sets"] for chunk in one["chunks"]]
    [place] = said["paths"]
    bodies = [await course.api.http.get(place["path"] + sha256) for sha256, _, _ in chunks]

    keys = [{"id": key.id, "key": key.key} for key in Signer(course.api.work.settings.signing_key).public_keys]
    assert is_good(keys, said["manifest"].encode(), said["signature"])
    assert [hashlib.sha256(body.content).hexdigest() for body in bodies] == [sha256 for sha256, _, _ in chunks]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def gathered(course: Desk) -> CoursePack:
    return await gather(course.api.work, SYSTEM, UUID(course.course_id), read_quality("low"), PHONE)


async def test_what_a_pack_cannot_find_is_said_and_nothing_is_left_behind(course: Desk, tmp_path: Path) -> None:
    """As `spark pack` makes it. The least used packs go."""
    storage = course.api.work.storage
    pack = await gathered(course)
    made = PackFiles(tmp_path, storage, kept_bytes=1)
    (tmp_path / "old.sparkpack").write_bytes(b"old")
    path, _ = await made.make(pack)
    size = await write_pack(storage, pack, tmp_path / "x")
    assert (path.stat().st_size, (await made.make(pack)).path) == (size, path)
    assert names_in(tmp_path) == {path.name, "x"}

    film = pack.manifest.files[0]
    path.unlink()
    await storage.put(storage_key(film.sha256), b"something else", media_type="video/mp4")
    damaged = await made.make(pack)
    assert (damaged.pack.manifest.missing, damaged.pack.manifest.files) == ([film], pack.manifest.files[1:])
    await storage.remove(storage_key(film.sha256))
    assert (await PackFiles(tmp_path, storage).make(pack)).path == damaged.path
    assert (await write_what_is_there(storage, pack, tmp_path / "x")).manifest.missing == [film]
    assert names_in(tmp_path) == {damaged.path.name, "x"}


async def test_a_file_that_the_store_has_lost_is_named_in_the_pack_and_staff_learn_of_it_once(course: Desk) -> None:
    """And the next pack is whole, once somebody has brought it back."""
    work, sha256 = course.api.work, hashlib.sha256(body_of("v240", SIZES["v240"])).hexdigest()
    whole = await fetch(course)
    await course.row(
        "update catalog_courses set revision = revision + 1 where id = :id returning id", id=course.course_id
    )
    await work.storage.remove(storage_key(sha256))
    answers = [await fetch(course) for _ in range(2)]
    path = (await course.pack("low")).json()["data"]["path"]
    alone = await course.amina.get(f"{path}{sha256}")

    archive = opened(answers[0].content)
    manifest = archive.read("pack.json")
    said = json.loads(manifest)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].headers["etag"] == answers[1].headers["etag"] != whole.headers["etag"]
    assert [file["sha256"] for file in said["missing"]] == [sha256]
    assert f"files/{sha256}" not in archive.namelist()
    assert sorted(file["bytes"] for file in said["files"]) == [30, 50]
    keys = [{"id": key.id, "key": key.key} for key in Signer(work.settings.signing_key).public_keys]
    assert is_good(keys, manifest, json.loads(archive.read("pack.sig")))
    assert (alone.status_code, alone.json()["error"]["code"]) == (404, "media.unknown")

    sought = await course.row("select payload from base_outbox where kind = 'media.find_file'")  # Once.
    assert json.loads(sought.payload)["sha256"] == sha256
    with pytest.raises(FileMissing, match=r"media\.missing"):
        await find_file.run(work, FindFile(sha256))
    await work.storage.put(storage_key(sha256), body_of("v240", SIZES["v240"]), media_type="video/mp4")
    await find_file.run(work, FindFile(sha256))
    assert json.loads(opened((await fetch(course)).content).read("pack.json"))["missing"] == []


def test_after_a_change_of_keys_phones_are_told_both_and_the_new_one_signs() -> None:
    old, new = Signer(b"o" * 32), Signer(b"n" * 32, b"o" * 32)

    assert new.public_keys == [*Signer(b"n" * 32).public_keys, *old.public_keys]
    assert new.sign(PURPOSE, b"x").key == new.public_keys[0].id
    keys = [{"id": key.id, "key": key.key} for key in new.public_keys]
    for signer in (old, new):
        signed = signer.sign(PURPOSE, b"x")
        assert is_good(keys, b"x", {"key": signed.key, "signature": signed.signature})
