"""Zero: zero-cache follows PostgreSQL's log into SQLite and sends clients what their queries hold, as it changes."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from bench.peers.engine import Place, Program, Row, program, wait_for
from bench.peers.installing import node_packages
from server.embedded.ports import free_ports

HERE = Path(__file__).parent
START_S = 90
_TABLES = """
create table peer_rows (id text primary key, title text not null, words text not null);
create table peer_records (id text primary key, lesson integer not null, seen_ppm integer not null,
    seconds integer not null);
"""


class Zero:
    name = "Zero"

    def install(self, cache: Path) -> None:
        node_packages(HERE, cache)

    @contextmanager
    def running(self, place: Place, rows: Sequence[Row]) -> Iterator["_Running"]:
        node, packages = node_packages(HERE, place.cache)
        api_port, port, *more = free_ports(4)
        url = place.superuser_url(place.new_database())  # It makes a replication slot and an event trigger.
        with ExitStack() as stack:
            connection = stack.enter_context(psycopg.connect(url, autocommit=True))
            connection.execute(_TABLES)
            with connection.cursor() as cursor:
                values = [(row["id"], row["title"], row["words"]) for row in rows]
                cursor.executemany("insert into peer_rows (id, title, words) values (%s, %s, %s)", values)
            env = _env(url, place.folder, api_port, port, more)

            def start(name: str, *command: str) -> Program:
                return stack.enter_context(program([str(node), *command], folder=place.folder / name, env=env))

            start("api", str(packages / "api.mjs"), str(api_port))
            wait_for(f"http://127.0.0.1:{api_port}/", seconds=START_S)
            cache = packages / "node_modules" / "@rocicorp" / "zero" / "out" / "zero" / "src" / "cli.js"
            start("cache", str(cache))
            wait_for(f"http://127.0.0.1:{port}/", seconds=START_S)
            yield _Running(port, connection, start("client", str(packages / "client.mjs")), len(rows))


def _env(url: str, folder: Path, api_port: int, port: int, more: Sequence[int]) -> dict[str, str]:
    return {
        **os.environ,
        "NODE_ENV": "production",
        "DO_NOT_TRACK": "1",
        "ZERO_ENABLE_TELEMETRY": "false",
        "ZERO_UPSTREAM_DB": url,
        "ZERO_REPLICA_FILE": str(folder / "replica.db"),
        "ZERO_QUERY_URL": f"http://127.0.0.1:{api_port}/query",
        "ZERO_MUTATE_URL": f"http://127.0.0.1:{api_port}/mutate",
        "ZERO_PORT": str(port),
        "ZERO_CHANGE_STREAMER_PORT": str(more[0]),
        "ZERO_NUM_SYNC_WORKERS": "1",
        "ZERO_ADMIN_PASSWORD": "bench",
        "ZERO_LOG_LEVEL": "warn",
    }


def _version() -> str:
    return str(json.loads((HERE / "package.json").read_text())["dependencies"]["@rocicorp/zero"])


class _Running:
    def __init__(self, port: int, connection: psycopg.Connection, client: Program, rows: int) -> None:
        self.port = port
        self.versions = f"@rocicorp/zero {_version()}"
        self._connection = connection
        self._client = client
        self._rows = rows

    def first_sync(self, url: str) -> float:
        return float(self._client.ask("first_sync", url=url, rows=self._rows)["ms"])

    def delta(self, rows: Sequence[Row]) -> float:
        """Nobody asks: the change comes down the open web socket."""
        return self._until("delta", rows)

    def push(self, records: Sequence[Row]) -> float:
        return float(self._client.ask("push", records=records)["ms"])

    def crowd(self, url: str, clients: int) -> Callable[[Sequence[Row]], float]:
        self._client.ask("crowd", url=url, clients=clients)
        return lambda rows: self._until("crowd_delta", rows)

    def _until(self, do: str, rows: Sequence[Row]) -> float:
        self._connection.execute(
            "update peer_rows r set title = n.title from unnest(%s::text[], %s::text[]) n(id, title) where r.id = n.id",
            [[row["id"] for row in rows], [row["title"] for row in rows]],
        )
        committed_s = time.time()
        changed = [{"id": row["id"], "title": row["title"]} for row in rows]
        return float(self._client.ask(do, changed=changed)["at"]) - committed_s * 1000
