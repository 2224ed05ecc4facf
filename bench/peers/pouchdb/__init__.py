"""PouchDB, replicating with its own CouchDB-compatible server (express-pouchdb on LevelDB)."""

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.peers.engine import CannotRun, Place, Program, Row, program, wait_for
from bench.peers.installing import node_packages
from server.embedded.ports import free_ports

HERE = Path(__file__).parent
START_S = 60


class PouchDb:
    name = "PouchDB"

    def install(self, cache: Path) -> None:
        node_packages(HERE, cache)

    @contextmanager
    def running(self, place: Place, rows: Sequence[Row]) -> Iterator["_Running"]:
        node, packages = node_packages(HERE, place.cache)
        (port,) = free_ports(1)
        data = place.folder / "data"
        data.mkdir(parents=True)
        env = {**os.environ, "NODE_ENV": "production"}
        with (
            program([str(node), str(packages / "server.cjs"), str(port), str(data)], folder=place.folder, env=env),
            program([str(node), str(packages / "client.cjs")], folder=place.folder, env=env) as client,
        ):
            wait_for(f"http://127.0.0.1:{port}/", seconds=START_S)
            running = _Running(port, client, _versions())
            running.fill(rows)
            yield running


class _Running:
    def __init__(self, port: int, client: Program, versions: str) -> None:
        self.port = port
        self.versions = versions
        self._client = client
        self._revisions: dict[str, str] = {}

    def fill(self, rows: Sequence[Row]) -> None:
        self._http("PUT", "/rows")
        self._change(rows)
        self._rows = len(rows)

    def first_sync(self, url: str) -> float:
        return float(self._client.ask("first_sync", url=url, rows=self._rows)["ms"])

    def delta(self, rows: Sequence[Row]) -> float:
        committed_s = self._change(rows)
        return float(self._client.ask("delta", rows=len(rows))["at"]) - committed_s * 1000

    def push(self, records: Sequence[Row]) -> float:
        return float(self._client.ask("push", records=records)["ms"])

    def crowd(self, url: str, clients: int) -> Callable[[Sequence[Row]], float]:
        self._client.ask("crowd", url=url, clients=clients)

        def all_catch_up(rows: Sequence[Row]) -> float:
            committed_s = self._change(rows)
            return float(self._client.ask("crowd_delta", rows=len(rows))["at"]) - committed_s * 1000

        return all_catch_up

    def _change(self, rows: Sequence[Row]) -> float:
        """The wall clock when it was done."""
        docs = []
        for row in rows:
            revision = {"_rev": self._revisions[row["id"]]} if row["id"] in self._revisions else {}
            docs.append({"_id": row["id"], **revision, "title": row["title"], "words": row["words"]})
        for answer in self._http("POST", "/rows/_bulk_docs", {"docs": docs}):
            self._revisions[answer["id"]] = answer["rev"]
        return time.time()

    def _http(self, method: str, path: str, value: object = None) -> list[dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        body = None if value is None else json.dumps(value)
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
        connection.close()
        if answer.status >= 300:
            raise CannotRun(f"{method} {path}: {answer.status} {told}")
        return told if isinstance(told, list) else []


def _versions() -> str:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    return ", ".join(f"{name} {wanted[name]}" for name in ("pouchdb", "express-pouchdb"))
