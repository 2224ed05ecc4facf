"""Runs every bench (or those named) against embedded servers and prints the table; `--keep` writes it into the docs."""

import argparse
import asyncio
import importlib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import Figure, Servers, table, where_and_when
from server.embedded.ports import free_ports
from server.embedded.processes import running
from server.embedded.s3 import Storage
from server.embedded.valkey import Valkey
from server.features import REGISTRY
from server.migrate import migrate
from tests.support.postgres import TEMPLATE, postgres_server

HERE = Path(__file__).parent
KEPT = HERE.parent / "docs" / "reference" / "benchmarks.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="benches by name, e.g. pull; all when left out")
    parser.add_argument("--keep", action="store_true", help="write the table into docs/reference/benchmarks.md")
    parser.add_argument("--full", action="store_true", help="the long form")
    asked = parser.parse_args()
    names = asked.names or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    figures: list[Figure] = []
    with servers() as running_servers:
        for name in names:
            print(f"… {name}", flush=True)
            module = importlib.import_module(f"bench.bench_{name}")
            figures += asyncio.run(module.measure(running_servers))
    measured = f"{where_and_when()}\n\n{table(figures)}"
    print(measured)
    if asked.keep:
        keep(measured)


@contextmanager
def servers() -> Iterator[Servers]:
    """PostgreSQL (with fsync off, as every bench and floor alike), Valkey and S3 for the length of the block."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-bench-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)
        postgres = stack.enter_context(postgres_server(folder / "pg"))
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
        )


def keep(measured: str) -> None:
    """Replace what stands between the two marks."""
    text = KEPT.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    KEPT.write_text(f"{head}{BEGIN}\n{measured}\n{END}{tail}")


if __name__ == "__main__":
    main()
