"""How figures grow: with the rows that a phone holds, 1,000 to 100,000 (--full: a million), and from 1 to 200 phones.

Drawn as a picture, docs/reference/growth.svg.

Method: one bucket a size, its log filled by hand with lines of about 450 bytes. Phones are connections that ask again
as soon as they were answered; pushes are learners' progress, 50 ops a request, through the product's own guard.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg
import zstandard

from bench import log_by_hand
from bench.api import Caller, Person, add_people, api, exchange_body, settings_of
from bench.chart import Panel, Series, draw
from bench.crowd import Load, crowd, request_bytes
from bench.figures import TURNS, Figure, Servers, share, where_and_when
from bench.school import Learner, add_lessons

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
SIZES_FULL = (*SIZES, 300_000, 1_000_000)
CROWDS = (1, 2, 5, 10, 20, 50, 100, 200)
DELTA = 100
ASKS = 50  # of one phone, a turn: a device may ask 600 times at once
ASKS_TOGETHER = 300  # of a crowd
OPS_A_REQUEST = 50
SMALL = 1_000  # rows of the bucket that a crowd holds
PICTURE = "growth.svg"
ROWS_HELD, AT_ONCE = "rows that the phone holds", "phones at once, each asking without a pause"

Points = list[tuple[int, float]]


@dataclass
class Curves:
    empty_ms: Points = field(default_factory=list)
    delta_ms: Points = field(default_factory=list)
    empty_p99_ms: Points = field(default_factory=list)
    delta_p99_ms: Points = field(default_factory=list)
    empty_per_s: Points = field(default_factory=list)
    delta_per_s: Points = field(default_factory=list)
    fill_rows_per_s: Points = field(default_factory=list)
    push_ops_per_s: Points = field(default_factory=list)


async def measure(servers: Servers) -> list[Figure]:
    by_rows, by_phones = Curves(), Curves()
    sizes = SIZES_FULL if servers.is_full else SIZES
    url = servers.new_database()
    with settings_of(servers, url) as settings, psycopg.connect(url, autocommit=True) as connection:
        people = await add_people(settings, max(CROWDS))
        lessons = add_lessons(connection, people[0], 2_000)
        with api(settings) as port:
            phones = _Crowd(port, connection, people, lessons)
            await _at_size(phones, Curves(), SMALL)  # A server's first plans and pages are no matter of size.
            for size in sizes:
                await _at_size(phones, by_rows, size)
            await _at_crowds(phones, by_phones)
    (servers.pictures / PICTURE).write_text(_picture(by_rows, by_phones))
    return _figures(by_rows, by_phones)


@dataclass
class _Crowd:
    port: int
    connection: psycopg.Connection
    people: Sequence[Person]
    lessons: Sequence[UUID]
    learners: dict[UUID, tuple[Learner, int]] = field(default_factory=dict)

    def new_bucket(self, rows: int) -> str:
        name = f"course:{uuid4()}"
        log_by_hand.fill(self.connection, [name], rows)
        log_by_hand.grant(self.connection, name)
        return name

    async def ask(self, name: str, people: Sequence[Person], cursors: Sequence[str], times: int) -> Load:
        """So many phones as there are cursors, each with its own, over and over; the best of three turns."""
        requests = [
            request_bytes(person, "/api/v1/sync", exchange_body(person, cursor, [name]))
            for person, cursor in zip(people, cursors, strict=False)
        ]
        turns = [await crowd(self.port, [[request] * times for request in requests]) for _ in range(TURNS)]
        return min(turns, key=lambda turn: share(turn.spent_ms, 0.5))

    async def push(self, phones: int, times: int) -> float:
        """Ops a second."""
        requests = [[self._progress(person) for _ in range(times)] for person in self.people[:phones]]
        return (await crowd(self.port, requests)).per_s * OPS_A_REQUEST

    def _progress(self, person: Person) -> bytes:
        learner, read = self.learners.get(person.user_id, (Learner(person), 0))
        lessons = [self.lessons[(read + n) % len(self.lessons)] for n in range(OPS_A_REQUEST)]
        self.learners[person.user_id] = learner, read + OPS_A_REQUEST
        return request_bytes(person, "/api/v1/sync", learner.request(lessons))


async def _at_size(phones: _Crowd, curves: Curves, size: int) -> None:
    name = phones.new_bucket(size)
    one = phones.people[-1:]  # Not the first, who asks in every crowd: each has a budget.
    caller = Caller(phones.port, one[0], [name])
    started = time.perf_counter()
    cursor = _fill(caller)
    curves.fill_rows_per_s.append((size, size / (time.perf_counter() - started)))
    empty = await phones.ask(name, one, [cursor], ASKS)
    log_by_hand.move(phones.connection, name, DELTA)
    delta = await phones.ask(name, one, [cursor], ASKS)
    _note(curves, size, empty, delta)
    curves.push_ops_per_s.append((size, await phones.push(1, 6)))


def _fill(caller: Caller) -> str:
    """All pages, as a phone asks for them; the cursor of the last one."""
    cursor: str | None = None
    while True:
        _, body = caller.exchange(cursor)
        last = json.loads(zstandard.ZstdDecompressor().decompressobj().decompress(body).splitlines()[-1])
        cursor = str(last["cursor"])
        if not last["more"]:
            return cursor


async def _at_crowds(phones: _Crowd, curves: Curves) -> None:
    name = phones.new_bucket(SMALL)
    cursors = [Caller(phones.port, person, [name]).caught_up() for person in phones.people]
    empties: list[tuple[int, Load]] = []
    for count in CROWDS:
        empties.append((count, await phones.ask(name, phones.people, cursors[:count], _times(count))))
        fills = [
            [request_bytes(person, "/api/v1/sync", exchange_body(person, None, [name]))] * max(1, 20 // count)
            for person in phones.people[:count]
        ]
        curves.fill_rows_per_s.append((count, (await crowd(phones.port, fills)).per_s * SMALL))
        curves.push_ops_per_s.append((count, await phones.push(count, max(1, 10 // count))))
    log_by_hand.move(phones.connection, name, DELTA)
    for count, empty in empties:
        _note(curves, count, empty, await phones.ask(name, phones.people, cursors[:count], _times(count)))


def _times(phones: int) -> int:
    return max(3, min(ASKS, ASKS_TOGETHER // phones))


def _note(curves: Curves, x: int, empty: Load, delta: Load) -> None:
    curves.empty_ms.append((x, share(empty.spent_ms, 0.5)))
    curves.delta_ms.append((x, share(delta.spent_ms, 0.5)))
    curves.empty_p99_ms.append((x, share(empty.spent_ms, 0.99)))
    curves.delta_p99_ms.append((x, share(delta.spent_ms, 0.99)))
    curves.empty_per_s.append((x, empty.per_s))
    curves.delta_per_s.append((x, delta.per_s))


def _figures(by_rows: Curves, by_phones: Curves) -> list[Figure]:
    first, last = by_rows.delta_ms[0], by_rows.delta_ms[-1]
    empty_first, empty_last = by_rows.empty_ms[0], by_rows.empty_ms[-1]
    small = f"with {first[0]:,} rows held"
    return [
        Figure(f"delta of {DELTA} rows, {last[0]:,} rows held, p50", last[1], "ms", first[1], small),
        Figure(f"empty exchange, {last[0]:,} rows held, p50", empty_last[1], "ms", empty_first[1], small),
        Figure(
            f"first fill of {by_rows.fill_rows_per_s[-1][0]:,} rows",
            by_rows.fill_rows_per_s[-1][1],
            "rows/s",
            max(rate for _, rate in by_rows.fill_rows_per_s),
            "the best of all sizes",
        ),
        Figure(
            f"push by {by_phones.push_ops_per_s[-1][0]} phones at once",
            by_phones.push_ops_per_s[-1][1],
            "ops/s",
            by_phones.push_ops_per_s[0][1],
            "by one phone",
        ),
    ]


def _picture(by_rows: Curves, by_phones: Curves) -> str:
    of_one = [
        Series("filled rows", by_rows.fill_rows_per_s, "orange"),
        Series("pushed ops", by_rows.push_ops_per_s, "red"),
    ]
    of_all = [
        Series("filled rows", by_phones.fill_rows_per_s, "orange"),
        Series("pushed ops", by_phones.push_ops_per_s, "red"),
        Series("empty answers", by_phones.empty_per_s, "green"),
        Series("deltas of 100", by_phones.delta_per_s, "blue"),
    ]
    panels = [
        Panel("How long one phone waits", ROWS_HELD, "milliseconds", _latencies(by_rows)),
        Panel("How long each of many phones waits", AT_ONCE, "milliseconds", _latencies(by_phones)),
        Panel("What one phone gets and gives", ROWS_HELD, "a second", of_one),
        Panel("What all phones get and give together", AT_ONCE, "a second", of_all),
    ]
    return draw("How the engine grows", where_and_when(), panels, columns=2)


def _latencies(curves: Curves) -> list[Series]:
    return [
        Series("delta, slowest 1 %", curves.delta_p99_ms, "blue", is_faint=True),
        Series("delta of 100", curves.delta_ms, "blue"),
        Series("empty, slowest 1 %", curves.empty_p99_ms, "green", is_faint=True),
        Series("empty answer", curves.empty_ms, "green"),
    ]
