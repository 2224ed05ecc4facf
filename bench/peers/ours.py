"""Our own engine doing the same work: a client in Python that keeps the rows it was sent and checks their digest."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import md5
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import psycopg
import zstandard

from bench.api import Person, add_people_now, api, exchange_body, headers_of
from bench.peers.engine import CLIENTS, CannotRun, Place, Row
from bench.sample_rows import loop
from bench.school import Learner, add_lessons
from server.features import REGISTRY
from server.migrate import migrate
from sync.collection import BucketKind, Collection, bucket
from sync.postgres.install import install
from sync.registry import build_registry
from tests.support.api import settings_for

BUCKET = f"course:{UUID(int=7)}"
OPS_A_REQUEST = 500
GIVE_UP_S = 30
_TABLE = """
create table peer_rows (id uuid primary key, version bigint not null default 1, deleted_at timestamptz(3),
    course_id uuid not null, title text not null, words text not null)
"""


class PeerRow(msgspec.Struct):
    id: UUID
    title: str
    words: str


ROWS = Collection(name="peer.rows", table="peer_rows", row=PeerRow, buckets=(bucket("course", "course_id"),), tier=1)


class Spark:
    name = "Spark (this project)"

    def install(self, cache: Path) -> None:
        """It is here."""

    @contextmanager
    def running(self, place: Place, rows: Sequence[Row]) -> Iterator["_Running"]:
        url = place.new_database()
        migrate(url, REGISTRY)
        settings = settings_for(url, place.redis_url, place.s3_url, place.folder)
        people = add_people_now(settings, CLIENTS + 1)
        with psycopg.connect(url, autocommit=True) as connection:
            _fill(url, connection, rows)
            lessons = add_lessons(connection, people[0], 3_000)
            with loop(url), api(settings) as port:
                yield _Running(port, connection, people, lessons, len(rows))


def _fill(url: str, connection: psycopg.Connection, rows: Sequence[Row]) -> None:
    connection.execute(_TABLE)
    with psycopg.connect(url) as installing:
        kinds = [BucketKind("course", automatic=False)]
        install(installing, build_registry(schema=1, collections=[ROWS], bucket_kinds=kinds))
    with connection.cursor() as cursor:
        values = [(row["id"], UUID(int=7), row["title"], row["words"]) for row in rows]
        cursor.executemany("insert into peer_rows (id, course_id, title, words) values (%s, %s, %s, %s)", values)
    connection.execute("call sync_advance()")
    connection.execute(
        "insert into sync_grant (source, source_id, audience, bucket, automatic)"
        " select 1, gen_random_uuid(), 'everyone', number, false from sync_bucket where name = %s",
        [BUCKET],
    )
    connection.execute("vacuum analyze")


class _Running:
    def __init__(
        self,
        port: int,
        connection: psycopg.Connection,
        people: Sequence[Person],
        lessons: Sequence[UUID],
        rows: int,
    ) -> None:
        self.port = port
        self.versions = "at this commit"
        self._connection = connection
        self._people = people
        self._lessons = lessons
        self._rows = rows
        self._learner = Learner(people[0])
        self._last: Client | None = None

    def first_sync(self, url: str) -> float:
        started = time.perf_counter()
        self._last = Client(url, self._people[0])
        self._last.pull()
        spent = time.perf_counter() - started
        self._last.check(self._rows)
        return spent * 1000

    def delta(self, rows: Sequence[Row]) -> float:
        assert self._last is not None
        committed_s = self._change(rows)
        return (self._last.pull_until(rows) - committed_s) * 1000

    def push(self, records: Sequence[Row]) -> float:
        """Progress of a learner, each through the product's own guard: the lesson must be there."""
        assert self._last is not None
        lessons, self._lessons = self._lessons[: len(records)], self._lessons[len(records) :]
        started = time.perf_counter()
        for first in range(0, len(records), OPS_A_REQUEST):
            self._last.push(self._learner.request(lessons[first : first + OPS_A_REQUEST]))
        return (time.perf_counter() - started) * 1000

    def crowd(self, url: str, clients: int) -> Callable[[Sequence[Row]], float]:
        all_clients = [Client(url, person) for person in self._people[1 : clients + 1]]
        for client in all_clients:
            client.pull()

        def all_catch_up(rows: Sequence[Row]) -> float:
            with ThreadPoolExecutor(clients) as pool:
                committed_s = self._change(rows)
                done_s: float = max(pool.map(lambda client: client.pull_until(rows), all_clients))
                return (done_s - committed_s) * 1000

        return all_catch_up

    def _change(self, rows: Sequence[Row]) -> float:
        """The wall clock after the commit."""
        self._connection.execute(
            "update peer_rows r set title = n.title from unnest(%s::uuid[], %s::text[]) n(id, title) where r.id = n.id",
            [[row["id"] for row in rows], [row["title"] for row in rows]],
        )
        return time.time()


class Client:
    """A phone that keeps lines in memory: what it shows is what its last cut said."""

    def __init__(self, url: str, person: Person) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port
        self._connection = HTTPConnection(*self._address, timeout=60)
        self._person = person
        self._cursor: str | None = None
        self._lines: dict[str, bytes] = {}
        self._rows: dict[str, Row] = {}
        self._digest = ""

    def pull(self) -> None:
        """Ask until the server says that there is no more."""
        while self._page(self._exchange(exchange_body(self._person, self._cursor, [BUCKET]))):
            pass

    def pull_until(self, rows: Sequence[Row]) -> float:
        """Ask again and again; the wall clock when the changed rows were all held."""
        wanted = {row["id"]: row["title"] for row in rows}
        until = time.monotonic() + GIVE_UP_S
        while any(self._rows[id_]["title"] != title for id_, title in wanted.items()):
            if time.monotonic() > until:
                raise CannotRun("the change did not come")
            self.pull()
        return time.time()

    def push(self, body: bytes) -> None:
        answer = self._exchange(body)
        receipts = [receipt for line in answer for receipt in line.get("receipts", [])]
        if {receipt["outcome"] for receipt in receipts} != {"applied"}:
            raise CannotRun(f"not all ops were applied: {receipts[:2]}")

    def check(self, rows: int) -> None:
        """Whether what is held is what the server says it should be."""
        mixed = 0
        for line in self._lines.values():
            mixed ^= int.from_bytes(md5(line, usedforsecurity=False).digest()[:8], "big")
        held = f"{len(self._lines)}:{mixed:016x}"
        if len(self._lines) != rows or held != self._digest:
            raise CannotRun(f"holds {held}, should hold {self._digest}")

    def _exchange(self, value: dict[str, Any] | bytes) -> list[Any]:
        body = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
        headers = headers_of(self._person)
        try:
            self._connection.request("POST", "/api/v1/sync", body, headers)
            answer = self._connection.getresponse()
        except OSError:  # The server hangs up on a connection that was quiet for long.
            self._connection = HTTPConnection(*self._address, timeout=60)
            self._connection.request("POST", "/api/v1/sync", body, headers)
            answer = self._connection.getresponse()
        raw = answer.read()
        if answer.status not in (200, 204):
            raise CannotRun(f"{answer.status}: {raw[:300]!r}")
        if answer.status == 204:
            return []
        lines = zstandard.ZstdDecompressor().decompressobj().decompress(raw).splitlines()
        return [self._read(line) for line in lines]

    def _read(self, line: bytes) -> Any:
        value = msgspec.json.decode(line)
        if isinstance(value, list) and isinstance(value[1], dict):
            self._rows[value[1]["id"]] = value[1]
            if "words" in value[1]:
                self._lines[value[1]["id"]] = line
            return {}
        return value if isinstance(value, dict) else {}

    def _page(self, lines: list[Any]) -> bool:
        """Store the last cursor; whether there is more."""
        more = False
        for line in lines:
            for place in (line, line.get("mark", {}), line.get("mark", {}).get("cut", {})):
                self._digest = place.get("digests", {}).get(BUCKET, {}).get("1", self._digest)
            if "cursor" in line:
                self._cursor, more = line["cursor"], line["more"]
        return more
