"""Morango, the engine of Kolibri: its server on PostgreSQL, its client on SQLite, as in a school and on a tablet."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.peers.engine import CannotRun, Place, Program, Row, program, wait_for
from bench.peers.installing import python_packages
from server.embedded.ports import free_ports

HERE = Path(__file__).parent
START_S = 60


class Morango:
    name = "Morango"

    def install(self, cache: Path) -> None:
        python_packages(HERE, cache)

    @contextmanager
    def running(self, place: Place, rows: Sequence[Row]) -> Iterator["_Running"]:
        python = python_packages(HERE, place.cache)
        (port,) = free_ports(1)
        with ExitStack() as stack:
            running = _Running(place, python, port, stack)
            running.fill(rows)
            yield running


class _Running:
    def __init__(self, place: Place, python: Path, port: int, stack: ExitStack) -> None:
        self.port = port
        self.versions = _versions()
        self._place = place
        self._python = python
        self._stack = stack
        self._clients = 0
        self._last: Program | None = None
        self._server = self._start("server", place.new_database())
        self._certificate = self._server.ask("serve", port=port)
        wait_for(f"http://127.0.0.1:{port}/api/morango/v1/morangoinfo/1/", seconds=START_S)

    def fill(self, rows: Sequence[Row]) -> None:
        self._rows = len(rows)
        self._server.ask("add", rows=rows)

    def first_sync(self, url: str) -> float:
        self._last = self._client(url)
        answer = self._last.ask("pull")
        self._expect(answer, self._rows)
        return float(answer["ms"])

    def delta(self, rows: Sequence[Row]) -> float:
        assert self._last is not None
        committed_s = self._change(rows)
        answer = self._last.ask("pull", title=rows[0]["title"])
        return (float(answer["at_s"]) - committed_s) * 1000

    def push(self, records: Sequence[Row]) -> float:
        assert self._last is not None
        return float(self._last.ask("push", records=records)["ms"])

    def crowd(self, url: str, clients: int) -> Callable[[Sequence[Row]], float]:
        del url, clients
        raise CannotRun("each client is a Django process with a database of its own, too heavy to run fifty of beside")

    def _client(self, url: str) -> Program:
        self._clients += 1
        client = self._start(f"client-{self._clients}", "")
        client.ask("join", url=url, **self._certificate)
        return client

    def _start(self, name: str, database_url: str) -> Program:
        env = {
            **os.environ,
            "PYTHONPATH": str(HERE),
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "PEER_DATABASE_URL": database_url,
            "PEER_FOLDER": str(self._place.folder / name),
            "MORANGO_SYSTEM_ID": name,
        }
        command = [str(self._python), "-m", "project.member"]
        return self._stack.enter_context(program(command, folder=self._place.folder / name, env=env))

    def _change(self, rows: Sequence[Row]) -> float:
        self._server.ask("change", rows=rows)
        return time.time()

    def _expect(self, answer: dict[str, object], rows: int) -> None:
        if answer["rows"] != rows:
            raise CannotRun(f"the client holds {answer['rows']} of {rows} rows")


def _versions() -> str:
    pins = [line.split(" ")[0] for line in (HERE / "requirements.txt").read_text().splitlines() if "==" in line]
    return ", ".join(pin.replace("==", " ") for pin in pins if pin.partition("==")[0] in ("morango", "django"))
