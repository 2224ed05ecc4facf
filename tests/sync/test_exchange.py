"""X rules: the exchange over HTTP, on the whole product's server."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone


@pytest_asyncio.fixture
async def api(database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(settings_for(database_url, redis_url, s3_url, tmp_path)) as api:
        yield api


@pytest_asyncio.fixture
async def amina(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.add("Amina Otieno", "student")
    async with api.signed_in("Amina") as client:
        yield client


async def test_X1_a_first_exchange_brings_who_i_am_and_the_next_one_is_silent(amina: httpx.AsyncClient) -> None:
    phone = Phone(amina)

    await phone.sync()

    assert [row["full_name"] for row in phone.all("identity.me").values()] == ["Amina Otieno"]
    silent = await phone.post(phone.body())
    assert silent.status_code == 204
    assert len(phone.body()) + sum(len(name) + len(value) + 4 for name, value in silent.headers.raw) < 1_024


async def test_X2_what_the_phone_changes_comes_back_settled_in_the_same_answer(amina: httpx.AsyncClient) -> None:
    phone = Phone(amina)
    await phone.sync()
    me = next(iter(phone.all("identity.me")))

    phone.patch("identity.me", me, {"display_name": "Mina"})
    await phone.sync()

    assert phone.outcome(1) in ("applied", "merged")
    assert phone.all("identity.me")[me]["display_name"] == "Mina"
    assert b'"settled":1' in phone.raw
