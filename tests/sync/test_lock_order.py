"""U27: an op and a route that write one course lock it in one order."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone
from tests.support.settle import all_published

WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@pytest.fixture
async def api(database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(settings_for(database_url, redis_url, s3_url, tmp_path)) as api:
        yield api


def paragraphs(*words: str) -> list[dict[str, Any]]:
    return [{"type": "paragraph", "html": html} for html in words]


async def test_U27_an_op_on_a_lesson_waits_for_who_writes_the_course_and_holds_nothing_of_it_meanwhile(
    api: Api,
) -> None:
    await api.add("Oybek Author", "educator")
    async with api.signed_in("Oybek") as client:

        async def make(path: str, **body: Any) -> str:
            return str((await client.post(f"/api/v1/{path}", json=body)).json()["data"]["id"])

        course = await make("courses", title="Heat")
        section = await make(f"courses/{course}/sections", title="One")
        lesson = await make(f"sections/{section}/lessons", title="Heat flows", blocks=paragraphs("x"))
        phone = Phone(client, want=[f"course-staff:{course}"])
        await all_published(api)
        await phone.sync()
        edit = {"was": paragraphs("x"), "now": paragraphs("x", "y")}
        n = phone.patch("catalog.lesson_texts", lesson, {"blocks": edit}, base=1)

        with psycopg.connect(api.settings.database_url) as route:  # As a route does: the course, then what is in it.
            route.execute("select from catalog_courses where id = %s for no key update", [course])
            pushing = asyncio.create_task(phone.sync())
            while not await waits(api):
                assert not pushing.done()
            for table in ("catalog_lessons", "catalog_lesson_texts"):
                route.execute(f"select from {table} where id = %s for no key update nowait".encode(), [lesson])
        await pushing

        assert phone.outcome(n) == "applied"
        assert (await client.get(f"/api/v1/lessons/{lesson}")).json()["data"]["blocks"] == edit["now"]


async def waits(api: Api) -> bool:
    """Whether somebody waits for a lock, looked at a hundred times a second."""
    await asyncio.sleep(0.01)
    async with await psycopg.AsyncConnection.connect(api.settings.database_url) as connection:
        return bool(await (await connection.execute(WAITING)).fetchall())
