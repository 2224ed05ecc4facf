"""The read side over HTTP: an empty exchange, a delta of 100 rows out of 100,000, a first fill of 10,000, 50 phones.

Method: the log is filled by hand with lines of about 450 bytes. Ours and the bare handler answer in turn, from one
server process, over kept connections; of one phone the median counts, of fifty at once the best of three turns.
"""

import statistics
import time
from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg

from bench import log_by_hand
from bench.api import Caller, Person, add_people, api, exchange_body, settings_of
from bench.crowd import crowd, request_bytes
from bench.figures import TURNS, Figure, Servers, at_least, at_most

ROWS_HELD = 10_000
ROWS_OTHER = 100_000
DELTA = 100
PHONES = 50
ASKS = {"empty": 60, "delta": 30}  # of each phone, a turn; below what a device may ask at once
BUCKET = f"course:{UUID(int=7)}"
BARE = "a bare authenticated handler with one select"


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    with settings_of(servers, url) as settings, psycopg.connect(url, autocommit=True) as connection:
        people = await add_people(settings, PHONES)
        log_by_hand.fill(connection, [f"course:{uuid4()}" for _ in range(10)], ROWS_OTHER // 10)
        log_by_hand.fill(connection, [BUCKET], ROWS_HELD)
        log_by_hand.grant(connection, BUCKET)
        with api(settings) as port:
            cursors = [Caller(port, person, [BUCKET]).caught_up() for person in people]
            caller = Caller(port, people[0], [BUCKET])  # The server hangs up on a quiet one after five seconds.
            figures = [_empty(caller, cursors[0]), _idle_bytes(caller, cursors[0]), _fill(caller, connection)]
            figures.append(await _crowd("empty", port, people, cursors, {}, times=0.7))
            last = log_by_hand.move(connection, BUCKET, DELTA)
            asked = {"bucket": BUCKET, "above": last, "limit": DELTA}
            figures.append(_delta(Caller(port, people[0], [BUCKET]), cursors[0], asked))
            figures.append(await _crowd("delta", port, people, cursors, asked, times=0.8))
            return figures


def _empty(caller: Caller, cursor: str) -> Figure:
    ours, bare = _in_turn(lambda: caller.exchange(cursor), lambda: caller.bare("empty", {}), times=400)
    return at_most("empty exchange", ours, "ms", floor=bare, floor_is=BARE, times=1.5)


def _idle_bytes(caller: Caller, cursor: str) -> Figure:
    """As the design counts: the body up, and head and body down."""
    spent = caller.bytes_both_ways(cursor)
    return Figure("empty exchange, both ways", spent, "bytes", goal="≤ 1,024 bytes", holds=spent <= 1024)


def _fill(caller: Caller, connection: psycopg.Connection) -> Figure:
    asked: dict[str, object] = {
        "bucket": BUCKET,
        "above": log_by_hand.start_of(connection, BUCKET),
        "limit": ROWS_HELD,
    }
    ours, bare = _in_turn(lambda: caller.exchange(None), lambda: caller.bare("rows", asked), times=15)
    return at_most(f"first fill of {ROWS_HELD:,} rows from the log", ours, "ms", floor=bare, floor_is=BARE, times=1.7)


def _delta(caller: Caller, cursor: str, asked: dict[str, object]) -> Figure:
    ours, bare = _in_turn(lambda: caller.exchange(cursor), lambda: caller.bare("rows", asked), times=300)
    name = f"delta of {DELTA} rows out of {ROWS_OTHER:,}"
    return at_most(name, ours, "ms", floor=bare, floor_is=BARE, times=1.3)


async def _crowd(
    what: str, port: int, people: list[Person], cursors: list[str], asked: dict[str, object], *, times: float
) -> Figure:
    ours = [
        request_bytes(person, "/api/v1/sync", exchange_body(person, cursor, [BUCKET]))
        for person, cursor in zip(people, cursors, strict=True)
    ]
    bare_path = "/bare/rows" if asked else "/bare/empty"
    bare = [request_bytes(person, bare_path, asked) for person in people]
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for place, requests in enumerate((ours, bare)):
            rates[place].append((await crowd(port, [[request] * ASKS[what] for request in requests])).per_s)
    name = f"{len(people)} phones at once, {what}"
    return at_least(name, max(rates[0]), "/s", floor=max(rates[1]), floor_is=BARE, times=times)


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
