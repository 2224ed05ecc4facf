"""X rules: the exchange over HTTP, on the whole product's server."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import brotli
import httpx
import psycopg
import pytest
import zstandard

from server.exchange.budget import Budget, Rate
from server.features import REGISTRY
from tests.support.api import Api, running_api, settings_for
from tests.support.phone import Phone
from tests.support.phone_rows import PhoneRows
from tests.support.settle import all_published

JSON = {"content-type": "application/json"}
NAMES_MAX = 50
SMALL = Rate(per_s=0.001, burst=2)  # of a device


@pytest.fixture(scope="module")
async def api(
    module_database_url: str, session_redis_url: str, s3_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    settings = settings_for(module_database_url, session_redis_url, s3_url, tmp_path_factory.mktemp("data"))
    async with running_api(settings) as api:
        yield api


@dataclass
class Person:
    name: str
    id: UUID
    client: httpx.AsyncClient


@asynccontextmanager
async def somebody(api: Api, first_name: str) -> AsyncIterator[Person]:
    """A student of that name whom no other test knows, signed in."""
    name = f"{first_name}-{uuid4().hex[:8]} Otieno"
    id_ = await api.add(name, "student")
    async with api.signed_in(name) as client:
        yield Person(name, id_, client)


@pytest.fixture
async def person(api: Api) -> AsyncIterator[Person]:
    async with somebody(api, "Amina") as person:
        yield person


@pytest.fixture
def amina(person: Person) -> httpx.AsyncClient:
    return person.client


def request(**fields: object) -> bytes:
    return json.dumps({"protocol": 1, "schema": 1, "device": str(uuid4()), "cursor": None, **fields}).encode()


async def test_X1_a_first_exchange_brings_who_i_am_and_the_next_one_is_silent_and_small(person: Person) -> None:
    phone = Phone(person.client)

    await phone.sync()

    assert [row["full_name"] for row in phone.all("identity.me").values()] == [person.name]
    silent = await phone.post(phone.body())
    assert silent.status_code == 204
    assert len(phone.body()) + sum(len(name) + len(value) + 4 for name, value in silent.headers.raw) < 1_024


async def test_P14_a_heading_names_the_tier_that_its_collection_is_declared_in(amina: httpx.AsyncClient) -> None:
    answer = await amina.post("/api/v1/sync", content=request(want={"bytes": 262_144, "tier": 3}), headers=JSON)

    headings = [
        line for line in map(json.loads, answer.text.splitlines()) if isinstance(line, dict) and "collection" in line
    ]
    assert {line["collection"] for line in headings} >= {"identity.me", "catalog.subjects"}
    assert [line for line in headings if line["tier"] != REGISTRY.collections[line["collection"]].tier] == []


async def test_X2_what_the_phone_changes_comes_back_settled_in_the_same_answer(
    api: Api, amina: httpx.AsyncClient
) -> None:
    """Again and again: another leader may be at the log just then, whose batch brings the effects a moment later."""
    phone = Phone(amina)
    await phone.sync()
    me = next(iter(phone.all("identity.me")))
    came_at_once = 0

    for number in range(NAMES_MAX):
        name = f"Mina {number}"
        n = phone.patch("identity.me", me, {"display_name": name})
        await phone.exchange()
        assert phone.outcome(n) in ("applied", "merged")
        came_at_once += phone.all("identity.me")[me].get("display_name") == name and b'"settled":%d' % n in phone.raw
        await all_published(api)
        await phone.sync()
        assert phone.all("identity.me")[me]["display_name"] == name
        if came_at_once == 3:
            break

    assert came_at_once == 3


async def test_X2_a_change_by_hand_in_psql_reaches_the_phone(api: Api, person: Person) -> None:
    phone = Phone(person.client)
    await phone.sync()

    with psycopg.connect(api.settings.database_url) as by_hand:
        by_hand.execute("update identity_users set full_name = 'Amina by hand' where id = %s", [person.id])
    for _ in range(600):
        await phone.exchange()
        if "by hand" in str(phone.all("identity.me")):
            break
        await asyncio.sleep(0.05)

    assert [row["full_name"] for row in phone.all("identity.me").values()] == ["Amina by hand"]


@pytest.mark.parametrize("packing", ["zstd", "br", "gzip", "identity"])
async def test_X3_an_answer_is_packed_as_the_caller_can_read_it(amina: httpx.AsyncClient, packing: str) -> None:
    headers = {**JSON, "accept-encoding": packing}

    async with amina.stream("POST", "/api/v1/sync", content=request(), headers=headers) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])

    assert answer.headers.get("content-encoding", "identity") == packing
    unpack = {
        "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
        "br": brotli.decompress,
        "gzip": gzip.decompress,
        "identity": bytes,
    }[packing]
    lines = unpack(raw).splitlines()
    assert json.loads(lines[0])["protocol"] == 1
    assert json.loads(lines[-1])["more"] is False


async def test_X4_a_gzip_request_is_taken_and_a_bomb_is_refused_before_it_grows(amina: httpx.AsyncClient) -> None:
    headers = {**JSON, "content-encoding": "gzip"}
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    small = bomb.compress(b" " * 200_000_000) + bomb.flush()

    good = await amina.post("/api/v1/sync", content=gzip.compress(request()), headers=headers)
    bad = await amina.post("/api/v1/sync", content=small, headers=headers)
    cut = await amina.post("/api/v1/sync", content=gzip.compress(request())[:-9], headers=headers)

    assert good.status_code == 200
    assert (bad.status_code, bad.json()["error"]["details"]) == (413, {"max_bytes": 1_048_576})
    assert (cut.status_code, cut.json()["error"]["code"]) == (422, "request.gzip")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 415, "request.content_type"),
        (b"{}", {"content-type": "text/plain"}, 415, "request.content_type"),
        (b"{}", {**JSON, "content-encoding": "br"}, 415, "request.content_encoding"),
        (b"not json", JSON, 422, "request.malformed"),
        (b"[]", JSON, 422, "request.malformed"),
        (b'{"protocol":1}', JSON, 422, "request.malformed"),
        (request(device="no uuid"), JSON, 422, "request.malformed"),
        (request(want={"tier": 9}), JSON, 422, "request.malformed"),
        (request(want={"buckets": ["x" * 101]}), JSON, 422, "request.malformed"),
        (request(want={"buckets": ["x"] * 201}), JSON, 422, "request.malformed"),
        (request(cursor="x" * 5_000), JSON, 422, "request.malformed"),
        (request(padding="x" * 1_100_000), JSON, 413, "request.too_large"),
        (request(ops=[{"n": n} for n in range(501)]), JSON, 413, "request.too_many_ops"),
    ],
)
async def test_X5_a_wrong_request_is_turned_away_with_a_code(
    amina: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await amina.post("/api/v1/sync", content=body, headers=headers)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code


async def test_X5_a_stranger_is_asked_to_sign_in(api: Api) -> None:
    answer = await api.http.post("/api/v1/sync", content=request(), headers=JSON)

    assert answer.status_code == 401


async def test_X6_a_device_of_somebody_else_is_refused(api: Api, amina: httpx.AsyncClient) -> None:
    phone = Phone(amina)
    await phone.sync()

    async with somebody(api, "Brian") as brian:
        answer = await Phone(brian.client, device=phone.device).post(phone.body())

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "device.not_yours")


async def test_X6_a_cursor_of_somebody_else_shows_nothing_of_theirs(api: Api, amina: httpx.AsyncClient) -> None:
    phone = Phone(amina)
    await phone.sync()

    async with somebody(api, "Brian") as brian:
        thief = Phone(brian.client, store=PhoneRows(cursor=phone.cursor))
        await thief.sync()

    assert b"Amina" not in thief.raw
    assert [row["full_name"] for row in thief.all("identity.me").values()] == [brian.name]


async def test_X7_a_listener_hears_that_something_of_hers_moved(api: Api, person: Person) -> None:
    phone = Phone(person.client)
    await phone.sync()

    async with person.client.stream("GET", "/api/v1/sync/live") as live:
        pieces = live.aiter_text()
        assert ": alive" in await anext(pieces)
        await asyncio.sleep(0.4)
        with psycopg.connect(api.settings.database_url) as by_hand:
            by_hand.execute("update identity_users set full_name = 'Amina by hand' where id = %s", [person.id])
        heard = await asyncio.wait_for(anext(pieces), timeout=60)

    assert heard == 'data: {"moved":true}\n\n'


async def test_X8_connections_cut_under_the_server_cost_a_503_with_a_time_to_wait_at_most(
    api: Api, amina: httpx.AsyncClient
) -> None:
    phone = Phone(amina)
    await phone.sync()

    with psycopg.connect(api.settings.database_url, autocommit=True) as by_hand:
        by_hand.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and datname = current_database()"
        )
    again = [await phone.post(phone.body()) for _ in range(12)]

    assert {answer.status_code for answer in again} <= {204, 503}
    assert all("retry-after" in answer.headers for answer in again if answer.status_code == 503)
    assert again[-1].status_code == 204


async def test_Q11_random_device_ids_of_one_person_are_stopped_by_the_persons_limit(
    api: Api, amina: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.app.state.exchange, "_exchanges", Budget(SMALL, code="sync.too_often"))

    answers = [await amina.post("/api/v1/sync", content=request(), headers=JSON) for _ in range(9)]

    assert [answer.status_code for answer in answers] == [200] * 8 + [429]
    assert answers[-1].json()["error"]["code"] == "sync.too_often"
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_Q11_who_claims_my_device_id_spends_nothing_of_mine(
    api: Api, amina: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.app.state.exchange, "_exchanges", Budget(SMALL, code="sync.too_often"))
    mine = request()

    first = await amina.post("/api/v1/sync", content=mine, headers=JSON)
    async with somebody(api, "Brian") as thief:
        stolen = [await thief.client.post("/api/v1/sync", content=mine, headers=JSON) for _ in range(3)]
    again = await amina.post("/api/v1/sync", content=mine, headers=JSON)

    assert [answer.status_code for answer in stolen] == [409, 409, 429]
    assert (first.status_code, again.status_code) == (200, 200)


async def test_Q7_a_session_that_ended_is_seen_with_the_next_quiet_exchange(api: Api, person: Person) -> None:
    phone = Phone(person.client)
    await all_published(api)
    await phone.sync()
    before = await phone.post(phone.body())

    with psycopg.connect(api.settings.database_url, autocommit=True) as by_hand:
        by_hand.execute("update identity_sessions set revoked_at = now() where user_id = %s", [person.id])
    quiet = await phone.post(phone.body())
    phone.store.cursor = None
    anew = await phone.post(phone.body())

    assert (before.status_code, quiet.status_code, anew.status_code) == (204, 401, 401)
    assert quiet.json()["error"]["code"] == "token.bad"


async def test_Q7_a_suspended_person_is_told_so_with_the_next_quiet_exchange(api: Api, person: Person) -> None:
    phone = Phone(person.client)
    await phone.sync()

    with psycopg.connect(api.settings.database_url, autocommit=True) as by_hand:
        by_hand.execute("update identity_users set status = 'suspended' where id = %s", [person.id])
    quiet = await phone.post(phone.body())

    assert (quiet.status_code, quiet.json()["error"]["code"]) == (403, "account.suspended")


@pytest.mark.parametrize("packing", ["zstd", "br", "deflate", "gzip, gzip", "gzip,identity", "x-gzip"])
async def test_X4_only_one_layer_of_gzip_is_unpacked(amina: httpx.AsyncClient, packing: str) -> None:
    headers = {**JSON, "content-encoding": packing}

    answer = await amina.post("/api/v1/sync", content=gzip.compress(gzip.compress(request())), headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "request.content_encoding")


async def test_X4_a_mebibyte_is_taken_and_a_byte_more_is_not_packed_or_in_pieces_without_a_length(
    amina: httpx.AsyncClient,
) -> None:
    empty = len(request(padding=""))
    most, too_much = (request(padding="x" * (1_048_576 - empty + more)) for more in (0, 1))
    packed = {**JSON, "content-encoding": "gzip"}

    async def pieces(body: bytes) -> AsyncIterator[bytes]:
        for at in range(0, len(body), 100_000):
            yield body[at : at + 100_000]

    taken = [
        await amina.post("/api/v1/sync", content=most, headers=JSON),
        await amina.post("/api/v1/sync", content=gzip.compress(most), headers=packed),
        await amina.post("/api/v1/sync", content=pieces(most), headers=JSON),
    ]
    refused = [
        await amina.post("/api/v1/sync", content=too_much, headers=JSON),
        await amina.post("/api/v1/sync", content=gzip.compress(too_much), headers=packed),
        await amina.post("/api/v1/sync", content=pieces(too_much), headers=JSON),
    ]

    assert [answer.status_code for answer in taken] == [200] * 3
    assert [answer.status_code for answer in refused] == [413] * 3
