"""The product's API in a process of its own, people signed in to it, and one phone's words on one connection."""

import asyncio
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import zstandard

from bench.figures import Servers
from server.base.clock import now
from server.base.ids import new_id
from server.base.tx import Tx
from server.base.work import Work
from server.identity.accounts import NewAccount, create_account
from server.identity.sessions import open_session
from server.identity.tokens import AccessClaims, Tokens
from server.means import open_work
from server.settings import Settings
from tests.support.api import PASSWORD, settings_for

PAGE_BYTES = 8_388_608
READY_S = 30


@dataclass(frozen=True)
class Person:
    """Somebody signed in, with a phone."""

    token: str
    user_id: UUID
    device: str


@contextmanager
def settings_of(servers: Servers, url: str) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory() as folder:
        yield settings_for(url, servers.redis_url, servers.s3_url, Path(folder))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Work]:
    work = open_work(settings)
    try:
        yield work
    finally:
        await work.redis.aclose()
        await work.database.close()


async def add_people(settings: Settings, count: int) -> list[Person]:
    """So many learners, signed in without their passwords: those cost a hash each, on purpose."""
    tokens = Tokens(settings.signing_key, access_token_s=settings.access_token_s)
    async with opened(settings) as work:
        return [await _add_person(work, tokens) for _ in range(count)]


def add_people_now(settings: Settings, count: int) -> list[Person]:
    """The same where no loop runs."""
    return asyncio.run(add_people(settings, count))


async def _add_person(work: Work, tokens: Tokens) -> Person:
    async with work.database.transaction() as tx:
        account = NewAccount(
            email=f"{new_id()}@example.org", full_name="Amina", role="student", password=PASSWORD, is_verified=True
        )
        user = await create_account(tx, account)
        return Person(await _sign_in(tx, tokens, user.id), user.id, str(new_id()))


async def _sign_in(tx: Tx, tokens: Tokens, user_id: UUID) -> str:
    signed_in = await open_session(
        tx, tokens, user_id=user_id, remember_me=None, device_name=None, device_id=None, address="127.0.0.1"
    )
    claims = AccessClaims(user_id, signed_in.session_id, signed_in.token_version)
    return tokens.make_access(claims, role=signed_in.role, now=now())


@contextmanager
def api(settings: Settings) -> Iterator[int]:
    """The API with its bare routes, at the port that is answered."""
    env = os.environ | {
        "SPARK_DATABASE_URL": settings.database_url,
        "SPARK_REDIS_URL": settings.redis_url,
        "SPARK_S3_URL": settings.s3_url,
        "SPARK_DATA": str(settings.data),
        "SPARK_SIGNING_KEY": settings.signing_key.hex(),
        "SPARK_PORT": str(settings.port),
    }
    with (settings.data / "api.log").open("ab") as log:  # A figure is what is wanted on the screen.
        process = subprocess.Popen([sys.executable, "-m", "bench.api_server"], env=env, stderr=log)
    try:
        wait_until_ready(settings.port, process)
        yield settings.port
    finally:
        process.terminate()
        process.wait(timeout=15)


def wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            connection.getresponse().read()
        except ConnectionError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()


def exchange_body(person: Person, cursor: str | None, names: list[str]) -> dict[str, Any]:
    """`want.buckets` stays out once the cursor carries it, as on a phone."""
    want: dict[str, object] = {"bytes": PAGE_BYTES, "tier": 3}
    if cursor is None:
        want["buckets"] = names
    return {"protocol": 1, "schema": 1, "device": person.device, "cursor": cursor, "want": want}


class Caller:
    """One kept connection, and a phone's words on it."""

    def __init__(self, port: int, person: Person, names: list[str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._person = person
        self._names = names
        self._head: list[tuple[str, str]] = []  # of the last answer

    def exchange(self, cursor: str | None) -> tuple[int, bytes]:
        return self.post("/api/v1/sync", exchange_body(self._person, cursor, self._names))

    def caught_up(self) -> str:
        """Ask until nothing is left; the cursor then."""
        cursor: str | None = None
        while True:
            status, body = self.exchange(cursor)
            if status == 204:
                assert cursor is not None
                return cursor
            lines = zstandard.ZstdDecompressor().decompressobj().decompress(body).splitlines()
            cursor = str(json.loads(lines[-1])["cursor"])

    def bytes_both_ways(self, cursor: str) -> int:
        """Of one exchange: the body up, and head and body down."""
        value = exchange_body(self._person, cursor, self._names)
        status, body = self.post("/api/v1/sync", value)
        lines = [f"HTTP/1.1 {status} {http.client.responses[status]}", *(": ".join(pair) for pair in self._head)]
        return len(_encoded(value)) + sum(len(line) + 2 for line in lines) + 2 + len(body)

    def bare(self, what: str, asked: dict[str, object]) -> tuple[int, bytes]:
        return self.post(f"/bare/{what}", asked)

    def post(self, path: str, value: object) -> tuple[int, bytes]:
        self._connection.request("POST", path, _encoded(value), headers_of(self._person))
        answer = self._connection.getresponse()
        self._head = answer.getheaders()
        body = answer.read()
        assert answer.status < 300, body
        return answer.status, body


def _encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def headers_of(person: Person) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "authorization": f"Bearer {person.token}",
        "accept-encoding": "zstd",
    }
