"""Real servers, once a run: PostgreSQL, Valkey and S3. They start when the first test asks and end with the run."""

import gc
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings

from server.embedded.ports import free_ports
from server.embedded.processes import running
from server.embedded.s3 import Storage
from server.embedded.valkey import Valkey
from tests.support.installation import laid
from tests.support.postgres import TEMPLATE, PostgresServer
from tests.support.postgres import postgres_server as start_postgres

MEMORY_BYTES_MIN = 2 * 1024**3
HUNG_S = 900  # A story that takes so long, servers and page included, hangs; on a busy machine half of it may be true.
# In this order, then all others. The first builds the page and the school that all stories begin with.
LONGEST = (
    "e2e/test_a_film_without_a_network",
    "page/",
    "e2e/test_the_educators_story",
    "e2e/test_an_educator_builds_a_course",
    "e2e/test_access",
    "e2e/",
    "launcher/test_up",
    "sync/test_restore_drill",
    "simulation/",
    "sync/",
)
BYTECODE = Path(__file__).resolve().parents[1] / ".cache" / "bytecode"

# Where Python may write no bytecode beside the source, each of the hundred processes that a run starts would compile
# the product anew, and pytest every test: half of what a start costs. It is kept in .cache instead.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(BYTECODE)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(BYTECODE)

gc.disable()  # Until all tests are known: what is imported stays, and to look through it for garbage costs a third.

# Deterministic: the same examples each run, on any machine, however slow it is that day.
settings.register_profile(
    "spark", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
settings.load_profile("spark")

# Fixtures that start a server: a test that asks for one takes a second or two.
SERVED = frozenset({"api", "installation", "postgres", "standby"})


def pytest_collection_finish() -> None:
    """Set apart what stays for the whole run; from here on there is garbage."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts a server is slow: `test-fast` is for the moment between two edits.

    Where several processes share the files, the longest come first, so that none is left with them at the end.
    """
    for item in items:
        if SERVED & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(HUNG_S), append=False)
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _place_in_line(item.path))


def _place_in_line(path: Path) -> int:
    name = path.relative_to(Path(__file__).parent).as_posix()
    return next((place for place, longer in enumerate(LONGEST) if name.startswith(longer)), len(LONGEST))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The cluster of this run; in memory where there is room, which halves what a fresh database costs."""
    with tempfile.TemporaryDirectory(prefix="spark-tests-", dir=_roomy_memory(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user than we.
        with start_postgres(folder) as server:
            yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> PostgresServer:
    """The cluster of this run, with the migrated template in it."""
    postgres_server.make_template(_migrate)
    return postgres_server


@pytest.fixture
def database_url(migrated_postgres: PostgresServer) -> Iterator[str]:
    """A fresh, migrated database for this test alone."""
    with migrated_postgres.new_database(TEMPLATE) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(migrated_postgres: PostgresServer) -> Iterator[str]:
    """A fresh, migrated database that the tests of one file share."""
    with migrated_postgres.new_database(TEMPLATE) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database without a single table."""
    with postgres_server.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def session_redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Valkey of this run."""
    folder = tmp_path_factory.mktemp("valkey")
    valkey = Valkey(folder=folder, port=free_ports(1)[0], password=secrets.token_urlsafe(12))
    with running(valkey, log=folder / "valkey.log"):
        yield valkey.url


@pytest.fixture
def redis_url(session_redis_url: str) -> str:
    """A Valkey that holds nothing."""
    with redis.Redis.from_url(session_redis_url) as client:
        client.flushall()
    return session_redis_url


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The S3 bucket of this run, `http://access:secret@host:port/bucket`; tests use keys of their own in it."""
    folder = tmp_path_factory.mktemp("s3")
    port = free_ports(1)[0]
    storage = Storage(folder=folder / "s3", port=port, access_key="test-access", secret_key=secrets.token_urlsafe(12))
    with running(storage, log=folder / "s3.log"):
        yield storage.url


@pytest.fixture(scope="session")
def laid_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a stopped installation with its demo school, to begin from a copy of it."""
    base = tmp_path_factory.getbasetemp()
    return laid(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


def _roomy_memory() -> Path | None:
    """A folder in memory with room for a run; None (the usual place for temporary files) where there is none."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    if not os.access(memory, os.W_OK):
        return None
    return memory if shutil.disk_usage(memory).free >= MEMORY_BYTES_MIN else None


def _migrate(url: str) -> None:
    # By name, when first asked for: tests of the engine and the launcher run without the product's features.
    import_module("server.migrate").migrate(url, import_module("server.features").REGISTRY)
