"""L15: what stops the log is said, with its name and the remedy, and stops nothing else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from server.embedded import doctor
from server.embedded.health import ask_health
from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone
from tests.support.settle import all_published

MARK = (
    "insert into sync_outbox (source, id) select number, gen_random_uuid() from sync_source where name = 'media.files'"
)


@pytest.fixture
async def api(database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(settings_for(database_url, redis_url, s3_url, tmp_path)) as api:
        yield api


def by_hand(api: Api, *statements: str) -> None:
    with psycopg.connect(api.settings.database_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def log_of(api: Api, *, until: str) -> str:
    """What the process says of its log, once that begins so."""
    for _ in range(6_000):
        answer = await api.http.get("/health/ready")
        assert answer.status_code == 200, answer.text  # All else is served: nobody is sent away over it.
        said: str = answer.json()["log"]
        if said.startswith(until):
            return said
        await asyncio.sleep(0.01)
    raise AssertionError(f"it never came to that: {said}")


async def test_L15_a_column_dropped_before_migrating_is_named_by_ready_and_doctor_and_pushes_go_on(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    async with api.signed_in("Amina") as client:
        phone = Phone(client)
        await all_published(api)
        await phone.sync()
        me = next(iter(phone.all("identity.me")))
        before = await log_of(api, until="ok")

        by_hand(api, "alter table media_files rename licence to gone", MARK)
        stopped = await log_of(api, until="stopped")
        is_ready, words = await asyncio.to_thread(ask_health, "127.0.0.1", api.settings.port)
        finding = doctor.find_standstill(words)
        n = phone.patch("identity.me", me, {"display_name": "Mina"})
        await phone.exchange()
        told = phone.outcome(n)

        by_hand(api, "alter table media_files rename gone to licence")
        after = await log_of(api, until="ok")
        await all_published(api)
        await phone.sync()

    assert (before, after) == ("ok", "ok")
    assert "media.files" in stopped
    assert "licence" in stopped
    assert "spark migrate" in stopped
    assert is_ready
    assert finding is not None
    assert finding.verdict == "missing"
    assert "media.files" in finding.what
    assert "spark migrate" in finding.remedy
    assert told == "applied"
    assert phone.all("identity.me")[me]["display_name"] == "Mina"
