"""The read side over HTTP: an empty exchange, a delta of 100 rows out of 100,000, a first fill of 10,000 rows.

Method: the log is filled by hand with lines of about 450 bytes. Ours and the bare handler answer in turn, from one
server process, over one kept connection; the median of each counts.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import zstandard

from bench.figures import Figure, Servers
from server.identity.accounts import NewAccount, create_account
from server.means import open_work
from server.settings import Settings
from tests.support.api import PASSWORD, settings_for

ROWS_HELD = 10_000
ROWS_OTHER = 100_000
DELTA = 100
PAGE_BYTES = 8_388_608
BUCKET = f"course:{UUID(int=7)}"
READY_S = 30

_FILL_LOG = """
with numbered as (
    insert into sync_bucket (name, hash, automatic)
    select name, ('x'||left(md5(name),16))::bit(64)::bigint, false from unnest(%(names)s::text[]) name returning number
), base as (select max(position) as position from sync_batch),
rows as (
    select number, n,
           base.position + (n - 1) * %(step)s::bigint + row_number() over (partition by n order by number) as position
    from numbered, base, generate_series(1, %(rows)s::int) n
), made as (
    select number, position, gen_random_uuid() as id,
        '[1,{"id":"' || gen_random_uuid() || '","title":"Lesson ' || n || '","words":"'
        || (select string_agg(md5((n * 31 + k)::text), ' ') from generate_series(1, 12) k) || '"}]' as line
    from rows
), written as (
    insert into sync_item (bucket, tier, collection, id, position, version, line, digest)
    select number, 1, 1, id, position, 1, line, ('x'||left(md5(line),16))::bit(64)::bigint from made
    returning bucket, position, digest, octet_length(line) as bytes
), totals as (
    insert into sync_digest (bucket, tier, position, count, digest, bytes)
    select bucket, 1, max(position), count(*), bit_xor(digest), sum(bytes) from written group by bucket
)
insert into sync_batch (position, tag, items, scope_changes, snapshot)
select base.position + %(rows)s::bigint * %(step)s::bigint + 1, sha256(uuid_send(gen_random_uuid())), 0, 0,
       pg_current_snapshot()
from base
"""

_GRANT = """
insert into sync_grant (source, source_id, audience, bucket, automatic)
select 1, gen_random_uuid(), 'everyone', number, false from sync_bucket where name = %s
"""

_DELTA = """
with base as (select max(position) as position from sync_batch), chosen as (
    select i.collection, i.id, i.bucket, base.position + row_number() over (order by i.position) as position
    from base, (select i.* from sync_item i join sync_bucket b on b.number = i.bucket where b.name = %s limit %s) i
), moved as (
    update sync_item i set position = c.position from chosen c
    where i.collection = c.collection and i.id = c.id and i.bucket = c.bucket returning i.bucket, i.position
), totals as (
    insert into sync_digest (bucket, tier, position, count, digest, bytes)
    select m.bucket, 1, max(m.position), d.count, d.digest, d.bytes
    from moved m join sync_digest d on d.bucket = m.bucket
    group by m.bucket, d.count, d.digest, d.bytes
)
insert into sync_batch (position, tag, items, scope_changes, snapshot)
select position + %s::bigint + 1, sha256(uuid_send(gen_random_uuid())), 0, 0, pg_current_snapshot() from base
"""


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(url, servers.redis_url, servers.s3_url, Path(folder))
        await _add_person(settings)
        with psycopg.connect(url, autocommit=True) as connection:
            _fill_log(connection)
            with _server(settings) as caller:
                return _figures(caller, connection)


def _figures(caller: "Caller", connection: psycopg.Connection) -> list[Figure]:
    above = connection.execute(
        "select min(position) - 1 from sync_item i join sync_bucket b on b.number = i.bucket where b.name = %s",
        [BUCKET],
    ).fetchone()[0]
    cursor = caller.caught_up()
    empty, bare_empty = _in_turn(lambda: caller.exchange(cursor), lambda: caller.bare("empty", {}), times=400)
    fill, bare_fill = _in_turn(
        lambda: caller.exchange(None),
        lambda: caller.bare("rows", {"bucket": BUCKET, "above": above, "limit": ROWS_HELD}),
        times=15,
    )
    last = connection.execute("select max(position) from sync_batch").fetchone()[0]
    connection.execute(_DELTA, [BUCKET, DELTA, DELTA])
    connection.execute("vacuum analyze sync_item")
    delta, bare_delta = _in_turn(
        lambda: caller.exchange(cursor),
        lambda: caller.bare("rows", {"bucket": BUCKET, "above": last, "limit": DELTA}),
        times=300,
    )
    return [
        _figure("empty exchange", empty, bare_empty, 1.5),
        _figure(f"delta of {DELTA} rows out of {ROWS_OTHER:,}", delta, bare_delta, 1.3),
        _figure(f"first fill of {ROWS_HELD:,} rows", fill, bare_fill, 2.0),
    ]


def _figure(name: str, ours: float, floor: float, goal: float) -> Figure:
    return Figure(
        name,
        ours,
        "ms",
        floor,
        "a bare authenticated handler with one select",
        f"≤ {goal} ×",
        holds=ours <= goal * floor,
    )


def _in_turn(ours: Callable[[], object], floor: Callable[[], object], *, times: int) -> tuple[float, float]:
    """Medians in milliseconds, ours and the floor's, taken turn by turn so that the machine's moods hit both."""
    spent: tuple[list[float], list[float]] = ([], [])
    for count in range(times + 5):
        for place, act in enumerate((ours, floor)):
            started = time.perf_counter()
            act()
            if count >= 5:
                spent[place].append((time.perf_counter() - started) * 1000)
    return statistics.median(spent[0]), statistics.median(spent[1])


class Caller:
    """One kept connection, and a phone's words on it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._device = str(uuid4())
        answer = json.loads(
            self._post("/api/v1/auth/login", {"email": "amina@example.org", "password": PASSWORD}, "")[1]
        )
        self._token = answer["data"]["access_token"]

    def exchange(self, cursor: str | None) -> tuple[int, bytes]:
        """`want.buckets` stays out once the cursor carries it, as a phone does."""
        want: dict[str, object] = {"bytes": PAGE_BYTES, "tier": 3}
        if cursor is None:
            want["buckets"] = [BUCKET]
        return self._post(
            "/api/v1/sync",
            {"protocol": 1, "schema": 1, "device": self._device, "cursor": cursor, "want": want},
            self._token,
        )

    def caught_up(self) -> str:
        cursor = None
        while True:
            status, body = self.exchange(cursor)
            if status == 204:
                assert cursor is not None
                return cursor
            lines = zstandard.ZstdDecompressor().decompressobj().decompress(body).splitlines()
            cursor = json.loads(lines[-1])["cursor"]

    def bare(self, what: str, asked: dict[str, object]) -> tuple[int, bytes]:
        return self._post(f"/bare/{what}", asked, self._token)

    def _post(self, path: str, value: object, token: str) -> tuple[int, bytes]:
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}", "accept-encoding": "zstd"}
        if not token:
            del headers["authorization"], headers["accept-encoding"]
        self._connection.request("POST", path, json.dumps(value, separators=(",", ":")), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status < 300, body
        return answer.status, body


async def _add_person(settings: Settings) -> None:
    work = open_work(settings)
    async with work.database.transaction() as tx:
        await create_account(
            tx,
            NewAccount(
                email="amina@example.org", full_name="Amina", role="student", password=PASSWORD, is_verified=True
            ),
        )
    await work.redis.aclose()
    await work.database.close()


def _fill_log(connection: psycopg.Connection) -> None:
    connection.execute("call sync_advance()")
    for names, rows in (([f"course:{uuid4()}" for _ in range(10)], ROWS_OTHER // 10), ([BUCKET], ROWS_HELD)):
        connection.execute(_FILL_LOG, {"names": names, "rows": rows, "step": len(names)})
    connection.execute(_GRANT, [BUCKET])
    connection.execute("vacuum analyze sync_item")


@contextmanager
def _server(settings: Settings) -> Iterator[Caller]:
    env = os.environ | {
        "SPARK_DATABASE_URL": settings.database_url,
        "SPARK_REDIS_URL": settings.redis_url,
        "SPARK_S3_URL": settings.s3_url,
        "SPARK_DATA": str(settings.data),
        "SPARK_SIGNING_KEY": settings.signing_key.hex(),
        "SPARK_PORT": str(settings.port),
    }
    process = subprocess.Popen([sys.executable, "-m", "bench.pull_server"], env=env)
    try:
        yield _when_ready(settings.port, process)
    finally:
        process.terminate()
        process.wait(timeout=15)


def _when_ready(port: int, process: subprocess.Popen[bytes]) -> Caller:
    until = time.monotonic() + READY_S
    while True:
        try:
            return Caller(port)
        except (ConnectionError, AssertionError):
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
