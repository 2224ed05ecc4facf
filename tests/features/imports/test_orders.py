"""Orders of imports that come twice, at once, too late, or by no form at all; and what lies on a disk meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from server.base.actor import Actor
from server.base.dead_letters import retry_jobs
from server.base.errors import Unavailable
from server.base.ids import new_id
from server.base.runner import Runner
from server.base.storage import Storage
from server.base.tx import Tx
from server.features import jobs
from server.imports import queries, uploads
from server.imports.jobs import ATTEMPTS
from server.imports.operator import import_course_file
from server.imports.queries import NewImport, TooManyOpen
from tests.features.imports.test_dry_runs import send, told, uploaded
from tests.features.imports.test_pictures import ITEM, QUIZ
from tests.support.api import Api
from tests.support.cartridges import cartridge, manifest, page, picture


@pytest.fixture
async def teacher(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.add("Oybek Rahimov", "educator")
    async with api.signed_in("Oybek Rahimov") as client:
        yield client


def small() -> bytes:
    return cartridge({"a.html": page("<p>x</p>")})


async def ordered(client: httpx.AsyncClient, upload_id: str, **order: object) -> httpx.Response:
    return await client.post("/api/v1/imports", json={"upload_id": upload_id, "kind": "cartridge", **order})


async def test_an_order_whose_answer_was_lost_is_the_same_import_while_it_waits_and_when_it_is_done(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    upload_id = await uploaded(teacher, small())
    tried = await ordered(teacher, upload_id, dry_run=True)
    await api.run_jobs()
    anew = await ordered(teacher, upload_id, dry_run=True)
    assert anew.json()["data"] != tried.json()["data"], "the courses may have changed since"

    first = await ordered(teacher, upload_id)
    waiting = await ordered(teacher, upload_id)
    await api.run_jobs()
    done = await ordered(teacher, upload_id)
    otherwise = await ordered(teacher, upload_id, publish=True)

    assert [first.status_code, waiting.status_code, done.status_code] == [202] * 3, done.text
    assert first.json()["data"] == waiting.json()["data"] == done.json()["data"]
    assert (otherwise.status_code, otherwise.json()["error"]["code"]) == (409, "import.upload_open")
    assert len((await teacher.get("/api/v1/courses?mine=1")).json()["data"]) == 1


async def test_two_orders_at_once_do_not_pass_the_number_that_may_wait(api: Api) -> None:
    """Goal: who counts what waits sees what another is just adding. Method: the fifth is not committed yet."""
    oybek = Actor(id=await api.add("Oybek Rahimov", "educator"), roles=frozenset({"educator"}))

    async def add(tx: Tx) -> None:
        await queries.add_import(tx, questions_for("small-course"))

    async def add_alone() -> None:
        async with api.work.database.transaction(oybek) as tx:
            await add(tx)

    for _ in range(queries.OPEN_MAX - 1):
        await add_alone()
    async with api.work.database.transaction(oybek) as first:
        await add(first)
        second = asyncio.create_task(add_alone())
        async with asyncio.timeout(60):
            while not second.done() and not await somebody_waits(api):  # noqa: ASYNC110 - a lock of the database
                await asyncio.sleep(0.02)
    with pytest.raises(TooManyOpen):
        await second


def questions_for(slug: str) -> NewImport:
    return NewImport(
        id=new_id(),
        kind="gift",
        name="q.gift",
        bytes=10,
        publish=False,
        access="free",
        course_slug=slug,
        practice_title="P",
        dry_run=False,
        upload_id=new_id(),
    )


async def somebody_waits(api: Api) -> bool:
    """For a lock in this database."""
    async with api.work.database.transaction() as tx:
        waiting = "wait_event_type = 'Lock' and datname = current_database()"
        found = await tx.db.execute(text(f"select exists(select from pg_stat_activity where {waiting})"))
        return bool(found.scalar_one())


async def test_rights_that_were_taken_while_a_file_waited_are_taken(api: Api, teacher: httpx.AsyncClient) -> None:
    import_id = await send(teacher, small())
    async with api.work.database.transaction() as tx:
        await tx.db.execute(text("update identity_educator_profiles set verified_at = null"))

    await api.run_jobs()

    end = await told(teacher, import_id)
    assert (end["state"], end["error"]["code"]) == ("failed", "access.forbidden")
    assert (await teacher.get("/api/v1/courses?mine=1")).json()["data"] == []


async def test_what_was_given_up_waits_for_staff_and_is_not_counted_among_what_waits(
    api: Api, teacher: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "OPEN_MAX", 1)
    import_id = await send(teacher, small())
    await given_up(api, monkeypatch)
    broken = await told(teacher, import_id)

    other = await send(teacher, cartridge({"a.html": page("<p>y</p>")}))
    await api.run_jobs()
    async with api.work.database.transaction() as tx:
        assert len(await retry_jobs(tx)) == 1
    await api.run_jobs()

    assert (broken["state"], broken["error"]["code"]) == ("failed", "import.broken")
    ends = [await told(teacher, id_) for id_ in (other, import_id)]
    assert [(end["state"], end["error"]) for end in ends] == [("done", None)] * 2


async def given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the one job fail for no reason of its file until nobody tries it any more."""

    async def away(self: Storage, key: str, **_part: object) -> AsyncIterator[bytes]:
        yield b""
        raise Unavailable(f"{key} does not answer")

    with monkeypatch.context() as outage:
        outage.setattr(Storage, "read", away)
        runner = Runner(api.work, jobs())
        for _ in range(ATTEMPTS):
            async with api.work.database.transaction() as tx:
                [id_] = (
                    await tx.db.execute(text("select id from base_outbox where kind = 'imports.run_import'"))
                ).scalars()
            await runner.run({}, outbox_id=id_)


async def test_a_body_is_gone_from_this_disk_before_a_worker_can_hear_of_it(
    api: Api, teacher: httpx.AsyncClient
) -> None:
    """Goal: nothing that the request cleans away is what a worker reads.

    Method: hold back the row of the import, and see that its file is gone while the request still waits.
    """
    folder = uploads.folder_of(api.settings.tmp)
    async with api.work.database.transaction() as holding:
        await holding.db.execute(text("lock table imports_imports in exclusive mode"))
        sending = asyncio.create_task(send(teacher, small()))
        async with asyncio.timeout(60):
            while not await is_received(api):  # noqa: ASYNC110 - what is waited for is a row
                await asyncio.sleep(0.02)
            while any(folder.iterdir()):  # noqa: ASYNC110 - what is waited for lies on a disk
                await asyncio.sleep(0.02)
        assert not sending.done()
    import_id = await sending
    await api.run_jobs()

    assert (await told(teacher, import_id))["state"] == "done"
    assert [*folder.iterdir(), *(api.settings.tmp / "media").iterdir()] == []


async def is_received(api: Api) -> bool:
    async with api.work.database.transaction() as tx:
        found = await tx.db.execute(text("select exists(select from media_uploads where state = 'received')"))
        return bool(found.scalar_one())


async def test_a_form_without_a_boundary_is_a_broken_form_and_no_broken_zip(teacher: httpx.AsyncClient) -> None:
    headers = {"content-type": "multipart/form-data"}

    answer = await teacher.post("/api/v1/imports?kind=cartridge", content=small(), headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "import.bad_form")


class Shut(Storage):
    """A store that takes nothing."""

    async def put(self, key: str, body: bytes, *, media_type: str) -> None:
        raise AssertionError(f"{key} ({media_type}, {len(body)} bytes) was stored")


async def test_an_operators_dry_run_stores_no_picture_of_a_quiz(api: Api, tmp_path: Path) -> None:
    quiz = '<item identifier="q" identifierref="r-q"><title>Shapes</title></item>'
    resource = f'<resource identifier="r-q" type="{QUIZ}"><file href="q.xml"/></resource>'
    told_of = manifest(["a.html"], extra_items=quiz, extra_resources=resource)
    path = tmp_path / "unit.imscc"
    files = {"q.xml": ITEM.encode(), "shape.png": picture(), "round.png": picture(color=(1, 2, 3))}
    path.write_bytes(cartridge({"a.html": page("<p>x</p>")}, files, manifest_text=told_of))
    work = replace(api.work, storage=Shut.from_url(api.settings.s3_url))

    owner_id = await api.add("Oybek Rahimov", "educator")
    tried = await import_course_file(work, path, owner_id=owner_id, access="free", publish=False, dry_run=True)

    assert (tried.sums.questions, tried.sums.files) == (1, 2)
