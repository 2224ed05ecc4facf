"""A bulk write: how fast the sequencer drains it, and what others feel while it is published.

Method: 100,000 rows of 450 bytes change in one statement and are published in one batch; then 50,000 do, while a
phone that holds none of them asks for its own 100 changed rows over HTTP, a hundred times a second.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from bench import sample_rows
from bench.api import Caller, Person, add_people, api, settings_of
from bench.figures import TURNS, Figure, Servers, share

ROWS = 100_000
IN_ONE_TRANSACTION = 50_000
OWN_ROWS = 1_000
DELTA = 100
PACE_S = 0.01
DRAIN_GOAL = 45_000
PUBLISH_GOAL_S = 1.2
PULL_GOAL_MS = 10.0


@dataclass
class _Turn:
    drained: float  # rows a second
    changed: float  # rows a second, by the statement itself
    published_s: float = 0.0
    wrote_s: float = 0.0
    quiet_ms: list[float] = field(default_factory=list)
    meanwhile_ms: list[float] = field(default_factory=list)


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    sample_rows.prepare(url, ROWS)
    with settings_of(servers, url) as settings:
        (person,) = await add_people(settings, 1)
        with api(settings) as port, psycopg.connect(url, autocommit=True) as connection:
            cursor = _give_rows(connection, Caller(port, person, []), person)
            turns = [_turn(connection, port, person, cursor) for _ in range(TURNS)]
    return _figures(turns)


def _figures(turns: list[_Turn]) -> list[Figure]:
    published_s = min(turn.published_s for turn in turns)
    meanwhile, quiet = (
        min(share(spent, 0.99) for spent in each)
        for each in ([turn.meanwhile_ms for turn in turns], [turn.quiet_ms for turn in turns])
    )
    drained = max(turn.drained for turn in turns)
    return [
        Figure(
            "sequencer drain, rows of 450 B",
            drained,
            "rows/s",
            max(turn.changed for turn in turns),
            "changing them in one statement",
            f"≥ {DRAIN_GOAL:,} rows/s",
            holds=drained >= DRAIN_GOAL,
        ),
        Figure(
            f"one transaction of {IN_ONE_TRANSACTION:,} rows, published in",
            published_s,
            "s",
            min(turn.wrote_s for turn in turns),
            "writing it",
            f"≤ {PUBLISH_GOAL_S:g} s",
            holds=published_s <= PUBLISH_GOAL_S,
        ),
        Figure(
            "others' pulls meanwhile, p99",
            meanwhile,
            "ms",
            quiet,
            "the same pulls while nothing is written",
            f"≤ {PULL_GOAL_MS:g} ms",
            holds=meanwhile <= PULL_GOAL_MS,
        ),
    ]


def _give_rows(connection: psycopg.Connection, caller: Caller, person: Person) -> str:
    """Rows of the person's own, held by the phone; then some of them change. The cursor from before that."""
    connection.execute(
        "insert into bench_rows (id, course_id, title, words)"
        " select gen_random_uuid(), %s, 'own ' || n, repeat(md5(n::text), 9) from generate_series(1, %s) n",
        [person.user_id, OWN_ROWS],
    )
    sample_rows.publish(connection)
    cursor = caller.caught_up()
    connection.execute(
        "update bench_rows set title = 'mine' where id in (select id from bench_rows where course_id = %s limit %s)",
        [person.user_id, DELTA],
    )
    sample_rows.publish(connection)
    return cursor


def _turn(connection: psycopg.Connection, port: int, person: Person, cursor: str) -> _Turn:
    changed_s, drained_s = _change(connection, ROWS, person)
    connection.execute("vacuum bench_rows, sync_item, sync_outbox, sync_digest")
    turn = _Turn(drained=ROWS / drained_s, changed=ROWS / changed_s)
    with _pulls(port, person, cursor) as turn.quiet_ms:
        time.sleep(2)
    with _pulls(port, person, cursor) as turn.meanwhile_ms:
        turn.wrote_s, turn.published_s = _change(connection, IN_ONE_TRANSACTION, person)
    connection.execute("vacuum bench_rows, sync_item, sync_outbox, sync_digest")
    return turn


def _change(connection: psycopg.Connection, rows: int, person: Person) -> tuple[float, float]:
    """Seconds to change so many rows that are others', and to publish them."""
    started = time.perf_counter()
    connection.execute(
        "update bench_rows set title = 'all of them ' || random()"
        " where id in (select id from bench_rows where course_id <> %s limit %s)",
        [person.user_id, rows],
    )
    written = time.perf_counter()
    sample_rows.publish(connection)
    return written - started, time.perf_counter() - written


@contextmanager
def _pulls(port: int, person: Person, cursor: str) -> Iterator[list[float]]:
    """What each pull took, in milliseconds, while the block ran."""
    spent: list[float] = []
    stop = threading.Event()

    def keep_asking() -> None:
        caller = Caller(port, person, [])
        caller.exchange(cursor)
        while not stop.is_set():
            started = time.perf_counter()
            caller.exchange(cursor)
            spent.append((time.perf_counter() - started) * 1000)
            stop.wait(PACE_S)

    thread = threading.Thread(target=keep_asking)
    thread.start()
    try:
        yield spent
    finally:
        stop.set()
        thread.join()
