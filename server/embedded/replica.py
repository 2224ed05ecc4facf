"""A streaming standby of our own PostgreSQL, from the same binaries: pages are read from it, nothing is written to it.

It is made by `pg_basebackup` and follows by streaming. What it was made from is written beside it: a standby of
another cluster, of a time before a restore, or of WAL that is gone is made anew.
"""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from server.embedded.installation import write_private
from server.embedded.ports import LOOPBACK
from server.embedded.postgres import (
    DATABASE,
    FAST_AND_LOOSE,
    ROLE,
    SETTINGS,
    SUPERUSER,
    Postgres,
    answers,
    as_flags,
    end_leftover,
    identity_for,
    program,
)
from server.embedded.processes import PLAIN_ENV, Command, shim

ORIGIN = "spark-origin"  # in the data folder: which cluster, and which epoch of it
FOLLOWS = {
    "hot_standby_feedback": "on",  # Rows that a page is reading are not cleared away under it.
    "max_standby_streaming_delay": "5s",  # A page that still stands in the way ends, and is read from the primary.
    "wal_receiver_timeout": "10s",
    "wal_retrieve_retry_interval": "500ms",
}
_EPOCH = "select epoch::text from sync_state"


class NoReplica(RuntimeError):
    """The standby cannot be made; the message says why. Nothing needs it."""


@dataclass(frozen=True, kw_only=True)
class Replica:
    """One hot standby in `folder`, on a loopback port."""

    primary: Postgres
    folder: Path
    port: int
    name: str = "replica"

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{ROLE}:{self.primary.password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the standby unless a good one is there. Raises NoReplica.

        While the primary is away, one that is there is started as it is: nobody reads from it before it has caught up.
        """
        end_leftover(self.folder)
        try:
            origin = self._origin()
            if self._made_from() != origin or not self._can_follow():
                self._make(origin)
        except psycopg.OperationalError as error:
            if not self._made_from():
                raise NoReplica(f"the primary does not answer: {error}") from error
        self._point_at_primary()

    def command(self) -> Command:
        settings = SETTINGS | FOLLOWS | {"max_connections": str(self.primary.connections)}
        settings |= FAST_AND_LOOSE if self.primary.is_disposable else {}
        return Command(
            argv=(program("postgres"), "-D", str(self.folder), "-p", str(self.port), *as_flags(settings)),
            identity=identity_for(self.folder),
            stop_signal=signal.SIGINT,
            stop_wait_s=15.0,
            silence_s=20.0,
        )

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(self._superuser_url, connect_timeout=2, autocommit=True) as connection:
                return connection.execute("select pg_is_in_recovery()").fetchone() == (True,)
        except psycopg.OperationalError:
            return False

    def is_alive(self) -> bool:
        """It answers, and it follows unless there is nobody to follow."""
        if not answers(self.port):
            return False
        try:
            with psycopg.connect(self._superuser_url, connect_timeout=2, autocommit=True) as connection:
                row = connection.execute("select count(*) from pg_stat_wal_receiver where status = 'streaming'")
                return row.fetchone() == (1,) or not answers(self.primary.port)
        except psycopg.OperationalError:
            return False

    @property
    def _superuser_url(self) -> str:
        return f"postgresql://{SUPERUSER}:{self.primary.superuser_password}@{LOOPBACK}:{self.port}/postgres"

    # --- making it --------------------------------------------------------------------------------------------------

    def _make(self, origin: str) -> None:
        # Under another name first: a copy that a crash left half made must never be taken for a whole one.
        partial = self.folder.with_name(self.folder.name + ".partial")
        for folder in (partial, self.folder):
            if folder.exists():
                shutil.rmtree(folder)
        argv = (program("pg_basebackup"), "-D", str(partial), "-X", "stream", "-c", "fast", "-R", "--no-sync")
        target = ("-h", LOOPBACK, "-p", str(self.primary.port), "-U", SUPERUSER)
        partial.mkdir(mode=0o700, parents=True)
        owner = self.primary.folder.stat()
        if owner.st_uid != partial.stat().st_uid:
            os.chown(partial, owner.st_uid, owner.st_gid)
        done = subprocess.run(
            shim(Command(argv=(*argv, *target), identity=identity_for(partial))),
            env=PLAIN_ENV | {"PGPASSWORD": self.primary.superuser_password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NoReplica(f"the standby could not be made in {self.folder}: {done.stderr.strip()[-600:]}")
        (partial / "postmaster.opts").unlink(missing_ok=True)
        write_private(partial / ORIGIN, origin)
        partial.rename(self.folder)

    def _point_at_primary(self) -> None:
        """Its port is another one at each start. In a file, for its owner alone: it holds the password."""
        words = {
            "host": LOOPBACK,
            "port": self.primary.port,
            "user": SUPERUSER,
            "password": self.primary.superuser_password,
            "application_name": "spark-replica",
        }
        line = " ".join(f"{name}={value}" for name, value in words.items())
        (self.folder / "postgresql.auto.conf").write_text(f"primary_conninfo = '{line}'\n")
        (self.folder / "standby.signal").touch()

    def _origin(self) -> str:
        """Which cluster, and which of its lives: `epoch` changes with a restore."""
        with psycopg.connect(self.primary.superuser_url(DATABASE), connect_timeout=5, autocommit=True) as connection:
            row = connection.execute("select system_identifier::text from pg_control_system()").fetchone()
            epoch = connection.execute(_EPOCH).fetchone() if self._has_log(connection) else ("",)
        return f"{row and row[0]} {epoch and epoch[0]}\n"

    @staticmethod
    def _has_log(connection: psycopg.Connection) -> bool:
        return connection.execute("select to_regclass('sync_state')").fetchone() != (None,)

    def _made_from(self) -> str:
        try:
            return (self.folder / ORIGIN).read_text()
        except FileNotFoundError:
            return ""

    def _can_follow(self) -> bool:
        """Whether the primary still has the WAL that this one needs next."""
        asked = subprocess.run(
            [program("pg_controldata"), "-D", str(self.folder)],
            env=PLAIN_ENV,
            capture_output=True,
            text=True,
            check=False,
        )
        fields = dict(line.split(":", 1) for line in asked.stdout.splitlines() if ":" in line)
        needed = fields.get("Latest checkpoint's REDO WAL file", "").strip()
        with psycopg.connect(self.primary.superuser_url(), connect_timeout=5, autocommit=True) as connection:
            found = connection.execute(
                sql.SQL("select exists (select from pg_ls_waldir() where name = {})").format(sql.Literal(needed))
            ).fetchone()
        return found == (True,)
