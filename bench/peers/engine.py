"""What every engine is asked to do, ours among them, and what was measured of it."""

import contextlib
import http.client
import json
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from bench.counting import Counted, Proxy, counted

ROWS = 10_000
CHANGED = 100
PUSHED = 1_000
CLIENTS = 50
FIRST_SYNCS, DELTAS, PUSHES, CROWDS = 3, 7, 3, 3
END_S = 10

Row = dict[str, Any]


class CannotRun(Exception):
    """Why this engine cannot be had or does not run here: one line for a person."""


@dataclass(frozen=True)
class Place:
    """What an engine gets: a folder of its own, a PostgreSQL, and the rows."""

    folder: Path
    cache: Path  # where what is installed lies from run to run
    new_database: Callable[[], str]  # → URL of an empty database
    superuser_url: Callable[[str], str]  # the same database as its administrator
    redis_url: str
    s3_url: str


class Engine(Protocol):
    """One engine with its server running and `rows()` in it. Instants are wall-clock seconds."""

    @property
    def versions(self) -> str: ...

    @property
    def port(self) -> int:
        """Of the server that clients talk to."""

    def first_sync(self, url: str) -> float:
        """A new client gets everything. Answers the milliseconds until it holds every row."""

    def delta(self, rows: Sequence[Row]) -> float:
        """The rows change on the server. Milliseconds from that commit until the last client holds them all."""

    def push(self, records: Sequence[Row]) -> float:
        """The last client, offline, made these; milliseconds until the server has acknowledged all of them."""

    def crowd(self, url: str, clients: int) -> Callable[[Sequence[Row]], float]:
        """So many clients that hold everything; what is answered changes rows and gives the ms until all hold them."""


class Peer(Protocol):
    @property
    def name(self) -> str: ...

    def install(self, cache: Path) -> None:
        """Bring it to the lock; a moment when it is there. Raises CannotRun."""

    def running(self, place: Place, rows: Sequence[Row]) -> AbstractContextManager[Engine]:
        """Raises CannotRun."""


@dataclass
class Measured:
    name: str
    versions: str = ""
    first_sync_ms: float | None = None
    first_sync: Counted | None = None
    delta_ms: float | None = None
    delta: Counted | None = None
    push_ms: float | None = None
    push: Counted | None = None
    deltas_per_s: float | None = None
    missing: list[str] = field(default_factory=list)  # what it could not do, and why


def rows() -> list[Row]:
    """10,000 of about 450 bytes; the same in every run."""
    return [
        {
            "id": str(UUID(_hex(f"row {n}"))),
            "title": f"Lesson {n}",
            "words": " ".join(_hex(f"{n} {k}") for k in range(11)),
        }
        for n in range(ROWS)
    ]


def records(round_: int, count: int) -> list[Row]:
    """What a learner makes offline; small, and new in each round."""
    return [
        {
            "id": str(UUID(_hex(f"record {round_} {n}"))),
            "lesson": n,
            "seen_ppm": 400_000,
            "seconds": 61,
        }
        for n in range(count)
    ]


def _hex(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def measure(peer: Peer, place: Place) -> Measured:
    """The whole work, best or median of several runs. What fails is named, and the rest goes on."""
    found = Measured(peer.name)
    everything = rows()
    with peer.running(place, everything) as engine, counted(engine.port) as proxy:
        found.versions = engine.versions
        _try(found, "first sync", lambda: _first_sync(found, engine, proxy))
        _try(found, "delta", lambda: _delta(found, engine, proxy, everything))
        _try(found, "push", lambda: _push(found, engine, proxy))
        _try(found, f"{CLIENTS} clients", lambda: _crowd(found, engine, proxy, everything))
    return found


def _try(found: Measured, what: str, act: Callable[[], None]) -> None:
    begun = time.monotonic()
    try:
        act()
        print(f"  {what}: {time.monotonic() - begun:.0f} s", flush=True)
    except (CannotRun, OSError, TimeoutError) as problem:
        found.missing.append(f"{what}: {problem}")
        print(f"  {found.name}, {what}: {problem}", flush=True)


def _first_sync(found: Measured, engine: Engine, proxy: Proxy) -> None:
    spent = []
    for _ in range(FIRST_SYNCS):
        proxy.reset()
        spent.append(engine.first_sync(proxy.url))
        found.first_sync = proxy.read()
    found.first_sync_ms = min(spent)


def _delta(found: Measured, engine: Engine, proxy: Proxy, everything: Sequence[Row]) -> None:
    spent = []
    for number in range(DELTAS):
        proxy.reset()
        spent.append(engine.delta(changed(everything, f"delta {number}")))
        found.delta = proxy.read()
    found.delta_ms = statistics.median(spent)


def _push(found: Measured, engine: Engine, proxy: Proxy) -> None:
    spent = []
    for number in range(PUSHES):
        proxy.reset()
        spent.append(engine.push(records(number, PUSHED)))
        found.push = proxy.read()
    found.push_ms = min(spent)


def _crowd(found: Measured, engine: Engine, proxy: Proxy, everything: Sequence[Row]) -> None:
    all_catch_up = engine.crowd(proxy.url, CLIENTS)
    spent = [all_catch_up(changed(everything, f"crowd {number}")) for number in range(CROWDS)]
    found.deltas_per_s = CLIENTS / min(spent) * 1000


def changed(everything: Sequence[Row], title: str) -> list[Row]:
    """A hundred of the rows, spread over all, with another title."""
    step = len(everything) // CHANGED
    return [row | {"title": f"{title} {n}"} for n, row in enumerate(everything[::step][:CHANGED])]


class Program:
    """A client or server in a process of its own that takes a line of JSON and answers with one."""

    def __init__(self, command: Sequence[str], *, folder: Path, env: dict[str, str]) -> None:
        self._log = (folder / "log.txt").open("ab")
        self._path = folder / "log.txt"
        self._process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,  # So that its children end with it.
        )

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Raises CannotRun when it ended or answers an error."""
        up, down = self._pipes()
        try:
            up.write(json.dumps({"do": do, **more}).encode() + b"\n")
            up.flush()
        except OSError as problem:
            raise CannotRun(self._why(do)) from problem
        while line := down.readline():
            if line.startswith(b"{"):  # Libraries print, too.
                answer: dict[str, Any] = json.loads(line)
                if error := answer.get("error"):
                    raise CannotRun(f"{do}: {error}")
                return answer
        raise CannotRun(self._why(do))

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def _why(self, do: str) -> str:
        words = self._path.read_text(errors="replace").strip().splitlines()[-3:]
        return f"{do}: it ended ({self._process.poll()}): {' / '.join(words)[-400:]}"

    def end(self) -> None:
        """With whatever it has started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=END_S)
        self._log.close()


@contextmanager
def program(command: Sequence[str], *, folder: Path, env: dict[str, str]) -> Iterator[Program]:
    folder.mkdir(parents=True, exist_ok=True)
    running = Program(command, folder=folder, env=env)
    try:
        yield running
    finally:
        running.end()


def wait_for(url: str, *, seconds: float, alive: Callable[[], bool] = lambda: True) -> None:
    """Until something answers there. Raises CannotRun."""
    parts = urlsplit(url)
    until = time.monotonic() + seconds
    while time.monotonic() < until and alive():
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        try:
            connection.request("GET", parts.path or "/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.2)
        else:
            return
        finally:
            connection.close()
    raise CannotRun(f"nothing answers at {parts.path or '/'} after {seconds:.0f} s")
