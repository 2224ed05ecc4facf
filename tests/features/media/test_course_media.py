"""A course's files by its capability: whole, in parts, from disk or from the store, and only what it shows."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from server.base import clock
from server.base.errors import Unavailable
from server.base.ids import new_id
from server.base.storage import Storage
from server.catalog import course_media, courses
from server.catalog.importing import CartridgeOrder, import_cartridge
from server.identity.actors import actor_of_user
from server.media.capability import CourseCapabilities, ends_at
from server.media.disk import PIECE_BYTES, PIECE_BYTES_MAX, Copies, OpenFile, OpenFiles
from server.media.serving import MediaBytes, StoredBytes, headers_of
from tests.support.api import Api
from tests.support.cartridges import cartridge, page, picture

COURSE, OTHER = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


# --- capabilities ---------------------------------------------------------------------------------------------------


def test_a_capability_is_the_same_for_all_on_a_day_and_opens_its_course_alone() -> None:
    capabilities = CourseCapabilities(b"k" * 32)
    word = capabilities.make(COURSE, now=NOW)

    assert word == capabilities.make(COURSE, now=NOW + timedelta(hours=9))
    assert word != capabilities.make(OTHER, now=NOW)
    assert capabilities.read(word, now=NOW) == COURSE
    assert CourseCapabilities(b"x" * 32).read(word, now=NOW) is None


@pytest.mark.parametrize(("days", "opens"), [(-2, False), (-1, True), (0, True), (2, True), (3, False)])
def test_a_capability_is_good_for_its_day_and_two_more(days: int, *, opens: bool) -> None:
    capabilities = CourseCapabilities(b"k" * 32)
    word = capabilities.make(COURSE, now=NOW)

    assert (capabilities.read(word, now=NOW + timedelta(days=days)) == COURSE) is opens
    assert ends_at(NOW) == datetime(2026, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize("word", ["", "A", "====", "é", "A" * 47, "A" * 46 + "=", "A" * 5000])
def test_a_word_that_is_no_capability_opens_nothing(word: str) -> None:
    assert CourseCapabilities(b"k" * 32).read(word, now=NOW) is None


# --- bytes from disk ------------------------------------------------------------------------------------------------


async def test_a_file_is_read_in_pieces_from_any_place(tmp_path: Path) -> None:
    body = bytes(range(256)) * 6000
    (tmp_path / "f").write_bytes(body)
    file = OpenFile(tmp_path / "f")

    for start, length in [(0, len(body)), (1, 10), (PIECE_BYTES - 1, 2), (len(body) - 1, 1)]:
        read = [bytes(piece) async for piece in file.pieces(start, length)]
        assert b"".join(read) == body[start : start + length]
        assert max(map(len, read)) <= PIECE_BYTES_MAX
        assert len(read[0]) <= PIECE_BYTES


async def test_what_the_system_has_not_at_hand_is_read_in_a_thread(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    monkeypatch.setattr("server.media.disk._NOWAIT", 0)

    assert OpenFile(tmp_path / "f").read_at_once(3, 4) is None
    assert await OpenFile(tmp_path / "f").piece(3, 4) == b"3456"


async def test_a_file_that_was_cut_meanwhile_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    file = OpenFile(tmp_path / "f")
    (tmp_path / "f").write_bytes(b"")

    with pytest.raises(Unavailable):
        await file.piece(3, 4)


def test_a_file_that_is_not_whole_or_not_there_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123")
    files = OpenFiles()

    assert files.open("a", tmp_path / "f", 5) is None
    assert files.open("b", tmp_path / "g", 4) is None
    assert files.at_hand("a") is None
    assert files.open("a", tmp_path / "f", 4) is files.at_hand("a")


async def test_what_comes_from_a_store_elsewhere_is_kept_and_the_least_used_go(s3_url: str, tmp_path: Path) -> None:
    storage = Storage.from_url(s3_url)
    await storage.ensure()
    copies = Copies(tmp_path, bytes_max=2500)
    media = MediaBytes(storage, lambda _key: None, copies)
    bodies = [bytes([n]) * 1000 for n in range(3)]
    files = [StoredBytes(hashlib.sha256(body).hexdigest(), "video/mp4", 1000, f"tests/{new_id()}") for body in bodies]
    for file, body in zip(files, bodies, strict=True):
        await storage.put(file.storage_key, body, media_type="video/mp4")
        assert [bytes(piece) async for piece in await media.read(file, 990, 10)] == [body[:10]]
        await copies.settled()

    kept = [copies.path(file.sha256).exists() for file in files]
    await storage.remove(files[2].storage_key)
    assert kept == [False, True, True]
    assert [bytes(piece) async for piece in await media.read(files[2], 0, 10)] == [bodies[2][:10]]


async def test_a_copy_that_is_not_what_its_name_says_is_not_kept(s3_url: str, tmp_path: Path) -> None:
    storage = Storage.from_url(s3_url)
    await storage.ensure()
    key = f"tests/{new_id()}"
    await storage.put(key, b"damaged", media_type="video/mp4")
    copies = Copies(tmp_path)

    copies.begin(storage, "0" * 64, key, 7)
    await copies.settled()

    assert not copies.path("0" * 64).exists()
    assert not any(copies.path("0" * 64).parent.iterdir())


@pytest.mark.parametrize(
    ("mime", "disposition"),
    [
        ("image/webp", "inline"),
        ("video/mp4", "inline"),
        ("audio/ogg", "inline"),
        ("text/vtt", "inline"),
        ("image/svg+xml", "attachment"),
        ("text/html", "attachment"),
        ("application/pdf", "attachment"),
        ("application/zip", "attachment"),
    ],
)
def test_only_pictures_sound_films_and_captions_are_shown_and_nothing_runs(mime: str, disposition: str) -> None:
    headers = headers_of(mime, cache_control="x")

    assert headers["content-disposition"] == disposition
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cross-origin-resource-policy"] == "same-origin"


# --- over HTTP ------------------------------------------------------------------------------------------------------


class Shown:
    """A published course of one picture, its owner Oybek, its reader Amina."""

    api: Api
    course_id: UUID
    sha256: str
    size: int
    path: str

    async def get(self, address: str, **headers: str):
        return await self.api.http.get(
            address, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )


@pytest.fixture
async def shown(api: Api, tmp_path: Path) -> Shown:
    world = Shown()
    world.api = api
    owner_id = await api.add("Oybek Rahimov", "educator")
    path = tmp_path / "course.imscc"
    path.write_bytes(cartridge({"a.html": page('<p>x</p><img src="p.png" alt="y"/>')}, {"p.png": picture(700, 300)}))
    async with api.work.database.transaction() as tx:
        owner = await actor_of_user(tx, owner_id)
    assert owner is not None
    made = await import_cartridge(api.work, owner, CartridgeOrder(path=path, owner_id=owner_id, publish=True))
    async with api.work.database.transaction() as tx:
        row = (await tx.db.execute(text("select sha256, bytes from media_variants order by width desc limit 1"))).one()
    world.course_id, world.sha256, world.size = made.course_id, row.sha256, row.bytes
    world.path = api.app.state.course_media.path_of(made.course_id)
    return world


async def test_a_file_of_a_course_comes_whole_in_parts_and_not_again(shown: Shown) -> None:
    address = f"{shown.path}{shown.sha256}"
    whole = await shown.get(address)
    part = await shown.get(address, range="bytes=100-", if_range=f'"{shown.sha256}"')
    first = await shown.get(address, range="bytes=0-")
    other = await shown.get(address, range="bytes=100-", if_range='"another"')
    outside = await shown.get(address, range=f"bytes={shown.size}-")
    again = await shown.get(address, if_none_match=f'"{shown.sha256}"')
    head = await shown.api.http.head(address, headers={"range": "bytes=5-9"})

    assert (whole.status_code, len(whole.content)) == (200, shown.size)
    assert hashlib.sha256(whole.content).hexdigest() == shown.sha256
    assert whole.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert whole.headers["content-type"] == "image/webp"
    assert (whole.headers["etag"], whole.headers["accept-ranges"]) == (f'"{shown.sha256}"', "bytes")
    assert (part.status_code, part.content) == (206, whole.content[100:])
    assert part.headers["content-range"] == f"bytes 100-{shown.size - 1}/{shown.size}"
    assert (first.status_code, first.content) == (206, whole.content)
    assert (other.status_code, other.content) == (200, whole.content)
    assert (outside.status_code, outside.json()["error"]["code"]) == (416, "media.range")
    assert outside.headers["content-range"] == f"bytes */{shown.size}"
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.headers["content-length"], head.content) == (206, "5", b"")


async def test_another_courses_path_another_days_and_a_path_of_base_files_open_nothing(
    shown: Shown, monkeypatch
) -> None:
    media = shown.api.app.state.course_media
    files = shown.api.app.state.exchange.files
    bucket = f"course:{shown.course_id}"
    refused = [
        f"{media.path_of(new_id())}{shown.sha256}",
        f"{shown.path}{'0' * 64}",
        f"{shown.path}nonsense",
        f"/media/course/{files.path_of(bucket).split('/')[2]}/{shown.sha256}",
        f"/files/{shown.path.split('/')[3]}/{shown.sha256}",
        f"/media/course/{shown.sha256}",
        "/media/course/a/b/c",
        "/media/course",
        "/media/course/",
    ]
    answers = [await shown.get(address) for address in refused]

    assert [answer.status_code for answer in answers] == [404] * len(refused)
    assert (await shown.api.http.post(f"{shown.path}{shown.sha256}")).status_code == 405
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(course_media.clock, "now", lambda: later)
    assert (await shown.get(f"{shown.path}{shown.sha256}")).status_code == 404


async def test_a_hash_that_begins_with_c_is_still_found_at_the_old_address(shown: Shown) -> None:
    """The router must not take `/media/c0ffee…` for a folder."""
    assert (await shown.get(f"/media/c{'0' * 63}")).status_code == 401


async def test_a_course_that_is_taken_back_is_closed_within_a_minute(shown: Shown, monkeypatch) -> None:
    address = f"{shown.path}{shown.sha256}"
    assert (await shown.get(address)).status_code == 200
    async with shown.api.work.database.transaction() as tx:
        await courses.unpublish_course(tx, shown.course_id)

    monkeypatch.setattr(course_media, "KEPT_S", 0.0)

    assert (await shown.get(address)).status_code == 404


async def test_thirty_who_begin_together_ask_the_database_once(shown: Shown, monkeypatch) -> None:
    media: course_media.CourseMedia = shown.api.app.state.course_media
    asked = []
    ask = media._ask

    async def counted(course_id: UUID):
        asked.append(course_id)
        return await ask(course_id)

    monkeypatch.setattr(media, "_ask", counted)
    answers = await asyncio.gather(*(shown.get(f"{shown.path}{shown.sha256}") for _ in range(30)))

    assert {answer.status_code for answer in answers} == {200}
    assert asked == [shown.course_id]


async def test_an_original_that_is_kept_is_nobodys_download(shown: Shown) -> None:
    secret = hashlib.sha256(b"original").hexdigest()
    async with shown.api.work.database.transaction() as tx:
        await tx.db.execute(
            text(
                "insert into media_variants (id, file_id, sha256, name, width, height, mime, bytes, storage_key)"
                " select :id, id, :sha256, 'original', 1, 1, 'image/png', 8, 'x' from media_files"
            ),
            {"id": new_id(), "sha256": secret},
        )

    assert (await shown.get(f"{shown.path}{secret}")).status_code == 404
