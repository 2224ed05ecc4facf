"""R8 and P9 over HTTP: what becomes of a phone that disagrees with the server, and what that costs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec import structs

from server.base.ids import new_id
from sync.cursor import Cursor
from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone
from tests.support.postgres import TEMPLATE, PostgresServer
from tests.support.settle import all_published

SUBJECTS = 1_500
PUBLIC = ("public", 0)


@pytest.fixture(scope="module")
async def api(
    module_database_url: str, session_redis_url: str, s3_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    settings = settings_for(module_database_url, session_redis_url, s3_url, tmp_path_factory.mktemp("data"))
    async with running_api(settings) as api:
        lay_subjects(api)
        await all_published(api)
        yield api


def lay_subjects(api: Api) -> None:
    """A set that is worth not sending twice."""
    rows = [(new_id(), f"Subject {number} words {uuid4().hex}", f"subject-{uuid4().hex}") for number in range(SUBJECTS)]
    with psycopg.connect(api.settings.database_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany("insert into catalog_subjects (id, name, slug) values (%s, %s, %s)", rows)


def by_hand(api: Api, statement: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(api.settings.database_url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def new_phone(api: Api, name: str = "") -> AsyncIterator[Phone]:
    """A phone of somebody, new when no name is given, that holds everything."""
    if not name:
        name = f"Amina-{uuid4().hex[:8]} Karimova"
        await api.add(name, "student")
    async with api.signed_in(name) as client:
        phone = Phone(client)
        await phone.sync()
        yield phone


async def what_is_true(api: Api) -> dict[tuple[str, str], bytes]:
    """The public set as a phone without a history gets it."""
    async with new_phone(api) as phone:
        return phone.store.shown[PUBLIC]


async def cost_of_sync(phone: Phone) -> int:
    before = phone.bytes_up + phone.bytes_down
    await phone.sync()
    return phone.bytes_up + phone.bytes_down - before


async def test_R8_a_corrupted_a_lost_and_a_ghost_row_are_found_at_the_next_cut_and_mended(api: Api) -> None:
    async with new_phone(api) as phone:
        whole = phone.bytes_down
        held, shown = phone.store.held[PUBLIC], phone.store.shown[PUBLIC]
        first, second, touched, *_ = sorted(key for key in held if key[0] == "catalog.subjects")
        for lines in (held, shown):
            lines[first] = lines[first].replace(b"words", b"worms", 1)
            del lines[second]
            ghost = str(uuid4())
            lines["catalog.subjects", ghost] = b'[1,{"id":"%s","name":"Ghost"}]' % ghost.encode()
        by_hand(api, "update catalog_subjects set name = 'Renamed' where id = %s", UUID(touched[1]))
        await all_published(api)

        await phone.exchange()
        is_refused = phone.store.check == {PUBLIC}
        shown_meanwhile = phone.all("catalog.subjects")[touched[1]]["name"]
        cost = await cost_of_sync(phone)

        assert is_refused
        assert shown_meanwhile != "Renamed"
        assert phone.store.shown[PUBLIC] == await what_is_true(api)
        assert phone.all("catalog.subjects")[touched[1]]["name"] == "Renamed"
        assert not phone.store.check
        assert cost < whole / 4


async def test_R8_what_the_phone_distrusts_and_is_right_costs_one_digest(api: Api) -> None:
    async with new_phone(api) as phone:
        phone.store.check.add(PUBLIC)

        cost = await cost_of_sync(phone)

        assert phone.compares == 0
        assert not phone.store.check
        assert cost < 2_000


async def test_R5_a_revoked_device_and_somebody_elses_compare_nothing(api: Api) -> None:
    async with new_phone(api) as phone, new_phone(api) as other:
        request = {"cursor": phone.cursor, "bucket": "public", "tier": 0, "ask": [{"prefix": ""}]}

        async def compare(device: str) -> tuple[int, str]:
            body = json.dumps({**request, "device": device}).encode()
            answer = await phone.post(body, path="/api/v1/sync/compare")
            return answer.status_code, "" if answer.status_code == 200 else answer.json()["error"]["code"]

        own, others = await compare(phone.device), await compare(other.device)
        by_hand(api, "update sync_device set revoked_at = now() where id = %s", UUID(phone.device))
        revoked = await compare(phone.device)

        assert own == (200, "")
        assert others == (409, "device.not_yours")
        assert revoked == (409, "cursor.off_chain")


async def test_R7_who_was_absent_for_400_days_returns_in_bytes_of_the_difference(api: Api) -> None:
    """Gone lines and tags were purged meanwhile: nothing in the log says what went, and digests find it."""
    async with new_phone(api) as phone:
        whole = phone.bytes_down
        ids = [UUID(id_) for name, id_ in sorted(phone.store.held[PUBLIC]) if name == "catalog.subjects"]
        by_hand(api, "update catalog_subjects set is_active = false where id = any(%s)", ids[10:15])
        by_hand(api, "update catalog_subjects set name = name || ' anew' where id = any(%s)", ids[20:25])
        await all_published(api)
        by_hand(api, "update sync_item set gone_at = now() - interval '400 days' where gone_at is not null")
        while by_hand(api, "select 1 from sync_item where gone_at is not null"):
            by_hand(api, "select sync_purge()")
        by_hand(api, "delete from sync_batch where position < (select max(position) from sync_batch)")

        cost = await cost_of_sync(phone)

        assert phone.store.shown[PUBLIC] == await what_is_true(api)
        assert len(phone.all("catalog.subjects")) == len(ids) - 5
        assert phone.compares > 0
        assert cost < whole / 4
        assert (
            phone.raw.count(b" anew") <= 15
        )  # Five rows: as increments, perhaps as leaves, and their neighbours never.


@pytest.mark.parametrize("kind", ["of another log", "from the future", "of a newer format"])
async def test_P9_a_cursor_that_the_log_does_not_know_costs_no_row_that_is_held(api: Api, kind: str) -> None:
    async with new_phone(api) as phone:
        assert phone.cursor is not None
        [[key]] = by_hand(
            api,
            "select sha256(secret || uuid_send(d.user_id)) from sync_state, sync_device d where d.id = %s",
            UUID(phone.device),
        )
        known, before = Cursor.from_text(phone.cursor), dict(phone.store.shown)
        future = structs.replace(known, head=known.head + 10**6, position=known.head + 10**6, last_cut=known.head)
        phone.store.cursor = {
            "of another log": structs.replace(known, tag=b"elsewher").to_text(bytes(key)),  # type: ignore[arg-type]
            "from the future": future.to_text(bytes(key)),  # type: ignore[arg-type]
            "of a newer format": "_" + phone.cursor[1:],
        }[kind]

        cost = await cost_of_sync(phone)

        assert phone.store.shown == before
        assert phone.compares == 0
        assert cost < 4_000
        assert not phone.store.check


@pytest.mark.slow
async def test_R8_a_log_brought_back_from_a_copy_is_met_by_comparing(
    migrated_postgres: PostgresServer, session_redis_url: str, s3_url: str, tmp_path: Path
) -> None:
    """The copy has a past of its own: rows that only the lost hour had go, rows that only the copy has come."""
    with migrated_postgres.new_database(TEMPLATE) as lost_url:
        settings = settings_for(lost_url, session_redis_url, s3_url, tmp_path)
        name = "Amina Karimova"
        async with running_api(settings) as api:
            await api.add(name, "student")
            lay_subjects(api)
            await all_published(api)
            async with new_phone(api, name) as phone:
                store, device = phone.store, phone.device
        with migrated_postgres.new_database(lost_url.rpartition("/")[2]) as copied_url:
            async with running_api(settings) as api, api.signed_in(name) as client:
                phone = Phone(client, device=device, store=store)
                by_hand(api, "update catalog_subjects set name = 'Lost hour' where slug < 'subject-02'")
                by_hand(api, "insert into catalog_subjects (id, name, slug) values (%s, 'Lost', 'lost')", uuid4())
                await all_published(api)
                await phone.sync()
                assert "lost" in {row["slug"] for row in phone.all("catalog.subjects").values()}
            async with running_api(replace(settings, database_url=copied_url)) as api, api.signed_in(name) as client:
                by_hand(api, "insert into catalog_subjects (id, name, slug) values (%s, 'Copy', 'copy')", uuid4())
                await all_published(api)
                phone = Phone(client, device=device, store=store)

                await phone.sync()

                assert phone.store.shown[PUBLIC] == await what_is_true(api)
                slugs = {row["slug"] for row in phone.all("catalog.subjects").values()}
                assert "copy" in slugs
                assert "lost" not in slugs
                assert 0 < phone.compares < 6
