"""X2 where nobody sequences but the exchanges themselves: the loop of every process is dead."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from server.exchange import service
from server.exchange.loop import Halt
from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone


async def no_loop(_url: str, *, stop: asyncio.Event, halt: Halt) -> None:
    assert halt.reason is None
    await stop.wait()


@pytest.fixture
async def api(
    database_url: str, redis_url: str, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    monkeypatch.setattr(service, "run_loop", no_loop)
    async with running_api(settings_for(database_url, redis_url, s3_url, tmp_path)) as api:
        yield api


async def test_X1_X2_with_no_loop_at_all_an_exchange_publishes_what_it_and_others_committed(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    async with api.signed_in("Amina") as client:
        phone = Phone(client)
        await phone.sync()  # Who has no cursor finds herself.
        me = next(iter(phone.all("identity.me")))

        phone.patch("identity.me", me, {"display_name": "Mina"})
        await phone.sync()
        assert phone.all("identity.me")[me]["display_name"] == "Mina"

        with psycopg.connect(api.settings.database_url) as by_hand:
            by_hand.execute("update identity_users set display_name = 'Amy' where id = %s", [me])
        await phone.sync()
        assert phone.all("identity.me")[me]["display_name"] == "Mina", "somebody sequenced after all"

        phone.patch("identity.me", me, {"locale": "uz"})
        await phone.sync()

    assert phone.all("identity.me")[me]["display_name"] == "Amy"
    assert phone.all("identity.me")[me]["locale"] == "uz"
