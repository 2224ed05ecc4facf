"""A real PostgreSQL for a test run, and a fresh database for whoever asks."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from server.embedded.ports import free_ports
from server.embedded.postgres import ROLE, Postgres
from server.embedded.processes import running

TEMPLATE = "spark_template"


@dataclass(frozen=True)
class PostgresServer:
    """A cluster without fsync that ends with the run."""

    postgres: Postgres

    def make_template(self, migrate: Callable[[str], None]) -> None:
        """Run `migrate` on a database that `new_database(TEMPLATE)` copies from then on."""
        self._create(TEMPLATE, template="template1")
        migrate(self.postgres.url(TEMPLATE))

    @contextmanager
    def new_database(self, template: str = "template1") -> Iterator[str]:
        """Lend the URL of a database that nobody else uses; about 30 ms. Open connections are cut at the end."""
        name = f"test_{secrets.token_hex(6)}"
        self._create(name, template=template)
        try:
            yield self.postgres.url(name)
        finally:
            with self._connect() as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, name: str, *, template: str) -> None:
        make = "CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy"
        names = [sql.Identifier(text) for text in (name, ROLE, template)]
        with self._connect() as connection:
            connection.execute(sql.SQL(make).format(*names))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.postgres.superuser_url(), autocommit=True)


@contextmanager
def postgres_server(folder: Path) -> Iterator[PostgresServer]:
    """Run a PostgreSQL in `folder` for the length of the block."""
    postgres = Postgres(
        folder=folder / "postgres",
        port=free_ports(1)[0],
        superuser_password=secrets.token_urlsafe(12),
        password=secrets.token_urlsafe(12),
        is_disposable=True,
    )
    with running(postgres, log=folder / "postgres.log"):
        yield PostgresServer(postgres)
