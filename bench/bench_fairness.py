"""Fairness: what others feel of slow phones, of one exploding bucket, and of a crowd that begins in one minute.

Method: twenty phones that hold 500 rows each ask fifty times a second altogether for what is new, as they do all day;
windows without and with the disturbance take turns, and the medians of the windows' 95th percentiles are compared. The
crowd are real HTTP clients in a process of their own, which yields to all others (theirs would be machines of their
own): each arrives at a moment within the minute, fills tiers 0 and 1, and comes back when it is told to. 300 of them;
3,000 with --full. Quiet windows stand before and after it.
"""

import asyncio
import json
import os
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

import psycopg
import zstandard

from bench import log_by_hand
from bench.api import Caller, Person, add_people, api, exchange_body, headers_of, settings_of
from bench.figures import Figure, Servers, share
from bench.school import add_lessons
from bench.slow_phones import slow_phones
from server.base.ids import new_id

STEADY = 20
STEADY_PER_S = 50.0
WINDOW_S = 4.0
WINDOWS = 5  # of each kind
SLOW = 60
EXPLOSION = 50_000
CROWD, CROWD_FULL = 300, 3_000
PHONES_EACH = 3  # of one person in the crowd: below what one person's devices may do together
ARRIVE_S = 60.0
DONE_GOAL_S = 600.0
MOVED_GOAL = 1.05
PAGE_BYTES = 65_536
BUCKET = f"course:{UUID(int=7)}"  # what the crowd begins with
ROWS = 2_000
OWN_BUCKET = f"course:{UUID(int=8)}"  # what the steady ones hold
OWN_ROWS = 500

Disturbance = Callable[[], AbstractAsyncContextManager[None]]


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    with settings_of(servers, url) as settings, psycopg.connect(url, autocommit=True) as connection:
        count = CROWD_FULL if servers.is_full else CROWD
        people = await add_people(settings, STEADY + SLOW + count // PHONES_EACH)
        for name, rows in ((BUCKET, ROWS), (OWN_BUCKET, OWN_ROWS)):
            log_by_hand.fill(connection, [name], rows)
            log_by_hand.grant(connection, name)
        with api(settings) as port:
            steady = await asyncio.to_thread(_steady, port, people[:STEADY])
            slow = people[STEADY : STEADY + SLOW]
            explode = _Explosion(url, people[0])
            return [
                await _moved(f"{SLOW} slow phones", steady, lambda: slow_phones(port, slow, [BUCKET])),
                await _moved(f"one transaction of {EXPLOSION:,} rows", steady, explode),
                *(await _crowd(port, steady, _phones_of(people[STEADY + SLOW :]))),
            ]


# --- the phones that must not feel it ---------------------------------------------------------------------------------


@dataclass
class Line:
    """One kept connection of asyncio, and one person's requests on it."""

    port: int
    person: Person
    names: list[str]
    cursor: str | None = None
    tier: int = 3
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body. A connection that the server has closed meanwhile is opened again."""
        try:
            return await self._ask()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hang_up()
            return await self._ask()

    def hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
        self._streams = None

    async def _ask(self) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        value = exchange_body(self.person, self.cursor, self.names)
        value["want"] |= {"bytes": PAGE_BYTES, "tier": self.tier}
        body = json.dumps(value, separators=(",", ":")).encode()
        lines = ["POST /api/v1/sync HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
        lines += [f"{name}: {text}" for name, text in headers_of(self.person).items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head[1:])}
        return int(head[0].split()[1]), fields, await _body(reader, head[0], fields)


async def _body(reader: asyncio.StreamReader, status_line: str, fields: dict[str, str]) -> bytes:
    if " 204 " in status_line:
        return b""
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    pieces = []
    while size := int(await reader.readline(), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(pieces)


def _steady(port: int, people: Sequence[Person]) -> list[Line]:
    return [Line(port, person, [OWN_BUCKET], Caller(port, person, [OWN_BUCKET]).caught_up()) for person in people]


async def _window(steady: list[Line], seconds: float) -> list[float]:
    """Milliseconds of each answer. Asked at a fixed pace, whether the one before was answered or not."""
    spent: list[float] = []
    asking: list[asyncio.Task[None]] = []
    busy: set[int] = set()

    async def one(place: int) -> None:
        started = time.perf_counter()
        status, _, _ = await steady[place].ask()
        assert status in (200, 204), status
        spent.append((time.perf_counter() - started) * 1000)
        busy.discard(place)

    begun = time.perf_counter()
    for count in range(int(seconds * STEADY_PER_S)):
        await asyncio.sleep(max(0.0, begun + count / STEADY_PER_S - time.perf_counter()))
        place = next((p for p in range(count, count + len(steady)) if p % len(steady) not in busy), count) % len(steady)
        if place not in busy:
            busy.add(place)
            asking.append(asyncio.create_task(one(place)))
    await asyncio.gather(*asking)
    return spent


async def _moved(name: str, steady: list[Line], disturbance: Disturbance) -> Figure:
    quiet, disturbed = [], []
    for _ in range(WINDOWS):
        quiet.append(share(await _window(steady, WINDOW_S), 0.95))
        async with disturbance():
            disturbed.append(share(await _window(steady, WINDOW_S), 0.95))
    return _compared(f"p95 of others beside {name}", statistics.median(disturbed), statistics.median(quiet))


def _compared(name: str, disturbed: float, quiet: float) -> Figure:
    holds = disturbed <= MOVED_GOAL * quiet
    return Figure(name, disturbed, "ms", quiet, "the same phones, undisturbed", f"≤ {MOVED_GOAL} ×", holds=holds)


# --- what disturbs ----------------------------------------------------------------------------------------------------


class _Explosion:
    """So many lessons of one new course, in one transaction, in the middle of a window."""

    def __init__(self, url: str, owner: Person) -> None:
        self._url = url
        self._owner = owner

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        writing = asyncio.create_task(asyncio.to_thread(self._write))
        try:
            yield
        finally:
            await writing

    def _write(self) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute("update catalog_courses set slug = id::text where slug = 'bench'")
            add_lessons(connection, self._owner, EXPLOSION)


@dataclass
class _Begun:
    """What the crowd went through."""

    done_s: list[float] = field(default_factory=list)  # from the first arrival
    turned_away: int = 0
    rows: int = 0


def _phones_of(people: Sequence[Person]) -> list[Person]:
    return [replace(person, device=str(new_id())) for person in people for _ in range(PHONES_EACH)]


async def _crowd(port: int, steady: list[Line], people: Sequence[Person]) -> list[Figure]:
    quiet = [share(await _window(steady, WINDOW_S), 0.95) for _ in range(WINDOWS)]
    disturbed = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:  # What it costs the client is not measured.
        arrivals = asyncio.get_running_loop().run_in_executor(beside, _begin_all, port, list(people))
        while not arrivals.done():
            disturbed.append(share(await _window(steady, WINDOW_S), 0.95))
        met = await arrivals
    quiet += [share(await _window(steady, WINDOW_S), 0.95) for _ in range(WINDOWS)]
    name = f"{len(people):,} phones begin within a minute"
    seconds = max(met.done_s)
    floor_is = f"their arrival; {met.turned_away} times one was asked to come later"
    return [
        Figure(
            f"{name}: all done", seconds, "s", ARRIVE_S, floor_is, f"≤ {DONE_GOAL_S:g} s", holds=seconds <= DONE_GOAL_S
        ),
        _compared(f"{name}: p95 of others", statistics.median(disturbed), statistics.median(quiet)),
    ]


def _begin_all(port: int, people: Sequence[Person]) -> _Begun:
    _yield_to_others()
    return asyncio.run(_begin_within_a_minute(port, people))


def _yield_to_others() -> None:
    os.setsid()  # A group of its own, where the kernel shares the processors out by groups.
    group = Path("/proc/self/autogroup")
    if group.exists():
        group.write_text("19")
    os.nice(19)


async def _begin_within_a_minute(port: int, people: Sequence[Person]) -> _Begun:
    rng, begun, met = random.Random(7), time.perf_counter(), _Begun()
    async with asyncio.TaskGroup() as group:
        for person in people:
            line = Line(port, person, [BUCKET], tier=1)
            group.create_task(_begin(line, rng.uniform(0, ARRIVE_S), begun, met))
    return met


async def _begin(line: Line, after_s: float, begun: float, met: _Begun) -> None:
    """As a phone does: page after page, and back at the time that it was told."""
    await asyncio.sleep(after_s)
    while True:
        status, fields, body = await line.ask()
        if status in (429, 503):
            met.turned_away += 1
            line.hang_up()
            await asyncio.sleep(float(fields["retry-after"]) + random.random())
            continue
        assert status in (200, 204), body
        if status == 204:
            break
        lines = zstandard.ZstdDecompressor().decompressobj().decompress(body).splitlines()
        last = json.loads(lines[-1])
        line.cursor = last["cursor"]
        met.rows += sum(row.startswith(b"[") for row in lines)
        if not last["more"]:
            break
    line.hang_up()
    met.done_s.append(time.perf_counter() - begun)
