"""PostgreSQL, Valkey and S3 as the product starts them, for the length of a bench."""

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench.figures import Servers
from server.embedded.ports import free_ports
from server.embedded.postgres import ROLE, Postgres
from server.embedded.processes import running
from server.embedded.s3 import Storage
from server.embedded.valkey import Valkey
from server.features import REGISTRY
from server.migrate import migrate
from tests.support.postgres import TEMPLATE, PostgresServer


@dataclass(frozen=True)
class BareServers:
    """The servers alone, with nothing of ours in them."""

    postgres: PostgresServer
    new_database: Callable[[], str]  # an empty one → its URL
    redis_url: str
    s3_url: str

    def superuser_url(self, url: str) -> str:
        """The same database, as its administrator."""
        return self.postgres.postgres.superuser_url(urlsplit(url).path.lstrip("/"))


@contextmanager
def servers(pictures: Path, *, is_full: bool = False) -> Iterator[Servers]:
    """With fsync on: what a commit costs is a part of every figure and of its floor alike."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-bench-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)
        bare = stack.enter_context(bare_servers(folder))
        bare.postgres.make_template(lambda url: migrate(url, REGISTRY))
        yield Servers(
            new_database=lambda: stack.enter_context(bare.postgres.new_database(TEMPLATE)),
            redis_url=bare.redis_url,
            s3_url=bare.s3_url,
            pictures=pictures,
            is_full=is_full,
        )


@contextmanager
def bare_servers(folder: Path, *, logical: bool = False) -> Iterator[BareServers]:
    """`logical`: PostgreSQL writes its log so that others can follow its changes."""
    with ExitStack() as stack:
        postgres = stack.enter_context(_postgres(folder, logical=logical))
        valkey = Valkey(folder=folder / "valkey", port=free_ports(1)[0], password=secrets.token_urlsafe(12))
        stack.enter_context(running(valkey, log=folder / "valkey.log"))
        storage = Storage(
            folder=folder / "s3", port=free_ports(1)[0], access_key="bench", secret_key=secrets.token_urlsafe(12)
        )
        stack.enter_context(running(storage, log=folder / "s3.log"))
        yield BareServers(
            postgres=postgres,
            new_database=lambda: _new_database(postgres),
            redis_url=valkey.url,
            s3_url=storage.url,
        )


def _new_database(postgres: PostgresServer) -> str:
    """Thrown away with its cluster: who follows its log would not let go of it before."""
    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.postgres.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(ROLE)))
    return postgres.postgres.url(name)


@contextmanager
def _postgres(folder: Path, *, logical: bool) -> Iterator[PostgresServer]:
    postgres = Postgres(
        folder=folder / "postgres",
        port=free_ports(1)[0],
        superuser_password=secrets.token_urlsafe(12),
        password=secrets.token_urlsafe(12),
    )
    log = folder / "postgres.log"
    if logical:
        with (
            running(postgres, log=log),
            psycopg.connect(postgres.superuser_url(), autocommit=True) as connection,
        ):
            connection.execute("alter system set wal_level = 'logical'")  # Counts from the next start.
    with running(postgres, log=log):
        yield PostgresServer(postgres)
