"""A class downloads a course as files: over HTTP, with what goes wrong on the way."""

import asyncio
import hashlib
import hmac
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from server.base import clock
from server.base.ids import new_id
from server.embedded.ports import free_ports
from server.embedded.processes import running
from server.embedded.s3 import Storage
from server.exchange.bases import queue_cutting
from server.features import REGISTRY
from sync.files import day_of, make_capability
from tests.support.api import Api, running_api, settings_for
from tests.support.big_course import lay_course
from tests.support.settle import all_published
from tests.sync.file_phone import FilePhone

TIERS = {name: collection.tier for name, collection in REGISTRY.collections.items()}
TEXT_TIER = TIERS["catalog.lesson_texts"]
WORDS = [
    "a",
    "body",
    "at",
    "rest",
    "stays",
    "there",
    "unless",
    "some",
    "force",
    "acts",
    "on",
    "it",
    "and",
    "then",
    "it",
    "moves",
]
LESSONS = 330  # More than two of the largest chunks hold.
EXCHANGES_MAX = 300
BR = {"accept-encoding": "br"}

Wish = tuple[Any, ...]


def texts(count: int) -> list[str]:
    rng = random.Random(count)
    return [" ".join(rng.choices(WORDS, k=300)) for _ in range(count)]


async def lay(api: Api, count: int = LESSONS) -> "Course":
    """A course that everyone may have, and its base."""
    course = Course(api, lay_course(api.settings.database_url, texts(count)))
    await course.cut()
    return course


class Course:
    def __init__(self, api: Api, id_: UUID) -> None:
        self.api = api
        self.bucket = f"course:{id_}"
        self.pair = (self.bucket, TEXT_TIER)

    async def cut(self) -> None:
        await all_published(self.api)
        async with self.api.work.database.transaction() as tx:
            await queue_cutting(tx)
        await self.api.run_jobs()

    async def run(self, statement: str) -> Sequence[Any]:
        async with self.api.work.database.transaction() as tx:
            found = await tx.db.execute(text(statement))
            return found.all() if statement.startswith("select") or " returning " in statement else []

    async def truth(self) -> dict[str, str]:
        rows = await self.run(
            "select i.id::text, i.line from sync_item i join sync_bucket b on b.number = i.bucket"
            f" where b.name = '{self.bucket}' and i.tier = {TEXT_TIER} and i.gone_at is null"
        )
        return dict(tuple(row) for row in rows)

    async def edit(self) -> str:
        """Change some lesson's text; its id."""
        rows = await self.run(
            "update catalog_lesson_texts set blocks = '[]' where id ="
            " (select id from catalog_lesson_texts order by id limit 1) returning id::text"
        )
        await all_published(self.api)
        return str(rows[0][0])


class Pupil:
    """A phone over HTTP that reads files; each chunk that it fetches is noted."""

    def __init__(self, course: Course, client: httpx.AsyncClient) -> None:
        self.course, self.client = course, client
        self.phone = FilePhone(TIERS, want=[course.bucket])
        self.device = str(new_id())
        self.fetched: list[str] = []

    async def exchange(self, *wishes: Wish, reads_files: bool = True) -> bool:
        want: dict[str, Any] = {"bytes": 262_144, "tier": 3, "buckets": self.phone.want}
        if reads_files:
            want["files"] = wishes
        check = sorted(self.phone.check)
        body = {"protocol": 1, "schema": 1, "device": self.device, "cursor": self.phone.cursor}
        answer = await self.client.post("/api/v1/sync", json=body | {"want": want, "check": check})
        assert answer.status_code in {200, 204}, answer.text
        return answer.status_code == 200 and self.phone.read(answer.content.splitlines(keepends=True))

    async def catch_up(self) -> None:
        for _ in range(EXCHANGES_MAX):
            if not await self.exchange():
                return
        raise AssertionError("the phone never comes to rest")

    @property
    def outstanding(self) -> list[str]:
        return [self.phone.lists[self.course.pair].path + name for name in self.phone.outstanding(self.course.pair)]

    async def fetch(self, url: str) -> int:
        """Fetch one chunk into the phone; the status."""
        self.fetched.append(url)
        answer = await self.client.get(url, headers=BR)
        if answer.status_code == 200:
            assert self.phone.use_chunk(self.course.pair, url.rpartition("/")[2], answer.content)
        return answer.status_code

    async def fetch_all(self) -> None:
        for url in self.outstanding:
            assert await self.fetch(url) == 200

    async def holds_the_truth(self) -> bool:
        await self.catch_up()
        shown = {key[3]: line for key, line in self.phone.shown.items() if key[:2] == self.course.pair}
        truth = await self.course.truth()
        return shown == truth and not self.phone.mismatches and self.course.pair not in self.phone.check


@asynccontextmanager
async def pupil(course: Course, name: str = "Amina") -> AsyncIterator[Pupil]:
    await course.api.add(f"{name} Karimova", "student")
    async with course.api.signed_in(name) as client:
        yield Pupil(course, client)


async def test_two_students_fetch_the_same_addresses_and_hold_the_truth(api: Api) -> None:
    course = await lay(api)

    async with pupil(course, "Amina") as amina, pupil(course, "Bahodir") as bahodir:
        for one in (amina, bahodir):
            await one.exchange()
            assert len(one.outstanding) > 2
            await one.fetch_all()
            assert await one.holds_the_truth()

        assert amina.fetched == bahodir.fetched


async def test_a_base_replaced_and_a_row_removed_during_a_download_end_in_the_truth(api: Api) -> None:
    course = await lay(api)
    async with pupil(course) as amina:
        await amina.exchange()
        first, *rest = amina.outstanding
        await amina.fetch(rest[0])
        await course.edit()
        removed = "(select id from catalog_lesson_texts order by id desc limit 1)"
        await course.run(f"update catalog_lesson_texts set deleted_at = now() where id = {removed}")
        await course.run("update sync_base set made_at = now() - interval '21 days'")
        await course.cut()

        assert await amina.fetch(first) == 200  # The old files stay for who is at them.
        await amina.exchange((*course.pair,))
        await amina.fetch_all()

        assert await amina.holds_the_truth()
        assert len(amina.fetched) == len(set(amina.fetched))  # No chunk twice.


async def test_a_chunk_that_is_lost_withdraws_its_base_and_everything_is_made_again(api: Api) -> None:
    course = await lay(api)
    async with pupil(course) as amina:
        await amina.exchange()
        lost, *_ = amina.outstanding
        [folder] = await course.run(f"select left(encode(sha256('bucket:{course.bucket}'), 'hex'), 32)")
        for suffix in ("", ".br", ".zst"):
            name = lost.rpartition("/")[2]
            await api.work.storage.remove(f"bases/{folder[0]}/{name[:2]}/{name}{suffix}")

        answer = await amina.client.get(lost, headers=BR)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file.unknown")
        async with pupil(course, "Bahodir") as bahodir:  # Meanwhile others are filled from the log.
            await bahodir.catch_up()
            assert not bahodir.phone.lists
            assert await bahodir.holds_the_truth()
        await api.run_jobs()  # The rebuild was queued by the loss.
        await amina.exchange((*course.pair,))
        for url in amina.outstanding:
            for _ in range(EXCHANGES_MAX):
                if await amina.fetch(url) == 200:
                    break
                await asyncio.sleep(0.1)  # A miss is remembered for a second.

        assert await amina.holds_the_truth()


async def test_wrong_bytes_from_a_cache_are_thrown_away_and_fetched_past_it(api: Api) -> None:
    course = await lay(api)
    async with pupil(course) as amina:
        await amina.exchange()
        url, *_ = amina.outstanding
        right = await amina.client.get(url, headers=BR)
        cached = right.content[:-1] + b"!"
        name = url.rpartition("/")[2]

        assert not amina.phone.use_chunk(course.pair, name, cached)
        again = await amina.client.get(url, headers=BR | {"cache-control": "no-cache"})

        assert amina.phone.use_chunk(course.pair, name, again.content)
        await amina.fetch_all()
        assert await amina.holds_the_truth()


async def test_a_file_has_a_strong_tag_ranges_and_packings_and_is_kept_for_ever(api: Api) -> None:
    course = await lay(api)
    async with pupil(course) as amina:
        await amina.exchange()
        url, *_ = amina.outstanding
    get = api.http.get  # No bearer: the path is the right.

    plain, packed, zstd = [await get(url, headers={"accept-encoding": name}) for name in ("identity", "br", "zstd")]
    tag = plain.headers["etag"]
    part = await get(url, headers={"accept-encoding": "identity", "range": "bytes=10-19", "if-range": tag})
    stale = await get(url, headers={"accept-encoding": "identity", "range": "bytes=10-19", "if-range": '"other"'})
    beyond = await get(url, headers={"accept-encoding": "identity", "range": "bytes=9999999-"})
    known = await get(url, headers={"accept-encoding": "identity", "if-none-match": tag})

    assert plain.content == packed.content == zstd.content
    assert [answer.headers.get("content-encoding") for answer in (plain, packed, zstd)] == [None, "br", "zstd"]
    assert len({answer.headers["etag"] for answer in (plain, packed, zstd)}) == 3
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["vary"] == "accept-encoding"
    assert plain.headers["content-type"].startswith("application/x-ndjson")
    assert (part.status_code, part.content) == (206, plain.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(plain.content)}"
    assert (stale.status_code, stale.content) == (200, plain.content)
    assert (known.status_code, known.content) == (304, b"")
    assert beyond.status_code == 416
    assert packed.num_bytes_downloaded * 3 < len(plain.content)


async def test_a_path_of_another_bucket_an_old_or_a_made_up_one_opens_nothing(api: Api) -> None:
    course = await lay(api)
    other = await lay(api, LESSONS + 1)
    async with pupil(course) as amina:
        amina.phone.want = [course.bucket, other.bucket]
        await amina.exchange()
        lists = amina.phone.lists
        url = lists[course.pair].path + amina.phone.outstanding(course.pair)[0]
        crossed = lists[other.pair].path + amina.phone.outstanding(course.pair)[0]
    forged = url.replace(url[10:14], "AAAA", 1)
    folder, _, name = url.rpartition("/")
    key = hmac.new(api.settings.signing_key, b"files", hashlib.sha256).digest()
    today = day_of(int(clock.now().timestamp() * 1000))
    old, yesterdays = [f"/files/{make_capability(key, course.bucket, day=today - days)}/{name}" for days in (3, 1)]
    odd = ["/files/x/y", f"{url}0", f"{folder}/{'0' * 64}", f"{folder}/x"]

    for wrong in (crossed, forged, old, *odd):
        answer = await api.http.get(wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file.unknown"), wrong
    for right in (url, yesterdays):
        assert (await api.http.get(right)).status_code == 200


@pytest.mark.slow
async def test_while_the_file_store_is_stopped_phones_are_filled_from_the_log(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    store = Storage(folder=tmp_path / "s3", port=free_ports(1)[0], access_key="access", secret_key="secret-secret")
    settings = settings_for(database_url, redis_url, store.url, tmp_path)
    stack = ExitStack()
    stack.enter_context(running(store, log=tmp_path / "s3.log"))
    async with running_api(settings) as api:
        course = await lay(api)
        async with pupil(course) as amina, pupil(course, "Bahodir") as bahodir:
            await amina.exchange()
            url, *_ = amina.outstanding
            stack.close()

            answer = await amina.client.get(url, headers=BR)

            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "file.unavailable")
            assert int(answer.headers["retry-after"]) > 0
            await bahodir.catch_up()
            assert not bahodir.phone.lists
            assert await bahodir.holds_the_truth()
