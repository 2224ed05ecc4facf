"""PostgreSQL, Valkey and S3 as the product starts them, for the length of a bench."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import Servers
from server.embedded.ports import free_ports
from server.embedded.postgres import Postgres
from server.embedded.processes import running
from server.embedded.s3 import Storage
from server.embedded.valkey import Valkey
from server.features import REGISTRY
from server.migrate import migrate
from tests.support.postgres import TEMPLATE, PostgresServer


@contextmanager
def servers(*, is_full: bool = False) -> Iterator[Servers]:
    """With fsync on: what a commit costs is a part of every figure and of its floor alike."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-bench-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)
        postgres = stack.enter_context(_postgres(folder))
        postgres.make_template(lambda url: migrate(url, REGISTRY))
        valkey = Valkey(folder=folder / "valkey", port=free_ports(1)[0], password=secrets.token_urlsafe(12))
        stack.enter_context(running(valkey, log=folder / "valkey.log"))
        storage = Storage(
            folder=folder / "s3", port=free_ports(1)[0], access_key="bench", secret_key=secrets.token_urlsafe(12)
        )
        stack.enter_context(running(storage, log=folder / "s3.log"))
        yield Servers(
            new_database=lambda: stack.enter_context(postgres.new_database(TEMPLATE)),
            redis_url=valkey.url,
            s3_url=storage.url,
            is_full=is_full,
        )


@contextmanager
def _postgres(folder: Path) -> Iterator[PostgresServer]:
    postgres = Postgres(
        folder=folder / "postgres",
        port=free_ports(1)[0],
        superuser_password=secrets.token_urlsafe(12),
        password=secrets.token_urlsafe(12),
    )
    with running(postgres, log=folder / "postgres.log"):
        yield PostgresServer(postgres)
