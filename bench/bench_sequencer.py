"""Commit → published: how long after its commit a change stands in the log, beside 1,500 transactions a second.

Method: pgbench writes at a fixed rate, the real sequencing loop runs in a process of its own, and a probe commits a
row and looks for it in the log. The floor is the same probe looking for its row in the table itself.
"""

import time
from uuid import uuid4

import psycopg

from bench import pgbench, sample_rows
from bench.figures import TURNS, Figure, Servers, share

RATE = 1_500  # transactions a second
ROWS = 50_000
SECONDS = 8
PROBES = 250
GIVE_UP_S = 5
LOOK_S = 0.0003

IN_LOG = """
select from sync_item where collection = (select number from sync_source where name = 'bench.rows') and id = %s
"""


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    sample_rows.prepare(url, ROWS)
    scripts = [sample_rows.change_one(sample_rows.SYNCED, 20_000)]
    with sample_rows.loop(url):
        turns = [_turn(url, scripts) for _ in range(TURNS)]
    return [_latency(turns, "p50", 0.50, goal_ms=5), _latency(turns, "p99", 0.99, goal_ms=10)]


def _turn(url: str, scripts: list[str]) -> tuple[list[float], list[float]]:
    with pgbench.running(url, scripts, seconds=SECONDS, rate=RATE):
        time.sleep(1)  # until it runs evenly
        return _probe(url)


def _latency(turns: list[tuple[list[float], list[float]]], name: str, part: float, *, goal_ms: float) -> Figure:
    ours, floor = (min(share(spent, part) for spent in both) for both in zip(*turns, strict=True))
    name = f"commit → published, {name}, beside {RATE:,} tx/s"
    return Figure(name, ours, "ms", floor, "seen in its own table", f"≤ {goal_ms:g} ms", holds=ours <= goal_ms)


def _probe(url: str) -> tuple[list[float], list[float]]:
    """Milliseconds from the commit until the row stands in the log, and until it is seen in its table."""
    published: list[float] = []
    seen: list[float] = []
    insert = "insert into bench_rows (id, course_id, title, words) values (%s, %s, 'probe', '')"
    with psycopg.connect(url, autocommit=True) as writer, psycopg.connect(url, autocommit=True) as reader:
        for _ in range(PROBES):
            id_ = uuid4()
            writer.execute(insert, [id_, id_], prepare=True)
            committed = time.perf_counter()
            seen.append(_wait(reader, "select from bench_rows where id = %s", id_, committed))
            published.append(_wait(reader, IN_LOG, id_, committed))
            time.sleep(0.01)
    return published, seen


def _wait(reader: psycopg.Connection, sql: str, id_: object, since: float) -> float:
    while reader.execute(sql, [id_], prepare=True).rowcount == 0:
        if time.perf_counter() - since > GIVE_UP_S:
            raise TimeoutError("nothing was published")
        time.sleep(LOOK_S)
    return (time.perf_counter() - since) * 1000
