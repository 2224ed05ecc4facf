"""Q5 and Q6: pages from a real streaming standby, made from the cluster of this run by the embedded binaries."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from server.embedded.ports import free_ports
from server.embedded.processes import running
from server.embedded.replica import Replica
from server.exchange.reading import Reading
from sync.postgres.pull_store import PostgresPullStore, open_pool
from sync.pull import Asked
from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone
from tests.support.postgres import TEMPLATE, PostgresServer
from tests.support.settle import all_published

NAMES = ("Mina", "Amy", "Ami", "Mia", "Mimi")
ROUNDS_MAX = 20  # A busy machine may let the standby lag, or another leader be at the log, for a round or two.


@pytest.fixture(scope="module")
def standby(migrated_postgres: PostgresServer) -> Iterator[Replica]:
    primary = migrated_postgres.postgres
    replica = Replica(primary=primary, folder=primary.folder.with_name("standby"), port=free_ports(1)[0])
    with running(replica, log=primary.folder.with_name("standby.log")):
        yield replica


@pytest.fixture
async def api(standby: Replica, database_url: str, redis_url: str, s3_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """The product on a database whose standby it knows."""
    on_standby = standby.url(database_url.rpartition("/")[2])
    settings = settings_for(database_url, redis_url, s3_url, tmp_path)
    async with running_api(replace(settings, replica_url=on_standby)) as api:
        await until_replayed(database_url, on_standby)
        yield api


async def until_replayed(primary: str, standby: str) -> None:
    """A database made a moment ago is on the standby a moment later, and so is what is in it."""
    with psycopg.connect(primary) as connection:
        newest = connection.execute("select pg_current_wal_lsn()::text").fetchone()
    for _ in range(6_000):
        try:
            with psycopg.connect(standby) as connection:
                replayed = connection.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", newest).fetchone()
        except psycopg.OperationalError:
            replayed = None
        if replayed == (True,):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the standby does not follow")


def reading(api: Api) -> Reading:
    found: Reading = api.app.state.exchange.reading
    return found


async def rename(api: Api, phone: Phone, names: tuple[str, ...]) -> int:
    """How often the effect of a push came in the same answer; another leader may be at the log now and then."""
    me = next(iter(phone.all("identity.me")))
    at_once = 0
    for name in names:
        phone.patch("identity.me", me, {"display_name": name})
        await phone.exchange()
        at_once += phone.all("identity.me")[me].get("display_name") == name
        await all_published(api)
        await phone.sync()
        assert phone.all("identity.me")[me]["display_name"] == name
    return at_once


async def test_Q5_pages_come_from_the_standby_with_what_was_just_pushed(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    async with api.signed_in("Amina") as client:
        phone = Phone(client)
        await phone.sync()

        at_once = 0
        for _ in range(ROUNDS_MAX):
            at_once += await rename(api, phone, NAMES)
            if at_once >= 3 and reading(api).served["standby"] > 2 * reading(api).served["primary"]:
                break

    assert at_once >= 3
    assert reading(api).served["standby"] > 2 * reading(api).served["primary"]


async def test_Q5_a_standby_that_lags_is_waited_for_and_then_passed_over(api: Api, standby: Replica) -> None:
    await api.add("Amina Karimova", "student")
    async with api.signed_in("Amina") as client:
        phone = Phone(client)
        await phone.sync()
        with psycopg.connect(standby._superuser_url, autocommit=True) as by_hand:
            by_hand.execute("select pg_wal_replay_pause()")
            before = reading(api).served["primary"]
            await rename(api, phone, NAMES[:1])
            while_paused = reading(api).served["primary"] - before
            by_hand.execute("select pg_wal_replay_resume()")
        await until_replayed(api.settings.database_url, api.settings.replica_url)
        before = reading(api).served["standby"]
        await phone.sync()

    assert while_paused >= 1
    assert reading(api).served["standby"] > before


class OneAddress(PostgresPullStore):
    """Behind which several servers stand: each connection goes to the next one of `order`."""

    def __init__(self, order: list[PostgresPullStore]) -> None:
        super().__init__(order[0]._pool)
        self._order = iter(order)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with next(self._order).connection() as connection:
            yield connection


def first_page(user_id: UUID) -> Asked:
    return Asked(user_id=user_id, device_id=uuid4(), cursor=None)


async def test_Q5_of_two_standbys_behind_one_address_the_one_that_lags_gives_no_page(
    api: Api, standby: Replica
) -> None:
    """What has replayed the newest batch is another server than the one that the page came from."""
    amina = await api.add("Amina Karimova", "student")
    primary, lags = reading(api).primary, reading(api).standby
    assert lags is not None
    follows = primary
    one_address = Reading(primary, OneAddress([follows, lags, follows, follows, lags, follows, follows]))
    await all_published(api)
    await until_replayed(api.settings.database_url, api.settings.replica_url)
    with psycopg.connect(standby._superuser_url, autocommit=True) as by_hand:
        by_hand.execute("select pg_wal_replay_pause()")
        await api.add("Brian Otieno", "student")
        await all_published(api)
        newest, _ = await primary.newest_batch()
        pages = [await one_address.pull(first_page(amina)) for _ in range(4)]
        by_hand.execute("select pg_wal_replay_resume()")

    assert [page.look.head >= newest for page in pages] == [True] * 4
    assert one_address.served == {"primary": 2, "standby": 2}


async def test_Q6_a_page_of_another_log_behind_the_address_of_a_standby_is_thrown_away(
    api: Api, migrated_postgres: PostgresServer
) -> None:
    amina = await api.add("Amina Karimova", "student")
    await all_published(api)
    primary = reading(api).primary
    newest, _ = await primary.newest_batch()
    with migrated_postgres.new_database(TEMPLATE) as elsewhere:
        with psycopg.connect(elsewhere, autocommit=True) as by_hand:
            for _ in range(newest + 1):
                by_hand.execute("insert into sync_outbox (source, id) select 0, gen_random_uuid()")
                by_hand.execute("call sync_advance()")
        async with open_pool(elsewhere, size_max=1) as pool:
            another = PostgresPullStore(pool)
            assert (await another.newest_batch())[0] > newest
            one_address = Reading(primary, OneAddress([primary, another, another]))
            pages = [await one_address.pull(first_page(amina)) for _ in range(2)]

    assert [page.look.tag for page in pages] == [(await primary.tag_at(page.look.head)) for page in pages]
    assert one_address.served == {"primary": 2, "standby": 0}  # It is left alone for a while.


async def test_Q6_only_the_primary_says_that_a_phone_is_off_the_chain(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    async with api.signed_in("Amina") as client:
        phone = Phone(client)
        await phone.sync()
        before = dict(reading(api).served)
        stranger = Phone(client, device=phone.device)
        stranger.store.cursor = "no cursor of ours"
        await stranger.exchange()

    assert b'"reconcile"' in stranger.raw
    assert reading(api).served["primary"] == before["primary"] + 1


async def test_Q6_a_standby_of_another_log_is_not_read(
    standby: Replica,
    migrated_postgres: PostgresServer,
    database_url: str,
    redis_url: str,
    s3_url: str,
    tmp_path: Path,
) -> None:
    with migrated_postgres.new_database(TEMPLATE) as elsewhere:
        settings = settings_for(database_url, redis_url, s3_url, tmp_path)
        async with running_api(replace(settings, replica_url=elsewhere)) as api:
            await api.add("Amina Karimova", "student")
            async with api.signed_in("Amina") as client:
                phone = Phone(client)
                await phone.sync()

            assert phone.all("identity.me")
            assert reading(api).served["standby"] == 0


async def test_Q5_a_standby_that_is_killed_costs_nobody_an_answer(api: Api, standby: Replica) -> None:
    """The last of this file: the standby is gone afterwards."""
    await api.add("Amina Karimova", "student")
    async with api.signed_in("Amina") as client:
        phone = Phone(client)
        await phone.sync()
        postmaster = int((standby.folder / "postmaster.pid").read_text().split("\n", 1)[0])

        os.kill(postmaster, signal.SIGKILL)
        await rename(api, phone, NAMES[:3])

    assert reading(api).served["primary"] >= 3
